"""MobileNetV2, shared by target and reference (Sandler et al. 2018), batch norm folded into the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDES = (2, 4, 8, 16, 32)
"""Strides of the five feature maps that :class:`Encoder` hands on."""
CHANNELS = (16, 24, 32, 96, 320)
"""Their channels."""

_TAPS = (1, 3, 6, 13, 17)
# (output channels, stride, expansion) of blocks 1 to 17
_BLOCKS = (
    (16, 1, 1), (24, 2, 6), (24, 1, 6), (32, 2, 6), (32, 1, 6), (32, 1, 6),
    (64, 2, 6), (64, 1, 6), (64, 1, 6), (64, 1, 6), (96, 1, 6), (96, 1, 6), (96, 1, 6),
    (160, 2, 6), (160, 1, 6), (160, 1, 6), (320, 1, 6),
)  # fmt: skip


def _padded(x: Tensor, stride: int) -> Tensor:
    """TensorFlow's SAME for 3 x 3 kernels: at stride 2, on even sizes, one pixel after; else the convolution pads."""
    return F.pad(x, (0, 1, 0, 1)) if stride == 2 else x


class InvertedResidual(nn.Module):
    """Expand, filter depth-wise, project; adds its input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.stride = stride
        self.adds = stride == 1 and inputs == outputs
        self.expand = nn.Conv2d(inputs, hidden, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, padding=stride % 2, groups=hidden)
        self.project = nn.Conv2d(hidden, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu6(self.expand(x), inplace=True) if self.expand is not None else x
        hidden = F.relu6(self.depthwise(_padded(hidden, self.stride)), inplace=True)
        hidden = self.project(hidden)
        return x + hidden if self.adds else hidden


class Encoder(nn.Module):
    """Gray picture to feature maps at strides 2 to 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 32, 3, 2)
        inputs, blocks = 32, []
        for outputs, stride, expansion in _BLOCKS:
            blocks.append(InvertedResidual(inputs, outputs, stride, expansion))
            inputs = outputs
        self.blocks = nn.ModuleList(blocks)

    def forward(self, lightness: Tensor) -> list[Tensor]:
        """L*/50 - 1, (N, 1, H, W), sides multiples of 32, to maps (N, CHANNELS[i], H/STRIDES[i], W/STRIDES[i])."""
        x = F.relu6(self.stem(_padded(lightness, 2)), inplace=True)
        features = []
        for number, block in enumerate(self.blocks, start=1):
            x = block(x)
            if number in _TAPS:
                features.append(x)
        return features

    def load_backbone(self, tensors: dict[str, Tensor]) -> None:
        """Start from ImageNet weights named ``blockKK.{conv|expand|depthwise|project}.{weight|bias}``.

        The three colour channels of the first layer are summed, which is exact for a gray picture in all three.
        """
        stem = tensors["block00.conv.weight"].sum(1, keepdim=True)
        state = {"stem.weight": stem, "stem.bias": tensors["block00.conv.bias"], **self.backbone_blocks(tensors)}
        self.load_state_dict({name: torch.as_tensor(value).float() for name, value in state.items()})

    def backbone_blocks(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights of all blocks, by their names here, from tensors named as for :meth:`load_backbone`."""
        names = [name for name in self.state_dict() if name.startswith("blocks.")]
        parts = [name.split(".") for name in names]
        sources = [f"block{int(index) + 1:02d}.{layer}.{kind}" for _, index, layer, kind in parts]
        return {name: tensors[source] for name, source in zip(names, sources, strict=True)}
