"""Read mutated manifests, films and stills, and print how many were read, refused with a sentence, or broke the reader.

    python scripts/fuzz_table.py WORK [--subjects manifest film still] [--seconds 3600] [--clips FOLDER_OF_FILMS]

Hypothesis draws the mutations: numbers at the edge of their range, spans removed, doubled, blanked, spliced; words and
lines of manifests exchanged. The files are read in processes of their own, for what breaks there may be a decoder in C.
A film is probed, read up to its 48th frame, and sought in. A manifest that can be read is written over with another
score, and must then say the same as one written fresh. A case fails that ends in anything but an answer or one
sentence, takes longer than --timeout, or ends its process; its file stays in WORK. Then the exit status is 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import fuzz_seeds
from fuzz_mutations import mutated, mutated_text
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from vidcolor.errors import VidcolorError
from vidcolor.pipeline.decode import DecodeConfig, FilmReader, SeekPoint, probe
from vidcolor.pipeline.manifest import load_manifest, save_manifest
from vidcolor.pipeline.manifest_text import rounded
from vidcolor.pipeline.still_file import read_still

BATCH = {"manifest": 400, "film": 60, "still": 400}
"""Cases of one process."""
FRAMES = 48
MEMORY = 8 << 30
"""Bytes that a process may take; a reader that wants more fails."""


@dataclass
class Row:
    """What came of one subject."""

    subject: str
    outcomes: Counter[str] = field(default_factory=Counter)
    sentences: set[str] = field(default_factory=set)
    """What refusals say, without names and numbers."""
    slowest: float = 0.0
    """Seconds of the processor."""
    memory: int = 0
    """Most bytes that a process took."""
    crashes: dict[str, str] = field(default_factory=dict)
    """Each distinct one, and the file that shows it."""


def read_manifest(path: Path) -> None:
    """Read it; change a score; the file spliced says what a fresh one does."""
    plan = load_manifest(path)
    changed = replace(plan, entries=(rounded(replace(plan.entries[0], score=0.1234)), *map(rounded, plan.entries[1:])))
    fresh = path.with_name("fresh.yaml")
    fresh.unlink(missing_ok=True)
    save_manifest(path, changed)
    save_manifest(fresh, changed)
    assert load_manifest(path) == load_manifest(fresh), "the spliced manifest says something else"


def read_film(path: Path) -> None:
    """Probe it, read its first frames, seek to one of them."""
    info = probe(path)
    with FilmReader(info, threads=1, limits=DecodeConfig()) as reader:
        stamps = [frame.pts for frame in reader.frames(count=FRAMES)]
        if len(stamps) > 2:
            middle = len(stamps) // 2
            list(reader.frames(SeekPoint(middle, stamps[middle]), 2))


SUBJECTS: dict[str, Callable[[Path], object]] = {"manifest": read_manifest, "film": read_film, "still": read_still}


def main() -> int:
    """Mutate and read until the time is over; print the table."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        strategies = _strategies(args.subjects, Path(scratch), args.clips)
        rows = {name: Row(name) for name in args.subjects}
        end, number = time.monotonic() + args.seconds, args.seed
        while time.monotonic() < end:
            for row in rows.values():
                _batch(row, strategies[row.subject], number, args)
            number += 1
            if number % 20 == 0:
                print(*map(_line, rows.values()), sep="\n", file=sys.stderr, flush=True)
    print(table(list(rows.values())))
    for row in rows.values():
        for place, file in row.crashes.items():
            print(f"CRASH {row.subject} {file}: {place}")
    return 1 if any(row.crashes for row in rows.values()) else 0


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    head = "| subject | cases | read | refused | sentences | crashes | slowest | most memory |\n|" + "---|" * 8
    return "\n".join([head, *map(_line, rows)])


def _line(row: Row) -> str:
    count = row.outcomes
    cells = [row.subject, count.total(), count["read"], count["refused"], len(row.sentences), count["crash"]]
    return "| " + " | ".join(map(str, [*cells, f"{row.slowest:.1f} s", f"{row.memory / 1e6:.0f} MB"])) + " |"


def _strategies(
    subjects: list[str], scratch: Path, clips: Path | None
) -> dict[str, st.SearchStrategy[tuple[str, bytes]]]:
    """For each subject, a suffix and the contents of a file."""
    found = {}
    if "manifest" in subjects:
        found["manifest"] = st.tuples(st.just(".yaml"), mutated_text(fuzz_seeds.manifests()))
    if "film" in subjects:
        found["film"] = _of_suffix(fuzz_seeds.films(scratch, clips))
    if "still" in subjects:
        found["still"] = _of_suffix(fuzz_seeds.stills())
    return found


def _of_suffix(seeds: dict[str, list[bytes]]) -> st.SearchStrategy[tuple[str, bytes]]:
    return st.one_of([st.tuples(st.just(suffix), mutated(files)) for suffix, files in sorted(seeds.items())])


def _batch(row: Row, strategy: st.SearchStrategy[tuple[str, bytes]], number: int, args: argparse.Namespace) -> None:
    """Some cases in a process of their own."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    folder = args.work / row.subject
    folder.mkdir(exist_ok=True)
    child = context.Process(target=_read_all, args=(row.subject, strategy, number, folder, there))
    child.start()
    there.close()
    path, answered = None, False
    while here.poll(args.timeout):
        try:
            word, *rest = here.recv()
        except EOFError:
            answered = True
            break
        if word == "case":
            path = rest[0]
        else:
            _take(row, folder, path, word, *rest)
            path = None
    if not answered:
        child.kill()
    child.join()
    if path is not None:
        how = f"ended by {child.exitcode}" if answered else f"no answer in {args.timeout:g} seconds"
        _take(row, folder, path, "crash", how, 0.0, 0)
    shutil.rmtree(folder, ignore_errors=True)


def _take(row: Row, folder: Path, path: str | None, outcome: str, told: str, seconds: float, memory: int) -> None:
    """Count what became of a case, and keep the file of one that failed in a new way."""
    row.outcomes[outcome] += 1
    row.slowest, row.memory = max(row.slowest, seconds), max(row.memory, memory)
    if outcome == "refused":
        row.sentences.add(told)
    if outcome == "crash" and told not in row.crashes and path is not None:
        kept = folder.parent / f"{row.subject}{len(row.crashes)}{Path(path).suffix}"
        shutil.copyfile(path, kept)
        row.crashes[told] = str(kept)
        print(f"CRASH {row.subject} {kept}: {told}", file=sys.stderr, flush=True)


def _read_all(subject: str, strategy: Any, number: int, folder: Path, pipe: Connection) -> None:
    """In the child: draw files, say which one is read, read it, say what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    plain = settings(
        max_examples=BATCH[subject], deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    @seed(number)
    @plain
    @given(strategy)
    def read(drawn: tuple[str, bytes]) -> None:
        suffix, data = drawn
        path = folder / f"case{suffix}"
        path.write_bytes(data)
        original = folder / f"original{suffix}"
        original.write_bytes(data)  # what is read may be written over
        pipe.send(("case", str(original)))
        began = time.process_time()
        outcome, told = _outcome(SUBJECTS[subject], path)
        spent = time.process_time() - began
        pipe.send((outcome, told, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))

    read()


def _outcome(reader: Callable[[Path], object], path: Path) -> tuple[str, str]:
    try:
        reader(path)
    except VidcolorError as error:
        sentence = str(error)
        if len(sentence.splitlines()) != 1 or len(sentence) > 1000:
            return "crash", f"the sentence has {len(sentence)} signs in {len(sentence.splitlines())} lines"
        return "refused", re.sub(r"[^A-Za-z ]", "", sentence.replace(str(path), ""))[:80]
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        own = [at for at in traceback.extract_tb(error.__traceback__) if "vidcolor" in at.filename][-1:]
        return "crash", f"{type(error).__name__} at {last.name}, from {own[0].name if own else '?'}: {str(error)[:200]}"
    return "read", ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("work", type=Path, help="folder for the files; those that break a reader stay")
    parser.add_argument("--subjects", nargs="+", choices=list(SUBJECTS), default=list(SUBJECTS))
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--clips", type=Path, help="a folder of further films to mutate")
    parser.add_argument("--timeout", type=float, default=300, help="seconds that one file may take")
    parser.add_argument("--seed", type=int, default=0, help="number of the first batch")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
