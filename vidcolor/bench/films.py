"""The film that is measured: a person's own, the sample, or one drawn for the purpose; at a wanted length."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import vidcolor
from vidcolor.errors import ConfigError, FilmError
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.ffmpeg_program import find_ffmpeg
from vidcolor.pipeline.film_file import file_url

DRAWN_SIZE, DRAWN_RATE, DRAWN_SECONDS = "854x480", 24, 5
"""Of the film that is drawn where there is no other: width and height, frames per second, seconds of either shot."""

_SCENES = {"bars": "testsrc2", "set": "mandelbrot"}


@dataclass(frozen=True)
class Material:
    """What a run is given."""

    film: Path
    refs: Path


def find_material(film: Path | None, refs: Path | None, folder: Path) -> Material:
    """The film and the references asked for; without a film the sample, or a film drawn into ``folder``.

    Raises ConfigError where only one of the two is given.
    """
    if film is not None and refs is not None:
        return Material(film, refs)
    if film is not None or refs is not None:
        raise ConfigError("A film of your own and its references go together; give FILM and --refs PATH.")
    samples = Path(vidcolor.__file__).parent.parent / "samples"
    sample = Material(samples / "film.mp4", samples / "refs")
    return sample if sample.film.is_file() and sample.refs.is_dir() else draw_material(folder)


def draw_material(folder: Path) -> Material:
    """A gray film of two moving shots, and a colour still of either."""
    refs = folder / "drawn"
    refs.mkdir(parents=True)
    for name, source in _SCENES.items():
        _ffmpeg(*_scene(source), "-frames:v", "1", refs / f"{name}.png")
    inputs = [word for source in _SCENES.values() for word in _scene(source)]
    gray = f"concat=n={len(_SCENES)},format=gray,format=yuv420p"
    film = folder / "drawn.mp4"
    _ffmpeg(*inputs, "-filter_complex", gray, "-c:v", "libx264", "-crf", "20", film)
    return Material(film, refs)


def at_length(film: Path, frames: int, folder: Path) -> Path:
    """The film's first ``frames`` frames, the film looped where it has fewer; packets copied, sound too.

    Raises FilmError where the container does not let itself be cut so.
    """
    copy = folder / f"{film.stem}.{frames}{film.suffix}"
    streams = ("-map", f"0:{probe(film).video_stream}", "-map", "0:a?", "-c", "copy")
    _ffmpeg("-stream_loop", "-1", "-i", file_url(film), *streams, "-frames:v", frames, "-shortest", copy)
    return copy


def scaled(film: Path, lines: int | None, folder: Path) -> Path:
    """The film with ``lines`` lines, as a person would have it, in H.264; without sound. None: with its own."""
    copy = folder / f"{film.stem}.{lines or 'own'}.mp4"
    size = ("-vf", f"scale=-2:{lines}:flags=lanczos") if lines else ()
    _ffmpeg("-i", file_url(film), *size, "-an", "-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p", copy)
    return copy


def _scene(source: str) -> tuple[str, ...]:
    return ("-f", "lavfi", "-t", str(DRAWN_SECONDS), "-i", f"{source}=size={DRAWN_SIZE}:rate={DRAWN_RATE}")


def _ffmpeg(*words: object) -> None:
    """Run the ffmpeg program; raises FilmError with its last words where it fails."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise FilmError(f"{words[-1]} cannot be made for measuring: {reason}.")
