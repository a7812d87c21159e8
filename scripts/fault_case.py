"""One try of a fault: a film of its own, a run that is struck, the run after it, and what must hold then."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

STAGES = ("start", "shots", "match", "ties", "colorize", "check", "join", "verify", "report")
SETTINGS = ("--set", "colorize.lines=64", "--set", "match.lines=64", "--set", "colorize.batch=4", "--device", "cpu")
PATIENCE = 600.0
"""Seconds after which a run counts as hanging."""


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    status: int
    """Exit status; negative for the signal that killed it, -999 where it hung."""
    out: str
    err: str

    def computed(self) -> int | None:
        """How many shots it computed; None where it did not answer."""
        try:
            return int(json.loads(self.out)["shots_computed"])
        except (ValueError, KeyError):
            return None

    def lines(self) -> list[str]:
        """What it told the person, progress left out."""
        told = [line for line in re.split(r"[\r\n]+", self.err) if line.strip()]
        return [line for line in told if not re.match(r"\w+: +\d+(%|it)|vidcolor: about .* will be needed", line)]


class Run:
    """A real process that runs the command, forked from a parent that has torch in memory already, or started cold."""

    def __init__(self, words: Sequence[str], folder: Path, cold: bool, child: Callable[[], None] | None) -> None:
        """child: called in the forked process before the command."""
        self._out, self._err = folder / "stdout", folder / "stderr"
        self._status: int | None = None
        self.began = time.monotonic()
        with self._out.open("wb") as out, self._err.open("wb") as err:
            if cold:
                line = [sys.executable, "-m", "vidcolor", *words]
                self.pid = subprocess.Popen(line, stdout=out, stderr=err, start_new_session=True).pid
            else:
                sys.stdout.flush()
                self.pid = os.fork()
                if self.pid == 0:
                    _become(words, out.fileno(), err.fileno(), child)

    def stage(self) -> str:
        """The stage it is in, by its bars."""
        found = [match[1] for match in re.finditer(r"(\w+): +(?:0%|\?|0it)", self._err.read_text(errors="replace"))]
        return next((name for name in reversed(found) if name in STAGES), "start")

    def reach(self, stage: str, seconds: float) -> str:
        """Wait until it is in a stage, and some seconds more; gives the stage it is in then."""
        while self.alive() and STAGES.index(self.stage()) < STAGES.index(stage):
            time.sleep(0.01)
        begin = time.monotonic()
        while self.alive() and time.monotonic() - begin < max(seconds, 0.05):
            time.sleep(0.005)
        return self.stage() if self.alive() else "end"

    def alive(self) -> bool:
        """True while it runs."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status is None

    def send(self, number: int) -> None:
        """Send a signal to it, where it still runs."""
        if self.alive():
            os.kill(self.pid, number)

    def result(self) -> Result:
        """Wait for its end."""
        while self.alive():
            if time.monotonic() - self.began > PATIENCE:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self._status = -999
            time.sleep(0.01)
        assert self._status is not None
        return Result(self._status, self._out.read_text(errors="replace"), self._err.read_text(errors="replace"))


def _become(words: Sequence[str], out: int, err: int, child: Callable[[], None] | None) -> None:
    """In the forked process: be the program, and never come back."""
    status = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)
        os.dup2(out, 1)
        os.dup2(err, 2)
        if child is not None:
            child()
        from vidcolor.cli import main

        status = main(list(words))
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


@dataclass
class Case:
    """A folder with a film, references, a project and an output."""

    folder: Path
    film: Path
    refs: Path
    project: Path
    out: Path
    extra: tuple[str, ...] = ()
    runs: int = 0
    inputs: dict[Path, tuple[str, int]] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)
    """What a fault remembers from before to after."""

    @classmethod
    def of(cls, folder: Path, film: Path, refs: Path, extra: tuple[str, ...] = (), suffix: str = "") -> Case:
        """A fresh case with copies of a film and its references."""
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "out").mkdir(parents=True)
        own = folder / f"the film{film.suffix}"
        shutil.copy2(film, own)
        shutil.copytree(refs, folder / "refs")
        out = folder / "out" / f"coloured{suffix or film.suffix}"
        case = cls(folder, own, folder / "refs", folder / "project", out, extra)
        case.inputs = case.fingerprints()
        return case

    def words(self) -> list[str]:
        """The command."""
        places = ["--refs", str(self.refs), "--project", str(self.project), "-o", str(self.out)]
        return ["run", str(self.film), *places, *SETTINGS, *self.extra, "--json"]

    def start(
        self, cold: bool = False, child: Callable[[], None] | None = None, words: Sequence[str] | None = None
    ) -> Run:
        """Start the command; ``child`` is called in its process first."""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        folder.mkdir()
        return Run(words or self.words(), folder, cold, child)

    def fingerprints(self) -> dict[Path, tuple[str, int]]:
        """Contents and time of change of every input."""
        files = [self.film, *sorted(self.refs.glob("*"))]
        return {file: (digest(file), file.stat().st_mtime_ns) for file in files if file.is_file()}

    def finished(self) -> set[str]:
        """Digests of the segments that are sealed."""
        return {path.stem for path in (self.project / "segments").glob("*.seal")}

    def leftovers(self) -> list[str]:
        """Temporary and foreign files in project and output folder."""
        inside = [path for path in self.project.rglob("*") if re.search(r"\.part(\.|$)", path.name)]
        beside = [path for path in self.out.parent.glob("*") if path not in (self.out, self.project)]
        return [str(path.relative_to(self.folder)) for path in inside + beside]


def digest(path: Path) -> str:
    """SHA-256 of a file; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
