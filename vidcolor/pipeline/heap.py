"""How Python and the C library look after memory."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3)."""
_LARGEST, _LARGEST_BESIDE_GREAT = 1 << 25, 1 << 22
"""Bytes up to which a block comes from the heap: the largest that glibc allows; and of films with great pictures, whose
planes would leave great holes in it."""
_GREAT = 4_000_000
"""Pixels of a great picture."""
_IDLE = 1 << 28
"""Free bytes at the heap's end that are kept."""


def keep_pages(pixels: int) -> None:
    """Have pictures and tensors use the pages of those before them, whichever thread they are made in.

    As it comes, glibc asks the system for every large block anew, and clearing its pages is a tenth of a run's work;
    and it gives every thread a heap of its own, of which each keeps the most that it ever held. Other C libraries,
    which know none of this, are left as they are. ``pixels``: of a picture of the film.
    """
    mallopt = _of_glibc("mallopt")
    largest = _LARGEST_BESIDE_GREAT if pixels > _GREAT else _LARGEST
    for parameter, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, largest), (_TRIM_THRESHOLD, _IDLE)):
        mallopt(parameter, value)


def return_pages() -> None:
    """Give the system back what is kept and free: what comes now needs other memory than what was."""
    _of_glibc("malloc_trim")(0)


def _of_glibc(name: str) -> Callable[..., Any]:
    """A function of the C library; one that does nothing where there is none of that name."""
    library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    return getattr(library, name, lambda *_: 0)


@contextmanager
def staying() -> Iterator[None]:
    """For imports: what the body makes is not looked through for garbage, neither now nor later, which takes a fifth of
    the time that they take."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
