"""The pictures of one shot as the network sees them: fades undone, flashes and mixed frames passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from vidcolor.pipeline.light import Light
from vidcolor.pipeline.view import View
from vidcolor.types import Frame


class Sight:
    """What is to be seen of the frames of one shot. Numbers count from its first frame."""

    def __init__(self, view: View, light: Light, first: int, fetch: Callable[[int], Frame]) -> None:
        """first: the film's number of the shot's first frame. fetch: reads one frame, by the film's number of it."""
        self._view, self._light, self._first, self._fetch = view, light, first, fetch
        self._kept: tuple[int, np.ndarray] = (-1, np.empty(0, np.uint8))

    def grays(self, frames: Iterable[Frame]) -> Iterator[np.ndarray]:
        """Working-size grays (H, W), uint8, of frames of the shot in order."""
        last = -1, np.empty(0, np.uint8)
        for frame in frames:
            source = int(self._light.sources[frame.index - self._first])
            if source == frame.index - self._first:
                last = source, self._gray(frame)
            elif source != last[0]:
                last = source, self._standing_in(source)
            yield last[1]

    def _gray(self, frame: Frame) -> np.ndarray:
        return self._view.gray(frame.luma, self._light.fade(frame.index - self._first))

    def _standing_in(self, number: int) -> np.ndarray:
        """The gray of a frame that stands for others; the last one asked for is kept."""
        if self._kept[0] != number:
            self._kept = number, self._gray(self._fetch(self._first + number))
        return self._kept[1]
