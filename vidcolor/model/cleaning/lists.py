"""What cleaning leaves to read: the accepted pictures as a list to train from, the rejected ones with their reasons."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from vidcolor.model.cleaning.journal import Journal
from vidcolor.model.cleaning.judge import Verdict
from vidcolor.model.cleaning.walk import Found

ODD_NAME = "odd_name"
"""The reason of a picture whose name would break the list."""


@contextmanager
def written_whole(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file, text or binary (``"wb"``), that gets its name when it is whole. Raises OSError.

    Names of files that are no UTF-8 keep their bytes.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    encoding, errors, newline = (None, None, None) if "b" in mode else ("utf-8", "surrogateescape", "\n")
    try:
        with temporary.open(mode, encoding=encoding, errors=errors, newline=newline) as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_lists(
    accepted: Path, rejected: Path, pictures: Iterable[Found], keys: np.ndarray, verdicts: Sequence[Verdict],
    offsets: np.ndarray, journal: Journal,
) -> tuple[int, int]:  # fmt: skip
    """Write both lists in the order of ``pictures``; returns how many were accepted and have an odd name.

    accepted: one path a line, and its class after a tab where it has one; `vidcolor.model.image_lists` reads it.
    rejected: one JSON object a line: path, reasons with the figures measured, and of a copy what is kept instead.
    keys, offsets: (N,) of the table the verdicts are about; pictures that are not in it are passed over.
    """
    order = np.argsort(keys)
    count = odd = 0
    with ExitStack() as files:
        good, bad = (files.enter_context(written_whole(path)) for path in (accepted, rejected))
        for found in pictures:
            place = min(int(np.searchsorted(keys, np.uint64(found.key), sorter=order)), len(keys) - 1)
            row = int(order[place]) if place >= 0 else -1
            if row < 0 or int(keys[row]) != found.key or offsets[row] < 0:
                continue
            reasons = _reasons(row, verdicts, offsets, journal)
            if not found.listable:
                reasons[ODD_NAME] = {}
                odd += 1
            if reasons:
                bad.write(json.dumps({"path": found.path, "reasons": reasons}) + "\n")
            else:
                good.write(f"{found.path}\t{found.label}\n" if found.label else f"{found.path}\n")
                count += 1
    return count, odd


def _reasons(row: int, verdicts: Sequence[Verdict], offsets: np.ndarray, journal: Journal) -> dict[str, Any]:
    """Reason to what was measured, by the setting that it fails."""
    reasons: dict[str, Any] = {}
    for verdict in verdicts:
        if verdict.failed[row]:
            told = reasons.setdefault(verdict.reason, {})
            if verdict.setting is None:
                told["error"] = journal.at(int(offsets[row])).error
            elif math.isfinite(figure := float(verdict.figure[row])):
                told[verdict.setting] = round(figure, 4)
            if verdict.kept is not None:
                told["kept"] = journal.at(int(offsets[verdict.kept[row]])).path
    return reasons
