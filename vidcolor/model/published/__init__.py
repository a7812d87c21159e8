"""Gray2ColorNet as published: Lu, Yu, Peng, Zhao, Wang, "Gray2ColorNet: Transfer More Colors from Reference Image",
ACM MM 2020, pp. 3210-3218, doi 10.1145/3394171.3413594.

One part of the paper, one file: main colorization network (MCN) = ``encoder`` and ``decoder``; gated colour fusion
(GCFN) = ``correspondence`` and ``assignment`` (semantic assignment), ``distribution`` (colour distribution), ``fusion``
(gated fusion); ``network`` joins them, ``losses`` has the five losses, ``schedule`` the two stages. The discriminator
is ``vidcolor.model.discriminator``.

How sure each part is:

*Certain*, read in the authors' released code, in the paper's figures, or in the compiled training code they left beside
it: every layer with its width, kernel, stride and dilation; instance norm without weights; slicing ``[::2, ::2]`` for
down-sampling; the 1984 channels and the temperature 0.01; the 441-bin histogram; the gate on 4096 raw cosines, hence
the reference at 128 x 128; fused features added, not concatenated; the class head as an output of its own; tanh at a
quarter, half and all of the size; weights from N(0, 0.02); the formulas of chi-square and total variation; the
discriminator's layers; L*/50 - 1 and a, b over 110.

*Inferred*: the five weights (1000, 0.1, 1, 1, 10), the two stages with batches of 48 and 12, that the histogram is held
against the reference's, that the GAN judges the largest output alone, and binary cross-entropy as the GAN's kind are
the first choices of a student team that had the paper; the discriminator's input (L, a, b) is the natural reading, and
that team's too; smooth L1 turns straight at 1, its usual place; every pixel term is a mean.

*Not known*: the authors' optimiser, learning rate and number of epochs; which GAN loss they used; how they mixed the
references of training (same class and transformed target, in shares nobody has printed); the figures of their tables.

*Ours*, without effect on what is computed, but for the last: the target is encoded once, not twice; the correspondence
is walked in chunks; a reference's part is computed once and kept; feature vectors are normalised with an epsilon; and
the truth at the smaller scales is an area average of a, b, where the released code averages R, G, B first.
"""
