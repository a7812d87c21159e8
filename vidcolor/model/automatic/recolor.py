"""Recolor: a generator that answers at a quarter of the size, and a refinement, trained after it, to full size.

A student system, with its faults mended: it sees true L* (there luma was taken for L*), its answer is 110 tanh around
gray (there a sigmoid for (ab + 128) / 255), and the generator does not learn on, nor do its statistics drift, while the
refinement is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.color import AB_SCALE
from vidcolor.model.automatic.gray_features import GrayFeatures
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.layers import zeroed

GENERATOR_STRIDE, REFINEMENT_STRIDE = 8, 4


@dataclass(frozen=True)
class RecolorConfig:
    """How a :class:`Recolor` is built."""

    refinement: bool = True
    """Refine the generator's answer to full size; false is the generator alone, which is trained first."""
    encoder: Literal["resnet18", "mobilenetv2"] = "resnet18"
    """What pictures are seen by: the published residual network, from scratch, or MobileNetV2, which ImageNet weights
    (training.backbone) start."""
    blocks: int = 8
    """Residual blocks of the refinement."""
    width: float = 1.0
    """Channels as a share of the full network's; of MobileNetV2 they stay as they are."""

    def __post_init__(self) -> None:
        if not 0 < self.width <= 4 or self.blocks < 1:
            raise ValueError(
                f"width is above 0 and at most 4, blocks at least 1: got width {self.width}, blocks {self.blocks}"
            )


class Recolor(AutomaticNetwork[RecolorConfig]):
    """L* (N, 1, H, W) in [0, 100], sides multiples of 32, to a*, b* (N, 2, H, W)."""

    config_type = RecolorConfig
    ab_scale = AB_SCALE
    """CIELAB units that the squared error reckons as 1."""

    def __init__(self, config: RecolorConfig) -> None:
        super().__init__(config)
        self.generator = Generator(config)
        self.refinement = Refinement(config) if config.refinement else None
        self.generator.requires_grad_(not config.refinement)
        self.train()

    def train(self, mode: bool = True) -> Recolor:
        """Under a refinement the generator stays as it is: its batch norm too keeps the statistics it learned with."""
        super().train(mode)
        if self.refinement is not None:
            self.generator.eval()
        return self

    def load_backbone(self, tensors: dict[str, Tensor]) -> None:
        """Start what is to be trained from ImageNet weights, see :meth:`vidcolor.model.encoder.Encoder.load_backbone`.

        Does nothing where ``config.encoder`` is not mobilenetv2.
        """
        (self.generator if self.refinement is None else self.refinement).features.load_backbone(tensors)

    def forward(self, lightness: Tensor) -> Tensor:
        """See the class."""
        return F.interpolate(self.regress(lightness), lightness.shape[-2:], mode="bilinear", align_corners=False)

    def regress(self, lightness: Tensor) -> Tensor:
        """The answer at its own size, in CIELAB units: (N, 2, H/4, W/4) of the generator, refined (N, 2, H, W)."""
        x = lightness / 50 - 1
        ab: Tensor = self.generator(x)
        if self.refinement is not None:
            ab = self.refinement(x, ab)
        return ab * AB_SCALE


class Generator(nn.Module):
    """L*/50 - 1 (N, 1, H, W) to ab / 110 (N, 2, H/4, W/4), in [-1, 1]."""

    def __init__(self, config: RecolorConfig) -> None:
        super().__init__()
        self.features = GrayFeatures(config.encoder, GENERATOR_STRIDE, config.width)
        wide, half, narrow = (_channels(count, config.width) for count in (64, 32, 16))
        self.coarse = nn.Sequential(*_conv_norm(self.features.channels + 1, wide), *_conv_norm(wide, wide))
        self.fine = nn.Sequential(*_conv_norm(wide, half), *_conv_norm(half, narrow))
        self.head = zeroed(nn.Conv2d(narrow, 2, 1))

    def forward(self, lightness: Tensor) -> Tensor:
        """See the class. The decoder sees the mean lightness of every 8 x 8 pixels beside the features."""
        brightness = F.avg_pool2d(lightness, GENERATOR_STRIDE)
        x = self.coarse(torch.cat((self.features(lightness), brightness), dim=1))
        x = self.fine(F.interpolate(x, scale_factor=2, mode="nearest"))
        return torch.tanh(self.head(x).float())


class Refinement(nn.Module):
    """L*/50 - 1 (N, 1, H, W) and ab / 110 (N, 2, H/4, W/4) to ab / 110 (N, 2, H, W), in [-1, 1].

    Residual blocks without batch norm after Lim et al., "Enhanced Deep Residual Networks for Single Image
    Super-Resolution" (EDSR, 2017); enlarged by resize-convolutions.
    """

    def __init__(self, config: RecolorConfig) -> None:
        super().__init__()
        self.features = GrayFeatures(config.encoder, REFINEMENT_STRIDE, config.width)
        color = _channels(64, config.width)
        self.color = nn.Sequential(*_conv_norm(2, color), SuperResolutionBlock(color))
        wide = self.features.channels + color
        blocks = [SuperResolutionBlock(wide) for _ in range(config.blocks)]
        self.body = nn.Sequential(*blocks, nn.Conv2d(wide, wide, 3, padding=1))
        self.tail = nn.ModuleList(nn.Conv2d(wide, wide, 3, padding=1) for _ in range(2))
        self.head = zeroed(nn.Conv2d(wide, 2, 3, padding=1))

    def forward(self, lightness: Tensor, ab: Tensor) -> Tensor:
        """See the class."""
        x = torch.cat((self.features(lightness), self.color(ab)), dim=1)
        x = x + self.body(x)
        for convolution in self.tail:
            larger = F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False)
            x = F.relu(convolution(larger), inplace=True)
        return torch.tanh(self.head(x).float())


class SuperResolutionBlock(nn.Module):
    """conv - ReLU - conv, added to its input: EDSR's, with neither norm nor scaling. (N, C, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.second(F.relu(self.first(x), inplace=True))
        return out


def _conv_norm(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _channels(full: int, width: float) -> int:
    return max(4, round(full * width))
