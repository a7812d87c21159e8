"""What was measured of every picture, as columns: some 250 bytes a picture, without names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from vidcolor.model.cleaning.journal import Journal
from vidcolor.model.cleaning.measures import FIGURES, Measures
from vidcolor.model.cleaning.perceptual_hash import THUMBNAIL_BYTES

_ROW = np.dtype(
    [
        ("offset", np.int64),  # of the journal's line; -1 where nothing was measured
        ("readable", bool),
        ("digest", "S16"),
        ("bytes", np.int64),
        ("width", np.int32),
        ("height", np.int32),
        ("hash", np.uint64),
        ("thumbnail", np.uint8, (THUMBNAIL_BYTES,)),
        *((name, np.float32) for name in FIGURES),
    ]
)
_BLOCK = 4096


def build_table(keys: np.ndarray, journal: Journal) -> np.ndarray:
    """One row (see ``_ROW``) for each of ``keys`` (N,) uint64, which are different, from the journal's latest line.

    Raises ImagesError as the journal does.
    """
    table = np.zeros(len(keys), _ROW)
    table["offset"] = -1
    for name in FIGURES:
        table[name] = np.nan
    order = np.argsort(keys)
    for block in _blocks(journal.lines()):
        wanted = np.array([measures.key for _, measures in block], np.uint64)
        places = np.minimum(np.searchsorted(keys, wanted, sorter=order), max(len(keys) - 1, 0))
        for (offset, measures), place, key in zip(block, places, wanted, strict=True):
            if len(keys) and keys[order[place]] == key:
                table[order[place]] = _row(offset, measures)
    return table


def _blocks(lines: Iterator[tuple[int, Measures]]) -> Iterator[Sequence[tuple[int, Measures]]]:
    while block := list(islice(lines, _BLOCK)):
        yield block


def _row(offset: int, measures: Measures) -> tuple[object, ...]:
    readable = measures.error is None
    thumbnail = np.frombuffer(measures.thumbnail or bytes(THUMBNAIL_BYTES), np.uint8)
    figures = measures.figures if readable else [np.nan] * len(FIGURES)
    return (
        offset, readable, measures.digest, measures.size, measures.width, measures.height, measures.hash, thumbnail,
        *figures,
    )  # fmt: skip
