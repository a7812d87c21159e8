"""Measure a stretch while its frames stream by: what goes to the encoder is what is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vidcolor.color import luma_weights
from vidcolor.flow import FlowEstimator, carry, check_luma
from vidcolor.pipeline.measures import (
    ALMOST_GRAY,
    GRID,
    NEITHER_DARK_NOR_WHITE,
    Measures,
    ab_histogram,
    gray_share,
    relight,
    save_measures,
)
from vidcolor.pipeline.small_picture import Lens, jpeg
from vidcolor.types import ColouredFrame, Shot

PAIRS = 20
"""Most pairs of neighbouring frames that are compared in a stretch; a shot of up to 21 frames is measured whole."""
LONG_SIDE = 96
"""Long side in pixels of the pictures that are measured."""
HISTOGRAMS = 5
"""Most samples of a stretch whose histogram is taken."""
SETTLED = 12
"""Frames after its first at which a shot's colours are taken as its own; the last frame of a shorter one."""
LEAST_TRUSTED = 0.02
"""Share of the picture whose motion must be trusted for a change along it to mean anything."""
FADING = 0.012
"""Change of light from frame to frame from which a change of saturation tells nothing."""
OUT_OF_GAMUT = 0.005
"""How far outside [0, 1] R, G or B lies where the colour was held back at the edge of the gamut."""
PICTURE_SIDE, PICTURE_QUALITY = 480, 80
"""Long side in pixels, and JPEG quality, of the pictures of the middle frame."""

Explain = Callable[[np.ndarray], "np.ndarray | None"]
"""Luma (H, W), code values, to how far the references explain the upright picture: (h, w) in [0, 1], or None."""


@dataclass(frozen=True)
class _Small:
    """One frame, small."""

    gray: np.ndarray
    """(h, w) uint8."""
    colour: np.ndarray
    """(h, w, 4) float32: L*, a*, b* and the chroma, which is the length of ab."""
    gray_share: float
    limited_share: float


def observed(
    frames: Iterator[ColouredFrame],
    shot: Shot,
    start: int,
    stop: int,
    lens: Lens,
    path: Path,
    explain: Explain | None = None,
) -> Iterator[ColouredFrame]:
    """Hand on frames ``start`` to ``stop`` of a shot, and at their end write what was measured of them to ``path``.

    Nothing is written where frames are missing; to say so is left to who counts them.
    Raises OutputError where the disk refuses; then the end of the frames is never reached, nor the segment finished.
    """
    observer = Observer(shot, start, stop, lens, explain)
    last = start - 1
    for frame in frames:
        observer.see(frame)
        last = frame.frame.index
        yield frame
    if last == stop - 1:
        save_measures(path, observer.measures())


class Observer:
    """Looks at some frames of a stretch as they come, in order; holds two small ones and a few numbers of each."""

    def __init__(self, shot: Shot, start: int, stop: int, lens: Lens, explain: Explain | None = None) -> None:
        """Of frames ``start`` to ``stop`` (half-open, numbered in the film); ``explain`` is asked at most once."""
        self._start, self._stop, self._lens, self._explain = start, stop, lens, explain
        self._samples = _spread(start, max(1, stop - start - 1), PAIRS)
        self._middle = (shot.start + shot.stop) // 2
        self._settled = min(start + SETTLED, stop - 1)
        looked_at = {*self._samples, *(number + 1 for number in self._samples), start, self._settled, stop - 1}
        self._looked_at = frozenset(looked_at)
        self._with_histogram = frozenset(self._samples[k] for k in _spread(0, len(self._samples), HISTOGRAMS))
        self._flow = FlowEstimator()
        self._earlier: tuple[int, _Small] | None = None
        self._rows: dict[int, list[float]] = {}
        self._shares: list[tuple[float, float]] = []
        self._histograms: list[np.ndarray] = []
        self._ends: dict[int, np.ndarray] = {}
        self._pictures = (b"", b"")
        self._map: np.ndarray | None = None

    def see(self, frame: ColouredFrame) -> None:
        """Look at the next frame."""
        number = frame.frame.index
        if number == self._middle:
            self._keep_picture(frame)
        if number not in self._looked_at:
            return
        small = self._small(frame)
        if self._earlier is not None and self._earlier[0] == number - 1 and number - 1 in self._rows:
            self._rows[number - 1][1:] = _along_motion(self._earlier[1], small, self._flow)
        if number in self._samples:
            self._rows[number] = [float(small.colour[..., 3].mean()), float("nan"), 0.0]
            self._shares.append((small.gray_share, small.limited_share))
        if number in self._with_histogram:
            self._histograms.append(ab_histogram(small.colour[..., 1:3]))
        if number in (self._start, self._settled, self._stop - 1):
            self._ends[number] = cv2.resize(small.colour[..., :3], GRID[::-1], interpolation=cv2.INTER_AREA)
        self._earlier = number, small

    def measures(self) -> Measures:
        """What was seen; every frame of the stretch must have come."""
        rows = np.array([self._rows[number] for number in self._samples], np.float32)
        gray, limited = np.mean(self._shares, axis=0)
        return Measures(
            start=self._start,
            stop=self._stop,
            samples=np.array(self._samples, np.int64),
            saturation=rows[:, 0],
            flicker=rows[:, 1],
            growth=rows[:, 2],
            histogram=np.stack(self._histograms).mean(axis=0),
            gray=float(gray),
            limited=float(limited),
            first=self._ends[self._start],
            settled=self._ends[self._settled],
            last=self._ends[self._stop - 1],
            before=self._pictures[0],
            after=self._pictures[1],
            explained=self._map,
        )

    def _small(self, frame: ColouredFrame) -> _Small:
        size = self._lens.size(LONG_SIDE)
        rgb = self._lens.rgb(frame, size)
        outside = (rgb.min(axis=2) < -OUT_OF_GAMUT) | (rgb.max(axis=2) > 1 + OUT_OF_GAMUT)
        lab = cv2.cvtColor(np.clip(rgb, 0, 1), cv2.COLOR_RGB2Lab)
        lightness, a, b = cv2.split(lab)
        chroma = _length(a, b)
        limited = float((outside & (chroma >= ALMOST_GRAY)).mean())
        gray = cv2.transform(rgb, 255 * np.array([luma_weights(self._lens.matrix)], np.float32))
        gray = np.clip(gray + 0.5, 0, 255).astype(np.uint8)
        return _Small(gray, cv2.merge([lightness, a, b, chroma]), gray_share(lightness, chroma), limited)

    def _keep_picture(self, frame: ColouredFrame) -> None:
        size = self._lens.size(min(PICTURE_SIDE, max(frame.frame.luma.shape)))
        gray, colour = self._lens.gray(frame.frame.luma, size), self._lens.rgb(frame, size)
        self._pictures = jpeg(gray, PICTURE_QUALITY), jpeg(colour, PICTURE_QUALITY)
        found = self._explain(frame.frame.luma) if self._explain else None
        if found is not None:
            self._map = (np.clip(found, 0, 1) * 255 + 0.5).astype(np.uint8)


def _spread(start: int, count: int, most: int) -> list[int]:
    """Up to ``most`` of the ``count`` numbers from ``start`` on, evenly spread, none twice."""
    chosen = min(count, most)
    return [start + (2 * k + 1) * count // (2 * chosen) for k in range(chosen)]


def _along_motion(earlier: _Small, later: _Small, flow: FlowEstimator) -> tuple[float, float]:
    """Mean change of ab, and mean signed change of chroma times the trusted share, from one frame to the next.

    The later frame's colours are first brought to the light of the earlier one on the whole: a fade darkens things
    and takes about as much chroma from them, and is no fault. The signed change is the mean of both directions:
    bilinear sampling blurs, which takes chroma from whichever frame is carried.
    """
    ahead, back = flow.between(earlier.gray, later.gray)
    ahead, back = check_luma(ahead, earlier.gray, later.gray), check_luma(back, later.gray, earlier.gray)
    brought, brought_back = carry(later.colour, ahead), carry(earlier.colour, back)
    here, there = _mean(earlier.colour[..., 0], ahead.trust), _mean(brought[..., 0], ahead.trust)
    if ahead.trust.mean() < LEAST_TRUSTED or min(here, there) < NEITHER_DARK_NOR_WHITE[0]:
        return float("nan"), 0.0
    fade = np.float32(relight(there, here))
    difference = brought[..., 1:3] * fade - earlier.colour[..., 1:3]
    change = _mean(_length(difference[..., 0], difference[..., 1]), ahead.trust)
    if abs(fade - 1) > FADING:
        return change, 0.0
    rise = _mean(brought[..., 3] * fade - earlier.colour[..., 3], ahead.trust)
    rise_back = _mean(later.colour[..., 3] * fade - brought_back[..., 3], back.trust)
    return change, (rise + rise_back) / 2 * float(ahead.trust.mean())


def _mean(values: np.ndarray, trust: np.ndarray) -> float:
    """Of (h, w) values, weighted by trust (h, w)."""
    return float((values * trust).sum()) / max(float(trust.sum()), 1e-6)


def _length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of vectors (h, w); the last bits of ``cv2.magnitude`` depend on where its arrays lie in memory."""
    return np.sqrt(x * x + y * y)
