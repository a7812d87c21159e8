"""Colour without training, as a yardstick: what a reference frame of the same shot gives to the frames after it.

All of them work on pictures of 256 lines (short side) whose sides are multiples of 32, know the reference's ab, and
answer with ab, (H, W, 2) float32 in CIELAB units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import lab_to_rgb, rgb_to_lab
from vidcolor.model.encoder import Encoder
from vidcolor.model.flicker import warp_back

LINES = 256
TEMPERATURE = 0.02
LEVELS = slice(1, 4)  # of the encoder's maps: strides 4, 8 and 16


@dataclass(frozen=True)
class WorkingPicture:
    """A frame at the working size."""

    rgb: np.ndarray = field(repr=False)
    """(H, W, 3), uint8."""
    lab: np.ndarray = field(repr=False)
    """(H, W, 3), float32."""
    gray: np.ndarray = field(repr=False)
    """(H, W), uint8: the luma."""


class Yardstick(Protocol):
    """One way to colour a shot from its first frame."""

    def start(self, reference: WorkingPicture) -> None:
        """Begin a shot whose first frame is the reference."""

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Return ab of the shot's next frame, seen by its gray alone."""


def working_picture(rgb: np.ndarray, gray: np.ndarray) -> WorkingPicture:
    """Bring a frame, RGB (H, W, 3) and luma (H, W), both uint8, to the working size."""
    small, small_gray = (cv2.resize(x, working_size(gray.shape), interpolation=cv2.INTER_AREA) for x in (rgb, gray))
    lab = rgb_to_lab(torch.from_numpy(small).permute(2, 0, 1) / 255).permute(1, 2, 0).contiguous().numpy()
    return WorkingPicture(small, lab, small_gray)


def working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height nearest to ``LINES`` on the short side, both multiples of 32, of a picture (H, W)."""
    scale = LINES / min(shape)
    return round(shape[1] * scale / 32) * 32, round(shape[0] * scale / 32) * 32


def with_true_lightness(ab: np.ndarray, truth: WorkingPicture) -> np.ndarray:
    """Return the RGB picture (H, W, 3), float32 in 0..255, that ab gives with the true L*."""
    lab = torch.from_numpy(np.dstack([truth.lab[..., :1], ab]).astype(np.float32)).permute(2, 0, 1)
    return lab_to_rgb(lab).clamp(0, 1).permute(1, 2, 0).numpy() * 255


class Gray:
    """No colour: the film as it is."""

    def start(self, reference: WorkingPicture) -> None:
        """Nothing is taken from the reference."""

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Zero everywhere."""
        return np.zeros((*target.gray.shape, 2), np.float32)


class MeanChroma:
    """The reference's mean ab on every pixel."""

    def start(self, reference: WorkingPicture) -> None:
        """Take the mean."""
        self._mean = reference.lab[..., 1:].mean((0, 1))

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """The mean everywhere."""
        return np.broadcast_to(self._mean, (*target.gray.shape, 2))


class Features:
    """Correspondence of untrained features: ImageNet's MobileNetV2 on the gray pictures, no colorization training.

    Cosine of mean-centred, per-level L2-normalised maps of strides 4, 8 and 16, all brought to the grid of one of these
    strides, softmax over the reference with temperature 0.02; the ab of the grid is brought to full size bilinearly.
    """

    def __init__(self, backbone: Path, stride: int = 8) -> None:
        self._grid_level = (4, 8, 16).index(stride)
        self._encoder = Encoder()
        self._encoder.load_backbone(load_file(backbone))
        self._encoder.eval()

    def start(self, reference: WorkingPicture) -> None:
        """Describe the reference once."""
        self._keys, grid = self._describe(reference)
        ab = torch.from_numpy(reference.lab[..., 1:].copy()).permute(2, 0, 1)[None]
        self._values = F.adaptive_avg_pool2d(ab, grid).flatten(2)[0].T

    @torch.inference_mode()
    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Carry the reference's ab by correspondence."""
        queries, grid = self._describe(target)
        weights = torch.softmax(queries @ self._keys.T / TEMPERATURE, dim=1)
        ab = (weights @ self._values).T.reshape(1, 2, *grid)
        ab = F.interpolate(ab, size=target.gray.shape, mode="bilinear", align_corners=False)
        return ab[0].permute(1, 2, 0).numpy()

    @torch.inference_mode()
    def _describe(self, picture: WorkingPicture) -> tuple[Tensor, tuple[int, int]]:
        """One vector of length 1 per place of the grid, (P, C), and the grid's (h, w)."""
        gray = torch.from_numpy(picture.gray)[None, None] / 127.5 - 1
        maps = self._encoder(gray)[LEVELS]
        grid = maps[self._grid_level].shape[2:]
        levels = []
        for features in maps:
            on_grid = F.interpolate(features, size=grid, mode="bilinear", align_corners=False, antialias=True)
            levels.append(F.normalize(on_grid - on_grid.mean((2, 3), keepdim=True), dim=1))
        joined = torch.cat(levels, dim=1) / len(levels) ** 0.5
        return joined.flatten(2)[0].T, (int(grid[0]), int(grid[1]))


class FlowAlone:
    """The first frame's ab, moved on from frame to frame along dense inverse search (OpenCV's medium preset)."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def start(self, reference: WorkingPicture) -> None:
        """Begin with the reference's own ab."""
        self._ab, self._last = np.ascontiguousarray(reference.lab[..., 1:]), reference.gray

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Move the ab of the frame before to this one."""
        still = np.zeros((*target.gray.shape, 2), np.float32)
        flow = self._search.calc(target.gray, self._last, still)
        self._ab, self._last = warp_back(self._ab, flow), target.gray
        return self._ab
