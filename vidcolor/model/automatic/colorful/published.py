"""The layers of the paper: VGG-like groups of 3 x 3 convolutions, batch norm after each group, two of them dilated."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from vidcolor.model.automatic.colorful.config import ColorfulConfig

# channels of the convolutions of each group, and whether its last one halves the picture
_GROUPS = (((64, 64), True), ((128, 128), True), ((256, 256, 256), True), ((512, 512, 512), False))
_DILATED = (512, 512, 512)
_LAST = (512, 512, 512)
_UPPER = 256


class PublishedLayers(nn.Module):
    """L*/100 - 0.5, (N, 1, H, W), to features (N, channels, H/stride, W/stride): conv1 to conv8."""

    def __init__(self, config: ColorfulConfig) -> None:
        super().__init__()
        groups: list[nn.Module] = []
        inputs = 1
        plans = [*((sizes, halves, 1) for sizes, halves in _GROUPS)]
        plans += [(_DILATED, False, 2)] * config.dilated + [(_LAST, False, 1)]
        for sizes, halves, dilation in plans:
            channels = [_scaled(size, config.width) for size in sizes]
            groups.append(_group(inputs, channels, halves, dilation))
            inputs = channels[-1]
        self.channels = _scaled(_UPPER, config.width)
        self.groups = nn.Sequential(*groups, _upper(inputs, self.channels, config.stride))
        self.apply(_start)

    def forward(self, x: Tensor) -> Tensor:
        return self.groups(x)


def _group(inputs: int, channels: Sequence[int], halves: bool, dilation: int) -> nn.Sequential:
    """Convolutions with ReLU, then batch norm once."""
    layers: list[nn.Module] = []
    for number, outputs in enumerate(channels, start=1):
        stride = 2 if halves and number == len(channels) else 1
        layers += [nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation), nn.ReLU(inplace=True)]
        inputs = outputs
    return nn.Sequential(*layers, nn.BatchNorm2d(inputs))


def _upper(inputs: int, channels: int, stride: int) -> nn.Sequential:
    """conv8, which doubles the grid; or not, for a lower output resolution."""
    first: nn.Module = nn.ConvTranspose2d(inputs, channels, 4, 2, 1)
    if stride == 8:
        first = nn.Conv2d(inputs, channels, 3, padding=1)
    layers: list[nn.Module] = [first, nn.ReLU(inplace=True)]
    for _ in range(2):
        layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))


def _start(layer: nn.Module) -> None:
    """Weights that keep the signal's size through ReLU (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        if isinstance(layer, nn.ConvTranspose2d):  # a place gets a quarter of the kernel's 16 products
            layer.weight.data.mul_((16 / 4 * layer.out_channels / layer.in_channels) ** 0.5)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
