"""Cosines of multi-scale features between all places of the target and all of the reference, at half their size.

The whole matrix of a 512 x 512 target and a 128 x 128 reference takes 1 GiB, and its softmax another. It is therefore
never held: the walk hands out a few target places at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.model.published.encoder import GROUP_CHANNELS, Features

MULTI_SCALE_CHANNELS = sum(GROUP_CHANNELS)
"""1984: the six groups side by side."""

_EPSILON = 1e-6  # a flat picture has vectors of length 0 after instance norm
_ELEMENTS_AT_ONCE = 1 << 24  # of the cosines: 64 MiB in float32


def at_half_size(features: Features) -> list[Tensor]:
    """The six maps, brought bilinearly to H/2 x W/2, places in row order: (N, GROUP_CHANNELS[i], P)."""
    height, width = features[1].shape[-2:]
    levels = [F.interpolate(x.float(), (height, width), mode="bilinear", align_corners=False) for x in features]
    return [level.flatten(2) for level in levels]


def multi_scale(levels: list[Tensor]) -> Tensor:
    """Maps (N, GROUP_CHANNELS[i], P) side by side, L2-normalised over channels: (N, 1984, P)."""
    return F.normalize(torch.cat(levels, dim=1), dim=1, eps=_EPSILON)


def cosines(levels: list[Tensor], keys: Tensor) -> Iterator[Tensor]:
    """Walk over the target's places: raw cosines (N, Q, p) of the next p places, reference places as channels.

    ``levels`` are the target's maps at half size, ``keys`` (N or 1, 1984, Q) the reference's multi-scale features.
    """
    places = max(1, _ELEMENTS_AT_ONCE // (levels[0].shape[0] * keys.shape[2]))
    for part in zip(*(level.split(places, dim=2) for level in levels), strict=True):
        yield keys.transpose(1, 2) @ multi_scale(list(part))
