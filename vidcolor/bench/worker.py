"""The process that is measured: one run, watched, its figures written to a file.

    python -m vidcolor.bench.worker JOB.json

Nothing of the road is imported before the watch begins, so that start-up counts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from vidcolor.bench.sampler import Sampler
from vidcolor.bench.stages import WAITING
from vidcolor.pipeline.heap import staying


def main(job_file: Path) -> None:
    """Do the job (see :func:`vidcolor.bench.measure.run_once`) and write its ``answer`` beside it."""
    job = json.loads(job_file.read_text(encoding="utf-8"))
    with Sampler(job["began"]) as sampler:
        summary = _run(job)
    wall = time.monotonic() - job["began"]
    stages = dict(sampler.stages)
    stages[WAITING] = max(0.0, wall * cores() - sum(stages.values()))
    answer = {
        "frames": summary["frames"],
        "shots": summary["shots"],
        "stages": stages,
        "phases": dict(sampler.phases),
        "memory_mib": peak_memory(),
        "device_memory_mib": _device_memory(),
    }
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def _run(job: dict[str, Any]) -> dict[str, Any]:
    with staying():
        from vidcolor.config import resolve
        from vidcolor.pipeline.run import PipelineConfig, run

    summary = run(
        Path(job["film"]),
        Path(job["refs"]),
        out=Path(job["out"]),
        project=Path(job["project"]),
        config=resolve(PipelineConfig, Path(job["config"])),
        device=job["device"],
        model=job["model"],
    ).to_json()
    if not summary["ok"]:
        raise SystemExit(f"{job['out']} is not as it should be: {summary['verification']['problems']}")
    return summary


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory() -> float | None:
    """The most memory that this process has held so far, in MiB; None where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _device_memory() -> float | None:
    """The most memory that torch has held on the CUDA device, in MiB; None where none was used."""
    import torch

    if not torch.cuda.is_available():
        return None
    return torch.cuda.max_memory_reserved() / 2**20 or None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
