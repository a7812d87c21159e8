"""Inner products of the gradients of a film's last pictures: all that is asked of a mixture can be read off them."""

from __future__ import annotations

import numpy as np

from vidcolor.pipeline.likeness import gradients


class GradientRing:
    """The last tiny pictures of a film, and the mean inner products of all their gradients."""

    def __init__(self, size: int) -> None:
        """``size``: how many pictures are held."""
        self._size = size
        self._products = np.zeros((size, size), np.float32)
        self._gradients: np.ndarray | None = None
        self._pictures: list[np.ndarray] = []
        self.frames = 0
        """How many pictures have come so far; the newest has this number less one."""

    @property
    def first(self) -> int:
        """Number of the oldest picture that is held."""
        return max(0, self.frames - self._size)

    def push(self, picture: np.ndarray) -> None:
        """Take the next picture (h, w), float32, see `tiny`."""
        vector = gradients(picture).ravel()
        if self._gradients is None:
            self._gradients = np.zeros((self._size, vector.size), np.float32)
        place = self.frames % self._size
        self._gradients[place] = vector
        # times two: horizontal and vertical make one gradient
        row = self._gradients @ vector * np.float32(2 / vector.size)
        self._products[place] = self._products[:, place] = row
        if len(self._pictures) < self._size:
            self._pictures.append(picture)
        else:
            self._pictures[place] = picture
        self.frames += 1

    def picture(self, frame: int) -> np.ndarray:
        """One of the pictures that are held, by the number of its frame."""
        return self._pictures[frame % self._size]

    def products(self, start: int, stop: int) -> np.ndarray:
        """Mean inner products of the gradients of frames, (stop - start, stop - start)."""
        places = np.arange(start, stop) % self._size
        return self._products[np.ix_(places, places)]

    def energies(self, frames: np.ndarray) -> np.ndarray:
        """Mean squares of the gradients of frames (n,) by their numbers."""
        return self._products.diagonal()[frames % self._size]

    def with_frame(self, frame: int, others: np.ndarray) -> np.ndarray:
        """Mean inner products of the gradients of one frame with those of others (n,)."""
        return self._products[frame % self._size, others % self._size]
