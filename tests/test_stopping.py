"""Signals, lost streams: a real process with a command that waits stands in for hours of work."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

WAITING = """
import contextlib, os, signal, sys, time
import vidcolor.cli

def work(args):
    with contextlib.suppress(OSError):
        print("up", file=sys.stderr, flush=True)
    {work}
    return 0

def add(commands):
    commands.add_parser("work").set_defaults(command=work, verbose=False)

vidcolor.cli.COMMANDS = (add,)
sys.exit(vidcolor.cli.main(["work"]))
"""
SLEEP = "time.sleep(60)"
SWALLOW = """
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        raise ValueError("a library has its own ideas") from None"""
CLING = """
    try:
        print("at work", file=sys.stderr, flush=True)
        time.sleep(60)
    finally:
        print("cleaning", file=sys.stderr, flush=True)
        time.sleep(60)"""


def started(work: str = SLEEP) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", WAITING.format(work=work)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "up\n"
    return process


@pytest.mark.parametrize("work", [SLEEP, SWALLOW])
@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_in_one_line(number: str, status: int, work: str) -> None:
    """With the status by which shells know it, whatever a library makes of the interrupt."""
    process = started(work)
    process.send_signal(getattr(signal, number))
    _, said = process.communicate(timeout=30)
    assert process.returncode == status
    assert said.strip() == "vidcolor: interrupted; the same command goes on from here"


def test_a_second_signal_ends_it_at_once() -> None:
    """Also while it is clearing up."""
    process = started(CLING)
    assert process.stderr is not None
    assert process.stderr.readline() == "at work\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "cleaning\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130


def test_a_signal_that_is_to_be_ignored_is() -> None:
    """As nohup has it."""
    code = WAITING.format(work="os.kill(os.getpid(), signal.SIGHUP)")
    done = subprocess.run(["nohup", sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "up"


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"])
def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path, closed: str) -> None:
    """What a library prints would else land in a film."""
    path = tmp_path / "film"
    code = WAITING.format(work=f"open({str(path)!r}, 'w').write('film'); os.write(1, b'x'); os.write(2, b'x')")
    (tmp_path / "code.py").write_text(code)
    done = subprocess.run(["bash", "-c", f"{sys.executable} {tmp_path / 'code.py'} {closed}"], timeout=60)
    assert done.returncode == 0
    assert path.read_text() == "film"


def test_a_reader_that_leaves_stops_no_work() -> None:
    """Neither that of the bars nor that of the answer."""
    work = """
    import argparse
    from vidcolor.commands.console import answer, stages
    with stages(argparse.Namespace(quiet=False)) as bars:
        time.sleep(0.3)
        for done in range(3):
            bars("colorize", done, 9)
    answer(argparse.Namespace(json=True, quiet=False), {"film": "x" * 100000}, [])
    os.write(3, b"done")"""
    command = f"{{ {sys.executable} -c '{WAITING.format(work=work)}' 3>&2 2>&1 | true; exit ${{PIPESTATUS[0]}}; }}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == "done"
    assert done.returncode == 0
