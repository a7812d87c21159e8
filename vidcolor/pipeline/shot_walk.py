"""The walk over one shot's key frames: from what painted stills and hints tell to chroma for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from vidcolor.pipeline.ahead import ahead
from vidcolor.pipeline.anchor import upright_rgb
from vidcolor.pipeline.automatic import automatic_keys, automatic_reference
from vidcolor.pipeline.colorize import Guide, color_keys, color_keys_back
from vidcolor.pipeline.decode import FilmReader
from vidcolor.pipeline.follow import follow_known, look_back
from vidcolor.pipeline.hints import HintBrush
from vidcolor.pipeline.light import light_of
from vidcolor.pipeline.seam import Seam
from vidcolor.pipeline.sight import Sight
from vidcolor.pipeline.smooth import Keyed, smooth_keys
from vidcolor.pipeline.stills import StillFinder
from vidcolor.pipeline.stretch import Part, RenderConfig, Source
from vidcolor.pipeline.track import Interval, track
from vidcolor.pipeline.tracked import Told
from vidcolor.pipeline.view import view_of
from vidcolor.types import Frame, Reference

Read = Callable[[int, int], Iterator[Frame]]
"""Reads the frames of the film from one number up to another, half-open."""


class ShotWalk:
    """One shot with the dissolves at its ends, its guide, and what is known of it.

    Frame numbers count from the first frame that shows something of the shot.

    Chroma is (2, h, w) float32, CIELAB units, at half the view's size.
    """

    def __init__(
        self,
        part: Part,
        source: Source,
        read: Read,
        guide: Guide[Any, Any],
        config: RenderConfig,
        stills: Sequence[Reference],
    ) -> None:
        """``stills``: the shot's references, some of which may be its own frames, painted."""
        entry = part.walked
        self._entry, self._source, self._config, self._guide = entry, source, config, guide
        self._film = read
        self.view = view_of(source.info, source.survey.area(entry.shot, source.info), config.colorize.lines)
        thumbs = source.survey.thumbs[slice(*entry.bounds)]
        self.light = light_of(thumbs, float(source.info.frame_rate), part.opening, part.closing)
        """Its fades and flashes."""
        self._sight = Sight(self.view, self.light, entry.shot.start, self._fetch)
        if guide.asks_for_natural:
            self._guide = replace(guide, natural=self._automatic(part, thumbs))
        self.known: Mapping[int, np.ndarray] = self._painted(stills)
        """Chroma of frames that is sure: told by painted stills, or where there are hints, by these on top of those."""
        if entry.hints:
            self.known = self._hinted()

    def keys(self, frames: Iterable[Frame], numbers: range, opening: Seam | None) -> Iterator[Keyed]:
        """Intervals of a stretch, the frames of these numbers, each with its key frame's chroma, not yet steadied.

        opening: what is known of the first frame, where a stretch before this one has left it.
        """
        start = numbers.start
        grays = ahead(self._sight.grays(frames), depth=self._config.keys.interval // 2 + 1)
        depth = self._guide.at_once(self._config.colorize)
        tracks = track(grays, self._config.keys, start, self.known)
        intervals = follow_known(tracks, self.known, opening.tracked if opening else None, self._coming(numbers))
        given = {**({start: opening.ab} if opening else {}), **self._walked_back(numbers), **self.known}
        if depth == 1:  # a processor's threads have enough to do, and every interval that waits holds its frames
            return color_keys(intervals, self._guide, self._config.colorize, given)
        return ahead(color_keys(ahead(intervals, depth), self._guide, self._config.colorize, given), depth)

    def frame(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Working-size gray (2h, 2w) uint8 and chroma of one frame, as a film of the whole shot would show it."""
        near = (n for n in self.known if number - self._config.colorize.stretch <= n <= number)
        start = self._grid(max(near, default=number))
        numbers, tracks = range(start, number + 1), self._intervals(start, number, number)
        intervals = follow_known(tracks, self.known, coming=self._coming(numbers, number))
        given = {**self._walked_back(numbers, number), **self.known}
        keys = color_keys(intervals, self._guide, self._config.colorize, given)
        steadied = smooth_keys(keys, self._config.smooth, self.known)
        return next((interval.key_gray, ab) for interval, ab in steadied if interval.last == number)

    def _automatic(self, part: Part, thumbs: np.ndarray) -> Any:
        """The reference that the shot is to itself, see :mod:`vidcolor.pipeline.automatic`."""
        guide, first = self._guide, self._entry.shot.start
        numbers = automatic_keys(thumbs, self.light, part.opened - first, part.closes - first)
        grays = [next(self._sight.grays(self._read(number, number))) for number in numbers]
        upright = [np.ascontiguousarray(np.rot90(gray, guide.turns)) for gray in grays]
        return automatic_reference(guide.colorist, upright, self._config.colorize.lines)

    def _painted(self, stills: Sequence[Reference]) -> dict[int, np.ndarray]:
        """True chroma of the shot's frames that its references show."""
        if self._guide.strength == 0:
            return {}
        finder = StillFinder(stills, self._source.info)
        known: dict[int, np.ndarray] = {}
        for number, reference in finder.find(self._source.survey.thumbs[slice(*self._entry.bounds)]).items():
            [gray] = self._sight.grays(self._read(number, number))
            if (ab := finder.still(reference, self.view.area).chroma_of(gray)) is not None:
                known[number] = self._guide.temper(gray, ab)
        return known

    def _hinted(self) -> dict[int, np.ndarray]:
        """Chroma of the frames with hints: what the shot has there without them, and their colours on it.

        Painted one after the other to the last and back to the first, so that each has the colours of all. They are
        followed as further references: where motion loses a thing, its likeness still finds it.
        """
        brush = HintBrush(self._entry.hints, self._entry.shot.start, self.view, self._source.info)
        done: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        frames = brush.frames
        for number in [*frames, *frames[-2::-1]]:
            if number in done:  # on the way back: only those after it have the colours of all
                done = {n: painted for n, painted in done.items() if n > number}
            self.known = {n: ab for n, (_, ab) in done.items()} or self.known
            gray, ab = self.frame(number)
            done[number] = gray, brush(number, gray, ab)
        self._guide = self._following(done.values())
        return {n: ab for n, (_, ab) in done.items()}

    def _following(self, coloured: Iterable[tuple[np.ndarray, np.ndarray]]) -> Guide[Any, Any]:
        """The guide, following frames of given gray and chroma as well."""
        guide, lines = self._guide, self._config.colorize.lines
        stills = [guide.colorist.encode(upright_rgb(gray, ab, guide.turns), lines) for gray, ab in coloured]
        own = [] if guide.reference is None else [guide.reference]
        return replace(guide, reference=guide.colorist.join([*stills, *own]))

    def _walked_back(self, numbers: range, *wanted: int) -> dict[int, np.ndarray]:
        """Chroma of the key frames of these numbers before the first known one, each going on from the one after it."""
        if not self.known:
            return {}
        number = min(self.known)
        intervals = self._up_to(number, 0, numbers, *wanted)
        return color_keys_back(intervals, self._guide, self._config.colorize, self.known[number])

    def _coming(self, numbers: range, *wanted: int) -> dict[int, Told]:
        """What known frames tell of those before them, of the frames of these numbers that lie between two known."""
        told: dict[int, Told] = {}
        for behind, number in pairwise(sorted(self.known)):
            seen = look_back(self._up_to(number, behind, numbers, *wanted), self.known[number])
            told |= {n: each for n, each in seen.items() if behind < n < number}
        return told

    def _up_to(self, number: int, behind: int, numbers: range, *wanted: int) -> Iterator[Interval]:
        """Intervals that end with the known frame ``number`` and begin with the grid's frame at or before ``behind``.

        They begin no sooner than a stretch before it, nor than these numbers; none where that is beyond the numbers.
        """
        start = self._grid(max(behind, numbers.start, number - self._config.colorize.stretch))
        return self._intervals(start, number, *wanted) if start < min(number, numbers.stop) else iter(())

    def _intervals(self, start: int, last: int, *wanted: int) -> Iterator[Interval]:
        """Intervals from frame ``start``, which lies on the grid, up to and with ``last``; known frames are keys."""
        grays = self._sight.grays(self._read(start, last))
        return track(grays, self._config.keys, start, {*self.known, *wanted})

    def _grid(self, number: int) -> int:
        return number // self._config.keys.interval * self._config.keys.interval

    def _read(self, first: int, last: int) -> Iterator[Frame]:
        """Frames ``first`` to ``last``, both included."""
        begin = self._entry.shot.start
        return self._film(begin + first, begin + last + 1)

    def _fetch(self, number: int) -> Frame:
        """One frame by its number in the film, read apart from all others."""
        with FilmReader(self._source.info) as reader:
            return next(reader.frames(self._source.survey.seek_point(number), 1))
