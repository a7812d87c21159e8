"""A person's colour points: the thing that lies under each takes its colour in that frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from itertools import product

import cv2
import numpy as np
import torch

from vidcolor.color import luma_to_lightness, rgb_to_lab
from vidcolor.flow import to_chroma_grid
from vidcolor.pipeline.plan import Hint
from vidcolor.pipeline.view import Area, View
from vidcolor.types import FilmInfo

EDGE = 32.0
"""Gray levels of an edge in middle gray, beyond grain, that weigh as much as the whole radius."""
GRAIN = 3.0
"""Gray levels between neighbours that are no edge."""
SOLID = 0.7
"""Share of the distance within which the hint's colour is whole; from there it fades."""

_STEPS = [(down, right, float(np.hypot(down, right))) for down, right in product((-1, 0, 1), repeat=2) if down or right]


class HintBrush:
    """Paints the hints of one shot into its frames."""

    def __init__(self, hints: Sequence[Hint], first: int, view: View, info: FilmInfo) -> None:
        """``first``: number of the shot's first frame in the film."""
        self._view, self._info = view, info
        self._hints: Mapping[int, list[Hint]] = {
            number: [hint for hint in hints if hint.frame - first == number]
            for number in sorted({hint.frame - first for hint in hints})
        }

    @property
    def frames(self) -> list[int]:
        """Numbers in the shot of the frames with hints, in order."""
        return list(self._hints)

    def __call__(self, number: int, gray: np.ndarray, ab: np.ndarray) -> np.ndarray:
        """Chroma (2, h, w) of frame ``number`` of the shot, with its hints; as it was where it has none."""
        for hint in self._hints.get(number, ()):
            x, y, radius = _on_chroma_grid(hint, self._view, self._info)
            ab = repaint(ab, gray, hint.color, (x, y), radius)
        return ab


def is_in_picture(hint: Hint, area: Area, info: FilmInfo) -> bool:
    """False where the hint lies in a black bar. area: the picture between the bars, in luma pixels."""
    x, y = _as_coded(hint, info.rotation)
    top, bottom, left, right = area
    return left <= x * info.width <= right and top <= y * info.height <= bottom


def repaint(ab: np.ndarray, gray: np.ndarray, color: str, point: tuple[int, int], radius: float) -> np.ndarray:
    """Chroma (2, h, w) float32, CIELAB units, in which the thing under a point has a colour, ``#rrggbb``.

    gray: working-size gray (2h, 2w) uint8. point: x and y on the chroma grid; radius: in its pixels.
    Lighter and darker places of the thing keep the colour's chromaticity: a* and b* grow as L* + 16 does.
    """
    small = to_chroma_grid(gray)
    rgb = torch.tensor(list(bytes.fromhex(color[1:]))).float()[:, None, None] / 255
    lightness, *chroma = rgb_to_lab(rgb).flatten().tolist()
    shade = (luma_to_lightness(torch.from_numpy(small).float() / 255).numpy() + 16) / (lightness + 16)
    painted = shade * np.array(chroma, np.float32)[:, None, None]
    return ab + region(small, point, radius) * (painted - ab)


def region(gray: np.ndarray, point: tuple[int, int], radius: float) -> np.ndarray:
    """How far each pixel of a gray (h, w) uint8 belongs to the thing under a point: (h, w) float32 in [0, 1].

    By geodesic distance: the length of the shortest way from the point plus the edges it crosses; grain is no edge.
    Edges are measured between square roots, for in shadows both edges and grain are smaller.
    """
    calm = cv2.bilateralFilter(cv2.medianBlur(gray, 3), 5, 2 * EDGE, 2).astype(np.float32)
    distance = _geodesic(2 * np.sqrt(128 * calm), point, radius)
    return np.clip((1 - distance) / (1 - SOLID), 0, 1).astype(np.float32)


def _geodesic(gray: np.ndarray, point: tuple[int, int], radius: float) -> np.ndarray:
    """Distance (h, w) from a point, 1 at the radius or behind an edge, infinite beyond (Dijkstra 1959)."""
    height, width = gray.shape
    levels = gray.tolist()
    distance = np.full(gray.shape, np.inf)
    waiting = [(0.0, point[1], point[0])]
    while waiting:
        way, y, x = heappop(waiting)
        if way >= distance[y, x]:
            continue
        distance[y, x] = way
        for down, right, length in _STEPS:
            v, u = y + down, x + right
            if 0 <= v < height and 0 <= u < width:
                edge = max(0.0, abs(levels[v][u] - levels[y][x]) - GRAIN)
                there = way + length / radius + edge / EDGE
                if there < 1 and there < distance[v, u]:
                    heappush(waiting, (there, v, u))
    return distance


def _on_chroma_grid(hint: Hint, view: View, info: FilmInfo) -> tuple[int, int, float]:
    """x, y and radius of a hint in pixels of the chroma grid; the view may lie on its side."""
    x, y = _as_coded(hint, info.rotation)
    top, bottom, left, right = view.area
    height, width = view.height // 2, view.width // 2
    across = (x * info.width - left) / (right - left) * width
    down = (y * info.height - top) / (bottom - top) * height
    lying = info.rotation % 180 != 0
    tall = info.width / (right - left) * width if lying else info.height / (bottom - top) * height
    return min(max(int(across), 0), width - 1), min(max(int(down), 0), height - 1), max(1.0, hint.radius * tall)


def _as_coded(hint: Hint, rotation: int) -> tuple[float, float]:
    """x and y, 0 to 1, in the picture as it is coded, of a point in the picture as it is displayed."""
    x, y = hint.x, hint.y
    return {0: (x, y), 90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[rotation]
