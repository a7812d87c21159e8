"""How the operating system shares out the processors among this process's threads."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_scheduling() -> Iterator[None]:
    """Threads run after the body as this one ran before it.

    SVT-AV1, opened by root, lifts the calling thread and all of its own to real time at the highest priority, and every
    process begun later inherits it: a thread that spins while it waits for another would then wait for ever.
    """
    if sys.platform != "linux":  # elsewhere no process can ask, and none can be lifted this way
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in map(int, os.listdir("/proc/self/task")):
            _restore(thread, policy, parameters)


def _restore(thread: int, policy: int, parameters: os.sched_param) -> None:
    try:
        if os.sched_getscheduler(thread) != policy:
            os.sched_setscheduler(thread, policy, parameters)
    except (ProcessLookupError, PermissionError):  # it has ended, or was lifted by somebody mightier
        pass
