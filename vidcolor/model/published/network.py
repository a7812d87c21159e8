"""Gray2ColorNet: the main colorization network (MCN) and the gated colour fusion (GCFN), joined as published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.color import soft_histogram
from vidcolor.model.published.assignment import Scales, SemanticAssignment
from vidcolor.model.published.correspondence import at_half_size, cosines, multi_scale
from vidcolor.model.published.decoder import Decoder
from vidcolor.model.published.distribution import ColorDistribution
from vidcolor.model.published.encoder import GROUP_CHANNELS, Encoder, Features, every_second
from vidcolor.model.published.fusion import Gate, gated_fusion
from vidcolor.model.published.layers import init_weights
from vidcolor.model.published.reference import REFERENCE_SIDE, EncodedReference

SIDE_MULTIPLE = 8
"""Heights and widths of targets are multiples of this."""
LEAST_SIDE = 16
"""Instance norm needs more than one place at stride 8."""
CLASSES = 1000
"""ImageNet's, in their usual order, without a background class."""


@dataclass(frozen=True)
class Colorization:
    """What the network says of a batch of targets."""

    ab: Scales
    """T^1_ab, T^2_ab, T^3_ab: a, b over 110 at strides 4, 2, 1, each (N, 2, h, w) in [-1, 1]."""
    class_logits: Tensor
    """(N, 1000): G_TL, what the target shows; for the classification loss alone."""
    gate: Tensor
    """(N, 1, H/2, W/2) in [0, 1]: Omega^3, how far the assigned colours are trusted; 0 without a reference."""
    carried_ab: Tensor
    """(N, 2, H/2, W/2): the reference's a, b over 110 as they were assigned; 0 without a reference."""
    present: Tensor
    """(N,) bool: who had a reference."""
    reference_histogram: Tensor | None
    """(N or 1, 441): R_H; None where nobody had a reference."""


class Gray2ColorNet(nn.Module):
    """(target, encoded reference) to chroma at three scales: 53.06 M weights."""

    def __init__(self, reference_side: int = REFERENCE_SIDE) -> None:
        """``reference_side``: 128 as published. Another (a multiple of 8, at least 16) makes another gate, whose
        weights do not fit the published one's."""
        super().__init__()
        _check_sides(reference_side, reference_side, "reference_side")
        self.reference_side = reference_side
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.classifier = nn.Linear(GROUP_CHANNELS[-1], CLASSES)
        self.semantic_assignment = SemanticAssignment()
        self.color_distribution = ColorDistribution()
        self.gate = Gate((reference_side // 2) ** 2)
        self.apply(init_weights)

    def main_parameters(self) -> Iterator[nn.Parameter]:
        """The MCN's weights with the class head's: those that stage 1 of the training moves."""
        for part in (self.encoder, self.decoder, self.classifier):
            yield from part.parameters()

    def encode_reference(self, lightness: Tensor, ab: Tensor) -> EncodedReference:
        """L*/50 - 1 (N, 1, 128, 128) and a, b over 110 (N, 2, 128, 128) to all that is needed of references.

        :func:`~vidcolor.model.published.reference.fit_reference` makes them of stills of any size. Raises ValueError
        for other sizes.
        """
        side = self.reference_side
        if lightness.shape[-2:] != (side, side) or ab.shape[-2:] != (side, side):
            got = " and ".join(f"{x.shape[-2]} x {x.shape[-1]}" for x in (lightness, ab))
            raise ValueError(f"the gate's weights fix references to {side} x {side} (bicubic), got {got}")
        levels = at_half_size(self.encoder(lightness))
        values = self.semantic_assignment.encode(ab)
        with torch.autocast(lightness.device.type, enabled=False):
            histogram = soft_histogram(ab.float())
            keys = multi_scale(levels)
        places = every_second(ab.float()).flatten(2)
        return EncodedReference(keys, values.float().flatten(2), places, histogram, self.color_distribution(histogram))

    def forward(
        self, lightness: Tensor, reference: EncodedReference | None, present: Tensor | None = None
    ) -> Colorization:
        """Colour targets (N, 1, H, W), L*/50 - 1, sides multiples of 8, by one reference for all or one each.

        ``present`` (N,) bool is False where a sample shall be coloured as if there were no reference (M^k = 0); all
        are, where ``reference`` is None. Raises ValueError for other sizes.
        """
        batch, _, height, width = lightness.shape
        _check_sides(height, width, "target")
        features = self.encoder(lightness)
        class_logits = self.classifier(F.adaptive_max_pool2d(features[5], 1).flatten(1))
        if reference is None:
            nothing = torch.zeros((batch, 3, height // 2, width // 2), device=lightness.device)
            nobody = torch.zeros(batch, dtype=torch.bool, device=lightness.device)
            return Colorization(
                self.decoder(features, None), class_logits, nothing[:, :1], nothing[:, 1:], nobody, None
            )
        self._check_reference(reference, batch)
        if present is None:
            present = torch.ones(batch, dtype=torch.bool, device=lightness.device)
        told = present[:, None, None, None]
        assigned, carried_ab, gate = self._assign(features, reference)
        fused = gated_fusion(self.semantic_assignment.scales(assigned), reference.distribution, gate)
        ab = self.decoder(features, (fused[0] * told, fused[1] * told, fused[2] * told))
        return Colorization(ab, class_logits, gate * told, carried_ab * told, present, reference.histogram)

    def _assign(self, features: Features, reference: EncodedReference) -> tuple[Tensor, Tensor, Tensor]:
        """F_A (N, 128, H/2, W/2), the assigned a, b and the gate, a few of the target's places at a time."""
        values = torch.cat((reference.values, reference.ab), dim=1)
        assigned, gates = [], []
        with torch.autocast(values.device.type, enabled=False):  # a temperature of 0.01 magnifies rounding
            for similarity in cosines(at_half_size(features), reference.keys):
                assigned.append(self.semantic_assignment.assign(similarity, values))
                gates.append(self.gate(similarity))
        grid = features[1].shape[-2:]
        gate = torch.cat(gates, dim=2).unflatten(2, grid)
        whole = torch.cat(assigned, dim=2).unflatten(2, grid)
        return whole[:, :-2], whole[:, -2:], gate

    def _check_reference(self, reference: EncodedReference, batch: int) -> None:
        count, _, places = reference.keys.shape
        if places != (self.reference_side // 2) ** 2:
            raise ValueError(f"the reference has {places} places, the gate needs {(self.reference_side // 2) ** 2}")
        if count not in (1, batch):
            raise ValueError(f"one reference for all or one each: got {count} references for {batch} targets")


def _check_sides(height: int, width: int, what: str) -> None:
    if height % SIDE_MULTIPLE or width % SIDE_MULTIPLE or min(height, width) < LEAST_SIDE:
        raise ValueError(
            f"{what}: sides must be multiples of {SIDE_MULTIPLE}, at least {LEAST_SIDE}, got {height} x {width}"
        )
