"""The critic of the published network: a PatchGAN that judges patches of 70 x 70 pixels (Isola et al. 2017).

Certain, from the released code: the layers, among them the 1 x 1 convolution in front, instance norm, LeakyReLU 0.2,
no spectral norm. Inferred: that it sees L, a and b together. Training alone imports it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidcolor.model.published.layers import init_weights, norm

_SLOPE = 0.2


class PatchDiscriminator(nn.Module):
    """L, a, b to one logit for every patch of 70 x 70 pixels, 8 pixels apart: high for photographs."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 32, 1), nn.LeakyReLU(_SLOPE, inplace=True)),
            *_layer(32, 64, stride=2),
            *_layer(64, 128, stride=2),
            *_layer(128, 256, stride=2),
            *_layer(256, 512, stride=1),
            nn.Conv2d(512, 1, 4, stride=1, padding=1),
        )
        self.apply(init_weights)

    def forward(self, lightness: Tensor, ab: Tensor) -> Tensor:
        """L*/50 - 1 (N, 1, H, W) and a, b over 110 (N, 2, H, W), sides at least 24, to logits
        (N, 1, H/8 - 2, W/8 - 2), sides of the logits rounded down."""
        return self.layers(torch.cat((lightness, ab), dim=1))


def _layer(inputs: int, outputs: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 4, stride, padding=1), norm(outputs), nn.LeakyReLU(_SLOPE, inplace=True)
