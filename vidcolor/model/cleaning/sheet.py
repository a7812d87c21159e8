"""The contact sheet of what was rejected: a section for every reason, and under each picture what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vidcolor.model.cleaning.judge import Verdict

COLUMNS = 12
_CELL_WIDTH, _CELL_HEIGHT = 126, 96
_CAPTION = 16
_TITLE = 28
_GROUND, _INK = (32, 32, 32), (235, 235, 235)

Show = Callable[[int], "np.ndarray | None"]
"""The picture of a row, (H, W, 3) uint8 RGB; None for one that cannot be shown."""


@dataclass(frozen=True)
class _Cell:
    row: int
    caption: str
    beside: int | None
    """The picture that is kept instead."""


def contact_sheet(verdicts: Sequence[Verdict], most: int, show: Show) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB: of every reason ``most`` pictures, those nearest to the threshold first; None without any.

    A copy stands beside what is kept instead of it.
    """
    strips = []
    for verdict in verdicts:
        cells = _cells(verdict, most)
        if cells:
            strips.append(_title(f"{_heading(verdict)}: {int(verdict.failed.sum())}"))
            strips.extend(_rows([_draw(cell, show) for cell in cells]))
    return np.vstack(strips) if strips else None


def _heading(verdict: Verdict) -> str:
    words = verdict.reason.replace("_", " ")
    if verdict.setting is None:
        return words
    limit = str(verdict.threshold).lower() if isinstance(verdict.threshold, bool) else f"{verdict.threshold:g}"
    return f"{words} (clean.{verdict.setting}={limit})"


def _cells(verdict: Verdict, most: int) -> list[_Cell]:
    failed = np.flatnonzero(verdict.failed)
    nearest = failed[np.argsort(verdict.excess[failed], kind="stable")][:most]
    return [
        _Cell(
            int(row),
            f"{verdict.figure[row]:.4g}" if np.isfinite(verdict.figure[row]) else "",
            None if verdict.kept is None else int(verdict.kept[row]),
        )
        for row in nearest
    ]


def _draw(cell: _Cell, show: Show) -> np.ndarray:
    drawn = np.full((_CELL_HEIGHT + _CAPTION, _CELL_WIDTH, 3), _GROUND, np.uint8)
    rows = [cell.row] if cell.beside is None else [cell.row, cell.beside]
    width = _CELL_WIDTH // len(rows) - 2
    for place, row in enumerate(rows):
        picture = show(row)
        if picture is None:
            _write(drawn, "not readable", (6, _CELL_HEIGHT // 2))
            continue
        scale = min(width / picture.shape[1], (_CELL_HEIGHT - 2) / picture.shape[0])
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        left, top = place * (width + 2) + (width - size[0]) // 2, (_CELL_HEIGHT - size[1]) // 2
        drawn[top : top + size[1], left : left + size[0]] = small
    _write(drawn, cell.caption, (4, _CELL_HEIGHT + _CAPTION - 5))
    return drawn


def _rows(cells: list[np.ndarray]) -> list[np.ndarray]:
    empty = np.full_like(cells[0], _GROUND[0])
    full = cells + [empty] * (-len(cells) % COLUMNS)
    return [np.hstack(full[begin : begin + COLUMNS]) for begin in range(0, len(full), COLUMNS)]


def _title(words: str) -> np.ndarray:
    strip = np.full((_TITLE, COLUMNS * _CELL_WIDTH, 3), 64, np.uint8)
    _write(strip, words, (6, _TITLE - 9), 0.55)
    return strip


def _write(picture: np.ndarray, words: str, at: tuple[int, int], scale: float = 0.4) -> None:
    cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)
