"""A stretch of one shot, the work that becomes one segment, and the digest of all that its pixels depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from vidcolor import __version__
from vidcolor.config import to_dict
from vidcolor.pipeline.colorize import ColorizeConfig
from vidcolor.pipeline.encode import EncodeConfig
from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.segments import segment_digest
from vidcolor.pipeline.smooth import SmoothConfig
from vidcolor.pipeline.survey import Survey
from vidcolor.pipeline.track import KeyConfig
from vidcolor.types import FilmInfo, Reference


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
    anchor: ShotEntry | None = None
    """The entry that this one is tied to, where its coloured middle frame is followed."""

    def __len__(self) -> int:
        return self.stop - self.start

    def goes_on_from(self, other: Stretch) -> bool:
        """True where this stretch continues the colours of ``other``, the stretch before it."""
        return self.entry is other.entry and self.start == other.stop and self.entry.is_drawn


@dataclass(frozen=True)
class Source:
    """The film that is rendered."""

    info: FilmInfo
    survey: Survey
    digest: str
    """Of the film's file."""


def stretches(entry: ShotEntry, config: RenderConfig, anchor: ShotEntry | None = None) -> list[Stretch]:
    """A shot as one stretch, or several on the grid of its key frames where it is very long.

    anchor: the entry that this one is tied to. One whose colours are not made here is not followed.
    """
    followed = anchor if anchor is not None and anchor.is_drawn else None
    step = config.colorize.stretch // config.keys.interval * config.keys.interval
    starts = list(range(entry.shot.start, entry.shot.stop, step)) if step < len(entry.shot) else [entry.shot.start]
    return [Stretch(entry, a, b, followed) for a, b in zip(starts, [*starts[1:], entry.shot.stop], strict=True)]


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
        **_place(entry, source),
        "frames": [stretch.start, stretch.stop],
        "saturation": entry.saturation,
        "keep_gray": entry.keep_gray,
        "encode": settings.pop("encode"),
    }
    if entry.keep_color:
        parts["keep_color"] = True
    if entry.is_drawn:
        parts |= {**_mended(entry, references), "model": model, **settings}
        if (anchor := stretch.anchor) is not None:
            followed = {**_place(anchor, source), "saturation": anchor.saturation, **_mended(anchor, references)}
            parts["anchor"] = followed
    return segment_digest(parts)


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
