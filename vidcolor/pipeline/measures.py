"""What is known of a finished stretch without a truth: measures and small pictures, in a file beside its segment."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from vidcolor.color import AB_SCALE, HISTOGRAM_BINS, soft_histogram
from vidcolor.pipeline.files import write_bytes

GRID = (9, 16)
"""Height and width on which the colours at a shot's two ends are kept."""
ALMOST_GRAY = 4.0
"""Chroma, in CIELAB units, below which a place counts as gray."""
NEITHER_DARK_NOR_WHITE = (15.0, 92.0)
"""L* between which a place could have a colour that anybody sees."""


@dataclass(frozen=True)
class Measures:
    """Taken while frames ``start`` to ``stop`` (half-open, numbered in the film) of one shot were rendered.

    Chroma is in CIELAB units. Samples are frames spread evenly over the stretch, each looked at together with the
    frame after it.
    """

    start: int
    stop: int
    samples: np.ndarray = field(repr=False)
    """(n,) int64: numbers of the sampled frames."""
    saturation: np.ndarray = field(repr=False)
    """(n,) float32: mean chroma (the length of ab) of each sample."""
    flicker: np.ndarray = field(repr=False)
    """(n,) float32: mean change of ab along trusted motion to the next frame, brought to the same light, so that a fade
    is no change; not a number where no motion is trusted, or all is dark."""
    growth: np.ndarray = field(repr=False)
    """(n,) float32: mean signed change of chroma along trusted motion to the next frame, brought to the same light,
    times the trusted share."""
    histogram: np.ndarray = field(repr=False)
    """(441,) float32: soft ab histogram over some of the samples; sums to 1."""
    gray: float
    """Share of the picture, neither dark nor white, that has almost no chroma, 0 to 1."""
    limited: float
    """Share of the picture whose colour was held back by what its luma can bear, 0 to 1."""
    first: np.ndarray = field(repr=False)
    """(9, 16, 3) float32: L*, a*, b* of the stretch's first frame."""
    settled: np.ndarray = field(repr=False)
    """(9, 16, 3) float32: L*, a*, b* of the frame half a second later, or of the last one."""
    last: np.ndarray = field(repr=False)
    """(9, 16, 3) float32: L*, a*, b* of the last frame."""
    before: bytes = field(default=b"", repr=False)
    """JPEG of the shot's middle frame in black and white; empty where it lies in another stretch."""
    after: bytes = field(default=b"", repr=False)
    """JPEG of the shot's middle frame as it was coloured."""
    explained: np.ndarray | None = field(default=None, repr=False)
    """(h, w) uint8: how far the references explain the middle frame, 255 wholly; None where there is no reference."""


_ARRAYS = ("samples", "saturation", "flicker", "growth", "histogram", "first", "settled", "last")
_NUMBERS = ("start", "stop", "gray", "limited")
_PICTURES = ("before", "after")


def gray_share(lightness: np.ndarray, chroma: np.ndarray) -> float:
    """Share of the places, neither dark nor white, that have almost no chroma; 0 where there are none.

    lightness, chroma: L* and the length of ab of a picture, (h, w).
    """
    dark, white = NEITHER_DARK_NOR_WHITE
    seen = (lightness > dark) & (lightness < white)
    return float((chroma[seen] < ALMOST_GRAY).mean()) if seen.any() else 0.0


def relight(lightness: float, wanted: float) -> float:
    """Factor on the chroma of things of mean L* ``lightness`` when only the light on them changes to ``wanted``.

    a* and b* are differences of cube roots of linear light, and so is L* + 16.
    """
    return (wanted + 16) / (lightness + 16)


def ab_histogram(ab: np.ndarray) -> np.ndarray:
    """Soft ab histogram (441,) float32, see :func:`vidcolor.color.soft_histogram`, of ab (h, w, 2), CIELAB units."""
    planes = torch.from_numpy(np.ascontiguousarray(ab.transpose(2, 0, 1)))[None] / AB_SCALE
    return soft_histogram(planes)[0].numpy()


def measures_path(segment: Path) -> Path:
    """The file beside a segment that holds its measures."""
    return segment.with_suffix(".measures")


def save_measures(path: Path, measures: Measures) -> None:
    """Write measures in one go; raises OutputError where the disk refuses."""
    data = BytesIO()
    arrays = {name: getattr(measures, name) for name in _ARRAYS}
    arrays |= {name: np.frombuffer(getattr(measures, name), np.uint8) for name in _PICTURES}
    if measures.explained is not None:
        arrays["explained"] = measures.explained
    numbers = {name: getattr(measures, name) for name in _NUMBERS}
    np.savez(data, numbers=np.array(json.dumps(numbers)), **arrays)
    write_bytes(path, data.getvalue())


def load_measures(path: Path) -> Measures | None:
    """The measures of :func:`save_measures`; None where there are none or they cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            numbers = json.loads(str(kept["numbers"]))
            arrays = {name: kept[name] for name in _ARRAYS}
            pictures = {name: kept[name].tobytes() for name in _PICTURES}
            explained = kept.get("explained")
        found = Measures(**{name: numbers[name] for name in _NUMBERS}, **arrays, **pictures, explained=explained)
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        return None
    return found if _is_sound(found) else None


def _is_sound(measures: Measures) -> bool:
    counts = {len(getattr(measures, name)) for name in ("samples", "saturation", "flicker", "growth")}
    shapes = {getattr(measures, name).shape for name in ("first", "settled", "last")}
    return len(counts) == 1 and shapes == {(*GRID, 3)} and measures.histogram.shape == (HISTOGRAM_BINS**2,)


def joined(parts: Sequence[Measures]) -> Measures:
    """The measures of a whole shot from those of its stretches, in order; at least one."""
    frames = [part.stop - part.start for part in parts]
    pictured = next((part for part in parts if part.after), parts[0])
    return Measures(
        start=parts[0].start,
        stop=parts[-1].stop,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS[:4]},
        histogram=np.average([part.histogram for part in parts], axis=0, weights=frames).astype(np.float32),
        gray=float(np.average([part.gray for part in parts], weights=frames)),
        limited=float(np.average([part.limited for part in parts], weights=frames)),
        first=parts[0].first,
        settled=parts[0].settled,
        last=parts[-1].last,
        before=pictured.before,
        after=pictured.after,
        explained=pictured.explained,
    )
