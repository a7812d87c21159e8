"""What a worker on a Ray cluster does: see to the film, render one shot, hand all its files back."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from vidcolor import __version__
from vidcolor.errors import EngineError, VidcolorError
from vidcolor.model.checkpoint import ModelInfo, describe_weights
from vidcolor.pipeline.engines.engine import Production, ShotTask
from vidcolor.pipeline.engines.shot_worker import ShotWorker
from vidcolor.pipeline.files import is_temporary
from vidcolor.pipeline.film_identity import film_digest

REPORT_SECONDS = 5.0
"""Seconds between two reports of one worker."""


@dataclass(frozen=True)
class Order:
    """What every worker gets once."""

    run: str
    """A name that no other run has; of the folder in which each machine keeps what it was sent."""
    production: Production
    weights: tuple[Any, ...]
    """References to the bytes of the weights' files, (n,) uint8 each, for machines that do not have them."""
    ledger: Any
    shelf: Any


def render_shot(version: str, order: list[Any], task: ShotTask, beside: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Render one shot and give its files, (n,) uint8 each, by name.

    version: of the driver. order: a reference to the :class:`Order`, in a list so that it is not fetched every time.
    beside: files of earlier segments that the shot goes on from.
    Raises EngineError where this machine has another vidcolor; else what the work raises.
    """
    if version != __version__:
        raise EngineError(
            f"{platform.node()} has vidcolor {__version__}, and the machine that asks has {version}; install the same."
        )
    return _station_of(order[0]).render(task, beside)


def clear(run: str) -> None:
    """Remove what this machine was sent for a run."""
    shutil.rmtree(_home(run), ignore_errors=True)


class _Station:
    """A worker process: what is made once and kept from shot to shot."""

    def __init__(self, order: Order) -> None:
        self._home = _home(order.run)
        self._home.mkdir(parents=True, exist_ok=True)
        self._ledger = order.ledger
        self._worker = ShotWorker.of(_production_here(order, self._home))

    def render(self, task: ShotTask, beside: Mapping[str, bytes]) -> dict[str, np.ndarray]:
        self._ledger.begin.remote(task.shot)
        with tempfile.TemporaryDirectory(dir=self._home) as name:
            folder = Path(name)
            for file, data in beside.items():
                (folder / file).write_bytes(data)
            self._worker.render(task, folder, self._counter(task.shot))
            made = [path for path in sorted(folder.iterdir()) if path.name not in beside and not is_temporary(path)]
            return {path.name: np.fromfile(path, np.uint8) for path in made}

    def _counter(self, shot: int) -> Callable[[], None]:
        frames, reported = 0, time.monotonic()

        def on_frame() -> None:
            nonlocal frames, reported
            frames += 1
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                self._ledger.report.remote(shot, frames)

        return on_frame


_stations: dict[Any, _Station] = {}  # of this process, by the order's reference; Ray's workers keep nothing else


def _station_of(order: Any) -> _Station:
    if order not in _stations:
        _stations.clear()  # one film and one network at a time
        _stations[order] = _Station(import_module("ray").get(order))
    return _stations[order]


def _home(run: str) -> Path:
    return Path(tempfile.gettempdir()) / f"vidcolor-{run}"


def _production_here(order: Order, home: Path) -> Production:
    """The production with the files as this machine sees them: shared ones where they are the same, else copies."""
    production, source, models = order.production, order.production.source, order.production.models

    def is_film(path: Path) -> bool:
        return film_digest(path, source.info.frame_rate) == source.digest

    def weights_here(info: ModelInfo) -> ModelInfo:
        sent = order.weights[models.files.index(info)]
        path = _here(
            info.path,
            lambda path: describe_weights(path).digest == info.digest,
            home / f"weights-{info.digest[:16]}",
            lambda folder: import_module("ray").get(sent).tofile(folder / info.path.name),
        )
        return replace(info, path=path)

    film = _here(source.info.path, is_film, home / "film", lambda folder: _fetch(order.shelf, folder))
    return replace(
        production,
        source=replace(source, info=replace(source.info, path=film)),
        models=models.moved(weights_here),
    )


def _here(path: Path, is_it: Callable[[Path], bool], folder: Path, write: Callable[[Path], object]) -> Path:
    """``path`` where it is the same here, else its copy in ``folder``, which this machine's first worker writes."""
    if _holds(is_it, path):
        return path
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            unfinished = folder.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            write(unfinished)
            unfinished.rename(folder)
    if not _holds(is_it, folder / path.name):
        raise EngineError(f"{path} was changed on its way to {platform.node()}; run the same command again.")
    return folder / path.name


def _holds(is_it: Callable[[Path], bool], path: Path) -> bool:
    try:
        return is_it(path)
    except (VidcolorError, OSError):
        return False


def _fetch(shelf: Any, folder: Path) -> None:
    """Write the film's files, a block at a time."""
    ray = import_module("ray")
    for film_file in ray.get(shelf.files.remote()):
        path = folder / film_file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for block in film_file.blocks:
                file.write(ray.get(block).data)
        os.utime(path, ns=(film_file.changed_ns, film_file.changed_ns))
