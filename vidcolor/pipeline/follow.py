"""Follow frames whose chroma is known through the key frames of their shot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from vidcolor.flow import FlowEstimator, to_chroma_grid
from vidcolor.pipeline.track import Interval
from vidcolor.pipeline.tracked import Tracked


def follow_known(
    intervals: Iterable[Interval], known: Mapping[int, np.ndarray], opening: Tracked | None = None
) -> Iterator[Interval]:
    """The same intervals, each with the last known frame before its key frame, as it is seen from there.

    known: true chroma (2, h, w) of key frames, by their number in the shot. opening: what the first interval's key
    frame sees, where the shot was begun by another stretch.
    """
    estimator = FlowEstimator()
    tracked = opening
    for interval in intervals:
        gray = to_chroma_grid(interval.key_gray)
        if interval.last in known:
            tracked = Tracked.of(gray, known[interval.last])
        elif tracked is not None and not interval.opens:
            tracked = tracked.seen_from(gray, interval.to_first[-1], interval.to_last[0], estimator)
        yield replace(interval, tracked=tracked)
