"""Being told to stop: Ctrl-C, a terminal that closes, a computer that shuts down all end a command in the same way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


@dataclass
class StopRequest:
    """Whether a signal asked the command to end."""

    number: int | None = None
    """Of the signal; None as long as there was none."""

    @property
    def exit_status(self) -> int:
        """The status by which a shell knows the signal: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + int(signal.SIGINT if self.number is None else self.number)


@contextmanager
def stoppable() -> Iterator[StopRequest]:
    """Raise KeyboardInterrupt in the body where a signal asks for it; a second signal ends the process at once.

    That is safe at any moment, since every file is written under another name until it is whole. The request is also
    noted, since a library may turn the interrupt into an error of its own. A signal that our parent told us to ignore
    (``nohup``) stays ignored. Outside the main thread nothing is changed.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    ours = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in ours:
        signal.signal(number, _stopping(request))
    try:
        yield request
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _stopping(request: StopRequest) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        if request.number is not None:
            os._exit(request.exit_status)
        request.number = number
        raise KeyboardInterrupt

    return stop
