"""The key frames of a shot in the order of a walk from its end to its beginning."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vidcolor.flow import Path
from vidcolor.pipeline.track import Interval, opening


def turned(intervals: Iterable[Interval]) -> list[Interval]:
    """The same key frames from the last to the first, without the frames between them."""
    steps: list[Interval] = []
    end = None
    for interval in intervals:
        if interval.opens:
            continue
        paths = (_compact(interval.to_last[0]),), (_compact(interval.to_first[-1]),)
        steps.append(Interval(interval.last, interval.first, (interval.grays[0].copy(),), *paths))
        end = opening(interval.last, interval.key_gray.copy())
    return [] if end is None else [end, *reversed(steps)]


def _compact(path: Path) -> Path:
    """A copy that holds no other array alive, trust in half precision."""
    return Path(path.position.copy(), path.trust.astype(np.float16))
