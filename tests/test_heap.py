"""Memory that was used once is used again, instead of being asked of the system anew."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

import pytest

FAULTS = """
import resource, threading
import numpy as np
from vidcolor.pipeline.heap import keep_pages

def pictures():
    for _ in range(12):
        [np.ones((1080, 1920), np.uint8) for _ in range(8)]

def faults(work):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for run in [work] * 3:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{first}
print(faults(pictures))
"""


def faults(first: str) -> int:
    """Pages that a process asks the system for, in which three threads make twelve times eight pictures each."""
    words = [sys.executable, "-c", FAULTS.format(first=first)]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep memory in their own way")
def test_pages_are_used_again() -> None:
    """The pictures of all threads share the pages of a few, which without this each would get anew."""
    pages_of_a_picture = 1080 * 1920 // resource.getpagesize()
    assert faults("keep_pages(1920 * 1080)") < 16 * pages_of_a_picture
    assert faults("") > 32 * pages_of_a_picture
