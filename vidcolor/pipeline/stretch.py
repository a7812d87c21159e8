"""A stretch of one shot, the work that becomes one segment, and the digest of all that its pixels depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from itertools import pairwise
from typing import Any

from vidcolor import __version__
from vidcolor.config import to_dict
from vidcolor.pipeline.colorize import ColorizeConfig
from vidcolor.pipeline.encode import EncodeConfig
from vidcolor.pipeline.plan import Manifest, ShotEntry
from vidcolor.pipeline.segments import segment_digest
from vidcolor.pipeline.smooth import SmoothConfig
from vidcolor.pipeline.survey import Survey
from vidcolor.pipeline.track import KeyConfig
from vidcolor.types import FilmInfo, Reference, Shot


@dataclass(frozen=True)
class RenderConfig:
    """All settings that a segment depends on."""

    colorize: ColorizeConfig = field(default_factory=ColorizeConfig)
    keys: KeyConfig = field(default_factory=KeyConfig)
    smooth: SmoothConfig = field(default_factory=SmoothConfig)
    encode: EncodeConfig = field(default_factory=EncodeConfig)


@dataclass(frozen=True)
class Part:
    """What one shot plays in a film: its entry, whom it follows, and the frames that dissolves share with others."""

    entry: ShotEntry
    anchor: ShotEntry | None = None
    """The entry that this one is tied to, where its coloured middle frame is followed."""
    opening: int = 0
    """Frames over which the shot before melts into this one, half of them before its start."""
    closing: int = 0
    """Frames over which this shot melts into the next, half of them before its stop."""

    @property
    def followed(self) -> ShotEntry | None:
        """The anchor; one whose colours are not made here is not followed, and none that guesses by one that knows."""
        anchor = self.anchor
        if anchor is None or not anchor.is_drawn or (self.entry.references and not anchor.is_told):
            return None
        return anchor

    @property
    def walked(self) -> ShotEntry:
        """The entry over all frames that show something of the shot: to where both dissolves end."""
        shot, index = self.entry.shot, self.entry.shot.index
        last = shot.stop - self.closing // 2 + self.closing
        return replace(self.entry, shot=Shot(index, shot.start - self.opening // 2, last))

    @property
    def opened(self) -> int:
        """The film's number of the first frame that shows this shot alone."""
        return self.walked.shot.start + self.opening

    @property
    def closes(self) -> int:
        """The film's number of the first frame into which the next shot melts."""
        return self.walked.shot.stop - self.closing


@dataclass(frozen=True)
class Stretch:
    """Frames ``start`` to ``stop`` (half-open, numbered in the film) of one shot, that become one segment."""

    part: Part
    start: int
    stop: int
    before: Part | None = None
    """The shot that melts into this one, where this stretch shows it."""
    after: Part | None = None
    """The shot into which this one melts, where this stretch shows it."""

    @property
    def entry(self) -> ShotEntry:
        """The shot's entry."""
        return self.part.entry

    def __len__(self) -> int:
        return self.stop - self.start

    def goes_on_from(self, other: Stretch) -> bool:
        """True where this stretch continues the colours of ``other``, the one before it, or shows their end."""
        goes_on = self.entry is other.entry or (self.before is not None and self.before.entry is other.entry)
        return goes_on and self.start == other.stop and other.entry.is_drawn


@dataclass(frozen=True)
class Source:
    """The film that is rendered."""

    info: FilmInfo
    survey: Survey
    digest: str
    """Of the film's file."""


def film_stretches(manifest: Manifest, config: RenderConfig) -> list[Stretch]:
    """All stretches of a film, in order."""
    dissolves = [0, *(_drawn_dissolve(a, b) for a, b in pairwise(manifest.entries)), 0]
    parts = [
        Part(entry, manifest.anchor(entry), opening, closing)
        for entry, (opening, closing) in zip(manifest.entries, pairwise(dissolves), strict=True)
    ]
    neighbours = zip([None, *parts], parts, [*parts[1:], None], strict=False)
    return [piece for before, part, after in neighbours for piece in stretches(part, config, before, after)]


def _drawn_dissolve(before: ShotEntry, entry: ShotEntry) -> int:
    """Frames over which one shot's colours melt into the next's; the film's own colours have melted already."""
    return 0 if before.keep_color or entry.keep_color else entry.dissolve


def stretches(part: Part, config: RenderConfig, before: Part | None = None, after: Part | None = None) -> list[Stretch]:
    """A shot as one stretch, or several on the grid of its key frames where it is very long.

    before, after: its neighbours, which matter where a dissolve joins them.
    """
    shot, first = part.entry.shot, part.walked.shot.start
    step = config.colorize.stretch // config.keys.interval * config.keys.interval
    grid = [start for start in range(first, part.closes, step) if start > part.opened] if step < len(shot) else []
    starts, stops = [shot.start, *grid], [*grid, shot.stop]
    found = [Stretch(part, start, stop) for start, stop in zip(starts, stops, strict=True)]
    found[0] = replace(found[0], before=before if part.opening else None)
    found[-1] = replace(found[-1], after=after if part.closing else None)
    return found


def stretch_digest(
    stretch: Stretch, source: Source, references: Mapping[str, Reference], model: str, config: RenderConfig
) -> str:
    """The name of the stretch's segment: SHA-256 of everything that its pixels depend on.

    model: digest of the weights. references: those of the project, by name.
    """
    settings = to_dict(config)
    shown = [part for part in (stretch.part, stretch.before, stretch.after) if part is not None]
    parts: dict[str, Any] = {
        "version": __version__,
        "film": source.digest,
        "frames": [stretch.start, stretch.stop],
        "encode": settings.pop("encode"),
        **_played(stretch.part, source, references),
    }
    for name, part in (("before", stretch.before), ("after", stretch.after)):
        if part is not None:
            parts[name] = _played(part, source, references)
    if any(part.entry.is_drawn for part in shown):
        parts |= {"model": model, **settings}
    return segment_digest(parts)


def _played(part: Part, source: Source, references: Mapping[str, Reference]) -> dict[str, Any]:
    """What the colours of a shot depend on."""
    entry = part.walked
    played = {**_place(entry, source), "saturation": entry.saturation, "keep_gray": entry.keep_gray}
    if entry.keep_color:
        played["keep_color"] = True
    if part.opening or part.closing:
        played["dissolves"] = [part.opening, part.closing]
    if not entry.is_drawn:
        return played
    played |= _mended(entry, references)
    if (anchor := part.followed) is not None:
        played["anchor"] = {**_place(anchor, source), "saturation": anchor.saturation, **_mended(anchor, references)}
    return played


def _place(entry: ShotEntry, source: Source) -> dict[str, Any]:
    """Where a shot lies in the film and its picture in the frame."""
    return {"area": list(source.survey.area(entry.shot, source.info)), "shot": list(entry.bounds)}


def _mended(entry: ShotEntry, references: Mapping[str, Reference]) -> dict[str, Any]:
    """What makes a shot's colours, as far as it says anything: shots that say no more keep the digest they had."""
    said = {
        "references": [references[name].digest for name in entry.references],
        "weights": [weight / max(entry.weights) for weight in entry.weights],
        "strength": entry.strength,
        "temperature": entry.temperature,
        "hints": [list(astuple(hint)) for hint in entry.hints],
    }
    silent = {"weights": [], "strength": 1.0, "temperature": 0.0, "hints": []}
    return {name: value for name, value in said.items() if name not in silent or value != silent[name]}
