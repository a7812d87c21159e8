"""Films cut together from pieces of colour clips: what is a set, which frames are cut, gray film and colour truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np

from vidcolor.model.colorist import gray_of
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.shots import detect_shots, small_gray

RATE = 24
FILM_SUFFIXES = (".mp4", ".webm", ".avi", ".mkv", ".mov")


@dataclass(frozen=True)
class Set:
    """One shot of one clip, brought to the film's size and rate: what pieces are cut from."""

    name: str
    """``clip.shot``."""
    encoded: list[bytes] = field(repr=False)
    """Its frames, `RATE` a second, as JPEG: thousands of them are held."""

    def __len__(self) -> int:
        return len(self.encoded)

    def frame(self, number: int) -> np.ndarray:
        """One picture (H, W, 3) uint8 sRGB."""
        bgr = cv2.imdecode(np.frombuffer(self.encoded[number], np.uint8), cv2.IMREAD_COLOR)
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

    @property
    def clip(self) -> str:
        """Name of the clip it is of."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Piece:
    """Frames ``start`` to ``stop`` (half-open) of a set."""

    source: Set
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def frames(self) -> Iterator[np.ndarray]:
        """Its pictures."""
        return (self.source.frame(number) for number in range(self.start, self.stop))


def read_sets(folders: Sequence[Path], size: tuple[int, int], shortest: float) -> Iterator[Set]:
    """Yield the sets of all clips in folders that last ``shortest`` seconds at least; ``size`` is width and height."""
    clips = sorted(path for folder in folders for path in folder.iterdir() if path.suffix in FILM_SUFFIXES)
    if not clips:
        raise SystemExit(f"{', '.join(map(str, folders))}: there are no clips")
    for clip in clips:
        film = probe(clip)
        with FilmReader(film) as reader:
            shots = detect_shots((small_gray(frame.luma, film) for frame in reader.frames()), film.frame_rate)
        step = float(film.frame_rate) / RATE
        wanted = [
            [shot.start + int(step * n) for n in range(int(len(shot) / step))]
            for shot in shots
            if len(shot) >= shortest * film.frame_rate
        ]
        every = {number for numbers in wanted for number in numbers}
        small = {number: _jpeg(fitted(rgb, size)) for number, rgb in _pictures(clip, every, 2 * size[1])}
        for index, numbers in enumerate(wanted):
            yield Set(f"{clip.stem}.{index}", [small[number] for number in numbers if number in small])


def _pictures(clip: Path, wanted: set[int], lines: int) -> Iterator[tuple[int, np.ndarray]]:
    """Frames of a clip by their numbers, (H, W, 3) uint8 RGB, no larger than needed."""
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                scale = min(1.0, lines / min(frame.width, frame.height))
                yield (
                    number,
                    frame.to_ndarray(
                        format="rgb24", width=round(frame.width * scale), height=round(frame.height * scale)
                    ),
                )


def _jpeg(rgb: np.ndarray) -> bytes:
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 98])
    assert ok
    return data.tobytes()


def fitted(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of a picture, (H, W, 3) uint8, of this width and height."""
    height, width = rgb.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    grown = cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    top, left = (grown.shape[0] - size[1]) // 2, (grown.shape[1] - size[0]) // 2
    return np.ascontiguousarray(grown[top : top + size[1], left : left + size[0]])


def shuffled(pieces: Sequence[Piece], rng: np.random.Generator) -> list[Piece]:
    """The pieces in another order, no two of one clip side by side where that can be helped."""
    left = [pieces[place] for place in rng.permutation(len(pieces))]
    order: list[Piece] = []
    while left:
        last = order[-1].source.clip if order else ""
        counts = {piece.source.clip: 0 for piece in left}
        for piece in left:
            counts[piece.source.clip] += 1
        able = [piece for piece in left if piece.source.clip != last] or left
        crowded = [piece for piece in able if counts[piece.source.clip] > len(left) / 2]
        chosen = (crowded or able)[0]
        order.append(chosen)
        left.remove(chosen)
    return order


def write_films(pieces: Sequence[Piece], gray: Path, truth: Path | None = None) -> None:
    """Write the pieces one after the other, black and white, and in colour; the gray film's luma is BT.601's."""
    for path, colour in ((gray, False), (truth, True)):
        if path is None:
            continue
        with av.open(str(path), "w") as film:
            stream = film.add_stream("libx264", rate=RATE, options={"crf": "12", "preset": "veryfast"})
            height, width = pieces[0].source.frame(0).shape[:2]
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for piece in pieces:
                for rgb in piece.frames():
                    shown = rgb if colour else cv2.cvtColor(gray_of(rgb), cv2.COLOR_GRAY2RGB)
                    film.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
            film.mux(stream.encode(None))


def piece_of(pieces: Sequence[Piece], start: int, stop: int) -> tuple[Piece, float]:
    """The piece that most of the film's frames ``start`` to ``stop`` are of, and the share of them that are."""
    bounds = np.cumsum([0, *map(len, pieces)])
    shared = [min(stop, b) - max(start, a) for a, b in pairwise(bounds)]
    best = int(np.argmax(shared))
    return pieces[best], shared[best] / (stop - start)


def write_still(path: Path, rgb: np.ndarray) -> None:
    """Write a picture (H, W, 3) uint8 RGB."""
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
