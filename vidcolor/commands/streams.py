"""Standard streams that are not there, or whose reader has left, stop no work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper


def prepare_streams() -> None:
    """Give the process a place for every standard stream that it was started without (``2>&-``).

    The next file that it opens would else become its standard error, and whatever a library prints would end up in a
    film.
    """
    for number in range(3):
        with suppress(OSError):
            os.fstat(number)
            continue
        os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names may hold bytes that are no text


def say(sentence: str) -> None:
    """One line on stderr, heard or not."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


@contextmanager
def to_reader() -> Iterator[None]:
    """The body writes to stdout; a reader that has left (``| head``) has seen enough and is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to say, at exit neither
