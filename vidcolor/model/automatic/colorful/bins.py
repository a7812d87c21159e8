"""The 313 colours that the network tells apart: an ab grid 10 CIELAB units wide, as far as sRGB fills it."""

from __future__ import annotations

import torch
from torch import Tensor

SPACING = 10
NEIGHBOURS = 5
"""A colour is told by so many of its nearest bins."""
SIGMA = 5.0
"""Of the Gaussian that weighs them, CIELAB units."""

_RANGES = (
    (-90, 50, 90), (-80, 20, 90), (-70, 0, 90), (-60, -20, 90), (-50, -30, 100), (-40, -40, 100), (-30, -50, 100),
    (-20, -50, 100), (-10, -60, 100), (0, -70, 100), (10, -80, 90), (20, -80, 90), (30, -90, 90), (40, -100, 90),
    (50, -100, 80), (60, -110, 80), (70, -110, 80), (80, -110, 70), (90, -110, 70), (100, -90, 0),
)  # fmt: skip
"""For each a* the least and the greatest b*. The released list is no simple rule of the gamut: hence the table."""

CENTRES = tuple((a, b) for a, least, most in _RANGES for b in range(least, most + 1, SPACING))
"""a*, b* of every bin, a* ascending, then b*."""


def centres() -> Tensor:
    """(313, 2) float32, a* and b*."""
    return torch.tensor(CENTRES, dtype=torch.float32)


def encode(ab: Tensor, bins: Tensor) -> tuple[Tensor, Tensor]:
    """Soft encoding of a*, b* (N, 2, h, w) in CIELAB units by ``bins`` (K, 2): its nearest bins, the nearest first, as
    numbers (N, 5, h, w) int64, and their shares (N, 5, h, w), which sum to 1."""
    count, _, height, width = ab.shape
    pixels = ab.permute(0, 2, 3, 1).reshape(-1, 2)
    # |x - c|^2 without |x|^2, which is the same for all bins
    ranked = torch.addmm(bins.square().sum(1), pixels, bins.T, alpha=-2)
    nearest = ranked.topk(NEIGHBOURS, dim=1, largest=False, sorted=True).indices
    squared = (pixels[:, None] - bins[nearest]).square().sum(2)
    shares = torch.softmax(-squared / (2 * SIGMA**2), dim=1)
    shape = (count, height, width, NEIGHBOURS)
    return nearest.view(shape).permute(0, 3, 1, 2), shares.view(shape).permute(0, 3, 1, 2)


def annealed_mean(logits: Tensor, bins: Tensor, temperature: float) -> Tensor:
    """a*, b* (N, 2, h, w) of a distribution given by logits (N, K, h, w): the mean of the sharpened distribution."""
    shares = torch.softmax(logits / temperature, dim=1)
    return torch.einsum("nkhw,kc->nchw", shares, bins)
