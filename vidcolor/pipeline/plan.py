"""The plan between matching and colouring: which references every shot follows, in a file that a person may mend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from vidcolor.types import Shot


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

    @property
    def words(self) -> tuple[tuple[str, ...], bool, float, bool]:
        """What a person may change; the rest is the machine's account of its choice."""
        return self.references, self.flagged, self.saturation, self.keep_gray

    @property
    def bounds(self) -> tuple[int, int]:
        """First frame and the frame after the last."""
        return self.shot.start, self.shot.stop


@dataclass(frozen=True)
class Manifest:
    """One entry per shot of one film; the shots tile it."""

    film: str
    """The film's file name, for the reader."""
    frames: int
    """Number of frames of the film."""
    rate: Fraction
    """Frames per second, by which frame numbers are shown as timecodes."""
    references: str
    """Where the references were taken from, as given."""
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


@dataclass(frozen=True)
class Merged:
    """A new match joined with what a person wrote."""

    manifest: Manifest
    kept: tuple[int, ...]
    """Numbers of the shots whose entry is a person's and was kept."""
    lost: tuple[ShotEntry, ...]
    """A person's entries that found no shot of the same frames in the new match."""


def merge(matched_before: Manifest | None, manifest_now: Manifest, matched_new: Manifest) -> Merged:
    """Join a new match with the manifest as it stands; a person's words win.

    ``matched_before`` is the machine's last answer (None where that is lost: then every entry may be a person's). An
    entry of ``manifest_now`` that differs from it in what a person may change is kept whole if the new match has a
    shot of the same frames; all others are the new match's.
    """
    changed = {entry.bounds: entry for entry in changed_entries(matched_before, manifest_now)}
    entries = [
        replace(changed[entry.bounds], shot=entry.shot) if entry.bounds in changed else entry
        for entry in matched_new.entries
    ]
    known = {entry.bounds for entry in matched_new.entries}
    return Merged(
        manifest=replace(matched_new, entries=tuple(entries)),
        kept=tuple(entry.shot.index for entry in entries if entry.bounds in changed),
        lost=tuple(entry for bounds, entry in changed.items() if bounds not in known),
    )


def changed_entries(matched_before: Manifest | None, manifest_now: Manifest) -> list[ShotEntry]:
    """The entries that a person changed since the machine wrote them; all of them where its answer is lost."""
    machine = {} if matched_before is None else {entry.bounds: entry.words for entry in matched_before.entries}
    return [entry for entry in manifest_now.entries if machine.get(entry.bounds) != entry.words]


def has_own_cuts(matched_before: Manifest | None, manifest_now: Manifest) -> bool:
    """True where a person moved, joined or split shots: then the shots of the manifest count, not those detected."""
    if matched_before is None:
        return True
    return [entry.bounds for entry in matched_before.entries] != [entry.bounds for entry in manifest_now.entries]
