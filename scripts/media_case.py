"""What a case of the media table is, and the ffmpeg program that makes it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vidcolor.pipeline.ffmpeg_program import find_ffmpeg

SIZE = "96x64"
"""Of most drawn films."""
PICTURES = f"-f lavfi -i testsrc2=size={SIZE}:rate=24:duration=0.5"
"""Twelve coloured moving frames; their colour is what vidcolor ignores."""


@dataclass(frozen=True)
class Case:
    """One film as it is found in the wild, and what has to become of it."""

    name: str
    """Also the name of the folder it is made in; says what is special."""
    make: Callable[[Path], Path]
    """Makes the film in a folder that exists and is empty; gives its path."""
    refused: str | None = None
    """Regular expression that the refusal has to hold; None where the film has to be coloured."""
    may_refuse: str | None = None
    """Regular expression of a refusal that is as good as a coloured film."""
    said: str | None = None
    """Regular expression that one of the warnings has to hold; without it no warning about a loss is let pass."""
    out: str | None = None
    """Name of the output, to ask for a container; None leaves it to vidcolor."""
    lossless: bool = True
    """False where FFV1 goes into no container that holds the film's other streams."""
    settings: tuple[str, ...] = ()
    """Settings of this case alone."""


def drawn(file: str, options: str, *inputs: str) -> Callable[[Path], Path]:
    """A maker that hands ffmpeg the pictures of :data:`PICTURES`, further inputs, and options."""
    return lambda folder: encode(folder / file, options, PICTURES, *inputs)


def encode(film: Path, options: str, *inputs: str) -> Path:
    """Run ffmpeg; words are split at blanks, which no option here holds.

    ``{folder}`` in the words stands for the film's folder; what begins with ``-f`` or ``-i`` is an input.
    """
    words = [word for part in (*inputs, options) for word in part.format(folder=film.parent).split()]
    ffmpeg("-y", *words, f"file:{film}")
    return film


def ffmpeg(*words: str) -> str:
    """Run the ffmpeg program, silent but for errors, and give what it printed; no shell sees the words."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"ffmpeg {' '.join(words)}: {done.stderr.strip()[-400:]}")
    return done.stdout


@lru_cache(maxsize=1)
def reference(folder: Path) -> Path:
    """A colour still for all cases."""
    still = folder / "reference.png"
    ffmpeg("-y", *PICTURES.split(), "-frames:v", "1", str(still))
    return still
