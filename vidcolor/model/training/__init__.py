"""Training of every network of the package: one loop, and for each network a recipe (``vidcolor.model.recipes``).

``config`` what can be set; ``data`` what is trained on, ``batches`` how batches come of it; ``processes`` one process
or many; ``state`` all that survives an interruption; ``loop`` the method; ``heldout`` the score; ``journal`` and
``sheets`` what is left to look at.
"""
