"""LPIPS, how different two pictures look to a network trained on photographs: AlexNet, version 0.1.

Zhang, Isola, Efros, Shechtman and Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"
(CVPR 2018), section 3. The weights do not ship: a person gives them in one file.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.errors import CheckpointError

SMALLEST_SIDE = 32
"""Sides below this leave nothing of a picture in AlexNet's last layers."""

# number in torchvision's `features`, output channels, kernel, stride, padding, whether pooling comes first
_CONVOLUTIONS = (
    (0, 64, 11, 4, 2, False),
    (3, 192, 5, 1, 2, True),
    (6, 384, 3, 1, 1, True),
    (8, 256, 3, 1, 1, False),
    (10, 256, 3, 1, 1, False),
)
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10

_CONVOLUTION_KEY = re.compile(r"(?:features|net\.slice\d)\.(\d+)\.(weight|bias)")
_WEIGHING_KEY = re.compile(r"lin(\d)\.(?:model\.1\.)?weight")


class Lpips(nn.Module):
    """Five layers of AlexNet, unit-normalised per place, their squared differences weighed per channel and averaged."""

    def __init__(self) -> None:
        super().__init__()
        inputs = 3
        convolutions: list[nn.Module] = []
        weighings: list[nn.Module] = []
        for _, outputs, kernel, stride, padding, _ in _CONVOLUTIONS:
            convolutions.append(nn.Conv2d(inputs, outputs, kernel, stride, padding))
            weighings.append(nn.Conv2d(outputs, 1, 1, bias=False))
            inputs = outputs
        self.convolutions, self.weighings = nn.ModuleList(convolutions), nn.ModuleList(weighings)
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.tensor(_SHIFT).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(_SCALE).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, picture: Tensor, other: Tensor) -> Tensor:
        """Distance of RGB pictures (N, 3, H, W) in [-1, 1]: (N,), 0 for equal ones, larger the more they differ.

        Raises ValueError where a side is below ``SMALLEST_SIDE``.
        """
        if min(picture.shape[2:]) < SMALLEST_SIDE:
            raise ValueError(f"sides of {SMALLEST_SIDE} pixels at least are needed, got {tuple(picture.shape[2:])}")
        distance = picture.new_zeros(picture.shape[0])
        layers = zip(self._features(picture), self._features(other), self.weighings, strict=True)
        for feature, other_feature, weigh in layers:
            distance = distance + weigh((feature - other_feature).square()).mean((1, 2, 3))
        return distance

    @torch.inference_mode()
    def between(self, output: np.ndarray, truth: np.ndarray) -> float:
        """Distance of two RGB pictures (H, W, 3) in 0..255, uint8 or float. Raises ValueError for tiny ones."""
        picture, other = (torch.from_numpy(np.asarray(x, np.float32)) / 127.5 - 1 for x in (output, truth))
        return float(self(picture.permute(2, 0, 1)[None], other.permute(2, 0, 1)[None]))

    def _features(self, picture: Tensor) -> list[Tensor]:
        """Every layer's answer, its channels of length 1 at each place."""
        x = (picture - self.shift) / self.scale
        features = []
        for convolution, (*_, pooled) in zip(self.convolutions, _CONVOLUTIONS, strict=True):
            x = F.relu(convolution(F.max_pool2d(x, 3, 2) if pooled else x))
            features.append(x / (x.norm(dim=1, keepdim=True) + _EPSILON))
        return features


def load_lpips(path: Path) -> Lpips:
    """Read the weights of a safetensors or PyTorch file and return the measure, ready to use.

    Taken are torchvision's AlexNet, ``features.N.weight`` and ``.bias`` for N = 0, 3, 6, 8, 10 (or under the names of
    LPIPS as a whole, ``net.sliceK.N``), and ``lin0.model.1.weight`` to ``lin4.model.1.weight`` (or ``linK.weight``).
    Anything else in the file is left alone.

    Raises CheckpointError where the file cannot be read or one of these is missing or of another shape.
    """
    places = {str(row[0]): index for index, row in enumerate(_CONVOLUTIONS)}
    state: dict[str, Tensor] = {}
    for name, tensor in _tensors(path).items():
        if (found := _CONVOLUTION_KEY.fullmatch(name)) and found[1] in places:
            state[f"convolutions.{places[found[1]]}.{found[2]}"] = tensor.float()
        elif found := _WEIGHING_KEY.fullmatch(name):
            state[f"weighings.{found[1]}.weight"] = tensor.float()
    measure = Lpips()
    try:
        measure.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path} does not hold LPIPS 0.1 for AlexNet: features.0, .3, .6, .8, .10 of torchvision's AlexNet and "
            "lin0 to lin4 are needed in one file"
        ) from error
    return measure.eval().requires_grad_(False)


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"{path} cannot be read as a weights file (safetensors or PyTorch)") from error
    if not isinstance(loaded, dict):
        raise CheckpointError(f"{path} holds no tensors by name; a safetensors or PyTorch state file is needed")
    return {name: value for name, value in loaded.items() if isinstance(value, Tensor)}
