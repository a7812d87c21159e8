"""Decoding times for joined pictures: every segment's encoder began its own, the film needs one rising row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise


def decode_stamps(segments: Sequence[Sequence[int]], step: int) -> list[tuple[int, int, int]]:
    """Time stamps of all packets of a film whose segments are decoded one after the other.

    A decoder that holds back ``d`` pictures shows them in order if the packet in place ``i`` is decoded when the
    picture of place ``i - d`` is shown; ``d`` is the least number with which no picture is shown before it is decoded.

    Args:
        segments: for each segment the pts of its packets in decoding order; a segment's pts are all greater than
            those of the segments before it, and no two are the same.
        step: ticks of one frame, for the packets before the first picture is shown and for the last one's duration.

    Returns:
        ``(pts, dts, duration)`` of every packet in decoding order: the same pts, dts strictly rising and never later
        than the pts, duration up to the next picture's pts.

    Raises:
        ValueError: pts are not distinct or segments overlap in time.
    """
    shown = list(chain.from_iterable(sorted(segment) for segment in segments))
    if any(later <= earlier for earlier, later in pairwise(shown)):
        raise ValueError("the pts of segments must rise from one segment to the next and be distinct")
    place = {pts: index for index, pts in enumerate(shown)}
    decoded = list(chain.from_iterable(segments))
    delay = max((index - place[pts] for index, pts in enumerate(decoded)), default=0)
    return [
        (pts, _dts(shown, index - delay, step), _duration(shown, place[pts], step)) for index, pts in enumerate(decoded)
    ]


def _dts(shown: list[int], place: int, step: int) -> int:
    return shown[place] if place >= 0 else shown[0] + place * step


def _duration(shown: list[int], place: int, step: int) -> int:
    return shown[place + 1] - shown[place] if place + 1 < len(shown) else step
