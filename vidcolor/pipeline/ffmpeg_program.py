"""The ffmpeg program, for the one thing that the library does not let through: the shape of Matroska's pixels."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import ffmpeg
import imageio_ffmpeg

from vidcolor.errors import OutputError
from vidcolor.pipeline.files import finished_name
from vidcolor.pipeline.film_file import file_url


@lru_cache(maxsize=1)
def find_ffmpeg() -> str:
    """The ffmpeg program: the system's own where there is one, else the one that came with imageio-ffmpeg.

    Raises:
        OutputError: there is neither.
    """
    if (own := shutil.which("ffmpeg")) is not None:
        return own
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise OutputError("There is no ffmpeg program; install ffmpeg or the package imageio-ffmpeg.") from error


def copy_with_pixel_shape(
    film: Path, copy: Path, muxer: str, dispositions: Sequence[int], pictures: int, display_aspect: Fraction
) -> None:
    """Copy a film packet for packet, with the aspect ratio of its picture stream written into the container.

    Args:
        dispositions: of all the film's streams; the program would else mark some as default.
        pictures: number of the picture stream among the film's streams.
        display_aspect: width of the shown picture over its height.

    Raises:
        OutputError: the program refuses; the message is its own last line.
    """
    settings = {
        "map": "0",
        "c": "copy",
        f"aspect:{pictures}": f"{display_aspect.numerator}:{display_aspect.denominator}",
        "f": muxer,
        "fflags": "+bitexact",  # else random numbers name the tracks
        "copyts": None,
        "copyinkf": None,
        "avoid_negative_ts": "disabled",
        "default_mode": "passthrough",
        "loglevel": "error",
        **{f"disposition:{number}": str(flags) for number, flags in enumerate(dispositions)},
    }
    stream = ffmpeg.input(file_url(film)).output(file_url(copy), **settings).overwrite_output()
    # not by the package's own run(), which leaves the program at work where this one is stopped
    done = subprocess.run(stream.compile(cmd=find_ffmpeg()), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [_ending(done.returncode)]
        raise OutputError(f"{copy.with_name(finished_name(copy))} cannot be written: {lines[-1]}.")


def _ending(status: int) -> str:
    """Why a program says nothing and fails: on POSIX a negative status is the signal that ended it."""
    how = f"was stopped by signal {-status}" if status < 0 else f"failed with status {status}"
    return f"the ffmpeg program {how}; run the same command again"
