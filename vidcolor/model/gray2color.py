"""Gray2ColorNet in the form fit for film: any size, coarse correspondence, light decoder, cached references.

The parts and their names follow Lu et al., "Gray2ColorNet: Transfer More Colors from Reference Image", ACM MM 2020:
main colorization network (MCN), semantic assignment, colour distribution, gated fusion (together GCFN). What differs:
a MobileNetV2 encoder trained on ImageNet and fine-tuned; correspondence on the stride-8 grid of either picture; a gate
on resolution-free statistics of the similarities, trained to say how likely the carried colour is right; every head
adds its answer to the carried colour, so that an untrained network already transfers; the colours of a frame before,
brought along the motion, are a further reference that every scale may follow; the match is refined at stride 4; every
place knows what surrounds it; what the reference does not show is painted as lively as it is; output at half the
input's size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.color import HISTOGRAM_BINS, soft_histogram
from vidcolor.model.color_distribution import ColorCode, ColorDistribution, NoColorDistribution
from vidcolor.model.correspondence import STATISTICS, Carried, Correspondence, Descriptor
from vidcolor.model.decoder_stage import DecoderStage, Propagated
from vidcolor.model.encoded_reference import EncodedReference
from vidcolor.model.encoder import CHANNELS, Encoder
from vidcolor.model.gate import Gate, OpenGate
from vidcolor.model.layers import ResidualBlock, resize
from vidcolor.model.refinement import Refined, Refinement
from vidcolor.model.surroundings import Surroundings

SIDE_MULTIPLE = 32
"""Heights and widths that the network takes are multiples of this."""

_GAINS = (0.2, 1.2)
"""Least and largest :attr:`EncodedReference.gain`: what a picture shows says so much of what it does not show."""
_SPEAKS = (0.5, 0.7)
"""Share of a picture that is found in the reference from which on that says something of the rest, and all it can."""
_FAINT = (3 / 110) ** 2
"""Square of chroma over 110 below which natural colours are none whose worth could be told."""


@dataclass(frozen=True)
class Consulted:
    """A batch of targets, encoded, and what the reference says of every place: all that decoding needs."""

    features: tuple[Tensor, ...]
    """Maps of the encoder that the scales see, strides 2, 4 and 8."""
    semantics: Tensor
    """(N, 128, H/16, W/16): what the scales begin with."""
    carried: Carried
    refined: Refined | None
    """None where there is no reference, or no refinement."""
    gate_logit: Tensor
    """(N, 1, H/8, W/8)."""
    gate: Tensor
    """(N, 1, H/8, W/8) in [0, 1]: 0 where there is no reference."""
    gain: Tensor
    """(N, 1, 1, 1): the reference's, as far as it speaks for what it does not show; 1 where there is none."""
    colors: tuple[Tensor, ...]
    """The colour distribution's vectors, one per fused scale, (N, width, 1, 1)."""

    def only(self, index: int) -> Consulted:
        """The batch's target ``index`` as a batch of one."""
        one = slice(index, index + 1)
        return Consulted(
            tuple(feature[one] for feature in self.features),
            self.semantics[one],
            Carried(self.carried.values[one], self.carried.statistics[one], self.carried.match[one]),
            None if self.refined is None else Refined(self.refined.ab[one], self.refined.described[one]),
            self.gate_logit[one],
            self.gate[one],
            self.gain[one],
            tuple(color[one] for color in self.colors),
        )


@dataclass(frozen=True)
class Colorization:
    """What the network says of a batch of targets."""

    ab: tuple[Tensor, Tensor, Tensor]
    """a, b over 110 at strides 8, 4 and 2, each (N, 2, h, w)."""
    gate_logit: Tensor
    """(N, 1, H/8, W/8): log odds that the carried colour is right; the gate is its sigmoid."""
    carried_ab: Tensor
    """(N, 2, H/8, W/8): the reference's a, b over 110 as the correspondence carried them."""

    @property
    def gate(self) -> Tensor:
        """(N, 1, H/8, W/8) in [0, 1]: how likely the carried colour is right."""
        return torch.sigmoid(self.gate_logit)


class FilmGray2ColorNet(nn.Module):
    """The network that ships: (target, encoded reference) to chroma, see the module's text."""

    code_channels = 32
    widths = (128, 64, 40)

    def __init__(
        self, gate: bool = True, color_distribution: bool = True, refinement: bool = True, surroundings: bool = True
    ) -> None:
        """Each False leaves a part out, to see what it is worth."""
        super().__init__()
        carried = 2 + self.code_channels
        self.encoder = Encoder()
        self.descriptor = Descriptor()
        self.correspondence = Correspondence()
        self.color_code = ColorCode(self.code_channels)
        distribution = ColorDistribution if color_distribution else NoColorDistribution
        self.color_distribution = distribution(self.widths)
        self.gate = Gate() if gate else OpenGate()
        self.refinement = Refinement() if refinement else None
        self.context = nn.Conv2d(CHANNELS[4], 128, 1)
        self.surroundings = Surroundings(CHANNELS[4], 128) if surroundings else None
        self.semantics = nn.Conv2d(CHANNELS[3], 128, 1)
        self.semantic_block = ResidualBlock(128)
        below = (128, *self.widths)
        self.stages = nn.ModuleList(
            DecoderStage(below[i], CHANNELS[2 - i], carried, self.widths[i], (2, 2, 1)[i], refinement and i > 0)
            for i in range(3)
        )

    def encode_reference(self, lightness: Tensor, ab: Tensor) -> EncodedReference:
        """Lightness L*/50 - 1 (N, 1, H, W) and a, b over 110 (N, 2, H, W) of references; sides multiples of 32."""
        with torch.no_grad():  # the encoder learns on the target's side, which halves the cost of training it
            features = self.encoder(lightness)
        keys = self.descriptor(features)
        lab = F.avg_pool2d(torch.cat((lightness, ab), dim=1), 2)
        code = self.color_code(lab).float()
        coarse = F.avg_pool2d(ab, 8).float()
        values = torch.cat((coarse, code), dim=1).flatten(2).transpose(1, 2)
        fine = None if self.refinement is None else self.refinement.places(features, lab)
        gain = self._gain(features, coarse)
        return EncodedReference(keys, values, soft_histogram(F.avg_pool2d(ab, 4).float()), fine, gain)

    def forward(
        self,
        lightness: Tensor,
        reference: EncodedReference | None,
        present: Tensor | None = None,
        propagated: Propagated | None = None,
    ) -> Colorization:
        """Colour targets (N, 1, H, W), L*/50 - 1, sides multiples of 32, by one reference for all or one each.

        ``present`` (N,) is False where a sample shall be coloured as if there were no reference; all are, where
        ``reference`` is None. Raises ValueError for other sizes.
        """
        return self.decode(self.consult(lightness, reference, present), propagated)

    def consult(
        self, lightness: Tensor, reference: EncodedReference | None, present: Tensor | None = None
    ) -> Consulted:
        """The part of :meth:`forward` that no frame before has a say in, and so may be done for many frames at once."""
        height, width = lightness.shape[2:]
        if height % SIDE_MULTIPLE or width % SIDE_MULTIPLE:
            raise ValueError(f"sides must be multiples of {SIDE_MULTIPLE}, got {height} x {width}")
        return self._consult(self.encoder(lightness), reference, present)

    def _consult(
        self, features: list[Tensor], reference: EncodedReference | None, present: Tensor | None = None
    ) -> Consulted:
        batch = len(features[0])
        carried, histogram, present = self._ask(features, reference, present)
        here = present[:, None, None, None]
        gate_logit = self.gate(carried.statistics).float()
        gate = torch.sigmoid(gate_logit) * here
        refined, gain = None, torch.ones_like(gate[:, :, :1, :1])
        if reference is not None:
            gain = 1 + (reference.gain[:, None, None, None] - 1) * _speaks(gate)
        if self.refinement is not None and reference is not None and reference.fine is not None:
            refined = self.refinement(features, carried.match, reference.fine, carried.values[:, :2], gate)
        colors = self.color_distribution(histogram.expand(batch, -1), present)
        semantics = self._understand(features)
        return Consulted(tuple(features[:3]), semantics, carried, refined, gate_logit, gate, gain, tuple(colors))

    def _understand(self, features: list[Tensor]) -> Tensor:
        """What the things are, (N, 128, H/16, W/16)."""
        context = self.context(features[4])
        if self.surroundings is not None:
            context = context + self.surroundings(features[4])
        semantics = self.semantics(features[3]) + resize(context, features[3])
        return self.semantic_block(F.relu(semantics, inplace=True))

    def decode(self, target: Consulted, propagated: Propagated | None = None) -> Colorization:
        """Colours of consulted targets, with the colours of a frame before where there are any."""
        first, second, third = self._answers(target, propagated)
        return Colorization((first, second, third), target.gate_logit, target.carried.values[:, :2])

    def continued(self, target: Consulted, propagated: Propagated, say: float) -> Tensor:
        """The finest a, b over 110 of consulted targets that go on from frames before, (N, 2, H/2, W/2).

        say: how much the frames before have to say, 0 to 1. The rest is what targets are without them, by the second
        stage: in detail the two differ little.
        """
        _, continued, finest = self._answers(target, propagated)
        if say == 1:
            return finest
        _, alone = islice(self._answers(target, None), 2)
        return finest + (1 - say) * resize(alone - continued, finest)

    def natural(self, lightness: Tensor) -> Tensor:
        """Most natural colours of targets as :meth:`forward` takes them, by the coarsest stage alone, a third of the
        work: a, b over 110, (N, 2, H/8, W/8)."""
        return next(self._answers(self.consult(lightness, None), None))

    @torch.no_grad()
    def _gain(self, features: list[Tensor], ab: Tensor) -> Tensor:
        """(N,): by how much natural colours of references are to be multiplied to come nearest to the true a, b over
        110, (N, 2, H/8, W/8), in the sense of least squares."""
        natural = next(self._answers(self._consult(features, None), None))
        agreement, energy = ((natural * other).sum(1).mean((1, 2)) for other in (ab, natural))
        return ((agreement + _FAINT) / (energy + _FAINT)).clamp(*_GAINS)

    def _answers(self, target: Consulted, propagated: Propagated | None) -> Iterator[Tensor]:
        """The a, b of every stage, the coarsest first."""
        x, values = target.semantics, target.carried.values
        for number, stage in enumerate(self.stages):
            refined = target.refined if number else None  # the first stage sees no finer than the coarse match
            feature, color = target.features[2 - number], target.colors[number]
            x, answer = stage(x, feature, values, refined, target.gate, target.gain, color, propagated)
            yield answer

    def _ask(
        self, features: list[Tensor], reference: EncodedReference | None, present: Tensor | None
    ) -> tuple[Carried, Tensor, Tensor]:
        """The reference's answer for every place, its histogram (N or 1, 441), and who has a reference (N,)."""
        grid = features[2]
        batch, size = grid.shape[0], (grid.shape[2], grid.shape[3])
        if reference is None:
            nothing = grid.new_zeros((batch, 2 + self.code_channels, *size), dtype=torch.float32)
            statistics = grid.new_zeros((batch, STATISTICS, *size), dtype=torch.float32)
            histogram = nothing.new_zeros((1, HISTOGRAM_BINS**2))
            match = torch.zeros((batch, *size), dtype=torch.int64, device=grid.device)
            return (
                Carried(nothing, statistics, match),
                histogram,
                torch.zeros(batch, dtype=torch.bool, device=grid.device),
            )
        target = self.descriptor(features)
        carried = self.correspondence(target, reference.keys, reference.values, size, reference.prior)
        if present is None:
            present = torch.ones(batch, dtype=torch.bool, device=grid.device)
        return carried, reference.histogram, present


def _speaks(gate: Tensor) -> Tensor:
    """How far a reference speaks for what it does not show, (N, 1, 1, 1) in [0, 1], by the gate (N, 1, h, w): one that
    shows hardly anything of the picture is of something else."""
    little, enough = _SPEAKS
    return ((gate.detach().mean((2, 3), keepdim=True) - little) / (enough - little)).clamp(0, 1)
