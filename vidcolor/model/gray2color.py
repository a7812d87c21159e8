"""Gray2ColorNet in the form fit for film: any size, coarse correspondence, light decoder, cached references.

The parts and their names follow Lu et al., "Gray2ColorNet: Transfer More Colors from Reference Image", ACM MM 2020:
main colorization network (MCN), semantic assignment, colour distribution, gated fusion (together GCFN). What differs:
a MobileNetV2 encoder trained on ImageNet and fine-tuned; correspondence on the stride-8 grid of either picture; a gate
on resolution-free statistics of the similarities, trained to say how likely the carried colour is right; every head
adds its answer to the carried colour, so that an untrained network already transfers; the colours of a frame before,
brought along the motion, are a further reference that every scale may follow; the match is refined at stride 4; every
place knows what surrounds it; output at half the input's size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.color import HISTOGRAM_BINS, soft_histogram
from vidcolor.model.color_distribution import ColorCode, ColorDistribution, NoColorDistribution
from vidcolor.model.correspondence import STATISTICS, Carried, Correspondence, Descriptor
from vidcolor.model.encoder import CHANNELS, Encoder
from vidcolor.model.gate import Gate, OpenGate
from vidcolor.model.layers import ResidualBlock, resize, zeroed
from vidcolor.model.refinement import REFINED, FinePlaces, Refined, Refinement
from vidcolor.model.surroundings import Surroundings

SIDE_MULTIPLE = 32
"""Heights and widths that the network takes are multiples of this."""

_PROPAGATED_CHANNELS = 6
"""The propagated a, b, their difference from the carried ones, the motion's trust, the gate."""


@dataclass(frozen=True)
class EncodedReference:
    """All that is needed of one or several references; computed once, used for every key frame."""

    keys: Tensor
    """(N, Q, C): descriptors of all places of all references."""
    values: Tensor
    """(N, Q, 2 + code): their a, b over 110, and the learned code of their colours."""
    histogram: Tensor
    """(N, 441): soft ab histogram, the mean over the references."""
    fine: FinePlaces | None
    """What the refinement needs of them; None for a network that has none."""
    prior: Tensor | None = None
    """(N, Q): logarithm of how much each place has to say; None where all have the same."""

    @staticmethod
    def join(references: Sequence[EncodedReference], weights: Sequence[float] | None = None) -> EncodedReference:
        """Several references as one: places compete for the match, histograms are averaged.

        ``weights``, above 0: of two places that look alike, the one whose reference weighs twice as much has twice as
        much to say. None for equal ones.
        """
        keys = [reference.keys for reference in references]
        voices = keys[0].new_tensor(weights or [1.0] * len(references), dtype=torch.float32)
        voices *= len(references) / voices.sum()
        prior = None
        if weights is not None or any(reference.prior is not None for reference in references):
            # a reference that was joined itself brings what its own parts have to say
            each = [voice.log() + reference._prior() for voice, reference in zip(voices, references, strict=True)]
            prior = torch.cat(each, dim=1)
        values = torch.cat([reference.values for reference in references], dim=1)
        histograms = [voice * reference.histogram for voice, reference in zip(voices, references, strict=True)]
        places = [reference.fine for reference in references if reference.fine is not None]
        fine = FinePlaces.join(places) if places else None
        return EncodedReference(torch.cat(keys, dim=1), values, torch.stack(histograms).mean(0), fine, prior)

    def _prior(self) -> Tensor:
        return self.keys.new_zeros(self.keys.shape[:2]) if self.prior is None else self.prior


@dataclass(frozen=True)
class Propagated:
    """Colours of a frame coloured before, brought to the target along the motion between the two."""

    ab: Tensor
    """(N, 2, h, w) over 110, of any size."""
    trust: Tensor
    """(N, 1, h, w) in [0, 1]: how far the motion is believed; even where it is not, the colours may be right."""
    present: Tensor
    """(N,) bool: False for a target that has no frame before it."""


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


class DecoderStage(nn.Module):
    """One scale of the MCN: what comes from below, the encoder's features, the fused reference; and its heads."""

    def __init__(self, below: int, lateral: int, carried: int, width: int, blocks: int, refined: bool = False) -> None:
        super().__init__()
        self.from_below = nn.Conv2d(below, width, 1)
        self.lateral = nn.Conv2d(lateral, width, 1)
        self.from_carried = nn.Conv2d(carried, width, 1)
        self.from_refined = zeroed(nn.Conv2d(REFINED, width, 1)) if refined else None
        self.from_propagated = zeroed(nn.Conv2d(_PROPAGATED_CHANNELS, width, 3, padding=1))
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.head = zeroed(nn.Conv2d(width, 2, 3, padding=1))
        self.share = zeroed(nn.Conv2d(width, 1, 3, padding=1))

    def forward(
        self,
        x: Tensor,
        feature: Tensor,
        carried: Tensor,
        refined: Refined | None,
        gate: Tensor,
        color: Tensor,
        propagated: Propagated | None,
    ) -> tuple[Tensor, Tensor]:
        """Features of the stage below, the encoder's at this stride, carried values, what the refinement makes of
        them, gate, colour vector, colours of a frame before: to this stage's features and its a, b over 110."""
        gate, carried = resize(gate, feature), resize(carried, feature)
        if refined is not None:
            carried = torch.cat((resize(refined.ab, feature), carried[:, 2:]), dim=1)
        told = self.from_carried(carried)
        if refined is not None and self.from_refined is not None:
            told = told + self.from_refined(resize(refined.described, feature))
        x = resize(self.from_below(x), feature) + self.lateral(feature) + gate * told + (1 - gate) * color
        base = gate.float() * carried[:, :2].float()
        if propagated is None:
            x = self.blocks(F.relu(self.mix(F.relu(x, inplace=True)), inplace=True))
            return x, self.head(x).float() + base
        present = propagated.present[:, None, None, None].float()
        before, trust = resize(propagated.ab, feature), resize(propagated.trust, feature)
        described = torch.cat((before, before - base, trust, gate.float()), dim=1) * present
        x = x + self.from_propagated(described) * present
        x = self.blocks(F.relu(self.mix(F.relu(x, inplace=True)), inplace=True))
        share = torch.sigmoid(self.share(x).float()) * present
        return x, self.head(x).float() + base + share * (before - base)


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
        values = torch.cat((F.avg_pool2d(ab, 8).float(), code), dim=1).flatten(2).transpose(1, 2)
        fine = None if self.refinement is None else self.refinement.places(features, lab)
        return EncodedReference(keys, values, soft_histogram(F.avg_pool2d(ab, 4).float()), fine)

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
        batch, _, height, width = lightness.shape
        if height % SIDE_MULTIPLE or width % SIDE_MULTIPLE:
            raise ValueError(f"sides must be multiples of {SIDE_MULTIPLE}, got {height} x {width}")
        features = self.encoder(lightness)
        carried, histogram, present = self._ask(features, reference, present)
        gate_logit = self.gate(carried.statistics).float()
        gate = torch.sigmoid(gate_logit) * present[:, None, None, None]
        refined = None
        if self.refinement is not None and reference is not None and reference.fine is not None:
            refined = self.refinement(features, carried.match, reference.fine, carried.values[:, :2], gate)
        colors = self.color_distribution(histogram.expand(batch, -1), present)
        semantics = self._understand(features)
        return Consulted(tuple(features[:3]), semantics, carried, refined, gate_logit, gate, tuple(colors))

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

    def natural(self, lightness: Tensor) -> Tensor:
        """Most natural colours of targets as :meth:`forward` takes them, by the coarsest stage alone, a third of the
        work: a, b over 110, (N, 2, H/8, W/8)."""
        return next(self._answers(self.consult(lightness, None), None))

    def _answers(self, target: Consulted, propagated: Propagated | None) -> Iterator[Tensor]:
        """The a, b of every stage, the coarsest first."""
        x, values = target.semantics, target.carried.values
        for number, stage in enumerate(self.stages):
            refined = target.refined if number else None  # the first stage sees no finer than the coarse match
            feature, color = target.features[2 - number], target.colors[number]
            x, answer = stage(x, feature, values, refined, target.gate, color, propagated)
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
