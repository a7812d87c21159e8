"""Features of a gray picture on one grid, by either of two networks."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from vidcolor.model.automatic.residual_network import ResidualNetwork
from vidcolor.model.encoder import CHANNELS, STRIDES, Encoder

_BLOCKS = {4: 3, 8: 6, 16: 13, 32: 17}  # of MobileNetV2, up to each stride


class GrayFeatures(nn.Module):
    """L*/50 - 1 (N, 1, H, W) to (N, channels, H/stride, W/stride)."""

    def __init__(self, network: Literal["resnet18", "mobilenetv2"], stride: int, width: float = 1.0) -> None:
        """``stride`` 4, 8, 16 or 32; ``width`` scales the channels of resnet18."""
        super().__init__()
        self.network: ResidualNetwork | Encoder
        if network == "resnet18":
            self.network = ResidualNetwork(stages=stride.bit_length() - 2, width=width)
            self.channels = self.network.channels
        else:
            self.network = Encoder()
            self.network.blocks = self.network.blocks[: _BLOCKS[stride]]
            self.channels = CHANNELS[STRIDES.index(stride)]

    def load_backbone(self, tensors: dict[str, Tensor]) -> None:
        """ImageNet weights for MobileNetV2; the residual network, of which there are none, stays as it is."""
        if isinstance(self.network, Encoder):
            self.network.load_backbone(tensors)

    def forward(self, lightness: Tensor) -> Tensor:
        """See the class."""
        features: Tensor | list[Tensor] = self.network(lightness)
        return features if isinstance(features, torch.Tensor) else features[-1]
