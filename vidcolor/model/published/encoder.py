"""The MCN's encoder, shared by target and reference: four groups of convolutions and two dilated ones."""

from __future__ import annotations

from torch import Tensor, nn

from vidcolor.model.published.layers import conv_group

GROUP_CHANNELS = (64, 128, 256, 512, 512, 512)
"""Channels of the six groups; their strides are 1, 2, 4, 8, 8, 8."""

Features = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
"""The six groups' maps, finest first."""


class Encoder(nn.Module):
    """Gray picture to six maps at strides 1, 2, 4, 8, 8, 8 (the backbone of Zhang et al. 2017 with instance norm)."""

    def __init__(self) -> None:
        super().__init__()
        self.group1 = conv_group(1, 64, convolutions=2)
        self.group2 = conv_group(64, 128, convolutions=2)
        self.group3 = conv_group(128, 256, convolutions=3)
        self.group4 = conv_group(256, 512, convolutions=3)
        self.group5 = conv_group(512, 512, convolutions=3, dilation=2)
        self.group6 = conv_group(512, 512, convolutions=3, dilation=2)

    def forward(self, lightness: Tensor) -> Features:
        """L*/50 - 1, (N, 1, H, W), sides multiples of 8, to maps (N, GROUP_CHANNELS[i], H/stride, W/stride)."""
        first = self.group1(lightness)
        second = self.group2(every_second(first))
        third = self.group3(every_second(second))
        fourth = self.group4(every_second(third))
        fifth = self.group5(fourth)
        return first, second, third, fourth, fifth, self.group6(fifth)


def every_second(x: Tensor) -> Tensor:
    """Half the size by leaving out every other row and column, as published: neither pooled nor filtered."""
    return x[..., ::2, ::2]
