"""How far one shot has melted into the next in each frame of a dissolve, and the mixture of their chroma planes."""

from __future__ import annotations

import numpy as np

_DIFFERENT = 9.0
"""Mean square, in gray levels, of the difference of both clean pictures, from which the mixture can be measured."""

_UNEXPLAINED = 0.35
"""Share of that difference which a mixture leaves on average, above which the pictures have moved too far to tell."""


def melted_shares(thumbs: np.ndarray) -> np.ndarray:
    """Share of the second shot, 0 to 1, rising, in the frames between two clean ones: (frames - 2,) float32.

    thumbs: (frames, 9, 16) uint8, the first and the last of the clean frames on either side. The share is that of the
    nearest mixture of both, made monotone; where that cannot be told, it rises evenly.
    """
    pictures = thumbs.reshape(len(thumbs), -1).astype(np.float32)
    first, last = pictures[0], pictures[-1]
    even = np.linspace(0, 1, len(pictures), dtype=np.float32)[1:-1]
    difference = last - first
    power = float(difference @ difference)
    if power < _DIFFERENT * difference.size:
        return even
    offsets = pictures[1:-1] - first
    shares = offsets @ difference / power
    left = ((offsets - shares[:, None] * difference) ** 2).sum(1) / power
    return even if left.mean() > _UNEXPLAINED else np.clip(_rising(shares), 0, 1)


def _rising(values: np.ndarray) -> np.ndarray:
    """The nearest rising sequence (pool adjacent violators: Ayer et al. 1955)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    return np.concatenate([np.full(count, mean, np.float32) for mean, count in pools])


def mixed_planes(
    one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cb and Cr of a mixture with ``share`` of the other: they are linear in R'G'B', as the luma is."""
    cb, cr = (
        np.rint(a + (b.astype(np.float32) - a) * np.float32(share)).astype(a.dtype)
        for a, b in zip(one, other, strict=True)
    )
    return cb, cr
