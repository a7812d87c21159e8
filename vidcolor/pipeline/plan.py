"""The plan between matching and colouring: which references every shot follows, in a file that a person may mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from vidcolor.types import Shot


@dataclass(frozen=True)
class Hint:
    """A person's colour point: what lies there in one frame has this colour."""

    frame: int
    """Number of the frame in the film."""
    x: float
    """From the left edge of the displayed picture (0) to the right one (1)."""
    y: float
    """From the top (0) to the bottom (1)."""
    color: str
    """``#rrggbb``, sRGB."""
    radius: float = 0.1
    """How far the colour may spread, as a share of the displayed picture's height."""


@dataclass(frozen=True)
class ShotEntry:
    """What is planned for one shot, and how sure the machine was of it."""

    shot: Shot
    references: tuple[str, ...] = ()
    """Names of the references it follows, the best first; empty where none fits."""
    score: float = 0.0
    """How well the first reference fits, 0 to 1."""
    runner_up: str | None = None
    """The reference that would have come next."""
    runner_up_score: float = 0.0
    explained: float = 0.0
    """Share of the picture that the references explain, 0 to 1."""
    flagged: bool = False
    """True where a person should have a look."""
    saturation: float = 1.0
    """Factor on the colours of this shot, 0 to 4; a person's setting."""
    keep_gray: bool = False
    """True where this shot stays black and white; a person's setting."""
    keep_color: bool = False
    """True where this shot keeps the colours that the film itself has; a person's setting."""
    weights: tuple[float, ...] = ()
    """How much each reference has to say; empty where all have the same."""
    strength: float = 1.0
    """How far the references are followed: 0 gives natural colours, 1 theirs; a person's setting."""
    temperature: float = 0.0
    """Colour temperature, -100 (cooler) to 100 (warmer); a person's setting."""
    dissolve: int = 0
    """Frames over which the shot before melts into this one, centred on this shot's start."""
    hints: tuple[Hint, ...] = ()
    """A person's colour points, in frames of this shot."""
    tied_to: int | None = None
    """Number of the shot (the anchor) of the same set or person, whose coloured middle frame is a further reference."""

    def __post_init__(self) -> None:
        if self.weights and len(self.weights) != len(self.references):
            raise ValueError(f"{len(self.references)} references have as many weights, got {len(self.weights)}")

    @property
    def words(self) -> tuple[object, ...]:
        """What a person may change, but for the tie (see :meth:`Manifest.said`); the rest is the machine's account."""
        return (
            *(self.references, self.weights, self.flagged, self.saturation, self.keep_gray, self.strength),
            *(self.keep_color, self.temperature, self.dissolve, self.hints),
        )

    @property
    def is_drawn(self) -> bool:
        """True where the shot's colours are made here: neither gray nor the film's own."""
        return not (self.keep_gray or self.keep_color)

    @property
    def is_told(self) -> bool:
        """True where a reference or a hint tells colours of the shot; otherwise the most natural ones are guessed."""
        return bool(self.references or self.hints)

    @property
    def bounds(self) -> tuple[int, int]:
        """First frame and the frame after the last."""
        return self.shot.start, self.shot.stop


def longest_dissolve(before: Shot, shot: Shot) -> int:
    """Frames over which one shot may melt into the next: half of them lie in either, and no more than its half."""
    return min(len(before), len(shot))


def within_shots(entries: Sequence[ShotEntry]) -> tuple[ShotEntry, ...]:
    """The entries of a film, dissolves cut down where a shot is too short for its own."""
    limits = [0, *(longest_dissolve(a.shot, b.shot) for a, b in pairwise(entries))]
    return tuple(replace(e, dissolve=min(e.dissolve, most)) for e, most in zip(entries, limits, strict=False))


@dataclass(frozen=True)
class Manifest:
    """One entry per shot of one film; the shots tile it."""

    film: str
    """The film's file name, for the reader."""
    frames: int
    """Number of frames of the film."""
    rate: Fraction
    """Frames per second, by which frame numbers are shown as timecodes."""
    references: str | None
    """Where the references were taken from; None where there are none."""
    entries: tuple[ShotEntry, ...]

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.frames <= 0:
            raise ValueError(f"a film has frames at a rate above 0, got {self.frames} frames at {self.rate}")
        starts = [entry.shot.start for entry in self.entries] + [self.frames]
        stops = [0] + [entry.shot.stop for entry in self.entries]
        if starts != stops:
            raise ValueError(f"the shots must tile frames 0 to {self.frames}, got starts {starts} and stops {stops}")

    @property
    def shots(self) -> list[Shot]:
        """The shots in order."""
        return [entry.shot for entry in self.entries]

    def anchor(self, entry: ShotEntry) -> ShotEntry | None:
        """The entry that one of its entries is tied to."""
        return None if entry.tied_to is None else self.entries[entry.tied_to]

    @property
    def guessed(self) -> list[ShotEntry]:
        """The entries whose colours nothing tells: no reference, no hint, no anchor that has either."""
        anchors = [self.anchor(entry) for entry in self.entries]
        return [
            entry
            for entry, anchor in zip(self.entries, anchors, strict=True)
            if entry.is_drawn and not entry.is_told and not (anchor and anchor.is_drawn and anchor.is_told)
        ]

    def said(self, entry: ShotEntry) -> tuple[object, ...]:
        """Everything in one of its entries that a person may change; the anchor by its first frame, as numbers move."""
        anchor = self.anchor(entry)
        return *entry.words, None if anchor is None else anchor.shot.start
