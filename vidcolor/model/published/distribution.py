"""Colour distribution (GCFN): the reference's histogram R_H, its places forgotten."""

from __future__ import annotations

from torch import Tensor, nn

from vidcolor.color import HISTOGRAM_BINS
from vidcolor.model.published.assignment import ASSIGNED_CHANNELS, Scales

_HIDDEN = 512


class ColorDistribution(nn.Module):
    """1 x 1 convolutions on a map of one place: three in a row, then one for each scale, ReLU after every one."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*_layer(HISTOGRAM_BINS**2), *_layer(_HIDDEN), *_layer(_HIDDEN))
        self.branches = nn.ModuleList(nn.Sequential(*_layer(_HIDDEN, outputs)) for outputs in ASSIGNED_CHANNELS)

    def forward(self, histogram: Tensor) -> Scales:
        """R_H (N, 441) to F_RH^1, F_RH^2, F_RH^3, each (N, C, 1, 1); every place of the target gets the same."""
        hidden = self.trunk(histogram[:, :, None, None])
        coarse, middle, fine = (branch(hidden) for branch in self.branches)
        return coarse, middle, fine


def _layer(inputs: int, outputs: int = _HIDDEN) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, 1), nn.ReLU()
