"""Small layers that the networks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions added to their input; starts as the identity. (N, C, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = zeroed(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x), inplace=True))


def zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    """A convolution that says nothing until it has learned something."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(cast(Tensor, layer.bias))
    return layer


def resize(x: Tensor, like: Tensor) -> Tensor:
    """Bring (N, C, H, W) to the height and width of ``like``: area average downward, bilinear upward."""
    size = (like.shape[-2], like.shape[-1])
    if x.shape[-2:] == size:
        return x
    if x.shape[-1] > size[-1]:
        return F.adaptive_avg_pool2d(x, size)
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def centred_unit(x: Tensor) -> Tensor:
    """(N, C, H, W) less its mean over the picture, every place's vector brought to length 1."""
    return F.normalize(x - x.mean((2, 3), keepdim=True), dim=1, eps=1e-5)


def joined_levels(levels: Sequence[Tensor], level_logits: Tensor, projected: Tensor, balance_logit: Tensor) -> Tensor:
    """Unit maps (N, C_i, H, W), and a learned projection of them, as one unit map (N, sum of C, H, W).

    The cosine of two such vectors is the sum of the levels' cosines, weighted with softmax(level_logits), balanced
    against the projection's by sigmoid(balance_logit): square roots make it so.
    """
    weights, balance = torch.softmax(level_logits, 0), torch.sigmoid(balance_logit)
    parts = [level * ((1 - balance) * weight).sqrt() for level, weight in zip(levels, weights, strict=True)]
    return torch.cat((*parts, projected * balance.sqrt()), dim=1)
