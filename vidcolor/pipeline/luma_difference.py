"""How far two rows of luma planes are apart: the greatest difference and the PSNR."""

from __future__ import annotations

import math

import cv2
import numpy as np


class LumaDifference:
    """Gathers the difference of pairs of luma planes; memory does not grow with their number.

    Where the two have other depths, the coarser one's samples count as having zero bits below.
    """

    def __init__(self, bit_depth: int, other_bit_depth: int) -> None:
        depth = max(bit_depth, other_bit_depth)
        self._shift, self._other_shift = depth - bit_depth, depth - other_bit_depth
        self._peak = float(2**depth - 1)
        self._samples = 0
        self._squares = 0.0
        self._greatest = 0

    def add(self, luma: np.ndarray, other: np.ndarray) -> None:
        """Take in one pair, each (H, W), uint8 or uint16, code values at its own depth.

        Planes of unlike size count as wholly different.
        """
        self._samples += luma.size
        if luma.shape != other.shape:
            self._greatest = int(self._peak)
            self._squares += self._peak**2 * luma.size
            return
        if self._shift or self._other_shift:
            luma = luma.astype(np.uint16) << self._shift
            other = other.astype(np.uint16) << self._other_shift
        greatest = int(cv2.norm(luma, other, cv2.NORM_INF))
        if greatest:
            self._greatest = max(self._greatest, greatest)
            self._squares += cv2.norm(luma, other, cv2.NORM_L2) ** 2

    @property
    def max_abs_difference(self) -> int:
        """The greatest difference of two samples, in code values of the first film, rounded up."""
        return -(-self._greatest // 2**self._shift)

    @property
    def psnr(self) -> float | None:
        """Peak signal-to-noise ratio in dB over all samples; None where no sample differs."""
        if not self._squares:
            return None
        return 10 * math.log10(self._peak**2 * self._samples / self._squares)
