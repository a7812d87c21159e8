"""The MCN's decoder: three blocks, each with the fused reference added, a skip from the encoder, and a head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.published.assignment import Scales
from vidcolor.model.published.encoder import Features
from vidcolor.model.published.layers import ResBlock, conv3x3, conv_group, norm


class DecoderBlock(nn.Module):
    """One scale: add the fused reference, refine, double the size, add the encoder's features, answer."""

    def __init__(self, inputs: int, outputs: int, skip: int, finish: nn.Module) -> None:
        """``skip``: channels of the encoder's group that is added; ``finish``: what follows that sum's ReLU."""
        super().__init__()
        self.enter = nn.Sequential(conv3x3(inputs, inputs), norm(inputs), nn.ReLU(inplace=True))
        self.refine = nn.Sequential(ResBlock(inputs), ResBlock(inputs))
        self.up = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
        self.skip = conv3x3(skip, outputs)
        self.finish = finish
        self.head = nn.Conv2d(outputs, 2, 1)

    def forward(self, x: Tensor, fused: Tensor | None, feature: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, inputs, h, w), M^k of that shape or None for 0, the encoder's (N, skip, 2h, 2w): to D^k
        (N, outputs, 2h, 2w) and T^k_ab (N, 2, 2h, 2w), a, b over 110 in [-1, 1]."""
        x = self.refine(self.enter(x if fused is None else x + fused))
        x = self.finish(F.relu(self.up(x) + self.skip(feature), inplace=True))
        return x, torch.tanh(self.head(x).float())


class Decoder(nn.Module):
    """Encoder's maps and fused features M^1, M^2, M^3 to T^1_ab, T^2_ab, T^3_ab."""

    def __init__(self) -> None:
        super().__init__()
        last = nn.Sequential(conv3x3(128, 128), nn.LeakyReLU(0.2, inplace=True))
        self.block1 = DecoderBlock(512, 256, skip=256, finish=conv_group(256, 256, convolutions=2))
        self.block2 = DecoderBlock(256, 128, skip=128, finish=conv_group(128, 128, convolutions=1))
        self.block3 = DecoderBlock(128, 128, skip=64, finish=last)

    def forward(self, features: Features, fused: Scales | None) -> Scales:
        """a, b over 110 at strides 4, 2, 1, each (N, 2, h, w) float32; ``fused`` None means M^k = 0."""
        first, second, third, _, _, sixth = features
        coarse, middle, fine = fused or (None, None, None)
        x, quarter = self.block1(sixth, coarse, third)
        x, half = self.block2(x, middle, second)
        _, full = self.block3(x, fine, first)
        return quarter, half, full
