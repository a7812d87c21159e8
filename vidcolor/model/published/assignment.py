"""Semantic assignment (GCFN): the reference's colour features, laid where the target looks like the reference."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidcolor.model.published.encoder import every_second
from vidcolor.model.published.layers import conv_group

TEMPERATURE = 0.01
"""Cosines are divided by this before the softmax over the reference's places."""
ASSIGNED_CHANNELS = (512, 256, 128)
"""Channels of F_S^1, F_S^2, F_S^3, at strides 8, 4, 2."""

Scales = tuple[Tensor, Tensor, Tensor]
"""One tensor for each of the paper's three scales: 1 at stride 8, 2 at stride 4, 3 at stride 2."""


class SemanticAssignment(nn.Module):
    """The branch of R_ab: two groups before the colours are assigned to the target's places, two after."""

    def __init__(self) -> None:
        super().__init__()
        coarse, middle, fine = ASSIGNED_CHANNELS
        self.full_size = conv_group(2, 64, convolutions=2)
        self.half_size = conv_group(64, fine, convolutions=2)
        self.quarter_size = conv_group(fine, middle, convolutions=2)
        self.eighth_size = conv_group(middle, coarse, convolutions=2)

    def encode(self, ab: Tensor) -> Tensor:
        """F_Rab: a, b over 110 of the reference (N, 2, S, S) to (N, 128, S/2, S/2)."""
        return self.half_size(every_second(self.full_size(ab)))

    def assign(self, cosines: Tensor, values: Tensor) -> Tensor:
        """Values of the reference's places (N or 1, V, Q) by softmax of their cosines (N, Q, P): (N, V, P)."""
        return values @ torch.softmax(cosines / TEMPERATURE, dim=1)

    def scales(self, aligned: Tensor) -> Scales:
        """F_S^1, F_S^2, F_S^3 from the assigned features F_A = F_S^3 (N, 128, H/2, W/2)."""
        middle = self.quarter_size(every_second(aligned))
        return self.eighth_size(every_second(middle)), middle, aligned
