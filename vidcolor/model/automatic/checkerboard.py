"""How strong the checkerboard of an answer's chroma is: what enlarging layers leave at their own periods.

A layer that doubles its input and treats the doubled pixels unalike repeats that difference every two of its pixels:
every 2, 4, 8 or 16 of the answer, by its level. In the spectrum that is a line at the frequency of the period.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

PERIODS = (2, 4, 8, 16)
"""Pixels, of one to four doublings."""

_NEAR, _FAR = 2, 3  # bins from a line at which its neighbourhood lies; a Hann window spreads a line over one


class CheckerboardSpectrum:
    """Energy at the periods of doublings relative to their neighbourhood in the spectrum, fed answer by answer.

    Spectra are averaged over answers and both channels before lines are compared with neighbours, so that single
    pictures with stripes of their own matter little. About 1 for natural chroma.
    """

    def __init__(self) -> None:
        self._power: np.ndarray | None = None

    def add(self, ab: np.ndarray) -> None:
        """Take the next answer, (H, W, 2) in CIELAB units, all of one size with sides multiples of 32, at least 64.

        Raises ValueError for other sizes.
        """
        height, width, _ = ab.shape
        if height % 32 or width % 32 or min(height, width) < 64:
            raise ValueError(f"sides must be multiples of 32 and at least 64, got {height} x {width}")
        power = _power(np.asarray(ab, np.float64))
        if self._power is not None and self._power.shape != power.shape:
            raise ValueError("all answers must have one size")
        self._power = power if self._power is None else self._power + power

    def value(self, period: int) -> float:
        """Energy at ``period`` over what its neighbourhood makes expect there; 1 where no answer has been fed.

        Horizontal, vertical and diagonal lines together. The expectation is the geometric mean of the neighbours, on
        the same axis for lines on an axis, as natural spectra are strong there and fall steeply.
        """
        if self._power is None:
            return 1.0
        height, width = self._power.shape
        row, column = height // period, width // period
        steps = [step for size in range(_NEAR, _FAR + 1) for step in (-size, size)]
        ring = [(y, x) for y in range(-_FAR, _FAR + 1) for x in range(-_FAR, _FAR + 1) if max(abs(y), abs(x)) >= _NEAR]
        lines = [
            self._line(row, 0, [(step, 0) for step in steps]),
            self._line(0, column, [(0, step) for step in steps]),
            self._line(row, column, ring),
        ]
        energy, expected = np.sum(lines, axis=0)
        return float(energy / expected) if expected > 0 else 1.0

    def _line(self, row: int, column: int, neighbours: Sequence[tuple[int, int]]) -> tuple[float, float]:
        """Power at a bin, and what its neighbours make expect."""
        assert self._power is not None
        height, width = self._power.shape
        around = [self._power[(row + y) % height, (column + x) % width] for y, x in neighbours]
        return float(self._power[row, column]), float(np.exp(np.mean(np.log(np.maximum(around, 1e-12)))))


def _power(ab: np.ndarray) -> np.ndarray:
    """(H, W): squared spectrum under a Hann window, both channels together."""
    height, width, _ = ab.shape
    window = np.hanning(height + 1)[:height, None] * np.hanning(width + 1)[None, :width]
    centred = (ab - ab.mean((0, 1))) * window[..., None]
    spectrum = np.fft.fft2(centred, axes=(0, 1))
    power: np.ndarray = np.sum(np.abs(spectrum) ** 2, axis=-1) / (height * width)
    return power


def ripple(ab: np.ndarray, period: int) -> float:
    """Root mean square, in CIELAB units, of what repeats every ``period`` pixels both ways in ab (H, W, 2).

    Sides are multiples of the period. Everything that repeats counts, with shorter periods that divide it.
    """
    height, width, channels = ab.shape
    tiles = np.asarray(ab, np.float64).reshape(height // period, period, width // period, period, channels)
    pattern = tiles.mean((0, 2))
    return float(np.sqrt(np.mean(np.square(pattern - pattern.mean((0, 1))))))


@torch.no_grad()
def flat_ripple(
    network: nn.Module | Callable[[Tensor], Tensor], lightness: Sequence[float] = (30, 50, 70), side: int = 512
) -> float:
    """:func:`ripple` of period 16 that a network makes of even gray pictures of L* ``lightness``, mean over them.

    ``network``: L* (N, 1, H, W) to ab (N, 2, H, W) in CIELAB units, in evaluation mode. Only the middle counts, far
    from the borders' zeros: whatever varies there is of the network's own making.
    """
    middle = slice(side // 2 - 32, side // 2 + 32)
    found = []
    for level in lightness:
        ab = network(torch.full((1, 1, side, side), float(level)))[0].permute(1, 2, 0).numpy()
        found.append(ripple(ab[middle, middle], max(PERIODS)))
    return float(np.mean(found))
