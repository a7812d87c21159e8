"""Let a stage run ahead of the next in a thread of its own, a bounded number of items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")

_PATIENCE = 0.1  # seconds between looks at whether the other side has given up


class _End:
    """The last thing in the queue: the stage's end, or the error it ended with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Ahead(Generic[Item]):
    """The same items in the same order, made in a thread from now on, at most ``depth`` of them waiting.

    An error of ``items`` is raised here, after the items before it. Whoever stops early calls :meth:`close`: the thread
    is told, and waited for, so that nothing runs on behind anybody's back.
    """

    def __init__(self, items: Iterable[Item], depth: int) -> None:
        self._queue: Queue[Item | _End] = Queue(depth)
        self._stopped = Event()
        self._thread = Thread(target=_produce, args=(items, self._queue, self._stopped), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def close(self) -> None:
        """Let go of what was not taken."""
        self._stopped.set()
        _drain(self._queue)
        self._thread.join()


def ahead(items: Iterable[Item], depth: int) -> Iterator[Item]:
    """:class:`Ahead` that begins when the first item is asked for, and closes itself."""
    running = Ahead(items, depth)
    try:
        yield from running
    finally:
        running.close()


def _produce(items: Iterable[Item], queue: Queue[Item | _End], stopped: Event) -> None:
    iterator = iter(items)
    try:
        for item in iterator:
            if not _put(queue, item, stopped):
                break
        end = _End(None)
    except BaseException as error:
        end = _End(error)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
    _put(queue, end, stopped)


def _put(queue: Queue[Item | _End], item: Item | _End, stopped: Event) -> bool:
    while not stopped.is_set():
        try:
            queue.put(item, timeout=_PATIENCE)
            return True
        except Full:
            continue
    return False


def _drain(queue: Queue[Item | _End]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
