"""Measure every picture once, judge by the thresholds, write lists and a contact sheet; touch nothing else."""

from __future__ import annotations

import json
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidcolor.errors import ImagesError
from vidcolor.model.cleaning.config import Thresholds
from vidcolor.model.cleaning.journal import Journal
from vidcolor.model.cleaning.judge import REASONS, Verdict, judge
from vidcolor.model.cleaning.lists import ODD_NAME, write_lists, written_whole
from vidcolor.model.cleaning.read_picture import CorruptImageError, read_picture
from vidcolor.model.cleaning.sheet import contact_sheet
from vidcolor.model.cleaning.table import build_table
from vidcolor.model.cleaning.walk import Found, check_sources, walk
from vidcolor.model.cleaning.workers import measure_all

OnProgress = Callable[[str, int, "int | None"], None]
"""Called with the stage, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class CleanSummary:
    """What came out."""

    out: Path
    """The folder with accepted.txt, rejected.jsonl, rejected.png, measures.jsonl and summary.json."""
    images: int
    """Pictures found and judged."""
    accepted: int
    reasons: dict[str, int]
    """Pictures rejected for each reason; one may have several."""
    thresholds: list[dict[str, Any]]
    """Each threshold: setting, reason, value, how many pictures fail it, and how many fail it alone."""
    measured: int
    """Pictures that this run measured; the others were known from the journal."""
    images_per_second: float | None
    """Of those measured; None where none was."""
    unread: list[str]
    """Folders and shards that could not be read, the first hundred."""

    @property
    def rejected(self) -> int:
        """Pictures that are not in the list."""
        return self.images - self.accepted

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the paths of what was written."""
        values = asdict(self) | {"out": str(self.out), "rejected": self.rejected}
        files = {"accepted_list": ACCEPTED, "rejected_list": REJECTED, "sheet": SHEET, "journal": JOURNAL}
        present = {key: str(self.out / name) for key, name in files.items() if (self.out / name).exists()}
        return values | present


ACCEPTED, REJECTED, SHEET, JOURNAL = "accepted.txt", "rejected.jsonl", "rejected.png", "measures.jsonl"
SUMMARY = "summary.json"


def clean(
    sources: Sequence[Path], out: Path, thresholds: Thresholds, jobs: int = 1, on_progress: OnProgress | None = None
) -> CleanSummary:
    """Find the pictures of folders and tar shards that are unfit for training a colour model, and say why.

    Everything is written into ``out``. The journal there spares pictures that have not changed a second measuring,
    whatever the thresholds; the lists are the same whether the run was broken off or not, and for any ``jobs``.
    Raises ImagesError where a source is missing or holds no picture, or ``out`` holds somebody else's files of the same
    names; OSError where it cannot be written.
    """
    tell = on_progress or (lambda stage, done, total: None)
    folders, out = check_sources(sources), out.expanduser().resolve()
    _check_ours(out)
    unread: list[str] = []
    total = sum(1 for _ in walk(folders, out, lambda path: unread.append(path) if len(unread) < 100 else None))
    if not total:
        raise ImagesError(f"{', '.join(map(str, sources))}: there is no image in it, nor a tar shard with images")
    journal = Journal(out / JOURNAL)
    keys, measured, seconds = _measure(folders, out, journal, total, jobs, tell)
    table = build_table(keys, journal)
    verdicts = judge(table, thresholds, lambda done, of: tell("compare", done, of))
    accepted, odd = write_lists(
        out / ACCEPTED, out / REJECTED, walk(folders, out), keys, verdicts, table["offset"], journal
    )
    _write_sheet(
        out / SHEET, contact_sheet(verdicts, thresholds.shown, lambda row: _picture(table["offset"][row], journal))
    )
    present = int((table["offset"] >= 0).sum())
    speed = measured / seconds if measured else None
    summary = CleanSummary(
        out, present, accepted, _by_reason(verdicts, odd), _by_threshold(verdicts), measured, speed, unread
    )
    with written_whole(out / SUMMARY) as file:
        json.dump(summary.to_json(), file, indent=1)
    return summary


def _check_ours(out: Path) -> None:
    """Without a journal nothing there is of an earlier run."""
    strange = [name for name in (ACCEPTED, REJECTED, SHEET, SUMMARY) if (out / name).exists()]
    if strange and not (out / JOURNAL).exists():
        raise ImagesError(f"{out / strange[0]} is there already, of another origin: choose another folder with -o")


def _measure(
    folders: Sequence[Path], out: Path, journal: Journal, total: int, jobs: int, tell: OnProgress
) -> tuple[np.ndarray, int, float]:
    """Measure what the journal does not know; the keys of all pictures (N,) uint64, how many were new, the seconds."""
    known, keys, began = journal.known(), array("Q"), time.perf_counter()
    tell("measure", 0, total)
    measured = 0
    for _ in journal.extend(measure_all(_unknown(walk(folders, out), known, keys), jobs)):
        measured += 1
        tell("measure", min(len(keys), total - 1), total)
    tell("measure", total, total)
    return np.frombuffer(keys, np.uint64).copy(), measured, time.perf_counter() - began


def _unknown(pictures: Iterator[Found], known: np.ndarray, keys: array[int]) -> Iterator[Found]:
    """The pictures that are not among ``known`` (sorted); the keys of all of them are appended to ``keys``."""
    for found in pictures:
        keys.append(found.key)
        place = int(np.searchsorted(known, np.uint64(found.key)))
        if place == len(known) or int(known[place]) != found.key:
            yield found


def _picture(offset: int, journal: Journal) -> np.ndarray | None:
    try:
        return read_picture(journal.at(int(offset)).found.read()).rgb
    except (OSError, CorruptImageError):
        return None


def _write_sheet(path: Path, sheet: np.ndarray | None) -> None:
    if sheet is None:
        path.unlink(missing_ok=True)  # of an earlier run, which rejected something
        return
    with written_whole(path, "wb") as file:
        file.write(cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes())


def _by_reason(verdicts: Sequence[Verdict], odd: int) -> dict[str, int]:
    counts = {}
    for reason in REASONS:
        failed = [verdict.failed for verdict in verdicts if verdict.reason == reason]
        counts[reason] = int(np.logical_or.reduce(failed).sum()) if failed else 0
    return counts | ({ODD_NAME: odd} if odd else {})


def _by_threshold(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    tests = np.sum([verdict.failed for verdict in verdicts], axis=0)
    return [
        {
            "setting": None if verdict.setting is None else f"clean.{verdict.setting}",
            "reason": verdict.reason,
            "value": verdict.threshold,
            "rejected": int(verdict.failed.sum()),
            "alone": int((verdict.failed & (tests == 1)).sum()),
        }
        for verdict in verdicts
    ]
