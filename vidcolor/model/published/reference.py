"""A reference still, as the published network takes it: 128 x 128, encoded once."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import AB_SCALE, rgb_to_lab
from vidcolor.model.published.assignment import Scales

REFERENCE_SIDE = 128
"""The published network takes references of this height and width alone: a grid of 64 x 64 places."""


@dataclass(frozen=True)
class EncodedReference:
    """All that is needed of a batch of references; a batch of one serves any number of targets."""

    keys: Tensor
    """(N, 1984, Q): multi-scale features of its places, unit length."""
    values: Tensor
    """(N, 128, Q): F_Rab, the colour features that are assigned to the target."""
    ab: Tensor
    """(N, 2, Q): a, b over 110 of its places."""
    histogram: Tensor
    """(N, 441): R_H, the soft ab histogram."""
    distribution: Scales
    """F_RH^1, F_RH^2, F_RH^3, each (N, C, 1, 1)."""


def fit_reference(rgb: Tensor, side: int = REFERENCE_SIDE) -> tuple[Tensor, Tensor]:
    """sRGB stills (N, 3, H, W) in [0, 1], resized bicubically to a square whatever their shape, as published.

    Returns lightness L*/50 - 1 (N, 1, side, side) and a, b over 110 (N, 2, side, side).
    """
    square = F.interpolate(rgb, (side, side), mode="bicubic", align_corners=False, antialias=True).clamp(0, 1)
    lab = rgb_to_lab(square)
    return lab[:, :1] / 50 - 1, lab[:, 1:] / AB_SCALE
