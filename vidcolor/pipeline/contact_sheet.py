"""Pictures side by side, with a title over each column: what a person looks at to compare."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

TITLE_LINES = 24
"""Height in pixels of the strip that holds the titles."""


def contact_sheet(rows: Sequence[Sequence[np.ndarray]], labels: Sequence[str], lines: int = 180) -> np.ndarray:
    """Return one picture (H, W, 3) uint8 RGB of many, row under row, all brought to ``lines`` pixels of height.

    Pictures are (H, W, 3) uint8 RGB of any size; a column is as wide as its widest picture, narrower ones are centred
    on black. ``labels`` stand over the columns; a row may have fewer pictures than there are labels, not more.
    """
    if any(len(row) > len(labels) for row in rows):
        raise ValueError(f"a row has more pictures than there are labels ({len(labels)})")
    small = [[_to_height(picture, lines) for picture in row] for row in rows]
    widths = [max((row[k].shape[1] for row in small if k < len(row)), default=lines) for k in range(len(labels))]
    strips = [np.hstack([_title(label, width) for label, width in zip(labels, widths, strict=True)])]
    for row in small:
        cells = [_centred(row[k] if k < len(row) else None, width, lines) for k, width in enumerate(widths)]
        strips.append(np.hstack(cells))
    return np.vstack(strips)


def _to_height(picture: np.ndarray, lines: int) -> np.ndarray:
    height, width = picture.shape[:2]
    size = (max(1, round(width * lines / height)), lines)
    way = cv2.INTER_AREA if lines < height else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=way)


def _centred(picture: np.ndarray | None, width: int, lines: int) -> np.ndarray:
    cell = np.zeros((lines, width, 3), np.uint8)
    if picture is not None:
        left = (width - picture.shape[1]) // 2
        cell[:, left : left + picture.shape[1]] = picture
    return cell


def _title(label: str, width: int) -> np.ndarray:
    strip = np.full((TITLE_LINES, width, 3), 32, np.uint8)
    at = (4, TITLE_LINES - 8)
    cv2.putText(strip, label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return strip
