"""Small layers that the networks share."""

from __future__ import annotations

from typing import cast

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
