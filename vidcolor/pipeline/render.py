"""One stretch of one shot to one finished segment: a pure function of all that its digest names."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, RLock
from typing import Any

import numpy as np

from vidcolor.errors import FilmError
from vidcolor.model.any_colorist import AnyColorist
from vidcolor.pipeline.ahead import Ahead, ahead
from vidcolor.pipeline.anchor import upright_rgb
from vidcolor.pipeline.colorize import Guide
from vidcolor.pipeline.decode import FilmReader
from vidcolor.pipeline.encode import EncodeConfig, encode_segment, output_format
from vidcolor.pipeline.ghost import closing_ghost, opening_ghost
from vidcolor.pipeline.grade import grade
from vidcolor.pipeline.light import Fade
from vidcolor.pipeline.measures import measures_path
from vidcolor.pipeline.observe import observed
from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.propagate import fill_shot
from vidcolor.pipeline.seam import Seam, keeping_seam, load_seam, save_seam
from vidcolor.pipeline.shot_walk import Read, ShotWalk
from vidcolor.pipeline.small_picture import lens_of
from vidcolor.pipeline.smooth import margin, smooth_keys
from vidcolor.pipeline.stretch import Part, RenderConfig, Source, Stretch
from vidcolor.pipeline.upsample import ChromaFormat, upsample
from vidcolor.pipeline.view import view_of
from vidcolor.types import ColouredFrame, FilmInfo, Frame, Reference

TIE_WEIGHT = 2.0
"""How much the anchor's coloured frame has to say, next to the heaviest of a tied shot's own references."""

EXPLAINED_LINES = 160
"""Short side, in pixels, of the picture of which the report shows what its references explain, about as in matching."""

_ANCHORS_KEPT, _ENCODED_KEPT = 16, 2


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
        self._encoded: OrderedDict[Any, Any] = OrderedDict()
        self._anchors: OrderedDict[ShotEntry, Reference] = OrderedDict()
        self._one_guide = RLock()
        self._form = _chroma_format(source.info, config.encode)
        self._reader = FilmReader(source.info)
        self._reader_free = Event()
        """Set when all frames of the stretch that was begun last have been read."""
        self._begun: tuple[Path, Ahead[ColouredFrame]] | None = None

    def close(self) -> None:
        """Free the film's file."""
        if self._begun is not None:
            self._begun[1].close()
        self._reader.close()

    def render(
        self,
        stretch: Stretch,
        path: Path,
        before: Path | None = None,
        on_frame: Callable[[], None] | None = None,
        before_naming: Callable[[], None] | None = None,
        following: tuple[Stretch, Path] | None = None,
    ) -> None:
        """Write the segment of one stretch to ``path``, whole or not at all.

        before: the segment of the stretch before it that this one goes on from, see :meth:`Stretch.goes_on_from`. What
            the next one needs lies beside each segment, see :func:`seam_path`, and so does what was measured of it, see
            :func:`vidcolor.pipeline.measures.measures_path`.
        before_naming: called when all frames are there; what it raises leaves no segment.
        following: the stretch, and its path, that will be rendered next, unless it continues another's colours: it is
            begun when all of this one has been read, lest the encoder wait at every cut.
        Raises FilmError where the film can no longer be read as it was, OutputError where the disk refuses.
        """
        if self._begun is None or self._begun[0] != path:
            self._begin(stretch, path, before)
        assert self._begun is not None
        (_, frames), self._begun = self._begun, None
        begun = self._beginning(frames, following)
        with closing(frames), closing(self._counted(begun, stretch, on_frame, before_naming)) as counted:
            encode_segment(path, counted, self._source.info, self._config.encode)

    def _begin(self, stretch: Stretch, path: Path, before: Path | None = None) -> None:
        """Have a thread make the frames of a stretch, a few ahead of whoever takes them."""
        if self._begun is not None:
            self._begun[1].close()
        self._reader_free.clear()
        frames = self._frames(stretch, load_seam(seam_path(before)) if before else None, seam_path(path))
        self._begun = path, Ahead(self._observed(frames, stretch, path), depth=4)

    def _beginning(
        self, frames: Iterable[ColouredFrame], following: tuple[Stretch, Path] | None
    ) -> Iterator[ColouredFrame]:
        """The same frames; as soon as the film is free, the next stretch is begun."""
        for frame in frames:
            if following and self._begun is None and self._reader_free.is_set():
                self._begin(*following)
            yield frame

    def _counted(
        self,
        frames: Iterator[ColouredFrame],
        stretch: Stretch,
        on_frame: Callable[[], None] | None,
        at_end: Callable[[], None] | None,
    ) -> Generator[ColouredFrame]:
        """Hand all frames of a stretch on, and raise where there are fewer than the survey found."""
        done = 0
        for frame in frames:
            yield frame
            done += 1
            if on_frame:
                on_frame()
        if at_end:
            at_end()
        if done != len(stretch):
            raise FilmError(
                f"{self._source.info.path} can no longer be read as it was: of frames {stretch.start} to "
                f"{stretch.stop} only {done} came; see to the disk and run the same command again."
            )

    def _frames(self, stretch: Stretch, told: Seam | None, seam: Path) -> Iterator[ColouredFrame]:
        """The stretch's frames, those that it shares with another shot as a mixture of both shots' colours.

        told: what the stretch before this one left in its seam file.
        """
        ghosts = []
        if stretch.before is not None:
            ghosts.append(closing_ghost(stretch.before, stretch.part, told.ab if told else None, self._source))
        if stretch.after is not None:
            ghosts.append(opening_ghost(stretch.after, self._opening(stretch.after), self._source))
        own = self._coloured(stretch, told, seam) if stretch.entry.is_drawn else self._undrawn(stretch)
        for coloured in own:
            for ghost in ghosts:
                coloured = ghost.over(coloured, self._form)
            yield coloured

    def _undrawn(self, stretch: Stretch) -> Iterator[ColouredFrame]:
        """Black and white, or the film's own colours; where a person wants both, gray it is."""
        return self._gray(stretch) if stretch.entry.keep_gray else self._own(stretch)

    def _own(self, stretch: Stretch) -> Iterator[ColouredFrame]:
        info, start = self._source.info, self._source.survey.seek_point(stretch.start)
        self._reader_free.set()  # it has one of its own
        with FilmReader(info, chroma=output_format(info, self._config.encode)) as reader:
            for frame in reader.frames(start, len(stretch)):
                assert frame.chroma is not None
                yield ColouredFrame(frame, *frame.chroma)

    def _gray(self, stretch: Stretch) -> Iterator[ColouredFrame]:
        neutral = 1 << (self._form.bit_depth - 1)
        for frame in self._read_through(stretch.start, stretch.stop):
            plane = np.full((self._form.height, self._form.width), neutral, frame.luma.dtype)
            yield ColouredFrame(frame, plane, plane)

    def _coloured(self, stretch: Stretch, told: Seam | None, seam: Path) -> Iterator[ColouredFrame]:
        """Own colours of the stretch; those of the shot in the frames that follow its own are left in the seam file."""
        part, shot, walked = stretch.part, stretch.entry.shot, stretch.part.walked.shot
        start = walked.start if stretch.start == shot.start else stretch.start
        stop = walked.stop if stretch.stop == shot.stop else stretch.stop
        area, beyond = self._source.survey.area(walked, self._source.info), []
        read = self._read_through
        for frame, ab, fade in self._chroma(part, start, stop, read, None if stretch.before else told, seam):
            if frame.index >= stretch.stop:
                beyond.append(ab.astype(np.float16))
            elif frame.index >= stretch.start:
                yield ColouredFrame(frame, *upsample(ab, frame.luma, self._form, area, fade))
        if beyond:
            save_seam(Seam(np.stack(beyond)), seam)

    def _opening(self, part: Part) -> list[np.ndarray]:
        """Chroma of a shot in the frames before its own; walked ahead of the others, for there is one reader."""
        if not part.entry.is_drawn:
            return []
        walked = self._chroma(part, part.walked.shot.start, part.entry.shot.start, self._read)
        return [ab.astype(np.float16) for _, ab, _ in walked]

    def _chroma(
        self, part: Part, start: int, stop: int, read: Read, told: Seam | None = None, seam: Path | None = None
    ) -> Iterator[tuple[Frame, np.ndarray, Fade]]:
        """Decode, track, colorize, smooth, fill: frames of a shot with chroma (2, h, w), and how far they are faded.

        start: the shot's first frame, or one on the grid of its keys. The margins are walked and left out.
        told: what is known of the first frame that is walked, where a stretch before this one has left it. seam: the
            file in which this one leaves as much to the next.
        """
        shot, config = part.walked.shot, self._config
        walk = self._walk(part)
        overlap = margin(config.keys, config.smooth)
        # one frame more at the end: the grid's next key frame
        first, last = max(shot.start, start - overlap), min(shot.stop, stop + overlap + 1)
        waiting: deque[Frame] = deque()
        keys = walk.keys(_kept(read(first, last), waiting), range(first - shot.start, last - shot.start), told)
        if seam is not None and stop < shot.stop:
            keys = keeping_seam(keys, max(0, stop - overlap - shot.start), seam)
        for number, gray, ab in ahead(fill_shot(smooth_keys(keys, config.smooth, walk.known)), depth=2):
            frame = waiting.popleft()
            if start <= frame.index < stop:
                yield frame, grade(ab, gray, part.entry.saturation, part.entry.temperature), walk.light.fade(number)

    def _observed(self, frames: Iterator[ColouredFrame], stretch: Stretch, path: Path) -> Iterator[ColouredFrame]:
        """The same frames, measured on their way."""
        entry, info = stretch.entry, self._source.info
        area = self._source.survey.area(entry.shot, info)
        view = view_of(info, area, EXPLAINED_LINES)

        def explain(luma: np.ndarray) -> np.ndarray | None:
            if not entry.is_drawn or not (entry.references or stretch.part.followed):
                return None
            guide = self._guide(entry, stretch.part.followed)
            gray = np.ascontiguousarray(np.rot90(view.gray(luma), guide.turns))
            return guide.colorist.compare(guide.colorist.see(gray), guide.reference).explained

        about = (entry.shot, stretch.start, stretch.stop, lens_of(info, area))
        return observed(frames, *about, measures_path(path), explain)

    def _walk(self, part: Part) -> ShotWalk:
        """The walk over a shot that follows its references, and the coloured middle frame of its anchor."""
        entry = part.entry
        references = [self._references[name] for name in entry.references]
        return ShotWalk(part, self._source, self._read, self._guide(entry, part.followed), self._config, references)

    def _guide(self, entry: ShotEntry, anchor: ShotEntry | None) -> Guide:
        """What the network follows in a shot: its references, and the coloured middle frame of its anchor."""
        references = [self._references[name] for name in entry.references]
        weights = entry.weights or (1.0,) * len(references)
        followed = references
        with self._one_guide:  # two stretches may ask
            if anchor is not None:
                followed = [*references, self._anchor(anchor)]
                weights = (*weights, TIE_WEIGHT * max(weights, default=1.0))
            colorist, reference = self._consult(followed, weights)
        return Guide(colorist, reference, strength=entry.strength, turns=self._source.info.rotation // 90)

    def _anchor(self, entry: ShotEntry) -> Reference:
        """The middle frame of a shot as its entry has it coloured; the last few are kept."""
        if entry not in self._anchors:
            walk = self._walk(Part(entry))
            gray, ab = walk.frame(len(entry.shot) // 2)
            ab = grade(ab, gray, entry.saturation, entry.temperature)
            rgb = upright_rgb(gray, ab, self._source.info.rotation // 90)
            self._anchors[entry] = Reference.of(f"shot {entry.shot.index}", rgb)
        self._anchors.move_to_end(entry)
        if len(self._anchors) > _ANCHORS_KEPT:
            self._anchors.popitem(last=False)
        return self._anchors[entry]

    def _read_through(self, start: int, stop: int) -> Iterator[Frame]:
        """The last frames that a stretch reads; then the film is free for the next stretch."""
        yield from self._read(start, stop)
        self._reader_free.set()

    def _read(self, start: int, stop: int) -> Iterator[Frame]:
        return self._reader.frames(self._source.survey.seek_point(start), stop - start)

    def _consult(
        self, references: Sequence[Reference], weights: tuple[float, ...]
    ) -> tuple[AnyColorist[Any, Any], Any]:
        """The network, and several references as one that it can follow; the last ones asked for are kept."""
        if self._colorist is None:
            self._colorist = self._make_colorist()
        asked = tuple(reference.digest for reference in references), weights
        if asked not in self._encoded:
            lines = self._config.colorize.lines
            each = [self._colorist.encode(reference.rgb, lines) for reference in references]
            uneven = weights if len(set(weights)) > 1 else None
            self._encoded[asked] = self._colorist.join(each, uneven) if each else None
        self._encoded.move_to_end(asked)
        if len(self._encoded) > _ENCODED_KEPT:
            self._encoded.popitem(last=False)
        return self._colorist, self._encoded[asked]


def _kept(frames: Iterator[Frame], waiting: deque[Frame]) -> Iterator[Frame]:
    """Frames, which also wait for their chroma."""
    for frame in frames:
        waiting.append(frame)
        yield frame


def seam_path(segment: Path) -> Path:
    """The file beside a segment that holds the colours from which the next stretch of its shot goes on."""
    return segment.with_suffix(".seam")


def _chroma_format(info: FilmInfo, encode: EncodeConfig) -> ChromaFormat:
    form = output_format(info, encode)
    return ChromaFormat(form.chroma_width, form.chroma_height, info.bit_depth, info.full_range, info.color.matrix)


def used_references(entries: Sequence[ShotEntry]) -> dict[str, int]:
    """How many shots follow each reference, the most used first."""
    counts: dict[str, int] = {}
    for entry in entries:
        for name in entry.references:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
