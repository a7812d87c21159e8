"""Pictures measured by several processes, in order, a few at a time in memory; a decoder that crashes costs one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from threading import Thread

import cv2

from vidcolor.model.cleaning.measures import Measures, measure, unread
from vidcolor.model.cleaning.walk import Found

_BATCH = 8
"""Pictures handed to a process at once."""
_AHEAD = 4
"""Batches under way for every process."""

Batch = Sequence[Found]


def measure_all(pictures: Iterable[Found], jobs: int) -> Iterator[Measures]:
    """The measures of all pictures, in their order, by ``jobs`` processes.

    A picture at which a process dies, because its decoder crashes or the memory does not suffice, is ``unread``.
    """
    batches = _batches(pictures)
    while under_way := (yield from _until_a_death(batches, jobs)):
        for batch in under_way:
            yield from _one_by_one(batch)


def _batches(pictures: Iterable[Found]) -> Iterator[Batch]:
    iterator = iter(pictures)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _until_a_death(batches: Iterator[Batch], jobs: int) -> Generator[Measures, None, list[Batch]]:
    """Work until all is done or a process dies; returns the batches that were under way then."""
    under_way: deque[Batch] = deque()
    results: deque[Future[list[Measures]]] = deque()
    pool = _pool(jobs)
    try:
        while True:
            for batch in islice(batches, _AHEAD * jobs - len(under_way)):
                under_way.append(batch)
                results.append(pool.submit(_measure_batch, batch))
            if not under_way:
                return []
            measures = results.popleft().result()
            under_way.popleft()
            yield from measures
    except BrokenProcessPool:
        return list(under_way)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _one_by_one(batch: Batch) -> Iterator[Measures]:
    """Each picture in a process that may die of it."""
    for found in batch:
        with _pool(1) as pool:
            try:
                (measures,) = pool.submit(_measure_batch, [found]).result()
            except BrokenProcessPool:
                measures = unread(found, "it ends the process that reads it")
        yield measures


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin_work)


def _begin_work() -> None:
    """The first thing a worker process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which then stops the workers
    cv2.setNumThreads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed leaves nobody behind."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _measure_batch(batch: Batch) -> list[Measures]:
    return [measure(found) for found in batch]
