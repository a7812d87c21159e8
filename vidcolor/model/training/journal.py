"""What a run leaves to read: a line of JSON every few steps, and the same for TensorBoard where asked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vidcolor.errors import TrainingError
from vidcolor.model.recipes.recipe import Pairs


class Stopwatch:
    """Samples, and how long the loop waited for them, since the last line of the log."""

    def __init__(self) -> None:
        self._waited = 0.0
        self.restart()

    def restart(self) -> None:
        """Begin to count anew."""
        self._began, self._waited, self._samples = time.perf_counter(), 0.0, 0

    def watch(self, batches: Iterable[Pairs]) -> Iterator[Pairs]:
        """The same batches, timed."""
        iterator = iter(batches)
        while True:
            asked = time.perf_counter()
            batch = next(iterator, None)
            if batch is None:
                return
            self._waited += time.perf_counter() - asked
            self._samples += len(batch)
            yield batch

    def speed(self, processes: int) -> dict[str, float]:
        """``samples_per_s`` of all processes, and ``waiting``: the share of the time without data."""
        passed = max(time.perf_counter() - self._began, 1e-9)
        return {"samples_per_s": self._samples * processes / passed, "waiting": self._waited / passed}


class Journal:
    """The log of one run. Losses of a line are means over the steps since the line before."""

    def __init__(self, out: Path, step: int, tensorboard: bool) -> None:
        """``step``: where the run goes on; later lines, of steps that will be done again, are dropped."""
        self._path = out / "log.jsonl"
        self._sums: dict[str, float] = {}
        self._count = 0
        self._writer = _tensorboard(out, step) if tensorboard else None
        if self._path.is_file():
            kept = [line for line in self._path.read_text().splitlines() if _step_of(line) <= step]
            self._path.write_text("".join(line + "\n" for line in kept))

    def add(self, parts: dict[str, float]) -> None:
        """One step's losses."""
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1

    def write(self, step: int, rate: float, speed: dict[str, float], heldout: dict[str, float] | None) -> None:
        """A line: the step, the learning rate, mean losses, speed, and the held-out scores where measured."""
        loss = {name: total / max(self._count, 1) for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        line: dict[str, Any] = {"step": step, "rate": rate, "loss": loss, **speed}
        if heldout is not None:
            line["heldout"] = heldout
        with self._path.open("a") as log:
            log.write(json.dumps(line) + "\n")
        if self._writer is not None:
            groups = {"loss": loss, "speed": speed, "heldout": heldout or {}}
            for group, values in groups.items():
                for name, value in values.items():
                    self._writer.add_scalar(f"{group}/{name}", value, step)

    def show(self, step: int, sheet: np.ndarray) -> None:
        """A sample sheet (H, W, 3) uint8, for TensorBoard alone."""
        if self._writer is not None:
            self._writer.add_image("heldout", sheet, step, dataformats="HWC")

    def close(self) -> None:
        """Leave nothing unwritten."""
        if self._writer is not None:
            self._writer.close()


def _step_of(line: str) -> float:
    """The step of a line; a line that a kill has cut belongs to none."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _tensorboard(out: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError("training.tensorboard needs TensorBoard: pip install 'vidcolor[train]'") from error
    return SummaryWriter(str(out / "tensorboard"), purge_step=step + 1)
