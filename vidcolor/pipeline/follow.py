"""Follow frames whose chroma is known through the key frames of their shot, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from vidcolor.flow import FlowEstimator, to_chroma_grid
from vidcolor.pipeline.track import Interval
from vidcolor.pipeline.tracked import Told, Tracked
from vidcolor.pipeline.turned import turned


def follow_known(
    intervals: Iterable[Interval],
    known: Mapping[int, np.ndarray],
    opening: Tracked | None = None,
    coming: Mapping[int, Told] | None = None,
) -> Iterator[Interval]:
    """The same intervals, each with what the known frames around its key frame say of that.

    known: true chroma (2, h, w) of key frames, by their number in the shot. opening: what the first interval's key
    frame sees, where the shot was begun by another stretch. coming: what known frames tell of those before them, see
    :func:`look_back`.
    """
    estimator, coming = FlowEstimator(), coming or {}
    tracked = opening
    for interval in intervals:
        gray = to_chroma_grid(interval.key_gray)
        if interval.last in known:
            tracked = Tracked.of(gray, known[interval.last])
        elif tracked is not None and not interval.opens:
            tracked = tracked.seen_from(gray, interval.to_first[-1], interval.to_last[0], estimator)
        yield replace(interval, tracked=tracked, coming=coming.get(interval.last))


def look_back(intervals: Iterable[Interval], ab: np.ndarray) -> dict[int, Told]:
    """What a known frame tells of the key frames before it, by their number in the shot.

    intervals: up to and with the one whose key frame is known, of which ``ab`` (2, h, w) is the chroma. Of every
    interval only its key frame and the paths between its ends are held.
    """
    back = turned(intervals)
    if not back:
        return {}
    told = {}
    for interval in follow_known(back, {back[0].last: ab}):
        if interval.tracked is not None and (each := interval.tracked.told()) is not None:
            told[interval.last] = each.compact()
    return told
