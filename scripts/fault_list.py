"""All faults of the table, and those that are made inside the struck process: memory, helpers, standard streams."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import fault_kinds as kinds
from fault_case import Case, Run
from fault_kinds import Fault

LATE = ("match", "ties", "colorize", "join", "verify", "report")
MANIFEST = ("shots", "match", "ties", "colorize", "verify")
"""Stages in which a manifest of an earlier match is there and a struck run goes on after."""


def device_memory(case: Case, turn: int) -> Callable[[], None]:
    """The network's memory holds 1, 2 or 3 pictures at once, from the first or a later batch on; or not even one."""
    fits, spared = (1, 2, 3, 0)[turn % 4], turn // 4

    def child() -> None:
        import torch

        from vidcolor.model.colorist import Colorist

        real, calls = Colorist.consult, 0

        def consult(self: Colorist, grays: Any, reference: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > spared and len(grays) > fits:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
            return real(self, grays, reference)

        Colorist.consult = consult  # type: ignore[method-assign]

    return child


def main_memory(case: Case, turn: int) -> Callable[[], None]:
    """A worker's thread finds no memory for a picture."""

    def child() -> None:
        from vidcolor.pipeline import render

        real, calls = render.upsample, 0

        def upsample(*args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > turn * 8:
                raise MemoryError
            return real(*args, **options)

        render.upsample = upsample

    return child


def slow_ffmpeg(case: Case, turn: int) -> Callable[[], None]:
    """The ffmpeg program takes a second, so that it can be struck at work."""

    def child() -> None:
        from vidcolor.pipeline.ffmpeg_program import find_ffmpeg

        shim = case.folder / "bin" / "ffmpeg"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nsleep 0.5\n"{find_ffmpeg()}" "$@"\nstatus=$?\nsleep 0.5\nexit $status\n')
        shim.chmod(0o755)
        find_ffmpeg.cache_clear()
        os.environ["PATH"] = f"{shim.parent}:{os.environ['PATH']}"

    return child


def kill_ffmpeg(case: Case, run: Run, turn: int) -> None:
    """The ffmpeg program is killed, or vidcolor while that goes on working as an orphan."""
    while run.alive() and not (children := _children(run.pid)):
        time.sleep(0.005)
    time.sleep(0.1 * turn)
    if turn % 2:
        run.send(signal.SIGKILL)
        return
    for child in children if run.alive() else ():
        for number in [*_children(child), child]:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def two_workers(case: Case) -> None:
    """The run has two worker processes."""
    case.extra = (*case.extra, "--jobs", "2")


def kill_worker(case: Case, run: Run, turn: int) -> None:
    """A worker is killed, as by a system short of memory; or vidcolor is, while its workers are at work."""
    if turn % 3 == 2:
        run.send(signal.SIGKILL)
        return
    workers = [child for child in _children(run.pid) if b"spawn_main" in _command(child)]
    for child in workers[: 1 + turn % 2] if run.alive() else ():
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def no_streams(case: Case, turn: int) -> Callable[[], None]:
    """stdout or stderr or both are closed from the beginning, full, or pipes whose reader leaves at the moment."""
    ends = [os.pipe() for _ in range(2)] if turn % 5 >= 3 else []
    case.notes["pipes"] = [reader for reader, _ in ends]
    case.notes["writers"] = [writer for _, writer in ends]

    def child() -> None:
        import sys

        for number in {0: [1], 1: [2], 2: [1, 2]}.get(turn % 5, []):
            os.close(number)
            setattr(sys, {1: "stdout", 2: "stderr"}[number], None)
        for number, (reader, writer) in enumerate(ends, 1):
            os.close(reader)
            os.dup2(writer, number)
            os.close(writer)
            # made anew, as in a program that was started with a pipe: a file's would look for its place in it
            setattr(sys, {1: "stdout", 2: "stderr"}[number], os.fdopen(number, "w", closefd=False))

    return child


def reader_leaves(case: Case, run: Run, turn: int) -> None:
    """``| head`` has read enough."""
    for end in case.notes.pop("pipes", []):  # type: ignore[attr-defined]
        os.close(end)


def garbled(case: Case, run: Run, turn: int) -> None:
    """What is remembered is garbled; a film whose maker is forgotten must be replaced in so many words."""
    kinds.garble_memory(case, run, turn)
    if case.out.exists():
        case.extra = (*case.extra, "--overwrite")


def overwrite_knowingly(case: Case, run: Run, turn: int) -> None:
    """A film that nothing vouches for any more is left alone, with a sentence that says how to replace it."""
    result = case.start().result() if case.out.exists() else None
    if result is None or result.status == 0:  # the struck run made the project anew, which knows its film
        return
    if result.status != 1 or len(result.lines()) != 1 or "give --overwrite" not in result.lines()[0]:
        case.notes["second"] = f"a film of unknown origin: status {result.status}, {result.lines()}"
    case.extra = (*case.extra, "--overwrite")


FAULTS = [
    Fault("sigkill", "SIGKILL", kinds.signalled(signal.SIGKILL), (0, -9), cold=True),
    Fault("sigterm", "SIGTERM", kinds.signalled(signal.SIGTERM), (0, -15, 143), "interrupted", cold=True),
    Fault("sigint", "Ctrl-C", kinds.signalled(signal.SIGINT), (0, 130), "interrupted"),
    Fault("sighup", "terminal closed (SIGHUP)", kinds.signalled(signal.SIGHUP), (0, -1, 129), "interrupted", cold=True),
    Fault(
        "full-project", "disk of the project full", kinds.fill, (0, 1), "disk is full",
        kinds.small_disk("project"), mend=kinds.make_room,
    ),
    Fault(
        "full-output", "disk of the output full", kinds.fill, (0, 1), "disk is full",
        kinds.small_disk("output"), mend=kinds.make_room,
    ),
    Fault(
        "readonly-project", "project turns read-only (chattr +i)", kinds.immutable("project", "+i"), (0, 1),
        "permission denied", mend=kinds.immutable("project", "-i"), stages=("shots", *LATE),
    ),
    Fault(
        "readonly-output", "output folder turns read-only (chattr +i)", kinds.immutable("out", "+i"), (0, 1),
        "permission denied", mend=kinds.immutable("out", "-i"),
    ),
    Fault(
        "no-output-folder", "output folder vanishes", kinds.remove_output_folder, (0, 1), "",
        mend=kinds.restore_output_folder,
    ),
    Fault("no-project", "project folder deleted", kinds.remove_project, (0, 1), "", mend=overwrite_knowingly),
    Fault("no-film", "film moved away", kinds.take_away("film"), (0, 1), "the film", mend=kinds.bring_back("film")),
    Fault("cut-film", "film cut short in place", kinds.cut_short, (0, 1), "the film", mend=kinds.bring_back("film")),
    Fault(
        "other-film", "film replaced by another of the same date", kinds.put_another("film"), (0, 1), "the film",
        mend=kinds.bring_back("film"),
    ),
    Fault("no-reference", "reference deleted", kinds.take_away("still"), (0, 1), mend=kinds.bring_back("still")),
    Fault(
        "other-reference", "reference replaced by another picture of the same date", kinds.put_another("still"),
        mend=kinds.bring_back("still"),
    ),
    Fault(
        "mended-manifest", "manifest edited by hand meanwhile", kinds.write_by_hand, (0,), "",
        kinds.matched_before, stages=MANIFEST, check=kinds.check_hand, whole=False,
    ),
    Fault(
        "broken-manifest", "manifest broken by hand meanwhile", kinds.slip_of_the_pen, (0, 1), "manifest",
        kinds.matched_before, mend=kinds.check_slip, stages=MANIFEST,
    ),
    Fault("two-runs", "a second run on the same project", kinds.second_run, (0,)),
    Fault("stale-lock", "killed; the lock names another process", kinds.kill_and(kinds.forge_lock), (0, -9)),
    Fault(
        "bad-segment", "killed; a finished segment damaged", kinds.kill_and(kinds.damage_segment), (0, -9),
        stages=("colorize", "join"),
    ),
    Fault("bad-memory", "killed; state, match, survey garbled", kinds.kill_and(garbled), (0, -9), stages=LATE),
    Fault("clock", "killed; the clock jumps back", kinds.kill_and(kinds.future_dates), (0, -9)),
    Fault(
        "streams", "stdout or stderr closed, or its reader leaves", reader_leaves, (0,), "",
        child=no_streams, blind=True,
    ),
    Fault(
        "device-memory", "memory of the device holds fewer pictures, or none", child=device_memory,
        says="colorize.lines", stages=("colorize",),
    ),
    Fault(
        "workers", "one worker process of two killed, or both, or vidcolor alone", kill_worker, (0, -9),
        before=two_workers, stages=("colorize",), cold=True,
    ),
    Fault("main-memory", "a worker finds no memory", child=main_memory, statuses=(1,), says="memory"),
    Fault(
        "ffmpeg", "the ffmpeg program dies, or outlives vidcolor", kill_ffmpeg, (0, 1, -9), "ffmpeg program|Killed",
        child=slow_ffmpeg, stages=("join",), wide=True,
    ),
]  # fmt: skip
