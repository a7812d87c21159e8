"""Print how `vidcolor clean` finds planted faults, a hundred of every kind among two thousand good pictures.

    python scripts/cleaning_table.py --good heldout-0.tar train-6.tar --others train-5.tar --work FOLDER
        [--pictures 2000] [--count 100] [--jobs 1 2] [--set clean.max_blur=1.2] [--json FILE]

Faults are made of pictures from --others, copies of the good ones. Columns: found for the right reason, for any
reason. A copy is found where it or its original is rejected as one. Then the good pictures that are accused, by reason,
and pictures per second. FOLDER gets the set, and two sheets to look at: accused.png and missed.png.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cleaning_faults import COPIES, FAULTS

from vidcolor.config import resolve
from vidcolor.errors import VidcolorError
from vidcolor.model.cleaning.clean import clean
from vidcolor.model.cleaning.config import CleanSettings
from vidcolor.model.cleaning.read_picture import CorruptImageError, read_picture
from vidcolor.model.cleaning.walk import walk

EXACT = "exact copy"
COLUMNS = 10


@dataclass(frozen=True)
class Planted:
    """One fault."""

    path: Path
    kind: str
    reason: str
    original: Path | None = None
    """The good picture of which it is a copy."""


def main() -> None:
    """Plant, clean, print."""
    args = _arguments()
    good, planted = plant(args)
    thresholds = resolve(CleanSettings, None, args.overrides).clean
    rates = {}
    try:
        for jobs in args.jobs:
            summary = clean([args.work / "set"], args.work / f"jobs-{jobs}", thresholds, jobs)
            rates[jobs] = summary.images_per_second
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    told = _told(args.work / f"jobs-{args.jobs[0]}" / "rejected.jsonl")
    rows, missed = score(planted, told)
    accused = _accused(good, planted, told)
    show(rows, accused, len(good), rates)
    _sheet(args.work / "missed.png", [(each.path, each.kind) for each in missed])
    _sheet(args.work / "accused.png", [(path, " ".join(reasons)) for path, reasons in accused.items()])
    if args.json:
        counts = Counter(reason for reasons in accused.values() for reason in reasons)
        table = {"kinds": rows, "good": len(good), "accused": counts, "images_per_second": rates}
        args.json.write_text(json.dumps(table, indent=1), encoding="utf-8")


def plant(args: argparse.Namespace) -> tuple[list[Path], list[Planted]]:
    """Write the set: good pictures as they are, faults beside them. Returns both."""
    folder, rng = args.work / "set", np.random.default_rng(args.seed)
    good = [_write(folder / "good" / f"{number:05}.webp", encoded)
            for number, encoded in enumerate(islice(_pictures(args.good), args.pictures))]  # fmt: skip
    others = _pictures(args.others)
    planted = []
    for kind, (reason, make) in FAULTS.items():
        for number, encoded in enumerate(islice(others, args.count)):
            path = _write(_place(folder, kind, number), make(read_picture(encoded).rgb, rng))
            planted.append(Planted(path, kind, reason))
    originals = iter(rng.permutation(len(good)))
    for kind in (EXACT, *COPIES):
        for number in range(args.count):
            original = good[next(originals)]
            encoded = original.read_bytes()
            copy = encoded if kind == EXACT else COPIES[kind][1](read_picture(encoded).rgb, rng)
            reason = "duplicate" if kind == EXACT else COPIES[kind][0]
            planted.append(Planted(_write(_place(folder, kind, number), copy), kind, reason, original))
    return good, planted


def score(planted: list[Planted], told: dict[str, list[str]]) -> tuple[list[dict[str, Any]], list[Planted]]:
    """A row for every kind, and what was missed."""
    rows, missed = [], []
    for kind in dict.fromkeys(each.kind for each in planted):
        of_kind = [each for each in planted if each.kind == kind]
        right = [each for each in of_kind if each.reason in _reasons(each, told)]
        anyhow = [each for each in of_kind if _reasons(each, told)]
        rows.append({"kind": kind, "planted": len(of_kind), "found": len(right), "rejected": len(anyhow)})
        missed += [each for each in of_kind if each not in right]
    return rows, missed


def show(rows: list[dict[str, Any]], accused: dict[Path, list[str]], good: int, rates: dict[int, float | None]) -> None:
    """Print the tables."""
    print(f"{'kind':20}{'planted':>9}{'found':>9}{'rejected':>9}")
    for row in rows:
        print(f"{row['kind']:20}{row['planted']:>9}{row['found']:>9}{row['rejected']:>9}")
    print(f"\n{len(accused)} of {good} good pictures accused:")
    for reason, count in Counter(reason for reasons in accused.values() for reason in reasons).most_common():
        print(f"  {reason:18}{count:>9}")
    for jobs, rate in rates.items():
        print(
            f"{jobs} process{'es' if jobs > 1 else ''}: "
            + ("known already" if rate is None else f"{rate:.0f} images/s")
        )


def _reasons(each: Planted, told: dict[str, list[str]]) -> list[str]:
    """Why it is rejected; of a copy, also why its original is, where that is as a copy."""
    own = told.get(str(each.path), [])
    return own + [reason for reason in told.get(str(each.original), []) if reason == each.reason]


def _accused(good: list[Path], planted: list[Planted], told: dict[str, list[str]]) -> dict[Path, list[str]]:
    """Good pictures that are rejected, but for those of which a better copy was planted."""
    copied = {each.original: each.reason for each in planted if each.original}
    found = {path: [reason for reason in told.get(str(path), []) if reason != copied.get(path)] for path in good}
    return {path: reasons for path, reasons in found.items() if reasons}


def _told(path: Path) -> dict[str, list[str]]:
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {line["path"]: list(line["reasons"]) for line in lines}


def _pictures(shards: list[Path]) -> Iterator[bytes]:
    return (found.read() for found in walk([shard.resolve() for shard in shards], Path()))


def _place(folder: Path, kind: str, number: int) -> Path:
    return folder / kind.replace(" ", "-").replace(".", "") / f"{number:03}.{'webp' if kind == EXACT else 'jpg'}"


def _write(path: Path, encoded: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded)
    return path


def _sheet(path: Path, pictures: list[tuple[Path, str]]) -> None:
    """Small pictures with words under them."""
    cells = []
    for file, words in pictures:
        cell = np.full((140, 150, 3), 32, np.uint8)
        try:
            rgb = read_picture(file.read_bytes()).rgb
            scale = min(148 / rgb.shape[1], 122 / rgb.shape[0])
            small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            cell[: small.shape[0], : small.shape[1]] = small[..., ::-1]
        except (CorruptImageError, cv2.error):
            pass
        cells.append(
            cv2.putText(cell, words, (2, 136), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
        )
    if cells:
        cells += [np.zeros_like(cells[0])] * (-len(cells) % COLUMNS)
        rows = [np.hstack(cells[begin : begin + COLUMNS]) for begin in range(0, len(cells), COLUMNS)]
        cv2.imwrite(str(path), np.vstack(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--good", type=Path, nargs="+", required=True, help="shards of good pictures")
    parser.add_argument("--others", type=Path, nargs="+", required=True, help="shards that faults are made of")
    parser.add_argument("--work", type=Path, required=True, help="folder for the set and what comes out")
    parser.add_argument("--pictures", type=int, default=2000, help="good pictures, at most")
    parser.add_argument("--count", type=int, default=100, help="faults of every kind")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="numbers of processes to time")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    parser.add_argument("--set", dest="overrides", action="append", default=[], help="a threshold")
    parser.add_argument("--json", type=Path, help="the table as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
