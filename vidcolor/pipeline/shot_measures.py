"""From what was measured while a shot was rendered to the numbers by which it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidcolor.pipeline.measures import NEITHER_DARK_NOR_WHITE, Measures, ab_histogram, gray_share, relight

NOISE = 4.0
"""Change of chroma, in CIELAB units, below which a shot's first frame and its later ones count as coloured alike."""
REFERENCE_SIDE = 128
"""Long side in pixels at which the histogram of a reference is taken."""


@dataclass(frozen=True)
class ShotMeasures:
    """Numbers of one shot, without a truth. Chroma is in CIELAB units."""

    flicker: float
    """Mean change of ab from frame to frame along trusted motion; 0 for a shot of one frame."""
    flicker_worst: float
    """The largest of the sampled changes."""
    worst_frame: int
    """Number in the film of the frame before that change."""
    saturation: tuple[float, float, float]
    """Mean chroma of the shot's first, middle and last third."""
    drift: float
    """Change of the saturation of what stays in the picture, first frame to last, -1 to 1: -0.4 where it falls by 40 %
    of what it was, 0.4 where it rises to what it is from 60 % of it."""
    gray: float
    """Share of the picture (neither dark nor white) with almost no chroma, 0 to 1."""
    limited: float
    """Share of the picture whose colour was held back by what its luma can bear, 0 to 1."""
    gray_excess: float
    """How much larger the gray share is than the references'; 0 where there is none."""
    distance: float | None
    """Hellinger distance of the ab histograms of shot and references, 0 to 1; None without references."""
    leak: float
    """How much the first frame has of the colours of the shot before, 0 to 1, see :func:`leak`."""


@dataclass(frozen=True)
class Palette:
    """The colours of a reference, or the mean of several."""

    histogram: np.ndarray = field(repr=False)
    """(441,) float32: soft ab histogram; sums to 1."""
    gray: float
    """Share (of what is neither dark nor white) with almost no chroma, 0 to 1."""


def shot_measures(own: Measures, before: Measures | None, palette: Palette | None) -> ShotMeasures:
    """The numbers of a shot.

    before: of the shot before it; None where there is none, or where the two melt into each other.
    palette: of the references that it follows; None where it follows none.
    """
    worst = int(np.nanargmax(own.flicker)) if np.isfinite(own.flicker).any() else 0
    return ShotMeasures(
        flicker=float(np.nan_to_num(np.nanmean(own.flicker))) if np.isfinite(own.flicker).any() else 0.0,
        flicker_worst=float(np.nan_to_num(own.flicker[worst])),
        worst_frame=int(own.samples[worst]),
        saturation=thirds(own.saturation),
        drift=drift(own),
        gray=own.gray,
        limited=own.limited,
        gray_excess=max(0.0, own.gray - palette.gray) if palette else 0.0,
        distance=hellinger(own.histogram, palette.histogram) if palette else None,
        leak=leak(before.last, own.first, own.settled) if before else 0.0,
    )


def thirds(values: np.ndarray) -> tuple[float, float, float]:
    """Means of the first, middle and last third of (n,) values; parts of fewer than three values overlap."""
    part = max(1, len(values) // 3)
    middle = (len(values) - part) // 2
    first, mid, last = values[:part], values[middle : middle + part], values[-part:]
    return float(first.mean()), float(mid.mean()), float(last.mean())


def drift(measures: Measures) -> float:
    """Change of saturation along the motion over the whole shot, relative to where it was larger, -1 to 1.

    What enters or leaves the picture does not count, nor does what moves too wildly to be followed: the mean signed
    change from frame to frame along trusted motion, times the number of steps.
    """
    steps = measures.stop - measures.start - 1
    followed = np.isfinite(measures.flicker)
    if steps < 1 or not followed.any():
        return 0.0
    change = float(measures.growth[followed].mean(dtype=np.float64)) * steps
    first, _, last = thirds(measures.saturation)
    largest = max(first, last, first + change, 1.0)
    return float(np.clip(change / largest, -1, 1))


def leak(last_before: np.ndarray, first: np.ndarray, settled: np.ndarray) -> float:
    """How much the first frame after a cut has of the colours before it rather than of its own shot, 0 to 1.

    All three are L*, a*, b* (h, w, 3): of the last frame before the cut, of the first one after it, and of one half a
    second later, whose ab is brought to the first one's light, lest a fade count. With d the mean distance in ab,
    1 - d(first, before) / d(first, later): 1 where the colours of the shot before stand unchanged in the first frame,
    0 where it is nearer to its own shot. Where d(first, later) is within :data:`NOISE` the shot has its own colours
    from the start, and in a dark frame nobody sees any: then the answer is 0.
    """
    lightness, later = float(first[..., 0].mean()), float(settled[..., 0].mean())
    if min(lightness, later) < NEITHER_DARK_NOR_WHITE[0]:
        return 0.0
    to_own = float(np.linalg.norm(first[..., 1:] - settled[..., 1:] * relight(later, lightness), axis=-1).mean())
    to_before = float(np.linalg.norm(first[..., 1:] - last_before[..., 1:], axis=-1).mean())
    return max(0.0, 1 - to_before / to_own) if to_own > NOISE else 0.0


def hellinger(p: np.ndarray, q: np.ndarray) -> float:
    """Hellinger distance of two histograms that sum to 1: 0 for the same, 1 where they share no bin."""
    overlap = float(np.sqrt(p.astype(np.float64) * q).sum())
    return float(np.sqrt(max(0.0, 1 - overlap)))


def palette_of(rgb: np.ndarray) -> Palette:
    """The colours of a still (H, W, 3) uint8 sRGB."""
    scale = REFERENCE_SIDE / max(rgb.shape[:2])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2Lab)
    return Palette(ab_histogram(lab[..., 1:]), gray_share(lab[..., 0], np.linalg.norm(lab[..., 1:], axis=-1)))


def mixed(palettes: Sequence[Palette]) -> Palette | None:
    """The mean of several palettes; None of none."""
    if not palettes:
        return None
    histogram = np.stack([palette.histogram for palette in palettes]).mean(axis=0)
    return Palette(histogram, float(np.mean([palette.gray for palette in palettes])))
