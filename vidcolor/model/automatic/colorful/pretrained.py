"""Another stack of layers for the same answer: MobileNetV2, which can start from ImageNet, and a light decoder."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.automatic.colorful.config import ColorfulConfig
from vidcolor.model.encoder import CHANNELS, STRIDES, Encoder
from vidcolor.model.layers import ResidualBlock, resize

_WIDTHS = (0, 96, 128, 160, 192)
"""Channels of the decoder at each of the encoder's strides."""


class PretrainedLayers(nn.Module):
    """L*/100 - 0.5, (N, 1, H, W), to features (N, channels, H/stride, W/stride), from coarse to fine."""

    def __init__(self, config: ColorfulConfig) -> None:
        super().__init__()
        self.encoder = Encoder()
        self._levels = [level for level in reversed(range(len(STRIDES))) if STRIDES[level] >= config.stride]
        self.channels = _WIDTHS[self._levels[-1]]
        self.laterals = nn.ModuleList(nn.Conv2d(CHANNELS[level], _WIDTHS[level], 1) for level in self._levels)
        pairs = zip(self._levels[:-1], self._levels[1:], strict=True)
        self.narrow = nn.ModuleList(nn.Conv2d(_WIDTHS[upper], _WIDTHS[lower], 1) for upper, lower in pairs)
        self.blocks = nn.ModuleList(ResidualBlock(_WIDTHS[level]) for level in self._levels)

    def forward(self, x: Tensor) -> Tensor:
        features = self.encoder(2 * x)
        carried = self.blocks[0](self.laterals[0](features[self._levels[0]]))
        for place, level in enumerate(self._levels[1:]):
            lateral = self.laterals[place + 1](features[level])
            carried = self.blocks[place + 1](lateral + resize(self.narrow[place](carried), lateral))
        return F.relu(carried)
