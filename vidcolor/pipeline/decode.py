"""A film on disk becomes frames: the native luma plane of each, at its own depth, with its own time stamp.

The reader can start at any frame that it was told the time stamp of, so that one shot can be read without the film.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, dropwhile, islice
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.container import InputContainer
from av.stream import Discard
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from vidcolor.errors import FilmError
from vidcolor.pipeline.damage import describe_damage
from vidcolor.pipeline.film_file import MAX_PIXELS, PICTURE_RATE, open_film, picture_stream, reopen_film, video_stream
from vidcolor.pipeline.output_format import OutputFormat
from vidcolor.pipeline.pictures import Pictures, SeekMissedError, TailDamagedError
from vidcolor.pipeline.pixel_format import RGB_MATRIX, LumaLayout, has_chroma, luma_layout, read_chroma, read_luma
from vidcolor.pipeline.sequence import film_files
from vidcolor.pipeline.side_data import side_data_of
from vidcolor.types import ColorTags, FilmInfo, Frame

PROBED_FRAMES = 8
"""Pictures decoded to learn a film's format, frame rate and whether it is interlaced."""
CARRIERS, HELD = 48, 8
"""Pictures from a film's beginning in which side data are looked for, and how many may be held by them at once."""
SEEK_REACHES = (0.0, 2.0, 20.0)
"""Seconds before the wanted frame at which a key frame is looked for, one try after the other."""
FULL_RANGE = 2
"""AVColorRange of samples from 0 to 2**depth - 1."""
PROGRESSIVE = 1
"""AVFieldOrder of whole pictures; greater values name the orders of two fields."""


@dataclass(frozen=True)
class SeekPoint:
    """Where reading may start."""

    index: int
    """Number of the frame in presentation order."""
    pts: int
    """Its time stamp, in ticks of the film's time base."""


@dataclass(frozen=True)
class DecodeConfig:
    """How a film is read."""

    max_side: int = 16384
    """Largest width or height accepted, in pixels; a damaged or hostile header may claim any."""
    max_pixels: int = MAX_PIXELS
    """Most pixels of one picture (16K has 133 million); decoding takes some tens of bytes of memory for each."""
    max_frames: int = 10_000_000
    """Most frames read of one film (116 hours at 24 a second); a hostile file may promise or hold any number."""
    max_expansion: int = 10_000_000
    """Most pixels that a byte of the film may decode to; the stillest of films in 8K have less than a million."""
    frame_rate: Fraction = PICTURE_RATE
    """Frames per second of a film that lies there as numbered pictures; other films have their own."""

    def __post_init__(self) -> None:
        for name in ("max_side", "max_pixels", "max_frames", "max_expansion"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not Fraction(1, 100) <= self.frame_rate <= 1000:
            raise ValueError(f"frame_rate is frames per second, from 1/100 to 1000, got {self.frame_rate}")


def probe(path: Path, config: DecodeConfig | None = None) -> FilmInfo:
    """Learn what can be known of a film from its header and its first pictures.

    Raises:
        FilmError: no such file, no film, no video stream, not one picture, or a picture too large.
    """
    config = config or DecodeConfig()
    path = Path(path)
    with open_film(path, config.frame_rate, config.max_pixels) as container:
        stream = picture_stream(container, path)
        check_size(path, stream.codec_context.width, stream.codec_context.height, config)
        pictures = _first_pictures(container, stream)
        if not pictures:
            raise FilmError(
                f"{path} has a video stream, but not one picture of it can be decoded (if they are larger than "
                f"{config.max_pixels} pixels, --set decode.max_pixels=N allows them)."
            )
        check_size(path, pictures[0][1].width, pictures[0][1].height, config)
        return _describe(path, container, stream, pictures)


def check_size(path: Path, width: int, height: int, config: DecodeConfig) -> None:
    """Raise :class:`FilmError` where pictures are larger than is read."""
    if max(width, height) > config.max_side:
        limit = f"{config.max_side} pixels a side are read; allow more with --set decode.max_side={max(width, height)}"
    elif width * height > config.max_pixels:
        limit = f"{config.max_pixels} pixels are read; allow more with --set decode.max_pixels={width * height}"
    else:
        return
    raise FilmError(f"{path} claims pictures of {width}x{height}; at most {limit}.")


class FilmReader:
    """Reads the frames of one film; a context manager.

    Reading on from where the last call stopped costs no seek. After a walk that reached the film's end,
    ``damage`` says in one sentence what was lost, or is None, and after the first reading
    ``carried`` names the kinds of side data that lie inside the first pictures.
    """

    def __init__(
        self,
        info: FilmInfo,
        threads: int = 0,
        limits: DecodeConfig | None = None,
        chroma: OutputFormat | None = None,
    ) -> None:
        """``limits``: on the number of frames, for the first reading of a film; later ones need none.

        chroma: read the film's own colours as well, brought to the size that this format wants.
        """
        self.info = info
        self.damage: str | None = None
        self.carried: set[str] = set()
        self._threads = threads
        self._thread_type = "AUTO"
        self._reformatter = VideoReformatter()
        self._walk: Iterator[Frame] | None = None
        self._next_index = 0
        self._chroma = chroma
        self._limits = _Limits(info, limits) if limits else None
        self._open()

    def __enter__(self) -> FilmReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free the decoder and the file."""
        self._walk = None
        self._container.close()

    def frames(self, start: SeekPoint | None = None, count: int | None = None) -> Iterator[Frame]:
        """Frames in presentation order from ``start`` (the film's first if None), at most ``count`` of them.

        Memory: the decoder's own pictures, nothing more; every frame is its own copy.

        Raises:
            FilmError: the film holds no such frame, or changes its picture size or depth on the way.
        """
        start = start or SeekPoint(0, self.info.start_pts or 0)
        if self._walk is None or self._next_index != start.index:
            self._walk = self._from(start)
            self._next_index = start.index
        for frame in islice(self._walk, count):
            self._next_index = frame.index + 1
            yield frame

    def _open(self) -> None:
        self._container = reopen_film(self.info)
        self._stream = video_stream(self._container, self.info.video_stream)
        self._stream.thread_type = self._thread_type
        self._stream.codec_context.thread_count = self._threads
        for other in self._container.streams:
            other.discard = Discard.default if other is self._stream else Discard.all

    def _from(self, start: SeekPoint) -> Iterator[Frame]:
        done = 0
        try:
            for frame in self._attempt(start):
                yield frame
                done += 1
        except TailDamagedError:
            # Decoding slice by slice has no pictures in flight when it meets damage, so it loses none with it.
            self._thread_type = "SLICE"
            yield from islice(self._attempt(start), done, None)

    def _attempt(self, start: SeekPoint) -> Iterator[Frame]:
        if start.index > 0:
            for reach in SEEK_REACHES:
                if (walk := self._seek(start, reach)) is not None:
                    return walk
        self._reopen()
        return islice(self._walk_whole(), start.index, None)

    def _seek(self, start: SeekPoint, reach: float) -> Iterator[Frame] | None:
        """Decode from a key frame at least ``reach`` seconds before ``start``; None where that misses the frame."""
        self._reopen()
        try:
            self._container.seek(start.pts - round(reach / self.info.time_base), stream=self._stream)
            pictures = Pictures(self._container, self._stream, sought=start.pts)
            walk = dropwhile(lambda stamped: stamped[0] < start.pts, pictures)
            first = next(walk, None)
        except (av.FFmpegError, OSError, SeekMissedError, TailDamagedError):
            return None
        if first is None or first[0] != start.pts:
            return None
        return self._number(chain([first], walk), start.index)

    def _walk_whole(self) -> Iterator[Frame]:
        pictures = Pictures(self._container, self._stream)
        count, pts = 0, self.info.start_pts or 0
        for frame in self._number(pictures, 0):
            yield frame
            count, pts = frame.index + 1, frame.pts
        end = (pts - (self.info.start_pts or 0)) * self.info.time_base
        self.damage = describe_damage(self.info.path, self._container, self._stream, pictures, count, end)

    def _number(self, stamped: Iterable[tuple[int, VideoFrame]], first: int) -> Iterator[Frame]:
        for index, (pts, picture) in enumerate(stamped, first):
            if self._limits:
                self._limits.check(index)
                self._look_inside(picture, index)
            layout = luma_layout(picture.format.name)
            self._check_unchanged(picture, layout.bit_depth, index)
            yield Frame(index, pts, read_luma(picture, layout, self._reformatter), self._own_chroma(picture, layout))

    def _look_inside(self, picture: VideoFrame, index: int) -> None:
        if index < CARRIERS:
            self.carried.update(kind.name for kind in side_data_of(picture))
        if index in range(HELD, CARRIERS + 1, HELD):  # PyAV ties a picture to its side data in a circle
            gc.collect()

    def _own_chroma(self, picture: VideoFrame, layout: LumaLayout) -> tuple[np.ndarray, np.ndarray] | None:
        if self._chroma is None:
            return None
        return read_chroma(picture, layout, self._chroma.pixel_format, self._reformatter)

    def _check_unchanged(self, picture: VideoFrame, bit_depth: int, index: int) -> None:
        found = f"{picture.width}x{picture.height} of {bit_depth} bits"
        expected = f"{self.info.width}x{self.info.height} of {self.info.bit_depth} bits"
        if found != expected:
            raise FilmError(f"{self.info.path} changes from {expected} to {found} at frame {index}; convert it to one.")

    def _reopen(self) -> None:
        self._container.close()
        self._open()


class _Limits:
    """How many frames a film may bring forth."""

    def __init__(self, info: FilmInfo, config: DecodeConfig) -> None:
        self._path, self._frames, self._expansion = info.path, config.max_frames, config.max_expansion
        self._pixels = info.width * info.height
        self._allowed = config.max_expansion * sum(file.stat().st_size for file in film_files(info.path))

    def check(self, index: int) -> None:
        """Raise :class:`FilmError` where the frame is one too many."""
        if index >= self._frames:
            limit = f"more than {self._frames} frames; allow more with --set decode.max_frames={2 * self._frames}"
            raise FilmError(f"{self._path} holds {limit}.")
        if index * self._pixels > self._allowed:
            found = f"its first {index} frames have more than {self._expansion} pixels for every byte of the file"
            allow = f"allow that with --set decode.max_expansion={10 * self._expansion}"
            raise FilmError(f"{self._path} is not credible: {found}; {allow}.")


def _first_pictures(container: InputContainer, stream: VideoStream) -> list[tuple[int, VideoFrame]]:
    stream.thread_type = "SLICE"  # no pictures in flight to be lost with a damaged one
    return list(islice(Pictures(container, stream), PROBED_FRAMES))


def _describe(
    path: Path, container: InputContainer, stream: VideoStream, pictures: list[tuple[int, VideoFrame]]
) -> FilmInfo:
    start_pts, picture = pictures[0]
    name = picture.format.name
    layout = luma_layout(name)
    is_sequence = container.format.name == "image2"
    is_still = is_sequence or container.format.name.endswith("_pipe")  # one picture, or many behind one another
    color = _color_tags(picture, layout.from_rgb, is_still)
    duration = stream.duration * stream.time_base if stream.duration and stream.time_base else None
    if duration is None and container.duration:
        duration = Fraction(container.duration, 1_000_000)
    return FilmInfo(
        path=path,
        width=picture.width,
        height=picture.height,
        pixel_format=name,
        bit_depth=layout.bit_depth,
        full_range=color.range == FULL_RANGE,
        has_chroma=has_chroma(name),
        color=color,
        time_base=stream.time_base or Fraction(1, 90000),
        frame_rate=_frame_rate(stream, [pts for pts, _ in pictures]),
        start_pts=start_pts,
        frames_expected=len(film_files(path)) if is_sequence else stream.frames or None,
        duration=float(duration) if duration else None,
        rotation=round(picture.rotation / 90) * 90 % 360,
        sample_aspect_ratio=stream.sample_aspect_ratio or Fraction(1),
        interlaced=stream.codec_context.field_order > PROGRESSIVE or any(p.interlaced_frame for _, p in pictures),
        codec=stream.codec_context.codec.canonical_name,
        container=container.format.name,
        video_stream=stream.index,
    )


def _color_tags(picture: VideoFrame, from_rgb: bool, still: bool) -> ColorTags:
    if from_rgb:
        return ColorTags(FULL_RANGE, RGB_MATRIX, picture.color_primaries, picture.color_trc)
    full = picture.format.name.startswith("yuvj") or (still and not picture.color_range)  # as stills have it
    range_ = FULL_RANGE if full else int(picture.color_range)
    return ColorTags(range_, int(picture.colorspace), int(picture.color_primaries), int(picture.color_trc))


def _frame_rate(stream: VideoStream, stamps: list[int]) -> Fraction:
    """The container's average, unless the first pictures prove it far off (some headers state the tick rate)."""
    stated = stream.average_rate or stream.guessed_rate
    if len(stamps) < 3 or not stream.time_base:
        return stated or Fraction(25)
    measured = (len(stamps) - 1) / ((stamps[-1] - stamps[0]) * stream.time_base)
    if stated and measured / 4 < stated < measured * 4:
        return stated
    return measured.limit_denominator(1001)
