"""Decoding times for joined pictures: every segment's encoder began its own, the film needs one rising row."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise


def decode_stamps(segments: Sequence[Sequence[int]], step: int) -> Iterator[tuple[int, int, int]]:
    """Time stamps of all packets of a film whose segments are decoded one after the other.

    A decoder that holds back ``d`` pictures shows them in order if the packet in place ``i`` is decoded when the
    picture of place ``i - d`` is shown; ``d`` is the least number with which no picture is shown before it is decoded.

    Memory: eight bytes for every packet of the film, and the places of one segment's.

    Args:
        segments: for each segment the pts of its packets in decoding order; a segment's pts are all greater than
            those of the segments before it, and no two are the same.
        step: ticks of one frame, for the packets before the first picture is shown and for the last one's duration.

    Yields:
        ``(pts, dts, duration)`` of every packet in decoding order: the same pts, dts strictly rising and never later
        than the pts, duration up to the next picture's pts.

    Raises:
        ValueError: pts are not distinct or segments overlap in time.
    """
    shown = array("q")
    for segment in segments:
        shown.extend(sorted(segment))
    if any(later <= earlier for earlier, later in pairwise(shown)):
        raise ValueError("the pts of segments must rise from one segment to the next and be distinct")
    delay = max((_delay(segment) for segment in segments), default=0)
    first = 0
    for segment in segments:
        place = {pts: first + index for index, pts in enumerate(sorted(segment))}
        for index, pts in enumerate(segment, first):
            yield pts, _dts(shown, index - delay, step), _duration(shown, place[pts], step)
        first += len(segment)


def _delay(segment: Sequence[int]) -> int:
    place = {pts: index for index, pts in enumerate(sorted(segment))}
    return max((index - place[pts] for index, pts in enumerate(segment)), default=0)


def _dts(shown: Sequence[int], place: int, step: int) -> int:
    return shown[place] if place >= 0 else shown[0] + place * step


def _duration(shown: Sequence[int], place: int, step: int) -> int:
    return shown[place + 1] - shown[place] if place + 1 < len(shown) else step
