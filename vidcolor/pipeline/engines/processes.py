"""Several processes on this machine, each with its share of the shots."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from ctypes import c_bool, c_longlong
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from pathlib import Path
from threading import Thread
from typing import Any

from vidcolor.errors import EngineError
from vidcolor.pipeline.engines.engine import Production, ShotTask
from vidcolor.pipeline.engines.shot_worker import ShotWorker
from vidcolor.pipeline.files import remove_temporaries, temporary_name, write_bytes

_PATIENCE = 0.2
"""Seconds between two looks at how far the workers are."""
_GRACE = 2.0
"""Seconds in which a worker may end by itself once it is no longer needed."""
_MOST_LOSSES = 3
"""So many times in a row workers may die before any shot is finished."""


@dataclass(frozen=True)
class ProcessEngine:
    """Shots in several processes; where one dies, the shots that were in work are begun again in new ones."""

    jobs: int
    """Number of processes, from 1."""

    def render(
        self, production: Production, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]
    ) -> int:
        """See :class:`~vidcolor.pipeline.engines.engine.Engine`."""
        # once, and not through the pipes to the workers: a pipe that is full holds up the start of the next worker
        parcel = temporary_name(folder / "production")
        write_bytes(parcel, pickle.dumps(production))
        try:
            return self._walk(parcel, tasks, folder, on_frames)
        finally:
            remove_temporaries(folder)  # the parcel, and what lost workers left half-written

    def _walk(self, parcel: Path, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]) -> int:
        waiting, begun, losses = list(tasks), 0, 0
        frames = _Forward(on_frames)
        while waiting:
            pool = _Pool(min(self.jobs, len(waiting)), parcel)
            frames.before = sum(map(len, tasks)) - sum(map(len, waiting))
            finished = pool.render(waiting, folder, frames)
            begun += pool.begun
            losses = 0 if finished else losses + 1
            if losses == _MOST_LOSSES:
                raise EngineError(
                    f"{losses} times in a row a worker process died before it had finished a shot, most likely for "
                    "want of memory; run the same command again with fewer --jobs: what is finished stays finished."
                )
            waiting = [task for task in waiting if task.shot not in finished]
        on_frames(sum(map(len, tasks)))
        return begun - len(tasks)


class _Forward:
    """Progress that never goes back, though work is lost."""

    def __init__(self, on_frames: Callable[[int], None]) -> None:
        self._on_frames, self._most = on_frames, 0
        self.before = 0
        """Frames done before the workers of now began to count."""

    def __call__(self, done: int) -> None:
        if self.before + done > self._most:
            self._most = self.before + done
            self._on_frames(self._most)


class _Pool:
    """Worker processes that last until all work is done or one of them dies."""

    def __init__(self, jobs: int, parcel: Path) -> None:
        context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
        self._shared = _Shared(context)
        self._workers = ProcessPoolExecutor(jobs, context, _begin_work, (parcel, self._shared))

    @property
    def begun(self) -> int:
        """How many shots were begun."""
        return int(self._shared.begun.get_obj().value)

    def render(self, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]) -> set[int]:
        """Work until all is done or a worker dies; gives the numbers of the shots that are finished."""
        finished: set[int] = set()
        try:
            with _threads_that_sleep():
                shots = {self._workers.submit(_render, task, folder): task.shot for task in tasks}
                pending: set[Future[None]] = set(shots)
                while pending:
                    done, pending = wait(pending, _PATIENCE, FIRST_COMPLETED)
                    on_frames(int(self._shared.frames.get_obj().value))
                    for future in done:
                        future.result()
                        finished.add(shots[future])
        except BrokenProcessPool:
            pass
        finally:
            self._shared.stop.value = True
            self._workers.shutdown(cancel_futures=True)
        return finished


class _Shared:
    """What workers and driver tell each other.

    The driver takes no lock, since a killed worker may hold one for ever.
    """

    def __init__(self, context: SpawnContext) -> None:
        self.begun = context.Value(c_longlong)
        self.frames = context.Value(c_longlong)
        self.stop = context.RawValue(c_bool)


class _Station:
    """A worker process: what is made once, with its first shot, and kept from shot to shot."""

    def __init__(self, parcel: Path, shared: _Shared) -> None:
        self._parcel, self._shared = parcel, shared
        self._worker: ShotWorker | None = None

    def render(self, task: ShotTask, folder: Path) -> None:
        """One shot; a film that cannot be opened is this shot's error."""
        self._count(self._shared.begun)
        if self._worker is None:
            self._worker = ShotWorker.of(pickle.loads(self._parcel.read_bytes()))
        self._worker.render(task, folder, self._on_frame)

    def _on_frame(self) -> None:
        if self._shared.stop.value:
            raise _StoppedError
        self._count(self._shared.frames)

    @staticmethod
    def _count(number: Any) -> None:
        with number.get_lock():
            number.value += 1


class _StoppedError(Exception):
    """The driver wants no more of this."""


_station: _Station | None = None  # a process pool gives its workers no other place to keep anything


def _begin_work(parcel: Path, shared: _Shared) -> None:
    """The first thing a worker process does; ``parcel`` holds the pickled production."""
    global _station
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver too, which then stops the workers
    Thread(target=_leave, args=(shared,), daemon=True).start()
    _station = _Station(parcel, shared)


def _render(task: ShotTask, folder: Path) -> None:
    assert _station is not None, "a worker begins with _begin_work"
    _station.render(task, folder)


def _leave(shared: _Shared) -> None:
    """End with the driver, however it ends: without it nobody holds the project's lock for this process.

    End some moments after it has had enough, too, whatever this process is busy with or waits for.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    while parent.is_alive() and not shared.stop.value:
        parent.join(_PATIENCE)
    if parent.is_alive():
        parent.join(_GRACE)
    os._exit(1)


@contextmanager
def _threads_that_sleep() -> Iterator[None]:
    """Processes started in the body have threads that sleep while they wait; spinning ones would starve the others."""
    before = os.environ.get("OMP_WAIT_POLICY")
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_WAIT_POLICY"]
        else:
            os.environ["OMP_WAIT_POLICY"] = before
