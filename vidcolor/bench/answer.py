"""What was measured, as plain values and as a table."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from vidcolor.bench.measure import Cost, Kind, Rounds, Run
from vidcolor.bench.stages import PHASES, STAGES
from vidcolor.bench.worker import cores
from vidcolor.types import FilmInfo


@dataclass(frozen=True)
class Answer:
    """Everything that one ``vidcolor bench`` found out."""

    film: FilmInfo
    rounds: Rounds
    lengths: Mapping[int, Run] = field(default_factory=dict)
    """A run with a fresh project by the film's length in frames, where that was asked for."""

    @property
    def frames(self) -> int:
        """Of the film, as it was run."""
        return next(iter(self.rounds.runs.values()))[0].frames

    def to_json(self) -> dict[str, Any]:
        """Plain values; the README's section on speed says what they mean."""
        plain = self.rounds.transcode
        return {
            "film": {
                "path": str(self.film.path),
                "width": self.film.width,
                "height": self.film.height,
                "frame_rate": float(self.film.frame_rate),
                "frames": self.frames,
                "shots": next(iter(self.rounds.runs.values()))[0].shots,
            },
            "machine": {"cores": cores(), "processor": platform.processor() or platform.machine()},
            "transcode": {
                "seconds": [cost.seconds for cost in plain],
                "processor_seconds": [cost.processor_seconds for cost in plain],
                "frames_per_second": self.frames / median(cost.seconds for cost in plain),
            },
            "runs": [self._run_json(kind) for kind in self.rounds.runs],
            "lengths": [_length_json(run) for run in self.lengths.values()],
        }

    def _run_json(self, kind: Kind) -> dict[str, Any]:
        runs, typical = self.rounds.runs[kind], self.rounds.typical(kind)
        return {
            "setting": kind[0],
            "project": kind[1],
            "seconds": [run.cost.seconds for run in runs],
            "processor_seconds": [run.cost.processor_seconds for run in runs],
            "ratio": self.rounds.ratio(kind),
            "processor_ratio": self.rounds.processor_ratio(kind),
            "frames_per_second": self.frames / median(run.cost.seconds for run in runs),
            "memory_mib": typical.memory_mib,
            "device_memory_mib": typical.device_memory_mib,
            "stages": typical.stage_shares,
            "phases": typical.phase_shares,
        }

    def lines(self) -> list[str]:
        """The table."""
        film, kinds = self.film, list(self.rounds.runs)
        rate = float(film.frame_rate)
        lines = [
            f"{film.path.name}: {self.frames} frames of {film.width} x {film.height}, {rate:.3g} per second; "
            f"{cores()} cores; medians of {len(self.rounds.transcode)}",
            "",
            *_table(["", "seconds", "x transcode", "processor s", "x transcode", "frames/s", "peak MB"], self._costs()),
            "",
            *_share_table("share of the processor", STAGES, {k: self.rounds.typical(k).stage_shares for k in kinds}),
            "",
            *_share_table("share of the wall time", PHASES, {k: self.rounds.typical(k).phase_shares for k in kinds}),
        ]
        return [*lines, "", *self._length_lines()] if self.lengths else lines

    def _costs(self) -> list[list[str]]:
        rows = [["plain transcode", *_cost_words(self.rounds.typical_transcode, 1.0, 1.0, self.frames), "-"]]
        for kind in self.rounds.runs:
            run = self.rounds.typical(kind)
            ratios = self.rounds.ratio(kind), self.rounds.processor_ratio(kind)
            rows.append([" ".join(kind), *_cost_words(run.cost, *ratios, run.frames), _memory(run)])
        return rows

    def _length_lines(self) -> list[str]:
        head = ["from a fresh project", "seconds", "frames/s", "peak MB", "shots and match"]
        rows = [
            [
                f"{run.frames} frames",
                f"{run.cost.seconds:.1f}",
                f"{run.frames / run.cost.seconds:.1f}",
                _memory(run),
                f"{_planning(run):.1%}",
            ]
            for run in self.lengths.values()
        ]
        return _table(head, rows)


def _length_json(run: Run) -> dict[str, Any]:
    return {
        "frames": run.frames,
        "seconds": run.cost.seconds,
        "memory_mib": run.memory_mib,
        "device_memory_mib": run.device_memory_mib,
        "phases": run.phase_shares,
    }


def _planning(run: Run) -> float:
    """Share of the wall time before the first frame is coloured, less start-up."""
    return run.phase_shares.get("shots", 0.0) + run.phase_shares.get("match", 0.0)


def _cost_words(cost: Cost, ratio: float, processor_ratio: float | None, frames: int) -> list[str]:
    relative = "-" if processor_ratio is None else f"{processor_ratio:.2f}"
    rate = f"{frames / cost.seconds:.1f}"
    return [f"{cost.seconds:.2f}", f"{ratio:.2f}", f"{cost.processor_seconds:.2f}", relative, rate]


def _memory(run: Run) -> str:
    process = "-" if run.memory_mib is None else f"{run.memory_mib:.0f}"
    return process if run.device_memory_mib is None else f"{process} + {run.device_memory_mib:.0f} device"


def _share_table(title: str, names: Sequence[str], shares: Mapping[Kind, Mapping[str, float]]) -> list[str]:
    seen = [name for name in names if any(name in parts for parts in shares.values())]
    rows = [[name, *(f"{parts.get(name, 0):.1%}" for parts in shares.values())] for name in seen]
    return _table([title, *(" ".join(kind) for kind in shares)], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(word.ljust(width) if place == 0 else word.rjust(width) for place, (word, width) in
                  enumerate(zip(row, widths, strict=True))).rstrip()
        for row in (head, *rows)
    ]  # fmt: skip
