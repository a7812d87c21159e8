"""Where the picture lies between black bars."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

BLACK = 12
"""Gray, of 255, that black bars do not exceed, compression noise included."""

SPECKS = 0.02
"""Share of a line that may be brighter all the same: dust, a station's mark."""

LEAST_PICTURE = 0.3
"""Share of each side that the picture fills at least; less is a dark scene, not a picture between bars."""


def picture_area(grays: Iterable[np.ndarray]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right), half-open, of the picture between letterbox or pillarbox bars.

    grays: samples of one shot, (H, W), uint8, full range (black is 0), all of one size. A bar is dark in every one of
    them. The whole frame where there are no bars, and where no sample shows a picture.

    Raises ValueError where ``grays`` is empty.
    """
    lit = [lit_lines(gray) for gray in grays]
    if not lit:
        raise ValueError("picture_area needs at least one gray")
    rows, columns = zip(*lit, strict=True)
    return area_of_lines(np.any(rows, axis=0), np.any(columns, axis=0))


def lit_lines(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows (H,) and columns (W,), bool, of a gray picture (H, W), uint8, are no part of a black bar."""
    bright = gray > BLACK
    return bright.mean(1) > SPECKS, bright.mean(0) > SPECKS


def area_of_lines(rows: np.ndarray, columns: np.ndarray) -> tuple[int, int, int, int]:
    """(top, bottom, left, right), half-open, around the rows (H,) and columns (W,), bool, that are ever lit."""
    return (*_span(rows), *_span(columns))


def _span(lit: np.ndarray) -> tuple[int, int]:
    """First and last lit line, half-open; all of them where too few are lit."""
    places = np.flatnonzero(lit)
    if len(places) == 0 or places[-1] + 1 - places[0] < LEAST_PICTURE * len(lit):
        return 0, len(lit)
    return int(places[0]), int(places[-1]) + 1
