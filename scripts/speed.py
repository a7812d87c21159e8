"""Time and memory of ``vidcolor run`` beside a plain transcode with the same encoder settings, in one run.

    python scripts/speed.py film.mp4 refs/ [--repeats 3] [--loops 10]

The two are run in turn; medians and their ratio are printed as one JSON object. With ``--loops N`` the film is also
joined N times to itself, to show whether memory grows with the film.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vidcolor.pipeline.codecs import CODECS, encoder_name
from vidcolor.pipeline.ffmpeg_program import find_ffmpeg


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("refs", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--loops", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(args.film, args.refs, args.repeats, Path(folder))
        if args.loops:
            result |= measure_memory(args.film, args.refs, args.loops, Path(folder))
    print(json.dumps(result, indent=1))


def measure(film: Path, refs: Path, repeats: int, folder: Path) -> dict[str, object]:
    """Interleaved repeats of the transcode and of a run with a fresh project."""
    plain, coloured = [], []
    for number in range(repeats):
        plain.append(timed(transcode_command(film, folder / f"plain{film.suffix}"))[0])
        coloured.append(timed(run_command(film, refs, folder, f"run{number}"))[0])
    return {
        "transcode_seconds": plain,
        "run_seconds": coloured,
        "ratio_of_medians": round(statistics.median(coloured) / statistics.median(plain), 2),
    }


def measure_memory(film: Path, refs: Path, loops: int, folder: Path) -> dict[str, object]:
    """Peak memory of a run on the film, and on the film looped."""
    looped = folder / f"looped{film.suffix}"
    copy = ["-stream_loop", str(loops - 1), "-i", str(film), "-map", "0:v:0", "-c", "copy", "-y", str(looped)]
    subprocess.run([find_ffmpeg(), "-v", "error", *copy], check=True)
    once = timed(run_command(film, refs, folder, "once"))[1]
    many = timed(run_command(looped, refs, folder, "many"))[1]
    return {"peak_mb_once": once, f"peak_mb_{loops}_times": many, "memory_ratio": round(many / once, 2)}


def transcode_command(film: Path, out: Path) -> list[str]:
    """Plain re-encode with our own default codec, preset and quality; sound copied."""
    codec = CODECS["x264"]
    settings = ["-c:v", encoder_name(codec), "-preset", str(codec.preset), "-crf", str(codec.crf)]
    return [
        find_ffmpeg(),
        "-v",
        "error",
        "-y",
        "-i",
        str(film),
        "-map",
        "0:v:0",
        "-map",
        "0:a?",
        *settings,
        "-c:a",
        "copy",
        str(out),
    ]


def run_command(film: Path, refs: Path, folder: Path, name: str) -> list[str]:
    """A run from nothing."""
    places = ["-o", str(folder / f"{name}{film.suffix}"), "--project", str(folder / f"{name}.vidcolor")]
    return [sys.executable, "-m", "vidcolor", "run", str(film), "--refs", str(refs), *places, "-q"]


def timed(command: list[str]) -> tuple[float, int]:
    """Wall time in seconds, and peak memory of the process in MB."""
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return round(time.monotonic() - began, 2), usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
