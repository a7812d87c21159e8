"""A whole set of pictures on the device, and square views of them drawn there: a GPU never waits for the CPU.

The pictures, of any shapes, lie end to end in one long row of pixels, each in a few reduced sizes as well, so that a
strong reduction does not alias. A view is computed by looking its pixels up in the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

_REDUCTIONS = (1.0, 1.5, 2.12, 3.0)
_REDUCED_FROM = (1.3, 1.78, 2.52)
# a zoom of at least _REDUCED_FROM[i] is drawn from the copy reduced by _REDUCTIONS[i + 1]


@dataclass(frozen=True)
class Views:
    """What part of which picture N square views show. Arrays lie on the CPU: they are small."""

    picture: np.ndarray
    """(N,) int64: index of the picture."""
    centre: np.ndarray
    """(N, 2) x, y in [-1, 1] of the room that the view has in the picture."""
    zoom: np.ndarray
    """(N,) source pixels that a pixel of the view spans."""
    angle: np.ndarray
    """(N,) tilt in radians."""
    mirror: np.ndarray
    """(N,) -1 where mirrored, else 1."""
    knots: np.ndarray
    """(N, K, K, 2) x, y displacement in pixels of the view at K x K places, smooth between them."""

    def __len__(self) -> int:
        return len(self.picture)


class ResidentPictures:
    """Pictures as 8-bit RGB in device memory: about seven bytes a pixel with the reduced copies."""

    def __init__(self, pictures: Sequence[np.ndarray], device: torch.device) -> None:
        """``pictures``: each (H, W, 3) uint8 sRGB, H and W at least 2."""
        self.sizes = np.array([picture.shape[1::-1] for picture in pictures], np.int64)
        """(N, 2) width and height of each."""
        self.device = device
        copies = np.stack([_reduced_sizes(self.sizes, factor) for factor in _REDUCTIONS], 1)  # (N, L, 2)
        ends = np.cumsum(copies.prod(-1).ravel())
        self._copies, self._starts = copies, (ends - copies.prod(-1).ravel()).reshape(copies.shape[:2])
        self._pixels = torch.empty(int(ends[-1]), dtype=torch.int32, device=device)
        for picture, sizes, starts in zip(pictures, copies, self._starts, strict=True):
            packed = np.concatenate([_packed(picture, size) for size in sizes])
            self._pixels[int(starts[0]) : int(starts[0]) + len(packed)] = torch.from_numpy(packed).to(device)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def bytes(self) -> int:
        """Device memory the pictures take."""
        return self._pixels.numel() * self._pixels.element_size()

    def draw(self, views: Views, side: int) -> Tensor:
        """The views, (N, 3, side, side) float sRGB in [0, 1] on the device: bilinear, mirrored at the borders."""
        level = np.searchsorted(_REDUCED_FROM, views.zoom, side="right")
        size = self._copies[views.picture, level]
        factor = size / self.sizes[views.picture]
        where = _places(views, self.sizes[views.picture], factor, side, self.device)
        return _bilinear(
            self._pixels,
            self._to_device(self._starts[views.picture, level]).view(-1, 1, 1),
            self._to_device(size).view(-1, 1, 1, 2),
            where,
        )

    def _to_device(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device, non_blocking=True)


def _reduced_sizes(sizes: np.ndarray, factor: float) -> np.ndarray:
    return np.maximum(2, np.rint(sizes / factor)).astype(np.int64)


def _packed(picture: np.ndarray, size: np.ndarray) -> np.ndarray:
    """A picture reduced to ``size`` (width, height), its pixels row by row as int32 with a byte of nothing each."""
    width, height = int(size[0]), int(size[1])
    if (width, height) != picture.shape[1::-1]:
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    padded = np.dstack([picture, np.zeros((height, width), np.uint8)])
    return np.ascontiguousarray(padded).view(np.int32).ravel()


def _places(views: Views, sizes: np.ndarray, factor: np.ndarray, side: int, device: torch.device) -> Tensor:
    """Where each pixel of the views lies in its (reduced) picture, (N, side, side, 2) x, y in pixels."""
    room = np.maximum(0, sizes - views.zoom[:, None] * side) / 2
    middle = (sizes / 2 + views.centre * room) * factor - 0.5
    cos, sin = np.cos(views.angle), np.sin(views.angle)
    turn = np.stack([np.stack([cos * views.mirror, sin * views.mirror], -1), np.stack([-sin, cos], -1)], 1)
    turn = turn * (views.zoom[:, None] * factor)[:, None]  # (N, from, to): grid @ turn
    axis = torch.arange(side, dtype=torch.float32, device=device) - (side - 1) / 2
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).expand(len(views), -1, -1, -1)
    if views.knots.any():
        knots = torch.from_numpy(views.knots.astype(np.float32)).to(device, non_blocking=True).permute(0, 3, 1, 2)
        bend = F.interpolate(knots, size=(side, side), mode="bicubic", align_corners=False)
        grid = grid + bend.permute(0, 2, 3, 1)
    affine = torch.from_numpy(np.concatenate([turn, middle[:, None]], 1).astype(np.float32))
    affine = affine.to(device, non_blocking=True).view(-1, 3, 1, 1, 2)
    return grid[..., :1] * affine[:, 0] + grid[..., 1:] * affine[:, 1] + affine[:, 2]


def _bilinear(pixels: Tensor, start: Tensor, size: Tensor, where: Tensor) -> Tensor:
    """The four pixels around each place, weighed: (N, 3, S, S) in [0, 1]."""
    last = size - 1
    where = _mirrored(where, last)
    corner = where.floor()
    weight, near = where - corner, corner.long()
    far = torch.minimum(near + 1, last)
    above, below = (start + each[..., 1] * size[..., 0] for each in (near, far))
    right, down = weight[..., :1], weight[..., 1:]
    upper = torch.lerp(_colours(pixels, above + near[..., 0]), _colours(pixels, above + far[..., 0]), right)
    lower = torch.lerp(_colours(pixels, below + near[..., 0]), _colours(pixels, below + far[..., 0]), right)
    return torch.lerp(upper, lower, down).permute(0, 3, 1, 2) / 255


def _colours(pixels: Tensor, index: Tensor) -> Tensor:
    """(N, S, S) indices to (N, S, S, 3) float."""
    found = pixels[index].unsqueeze(-1).view(torch.uint8)
    return found[..., :3].float()


def _mirrored(where: Tensor, last: Tensor) -> Tensor:
    """Places beyond the border folded back into 0 to ``last``, the border pixel not repeated."""
    folded = where.abs().remainder(2 * last)
    return torch.minimum(folded, 2 * last - folded)
