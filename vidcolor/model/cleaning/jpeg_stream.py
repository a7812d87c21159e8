"""Whether a JPEG stream is whole: its decoder fills what is missing with gray and says nothing."""

from __future__ import annotations

import re

_SCAN, _END = 0xDA, 0xD9
_RESTARTS = range(0xD0, 0xD8)
_BETWEEN_SCANS = {0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE}
"""Segments that may follow a scan of a progressive picture, each with its length: ITU-T T.81, B.2."""
_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)


class CorruptImageError(Exception):
    """The bytes are not a whole picture; the message says why."""


def check_jpeg(encoded: bytes) -> None:
    """Step over the segments and scans of a JPEG file up to its end.

    The pixels are not decoded: what the decoder has accepted is looked through for markers that cannot stand there.
    Raises CorruptImageError where there are such, or no end, as of a download that broke off and was padded.
    """
    at = _first_scan(encoded)
    while at is not None:
        found = _MARKER.search(encoded, at)
        if found is None:
            raise CorruptImageError("the JPEG stream has no end")
        kind, at = encoded[found.start() + 1], found.end()
        if kind == _END:
            return
        if kind in _BETWEEN_SCANS:
            at += _length(encoded, at)
        elif kind not in _RESTARTS:
            raise CorruptImageError("the JPEG stream is damaged")


def _first_scan(encoded: bytes) -> int | None:
    """Where the first scan begins, which is behind any thumbnail; None for an unusual order of segments."""
    at = 2
    while at + 4 <= len(encoded) and encoded[at] == 0xFF:
        kind, at = encoded[at + 1], at + 1
        if kind == 0xFF:  # padding
            continue
        at += 1 + _length(encoded, at + 1)
        if kind == _SCAN:
            return at
    return None


def _length(encoded: bytes, at: int) -> int:
    """Of a segment, with the two bytes that say so."""
    return max(2, int.from_bytes(encoded[at : at + 2], "big"))
