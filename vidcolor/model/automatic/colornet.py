"""ColorNet: a U-Net from one channel of gray to two of chroma, with its first choices and the answers to their faults.

Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation" (2015), as a student
system coloured with it. That system named four faults of its own: gray codes taken for lightness, max-pooling that
loses where things are, the checkerboard of transposed convolutions, and dark reds and blues that stay weak. Each has a
field here that answers it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.color import AB_SCALE, lightness_to_luma
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.layers import zeroed

LEVELS = (64, 128, 256, 512, 1024)
"""Channels at strides 1 to 16, at full width."""

_SHIFT, _CODES = 128.0, 255.0  # 8-bit CIELAB, as image libraries store it


@dataclass(frozen=True)
class ColorNetConfig:
    """How a :class:`ColorNet` is built; the defaults answer all four faults."""

    flow: Literal["lightness", "gray"] = "lightness"
    """What the network sees: L*/100, or the sRGB code of the gray in its place. Both lie in [0, 1]."""
    down: Literal["strided", "max-pooling"] = "strided"
    """How a level is halved: by a 3 x 3 convolution of stride 2, or by 2 x 2 max-pooling."""
    up: Literal["resize", "transposed"] = "resize"
    """How a level is doubled: bilinearly with a 3 x 3 convolution after it, or by a 2 x 2 transposed convolution."""
    scaling: Literal["symmetric", "shifted"] = "symmetric"
    """What an output stands for: ab = 110 tanh(x), or ab = 255 x - 128 without any bound."""
    width: float = 1.0
    """Channels as a share of the full network's."""

    def __post_init__(self) -> None:
        if not 0 < self.width <= 4:
            raise ValueError(f"width is a share of the full channels, above 0 and at most 4, got {self.width}")


class ColorNet(AutomaticNetwork[ColorNetConfig]):
    """L* (N, 1, H, W) in [0, 100], sides multiples of 32, to a*, b* (N, 2, H, W): 31.04 M weights as first built."""

    config_type = ColorNetConfig

    def __init__(self, config: ColorNetConfig) -> None:
        super().__init__(config)
        channels = [max(4, round(level * config.width)) for level in LEVELS]
        self.first = _double(1, channels[0])
        steps = list(pairwise(channels))
        self.down = nn.ModuleList(_Down(fine, coarse, config.down) for fine, coarse in steps)
        self.up = nn.ModuleList(_Up(coarse, fine, config.up) for fine, coarse in reversed(steps))
        self.head = nn.Conv2d(channels[0], 2, 1)
        self.apply(_init_weights)
        if config.scaling == "symmetric":  # nothing learned is gray, not saturation
            zeroed(self.head)

    @property
    def ab_scale(self) -> float:
        """CIELAB units that the squared error reckons as 1."""
        return _CODES if self.config.scaling == "shifted" else AB_SCALE

    def forward(self, lightness: Tensor) -> Tensor:
        """See the class."""
        return self.regress(lightness)

    def regress(self, lightness: Tensor) -> Tensor:
        """The same: this network answers at full size, (N, 2, H, W) in CIELAB units."""
        features = [self.first(self._input(lightness))]
        for down in self.down:
            features.append(down(features[-1]))
        x = features.pop()
        for up in self.up:
            x = up(x, features.pop())
        return self._ab(self.head(x).float())

    def _input(self, lightness: Tensor) -> Tensor:
        return lightness_to_luma(lightness) if self.config.flow == "gray" else lightness / 100

    def _ab(self, x: Tensor) -> Tensor:
        return x * _CODES - _SHIFT if self.config.scaling == "shifted" else AB_SCALE * torch.tanh(x)


class _Down(nn.Module):
    """Halve the sides, then two convolutions."""

    def __init__(self, inputs: int, outputs: int, how: str) -> None:
        super().__init__()
        strided = nn.Conv2d(inputs, inputs, 3, stride=2, padding=1)
        self.halve = strided if how == "strided" else nn.MaxPool2d(2)
        self.body = _double(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(self.halve(x))
        return out


class _Up(nn.Module):
    """Double the sides, lay the finer level beside, then two convolutions."""

    def __init__(self, inputs: int, outputs: int, how: str) -> None:
        super().__init__()
        self.enlarge: nn.Module
        if how == "transposed":
            self.enlarge = nn.ConvTranspose2d(inputs, outputs, 2, stride=2)
        else:
            self.enlarge = ResizeConvolution(inputs, outputs)
        self.body = _double(2 * outputs, outputs)

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:
        out: Tensor = self.body(torch.cat((finer, self.enlarge(x)), dim=1))
        return out


class ResizeConvolution(nn.Module):
    """Bilinear enlargement by 2 and a 3 x 3 convolution: every pixel is made alike, so that no checkerboard can arise.

    Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts" (Distill, 2016).
    (N, inputs, H, W) to (N, outputs, 2 H, 2 W).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        larger = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        out: Tensor = self.convolution(larger)
        return out


def _double(inputs: int, outputs: int) -> nn.Sequential:
    """Twice 3 x 3 convolution, batch norm and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)]
        layers += [nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _init_weights(module: nn.Module) -> None:
    """He et al. (2015), for ReLU; biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
