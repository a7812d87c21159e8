"""Colour without training, as a yardstick: what references give to a picture, or to the frames of their shot.

All of them work on pictures of 256 lines (short side) whose sides are multiples of 32, know the references' ab, and
answer with ab, (H, W, 2) float32 in CIELAB units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
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
    gray: np.ndarray = field(repr=False)
    """(H, W), uint8: the luma."""

    @cached_property
    def lab(self) -> np.ndarray:
        """(H, W, 3), float32."""
        lab = rgb_to_lab(torch.from_numpy(self.rgb).permute(2, 0, 1) / 255)
        return lab.permute(1, 2, 0).contiguous().numpy()

    @property
    def ab(self) -> np.ndarray:
        """(H, W, 2), float32."""
        return self.lab[..., 1:]


class Yardstick(Protocol):
    """One way to colour pictures by references."""

    walks: bool
    """True where it must see every frame from the reference on."""

    def start(self, *references: WorkingPicture) -> None:
        """Take the references, of any sizes."""

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Return ab of the next picture, seen by its gray alone."""


def working_picture(rgb: np.ndarray, gray: np.ndarray) -> WorkingPicture:
    """Bring a picture, RGB (H, W, 3) and luma (H, W), both uint8, to the working size."""
    size = working_size(gray.shape)
    return WorkingPicture(*(cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (rgb, gray)))


def working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height nearest to ``LINES`` on the short side, both multiples of 32, of a picture (H, W, ...)."""
    scale = LINES / min(shape[:2])
    return round(shape[1] * scale / 32) * 32, round(shape[0] * scale / 32) * 32


def with_true_lightness(ab: np.ndarray, truth: WorkingPicture) -> np.ndarray:
    """Return the RGB picture (H, W, 3), float32 in 0..255, that ab gives with the true L*."""
    lab = torch.from_numpy(np.dstack([truth.lab[..., :1], ab]).astype(np.float32)).permute(2, 0, 1)
    return lab_to_rgb(lab).clamp(0, 1).permute(1, 2, 0).numpy() * 255


class Gray:
    """No colour: the picture as it is."""

    walks = False

    def start(self, *references: WorkingPicture) -> None:
        """Nothing is taken from the references."""

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Zero everywhere."""
        return np.zeros((*target.gray.shape, 2), np.float32)


class MeanChroma:
    """The references' mean ab on every pixel."""

    walks = False

    def start(self, *references: WorkingPicture) -> None:
        """Take the mean, each reference counting alike."""
        self._mean = np.mean([reference.ab.mean((0, 1)) for reference in references], axis=0)

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """The mean everywhere."""
        return np.broadcast_to(self._mean, (*target.gray.shape, 2))


class Features:
    """Correspondence of untrained features: ImageNet's MobileNetV2 on the gray pictures, no colorization training.

    Cosine of mean-centred, per-level L2-normalised maps of strides 4, 8 and 16, all brought to the grid of one of these
    strides, softmax over all places of the references with temperature 0.02; the ab of the grid is brought to full size
    bilinearly.
    """

    walks = False

    def __init__(self, backbone: Path, stride: int = 8) -> None:
        self._grid_level = (4, 8, 16).index(stride)
        self._encoder = Encoder()
        self._encoder.load_backbone(load_file(backbone))
        self._encoder.eval()

    def start(self, *references: WorkingPicture) -> None:
        """Describe the references once."""
        keys, values = [], []
        for reference in references:
            described, grid = self._describe(reference)
            ab = torch.from_numpy(reference.ab.copy()).permute(2, 0, 1)[None]
            keys.append(described)
            values.append(F.adaptive_avg_pool2d(ab, grid).flatten(2)[0].T)
        self._keys, self._values = torch.cat(keys), torch.cat(values)

    @torch.inference_mode()
    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Carry the reference's ab by correspondence."""
        queries, grid = self._describe(target)
        weights = torch.softmax(queries @ self._keys.T / TEMPERATURE, dim=1)
        ab = (weights @ self._values).T.reshape(1, 2, *grid)
        ab = F.interpolate(ab, size=target.gray.shape, mode="bilinear", align_corners=False)
        return ab[0].permute(1, 2, 0).numpy()

    @torch.inference_mode()
    def embed(self, picture: WorkingPicture) -> np.ndarray:
        """What a picture shows, by its gray, places forgotten: (C,) float32 of length 1."""
        pooled = [F.normalize(m.mean((2, 3)), dim=1) for m in self._encoder(_network_gray(picture))[3:]]
        return F.normalize(torch.cat(pooled, dim=1), dim=1)[0].numpy()

    @torch.inference_mode()
    def _describe(self, picture: WorkingPicture) -> tuple[Tensor, tuple[int, int]]:
        """One vector of length 1 per place of the grid, (P, C), and the grid's (h, w)."""
        maps = self._encoder(_network_gray(picture))[LEVELS]
        grid = maps[self._grid_level].shape[2:]
        levels = []
        for features in maps:
            on_grid = F.interpolate(features, size=grid, mode="bilinear", align_corners=False, antialias=True)
            levels.append(F.normalize(on_grid - on_grid.mean((2, 3), keepdim=True), dim=1))
        joined = torch.cat(levels, dim=1) / len(levels) ** 0.5
        return joined.flatten(2)[0].T, (int(grid[0]), int(grid[1]))


class FlowAlone:
    """A frame's ab, moved on from frame to frame along dense inverse search (OpenCV's medium preset)."""

    walks = True

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def start(self, *references: WorkingPicture) -> None:
        """Begin with the ab of the first reference, which is a frame of the shot."""
        self._ab, self._last = np.ascontiguousarray(references[0].ab), references[0].gray

    def colour(self, target: WorkingPicture) -> np.ndarray:
        """Move the ab of the frame before to this one."""
        still = np.zeros((*target.gray.shape, 2), np.float32)
        flow = self._search.calc(target.gray, self._last, still)
        self._ab, self._last = warp_back(self._ab, flow), target.gray
        return self._ab


def _network_gray(picture: WorkingPicture) -> Tensor:
    """(1, 1, H, W) in [-1, 1], as the backbone was trained."""
    return torch.from_numpy(picture.gray)[None, None] / 127.5 - 1
