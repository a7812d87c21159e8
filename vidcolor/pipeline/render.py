"""One stretch of one shot to one finished segment: a pure function of all that its digest names."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vidcolor import __version__
from vidcolor.config import to_dict
from vidcolor.model.any_colorist import AnyColorist
from vidcolor.pipeline.ahead import ahead
from vidcolor.pipeline.colorize import ColorizeConfig, color_keys, color_keys_back
from vidcolor.pipeline.decode import FilmReader
from vidcolor.pipeline.encode import EncodeConfig, encode_segment, output_format
from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.propagate import fill_shot
from vidcolor.pipeline.seam import keeping_seam, load_seam
from vidcolor.pipeline.segments import segment_digest
from vidcolor.pipeline.smooth import SmoothConfig, margin, smooth_keys
from vidcolor.pipeline.stills import painted_stills
from vidcolor.pipeline.survey import Survey
from vidcolor.pipeline.track import KeyConfig, track
from vidcolor.pipeline.upsample import ChromaFormat, upsample
from vidcolor.pipeline.view import View, view_of
from vidcolor.types import ColouredFrame, FilmInfo, Frame, Reference


@dataclass(frozen=True)
class RenderConfig:
    """All settings that a segment depends on."""

    colorize: ColorizeConfig = field(default_factory=ColorizeConfig)
    keys: KeyConfig = field(default_factory=KeyConfig)
    smooth: SmoothConfig = field(default_factory=SmoothConfig)
    encode: EncodeConfig = field(default_factory=EncodeConfig)


@dataclass(frozen=True)
class Stretch:
    """Frames ``start`` to ``stop`` (half-open, numbered in the film) of one shot, that become one segment."""

    entry: ShotEntry
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def goes_on_from(self, other: Stretch) -> bool:
        """True where this stretch continues the colours of ``other``, the stretch before it."""
        return self.entry is other.entry and self.start == other.stop and not self.entry.keep_gray


@dataclass(frozen=True)
class Source:
    """The film that is rendered."""

    info: FilmInfo
    survey: Survey
    digest: str
    """Of the film's file."""


def stretches(entry: ShotEntry, config: RenderConfig) -> list[Stretch]:
    """A shot as one stretch, or several on the grid of its key frames where it is very long."""
    step = config.colorize.stretch // config.keys.interval * config.keys.interval
    starts = list(range(entry.shot.start, entry.shot.stop, step)) if step < len(entry.shot) else [entry.shot.start]
    return [Stretch(entry, a, b) for a, b in zip(starts, [*starts[1:], entry.shot.stop], strict=True)]


def stretch_digest(
    stretch: Stretch, source: Source, references: Mapping[str, Reference], model: str, config: RenderConfig
) -> str:
    """The name of the stretch's segment: SHA-256 of everything that its pixels depend on.

    model: digest of the weights. references: those of the project, by name.
    """
    entry, settings = stretch.entry, to_dict(config)
    parts: dict[str, Any] = {
        "version": __version__,
        "film": source.digest,
        "area": list(source.survey.area(entry.shot, source.info)),
        "shot": list(entry.bounds),
        "frames": [stretch.start, stretch.stop],
        "saturation": entry.saturation,
        "keep_gray": entry.keep_gray,
        "encode": settings.pop("encode"),
    }
    if not entry.keep_gray:
        parts |= {"references": [references[name].digest for name in entry.references], "model": model, **settings}
    return segment_digest(parts)


class Renderer:
    """Renders stretches of one film; what is computed of a reference is kept while shots follow it."""

    def __init__(
        self,
        source: Source,
        references: Mapping[str, Reference],
        colorist: Callable[[], AnyColorist[Any, Any]],
        config: RenderConfig,
    ) -> None:
        """``colorist`` is called once, when the first shot needs a network."""
        self._source, self._references, self._config = source, references, config
        self._make_colorist = colorist
        self._colorist: AnyColorist[Any, Any] | None = None
        self._encoded: tuple[tuple[str, ...], Any] = ((), None)
        self._form = _chroma_format(source.info, config.encode)
        self._reader = FilmReader(source.info)

    def close(self) -> None:
        """Free the film's file."""
        self._reader.close()

    def render(
        self, stretch: Stretch, path: Path, before: Path | None = None, on_frame: Callable[[], None] | None = None
    ) -> None:
        """Write the segment of one stretch to ``path``, whole or not at all.

        before: the segment of the stretch before it in the same shot, whose colours this one continues. What the next
            one needs lies beside each segment, see :func:`seam_path`.
        Raises FilmError where the film can no longer be read as it was, OutputError where the disk refuses.
        """
        seams = (seam_path(before) if before else None, seam_path(path))
        frames = self._gray(stretch) if stretch.entry.keep_gray else self._coloured(stretch, *seams)
        counted = _counted(ahead(frames, depth=8), on_frame)
        encode_segment(path, counted, self._source.info, self._config.encode)

    def _gray(self, stretch: Stretch) -> Iterator[ColouredFrame]:
        neutral = 1 << (self._form.bit_depth - 1)
        for frame in self._read(stretch.start, stretch.stop):
            plane = np.full((self._form.height, self._form.width), neutral, frame.luma.dtype)
            yield ColouredFrame(frame, plane, plane)

    def _coloured(self, stretch: Stretch, seam_before: Path | None, seam: Path) -> Iterator[ColouredFrame]:
        """Decode, track, colorize, smooth, fill, upsample; the margins of the stretch are walked and left out."""
        entry, config = stretch.entry, self._config
        colorist, reference = self._consult(entry.references)
        view = self._view(entry)
        known = self._painted(entry, view)
        smooth = config.smooth if known else replace(config.smooth, reach=0)
        overlap = margin(config.keys, smooth)
        first, last = _with_margins(stretch, overlap)
        opening = {first - entry.shot.start: load_seam(seam_before)} if seam_before else {}
        waiting: deque[Frame] = deque()
        grays = ahead(self._grays(first, last, view, waiting), depth=config.keys.interval)
        intervals = ahead(track(grays, config.keys, first - entry.shot.start, known), depth=config.colorize.batch)
        given = opening | self._walked_back(entry, view, known) | known
        turns = self._source.info.rotation // 90
        keys = color_keys(intervals, reference, colorist, config.colorize, given, turns)
        if stretch.stop < entry.shot.stop:
            keys = keeping_seam(keys, max(entry.shot.start, stretch.stop - overlap) - entry.shot.start, seam)
        for number, _, ab in ahead(fill_shot(smooth_keys(keys, smooth, known)), depth=8):
            frame = waiting.popleft()
            if stretch.start <= entry.shot.start + number < stretch.stop:
                ab = ab * np.float32(entry.saturation)
                yield ColouredFrame(frame, *upsample(ab, frame.luma, self._form, view.area))

    def _walked_back(self, entry: ShotEntry, view: View, known: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Chroma of the key frames before the first known one, each going on from the one after it."""
        config, number = self._config, min(known, default=0)
        if number == 0:
            return {}
        start = max(0, number - config.colorize.stretch) // config.keys.interval * config.keys.interval
        frames = self._read(entry.shot.start + start, entry.shot.start + number + 1)
        intervals = track((view.gray(frame.luma) for frame in frames), config.keys, start, known)
        colorist, reference = self._consult(entry.references)
        turns = self._source.info.rotation // 90
        return color_keys_back(intervals, reference, colorist, config.colorize, known[number], turns)

    def _grays(self, start: int, stop: int, view: View, waiting: deque[Frame]) -> Iterator[np.ndarray]:
        """Working-size grays of frames; the frames themselves wait for their chroma."""
        for frame in self._read(start, stop):
            waiting.append(frame)
            yield view.gray(frame.luma)

    def _read(self, start: int, stop: int) -> Iterator[Frame]:
        return self._reader.frames(self._source.survey.seek_point(start), stop - start)

    def _consult(self, names: tuple[str, ...]) -> tuple[AnyColorist[Any, Any], Any]:
        if self._colorist is None:
            self._colorist = self._make_colorist()
        if self._encoded[0] != names:
            lines = self._config.colorize.lines
            each = [self._colorist.encode(self._references[name].rgb, lines) for name in names]
            self._encoded = (names, self._colorist.join(each) if each else None)
        return self._colorist, self._encoded[1]

    def _view(self, entry: ShotEntry) -> View:
        area = self._source.survey.area(entry.shot, self._source.info)
        return view_of(self._source.info, area, self._config.colorize.lines)

    def _painted(self, entry: ShotEntry, view: View) -> dict[int, np.ndarray]:
        """True chroma of the shot's frames that its references show, by frame number in the shot."""
        info, (top, bottom, left, right) = self._source.info, view.area
        if info.rotation:
            return {}  # the film lies on its side and the still stands upright: no pixel of the two agrees
        candidates = painted_stills(
            self._source.survey.thumbs[slice(*entry.bounds)],
            [self._references[name] for name in entry.references],
            (top / info.height, bottom / info.height, left / info.width, right / info.width),
            info.width / info.height * float(info.sample_aspect_ratio or 1),
        )
        known: dict[int, np.ndarray] = {}
        for number, still in candidates.items():
            with FilmReader(info) as reader:
                [frame] = reader.frames(self._source.survey.seek_point(entry.shot.start + number), 1)
            if (ab := still.chroma_of(view.gray(frame.luma))) is not None:
                known[number] = ab
        return known


def _with_margins(stretch: Stretch, overlap: int) -> tuple[int, int]:
    """Frames to walk so that no seam can be seen: those that have a say in the stretch's first and last frames."""
    shot = stretch.entry.shot
    # one frame more at the end: the grid's next key frame
    return max(shot.start, stretch.start - overlap), min(shot.stop, stretch.stop + overlap + 1)


def seam_path(segment: Path) -> Path:
    """The file beside a segment that holds the colours from which the next stretch of its shot goes on."""
    return segment.with_suffix(".seam")


def _chroma_format(info: FilmInfo, encode: EncodeConfig) -> ChromaFormat:
    form = output_format(info, encode)
    return ChromaFormat(form.chroma_width, form.chroma_height, info.bit_depth, info.full_range, info.color.matrix)


def _counted(frames: Iterator[ColouredFrame], on_frame: Callable[[], None] | None) -> Iterator[ColouredFrame]:
    for frame in frames:
        yield frame
        if on_frame:
            on_frame()


def used_references(entries: Sequence[ShotEntry]) -> dict[str, int]:
    """How many shots follow each reference, the most used first."""
    counts: dict[str, int] = {}
    for entry in entries:
        for name in entry.references:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
