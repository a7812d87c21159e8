"""Where the processor's time of this very process goes: a thread looks at all others, many times a second.

Every look gives the processor time that a Python thread has used since the last one to the stage it is in now. Threads
without Python (decoder, encoder, torch's own) are told apart by their names. Nothing of the road knows that it is
watched. Only Linux has a clock for every thread: elsewhere a whole phase is entered under its heaviest stage.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from vidcolor.bench.stages import (
    OTHER,
    PYTHON_THREAD,
    START,
    WAITING,
    counted_as,
    native_stage,
    phase_of,
    stage_of,
)

PAUSE = 0.02
"""Seconds between two looks: about half a hundredth of one core."""
NATIVE_EVERY = 5
"""Looks between two at the threads without Python."""

_TASKS = Path("/proc/self/task")


class Sampler:
    """Watches this process for the length of a ``with`` body; ``stages`` and ``phases`` grow in seconds."""

    def __init__(self, began: float) -> None:
        """``began``: when the process was started, by ``time.monotonic``; what was before now counts as start-up."""
        self.stages: dict[str, float] = defaultdict(float)
        """Processor seconds by stage."""
        self.phases: dict[str, float] = defaultdict(float)
        """Wall seconds by phase."""
        self._phase = START
        self._looked = began
        self._process = self._known = 0.0
        self._used: dict[int, float] = {}
        self._main = threading.main_thread().ident
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sampler:
        threading.setprofile(_name_thread)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        threading.setprofile(None)

    def _watch(self) -> None:
        looks = 0
        while not self._stop.wait(PAUSE):
            self._look()
            looks += 1
            if looks % NATIVE_EVERY == 0:
                self._look_at_native()
        self._look()
        self._look_at_native()

    def _look(self) -> None:
        stacks = {thread: _modules(frame) for thread, frame in sys._current_frames().items()}
        stacks.pop(threading.get_ident(), None)
        now = time.monotonic()
        self.phases[self._phase] += now - self._looked
        self._looked = now
        self._phase = phase_of(stacks.get(self._main or 0, [])) or (START if self._phase == START else OTHER)
        for thread in threading.enumerate():
            if thread.ident in stacks and thread.native_id is not None:
                self._enter(thread.native_id, stage_of(stacks[thread.ident]))

    def _enter(self, native_id: int, stage: str) -> None:
        """Give a Python thread's time since the last look to a stage."""
        spent = self._spent(native_id)
        stage = OTHER if stage == WAITING else stage  # what little a thread at a queue uses
        self.stages[counted_as(stage, self._phase)] += spent
        self._known += spent

    def _look_at_native(self) -> None:
        python = {thread.native_id for thread in threading.enumerate()}
        own = threading.get_native_id()
        for native_id, name in _native_threads():
            if native_id not in python:
                spent = self._spent(native_id)
                self.stages[native_stage(name, self._phase)] += spent
                self._known += spent
        self._known += self._spent(own)
        total = time.process_time()
        # of threads that ended between two looks; the encoder's and the decoder's end with every segment
        self.stages[native_stage("", self._phase)] += max(0.0, total - self._process - self._known)
        self._process, self._known = total, 0.0

    def _spent(self, native_id: int) -> float:
        """Processor seconds of a thread since this was last asked."""
        with suppress(OSError):  # it has ended
            total = time.clock_gettime(~native_id << 3 | 6)  # Linux: the clock of a thread, as pthread_getcpuclockid(3)
            spent = total - self._used.get(native_id, 0.0)
            self._used[native_id] = total
            return max(0.0, spent)
        return 0.0


def _modules(frame: FrameType | None) -> list[str]:
    """The modules of this package on a stack, the innermost first."""
    found: list[str] = []
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("vidcolor.") and frame.f_code.co_name != "<module>":  # an import is no work of a stage
            found.append(module)
        frame = frame.f_back
    return found


def _native_threads() -> list[tuple[int, str]]:
    """Number and name of every thread of this process; none where the system does not tell."""
    found = []
    with suppress(OSError):
        for name in os.listdir(_TASKS):
            with suppress(OSError):
                found.append((int(name), (_TASKS / name / "comm").read_text().strip()))
    return found


def _name_thread(frame: FrameType, event: str, argument: Any) -> None:
    """Called by a new Python thread before it does anything: what it starts will inherit the name."""
    sys.setprofile(None)
    with suppress(OSError):
        (_TASKS / str(threading.get_native_id()) / "comm").write_text(PYTHON_THREAD)
