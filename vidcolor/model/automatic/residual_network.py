"""The first stages of an 18-layer residual network on gray: what Recolor sees its pictures by.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2016), table 1, with one input channel.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

STAGES = (64, 128, 256, 512)
"""Channels of the four stages at full width, at strides 4 to 32."""

_BLOCKS = 2  # of each stage


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to the input; a 1 x 1 convolution fits it where shapes differ."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.fit = None if stride == 1 and inputs == outputs else _fit(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu(self.first_norm(self.first(x)), inplace=True)
        hidden = self.second_norm(self.second(hidden))
        return F.relu(hidden + (x if self.fit is None else self.fit(x)), inplace=True)


class ResidualNetwork(nn.Module):
    """Gray (N, 1, H, W) to the last of its first ``stages`` stages, at stride 4 for 1, 8 for 2, 16 for 3, 32 for 4."""

    def __init__(self, stages: int, width: float = 1.0) -> None:
        """``width``: channels as a share of the full network's."""
        super().__init__()
        channels = [max(4, round(stage * width)) for stage in STAGES[:stages]]
        self.channels = channels[-1]
        """Of the output."""
        self.stem = nn.Conv2d(1, channels[0], 7, stride=2, padding=3, bias=False)
        self.stem_norm = nn.BatchNorm2d(channels[0])
        inputs, blocks = channels[0], []
        for number, outputs in enumerate(channels):
            for index in range(_BLOCKS):
                blocks.append(BasicBlock(inputs, outputs, 2 if number and not index else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.apply(_init_weights)

    def forward(self, gray: Tensor) -> Tensor:
        """See the class."""
        x = F.relu(self.stem_norm(self.stem(gray)), inplace=True)
        out: Tensor = self.blocks(F.max_pool2d(x, 3, stride=2, padding=1))
        return out


def _fit(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def _init_weights(module: nn.Module) -> None:
    """He et al. (2015), by what a layer gives, as residual networks are begun."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
