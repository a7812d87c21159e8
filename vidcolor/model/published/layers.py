"""Groups of convolutions, residual blocks and the initial weights of the published network."""

from __future__ import annotations

from torch import Tensor, nn

INITIAL_DEVIATION = 0.02


def conv3x3(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """A 3 x 3 convolution with bias that keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)


def norm(channels: int) -> nn.InstanceNorm2d:
    """Instance norm without weights and without running statistics."""
    return nn.InstanceNorm2d(channels, affine=False, track_running_stats=False)


def conv_group(inputs: int, outputs: int, convolutions: int, dilation: int = 1) -> nn.Sequential:
    """``convolutions`` times 3 x 3 convolution and ReLU, then one norm. (N, inputs, H, W) to (N, outputs, H, W)."""
    layers: list[nn.Module] = []
    for number in range(convolutions):
        layers += [conv3x3(inputs if number == 0 else outputs, outputs, dilation), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, norm(outputs))


class ResBlock(nn.Module):
    """conv - norm - ReLU - conv - norm, added to its input, nothing after the sum. (N, C, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(conv3x3(channels, channels), norm(channels), nn.ReLU(inplace=True)),
            *(conv3x3(channels, channels), norm(channels)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def init_weights(module: nn.Module) -> None:
    """Weights from N(0, 0.02), biases 0; for :meth:`torch.nn.Module.apply`."""
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, INITIAL_DEVIATION)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
