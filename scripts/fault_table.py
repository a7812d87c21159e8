"""Break runs in every way that can be thought of, run again, and compare with a run that nothing broke.

    python scripts/fault_table.py [--faults sigkill full-project] [--moments 10] [--json table.json]

A small film is coloured by `vidcolor run` in processes of their own. Each fault strikes at ten moments of a run, drawn
by a seeded generator over all its stages; then the same command runs again. It must succeed, give the very bytes of the
unbroken run, compute no finished shot again, and leave no temporary file and no changed input; what the struck run says
must be one line without a traceback. Prints a Markdown table; exit status 1 where anything failed. Mounting small disks
and making folders immutable takes root; without, those faults are left out and said.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fault_case import STAGES, Case, Result, digest
from fault_film import SHOTS, draw_film, draw_references
from fault_kinds import Fault
from fault_list import FAULTS

NEEDS_ROOT = {"full-project", "full-output", "readonly-project", "readonly-output"}
PLAN = ("start", "shots", "match", "ties", "colorize", "colorize", "colorize", "join", "verify", "report")
"""Where ten moments lie; a fault that strikes in some stages only takes these in turn."""


@dataclass
class Row:
    """What came of one fault."""

    fault: str
    what: str
    moments: int = 0
    struck: dict[str, int] = field(default_factory=dict)
    """How often it struck in which stage; ``end`` where the run was over before."""
    whole: int = 0
    """Times the next run succeeded and nothing lay about."""
    identical: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    """What struck runs said."""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Unbroken:
    """A run that nothing broke."""

    film: Path
    refs: Path
    out: str
    """Digest of its film."""
    seconds: dict[str, float]
    """How long each stage took."""


def main() -> int:
    """Try the faults, print the table."""
    args = _arguments()
    import vidcolor.cli
    import vidcolor.pipeline.run  # noqa: F401  every run is forked from here with torch in memory

    rows = []
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        home = Path(folder)
        draw_references(home / "refs")
        (home / "other").mkdir()
        draw_film(home / "other" / "film.mkv", first=3)
        (home / "other" / "shot3.png").write_bytes((home / "refs" / "shot3.png").read_bytes())
        plain, wide = (_unbroken(home, name == "wide") for name in ("plain", "wide"))
        for fault in FAULTS:
            if args.faults and fault.name not in args.faults:
                continue
            if fault.name in NEEDS_ROOT and os.geteuid() != 0:
                print(f"{fault.name}: left out, it takes root", file=sys.stderr)
                continue
            rows.append(_try(fault, wide if fault.wide else plain, home, args.moments, args.seed))
            print(_line(rows[-1]), *rows[-1].problems, sep="\n    ", file=sys.stderr, flush=True)
    print(table(rows))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False), encoding="utf-8")
    return 1 if any(row.problems for row in rows) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", nargs="+", choices=[fault.name for fault in FAULTS], help="only these")
    parser.add_argument("--moments", type=int, default=10, help="of each fault")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the films are made (default: the system's)")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    return parser.parse_args()


def _unbroken(home: Path, wide: bool) -> Unbroken:
    film = home / ("wide.mkv" if wide else "film.mkv")
    draw_film(film, wide_pixels=wide)
    case = _case(home, film, wide)
    run = case.start()
    began = dict.fromkeys(STAGES, 0.0)
    while run.alive():
        began[run.stage()] = began[run.stage()] or time.monotonic()
        time.sleep(0.01)
    result = run.result()
    if result.status != 0 or result.computed() != SHOTS:
        raise SystemExit(f"the unbroken run failed: {result}")
    marks = [began[stage] or run.began for stage in STAGES[1:]]
    edges = [run.began, *marks, time.monotonic()]
    seconds = {stage: max(0.0, b - a) for stage, a, b in zip(STAGES, edges, edges[1:], strict=False)}
    return Unbroken(film, home / "refs", digest(case.out), seconds)


def _case(home: Path, film: Path, wide: bool) -> Case:
    return Case.of(home / "case", film, home / "refs", ("--codec", "ffv1") if wide else ("--preset", "ultrafast"))


def _try(fault: Fault, base: Unbroken, home: Path, moments: int, seed: int) -> Row:
    row = Row(fault.name, fault.what)
    rng = random.Random(f"{seed} {fault.name}")
    plan = [stage for stage in PLAN if stage in fault.stages]
    for turn in range(moments):
        stage, share = plan[turn * len(plan) // moments % len(plan)], rng.random()
        problems = _moment(fault, base, home, turn, stage, share, row)
        row.moments += 1
        row.problems += [f"moment {turn} ({stage} + {share:.2f}): {problem}" for problem in problems]
    return row


def _moment(fault: Fault, base: Unbroken, home: Path, turn: int, stage: str, share: float, row: Row) -> list[str]:
    case = _case(home, base.film, fault.wide)
    case.notes["whole"] = base.out
    try:
        fault.before(case)
        child = fault.child(case, turn) if fault.child else None
        run = case.start(cold=fault.cold and stage == "start", child=child)
        for writer in case.notes.pop("writers", []):  # type: ignore[attr-defined]
            os.close(writer)
        wait = share * (sum(base.seconds.values()) if fault.blind else base.seconds[stage])
        struck = run.reach("start" if fault.blind else stage, wait)
        fault.strike(case, run, turn)
        result = run.result()
        row.struck[struck] = row.struck.get(struck, 0) + 1
        row.statuses[str(result.status)] = row.statuses.get(str(result.status), 0) + 1
        problems = _judge_struck(fault, result, row)
        fault.mend(case, run, turn)
        return problems + _judge_next(fault, case, base, row)
    finally:
        if "disk" in case.notes:
            subprocess.run(["umount", "-l", str(case.notes["disk"])], check=False)


def _judge_struck(fault: Fault, result: Result, row: Row) -> list[str]:
    problems, told = [], result.lines()
    if result.status not in fault.statuses:
        problems.append(f"status {result.status}")
    if "Traceback" in result.err or "Exception ignored" in result.err:
        problems.append("a traceback: " + result.err[-1500:])
    if result.status > 0:
        if len(told) != 1 or not re.search(fault.says, told[0]):
            problems.append(f"says {told}")
        row.messages += [line for line in told if _general(line) not in map(_general, row.messages)]
    return problems


def _judge_next(fault: Fault, case: Case, base: Unbroken, row: Row) -> list[str]:
    finished = len(case.finished())
    problems = [str(case.notes["second"])] if "second" in case.notes else []
    after = case.start().result()
    if after.status != 0:
        return [*problems, f"the next run: status {after.status}, {after.lines()}"]
    if fault.whole and (after.computed() or 0) > SHOTS - finished + int(str(case.notes.get("damaged", 0))):
        problems.append(f"the next run computed {after.computed()} shots although {finished} were finished")
    if fault.check is not None:
        problems += fault.check(case, after)
        row.identical += not problems
    elif digest(case.out) == base.out:
        row.identical += 1
    else:
        problems.append("the film is not that of the unbroken run")
    if case.leftovers():
        problems.append(f"left behind: {case.leftovers()}")
    if case.fingerprints() != case.inputs:
        problems.append("an input was changed")
    row.whole += not problems
    return problems


def _general(line: str) -> str:
    """A message without what differs from run to run."""
    return re.sub(r"/\S*|\d+", "", line)


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    head = "| fault | moments (struck in) | whole after | identical | status | says |\n|---|---|---|---|---|---|"
    return "\n".join([head, *map(_line, rows)])


def _line(row: Row) -> str:
    struck = ", ".join(f"{stage} {count}" for stage, count in row.struck.items())
    statuses = ", ".join(f"{status} ({count})" for status, count in sorted(row.statuses.items()))
    says = re.sub(r"(/[^/: ]+)*/(?=[^/: ])", "", row.messages[0].removeprefix("vidcolor: ")) if row.messages else ""
    counts = f"{row.whole} of {row.moments} | {row.identical} of {row.moments}"
    return f"| {row.what} | {row.moments} ({struck}) | {counts} | {statuses} | {says} |"


if __name__ == "__main__":
    sys.exit(main())
