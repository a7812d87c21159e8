"""Which frame of a shot is its reference, which frames are judged by it; and the files that a run is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path

import av
import cv2
import numpy as np

from vidcolor.model.image_sets import load_images
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.shots import detect_shots, small_gray
from vidcolor.types import Shot

FILM_SUFFIXES = (".mp4", ".webm", ".avi", ".mkv", ".mov")
STRANGERS = 10
SEED = 7
STILL_LINES = 256


@dataclass(frozen=True)
class ReferencedShot:
    """A shot, its references, and the frames on which colour is measured."""

    shot: Shot
    reference: int
    """Number of the frame that serves as reference: the shot's first or last."""
    judged: range
    """Empty where the shot is too short to be judged."""
    second: int | None = None
    """Number of a frame that is a reference as well."""

    @property
    def stills(self) -> dict[int, str]:
        """Names of the references' files by their frames, the reference first."""
        name = f"shot{self.shot.index:03d}"
        return {self.reference: f"{name}.png"} | ({} if self.second is None else {self.second: f"{name}-second.png"})


def find_clips(folder: Path, names: list[str] | None) -> list[Path]:
    """Return the colour clips of a folder, those of the given names or all; leaves in words where one is missing."""
    clips = sorted(path for path in folder.iterdir() if path.suffix in FILM_SUFFIXES)
    lost = set(names or ()) - {clip.stem for clip in clips}
    if not clips or lost:
        raise SystemExit(f"{folder}: no such clips: {', '.join(sorted(lost)) or '(none at all)'}")
    return [clip for clip in clips if not names or clip.stem in names]


def clip_shots(clip: Path, frames: int | None) -> list[Shot]:
    """Return the shots of a clip's first ``frames`` frames, found as the pipeline finds them."""
    film = probe(clip)
    with FilmReader(film) as reader:
        grays = (small_gray(frame.luma, film) for frame in reader.frames(count=frames))
        return detect_shots(grays, film.frame_rate)


def referenced(shots: Sequence[Shot], away: float | None, rate: Fraction) -> list[ReferencedShot]:
    """Return the shots with the first frame as reference of all others; or, where ``away`` says how many seconds must
    lie between, with the last frame as reference of the frames so far before it."""
    if away is None:
        return [ReferencedShot(shot, shot.start, range(shot.start + 1, shot.stop)) for shot in shots]
    steps = ceil(away * rate)
    return [ReferencedShot(shot, shot.stop - 1, range(shot.start, shot.stop - steps)) for shot in shots]


def referenced_twice(shots: Sequence[Shot]) -> list[ReferencedShot]:
    """Return the shots with the first and the last frame as references of all between."""
    return [
        ReferencedShot(shot, shot.start, range(shot.start + 1, shot.stop - 1), shot.stop - 1 if len(shot) > 1 else None)
        for shot in shots
    ]


def write_gray(clip: Path, gray: Path, frames: int) -> None:
    """Write a clip's first frames with their luma bit for bit and neutral chroma, without loss."""
    with av.open(str(clip)) as source, av.open(str(gray), "w") as container:
        video = source.streams.video[0]
        stream = container.add_stream("ffv1", video.average_rate)
        theirs, ours = video.codec_context, stream.codec_context
        ours.width, ours.height, ours.pix_fmt = theirs.width, theirs.height, theirs.pix_fmt
        ours.time_base = video.time_base or Fraction(1, 1000)
        ours.color_range, ours.colorspace = theirs.color_range, theirs.colorspace
        ours.color_primaries, ours.color_trc = theirs.color_primaries, theirs.color_trc
        for frame in islice(source.decode(video), frames):
            container.mux(stream.encode(_without_colour(frame)))
        container.mux(stream.encode(None))


def write_references(clip: Path, shots: Sequence[ReferencedShot], folder: Path) -> None:
    """Write the reference of every shot as a PNG of the clip's size."""
    folder.mkdir()
    names = {number: name for shot in shots for number, name in shot.stills.items()}
    for index, picture in enumerate(islice(read_rgb(clip), shots[-1].shot.stop)):
        if index in names:
            cv2.imwrite(str(folder / names[index]), cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2BGR))


def load_strangers(source: Path) -> list[np.ndarray]:
    """Return ten pictures of a folder or tar shard, always the same ones, (H, W, 3) uint8 RGB."""
    images = load_images([source], STILL_LINES).images
    if len(images) < STRANGERS:
        raise SystemExit(f"{source}: {STRANGERS} strangers are needed, there are {len(images)} pictures")
    chosen = np.random.default_rng(SEED).permutation(len(images))[:STRANGERS]
    return [images[index] for index in sorted(chosen)]


def write_strangers(strangers: Sequence[np.ndarray], folder: Path) -> None:
    """Write pictures beside the right references."""
    for number, rgb in enumerate(strangers):
        cv2.imwrite(str(folder / f"stranger{number:02d}.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


def _without_colour(frame: av.VideoFrame) -> av.VideoFrame:
    frame.make_writable()
    depth = frame.format.components[0].bits
    sample = np.dtype(np.uint8 if depth == 8 else np.uint16)
    for plane in frame.planes[1:]:
        plane.update(np.full(plane.buffer_size // sample.itemsize, 1 << (depth - 1), sample).tobytes())
    return frame
