"""Rounds of a plain transcode and of runs with a fresh and with a known project, in turn, and their medians."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from vidcolor.bench.films import at_length
from vidcolor.bench.transcode import output_beside, transcode_command
from vidcolor.config import dump_yaml, to_dict
from vidcolor.errors import BenchError
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.decode import probe

COLD, WARM = "cold", "warm"
"""With a fresh project; and with manifest and survey there, but no segment."""

Kind = tuple[str, str]
"""The name of a setting, and COLD or WARM."""

Progress = Callable[[str, int, "int | None"], None]
"""Called with what is measured, how many are done, and how many there are."""


@dataclass(frozen=True)
class Setting:
    """What is measured beside the transcode."""

    config: PipelineConfig
    device: str = "auto"
    model: str | None = None


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    seconds: float
    """Wall time from its start to its end."""
    processor_seconds: float
    """Of all its threads: the figure that holds on a busy machine too. 0 where the system does not tell."""


@dataclass(frozen=True)
class Run:
    """What one run came to."""

    cost: Cost
    frames: int
    shots: int
    stages: Mapping[str, float]
    """Processor seconds by stage, ``waiting`` too: together wall time times cores."""
    phases: Mapping[str, float]
    """Wall seconds by phase, one after the other."""
    memory_mib: float | None
    """Peak of the process; None where the system does not tell."""
    device_memory_mib: float | None
    """Peak on the CUDA device; None without one."""

    @property
    def stage_shares(self) -> dict[str, float]:
        """Shares of the machine's processor time, which add up to 1."""
        return _shares(self.stages)

    @property
    def phase_shares(self) -> dict[str, float]:
        """Shares of the wall time, which add up to 1."""
        return _shares(self.phases)


@dataclass
class Rounds:
    """All that was measured on one film."""

    transcode: list[Cost] = field(default_factory=list)
    """One a round."""
    runs: dict[Kind, list[Run]] = field(default_factory=dict)
    """One a round."""

    def ratio(self, kind: Kind) -> float:
        """Median of the rounds' ratios of wall time: each run over the transcode of its own round."""
        pairs = zip(self.runs[kind], self.transcode, strict=True)
        return median(run.cost.seconds / plain.seconds for run, plain in pairs)

    def processor_ratio(self, kind: Kind) -> float | None:
        """The same of processor time; None where the system does not tell."""
        pairs = list(zip(self.runs[kind], self.transcode, strict=True))
        if not all(plain.processor_seconds for _, plain in pairs):
            return None
        return median(run.cost.processor_seconds / plain.processor_seconds for run, plain in pairs)

    def typical(self, kind: Kind) -> Run:
        """The run with the median wall time, or the next slower one."""
        return sorted(self.runs[kind], key=lambda run: run.cost.seconds)[len(self.runs[kind]) // 2]

    @property
    def typical_transcode(self) -> Cost:
        """The transcode with the median wall time, or the next slower one."""
        return sorted(self.transcode, key=lambda cost: cost.seconds)[len(self.transcode) // 2]


def measure(
    film: Path,
    refs: Path,
    settings: Mapping[str, Setting],
    repeats: int,
    folder: Path,
    on_progress: Progress | None = None,
    warm: bool = True,
) -> Rounds:
    """Every round does the transcode and every setting cold and warm, so that whatever else the machine does hits all.

    settings: by name, at least one; the first one's codec is the transcode's. folder: for the films on the way.
    warm: False leaves the runs with a known project out.
    Raises BenchError where one fails, FilmError where the film cannot be read.
    """
    rounds = Rounds()
    info, first = probe(film), next(iter(settings.values()))
    kinds = [(COLD, _forget_all), (WARM, _forget_segments)][: 1 + warm]
    steps = repeats * (1 + len(kinds) * len(settings))

    def tick() -> None:
        if on_progress:
            done = len(rounds.transcode) + sum(map(len, rounds.runs.values()))
            on_progress("bench", done, steps)

    for _ in range(repeats):
        rounds.transcode.append(cost_of(transcode_command(info, first.config.encode, folder)))
        tick()
        for name, setting in settings.items():
            for kind, forget in kinds:
                forget(folder / name)
                rounds.runs.setdefault((name, kind), []).append(run_once(film, refs, setting, folder / name))
                tick()
    return rounds


def at_lengths(film: Path, refs: Path, setting: Setting, lengths: Sequence[int], folder: Path) -> dict[int, Run]:
    """A run with a fresh project on the film cut or looped to each of the lengths, in frames: what memory it takes."""
    found = {}
    for frames in lengths:
        place = folder / f"length{frames}"
        place.mkdir()
        found[frames] = run_once(at_length(film, frames, place), refs, setting, place)
        shutil.rmtree(place)
    return found


def _forget_all(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)


def _forget_segments(place: Path) -> None:
    """Leave the plan and what the film was found to be; the pictures are all to be made."""
    shutil.rmtree(place / "project" / "segments", ignore_errors=True)
    for out in place.glob("out.*"):
        out.unlink()


def run_once(film: Path, refs: Path, setting: Setting, place: Path) -> Run:
    """One run in a process of its own, with project and film in the folder ``place``. Raises BenchError."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "settings.yaml").write_text(dump_yaml(to_dict(setting.config)), encoding="utf-8")
    answer, job_file = place / "answer.json", place / "job.json"
    job = {
        "film": str(film),
        "refs": str(refs),
        "out": str(output_beside(probe(film), setting.config.encode, place / "out")),
        "project": str(place / "project"),
        "config": str(place / "settings.yaml"),
        "device": setting.device,
        "model": setting.model,
        "answer": str(answer),
        "began": time.monotonic(),
    }
    job_file.write_text(json.dumps(job), encoding="utf-8")
    cost = cost_of([sys.executable, "-m", "vidcolor.bench.worker", str(job_file)])
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return Run(cost, **found)


def cost_of(command: Sequence[str]) -> Cost:
    """Do a command and measure it. Raises BenchError with its last words where it fails."""
    began, used = time.monotonic(), _children()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    cost = Cost(time.monotonic() - began, _children() - used)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BenchError(f"What was to be measured failed: {reason}")
    return cost


def _children() -> float:
    """Processor seconds of all processes that this one has started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _shares(parts: Mapping[str, float]) -> dict[str, float]:
    whole = sum(parts.values())
    return {name: part / whole for name, part in parts.items()} if whole else {}
