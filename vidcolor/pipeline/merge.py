"""A new match joined with what a person wrote: the person's words win."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from vidcolor.pipeline.plan import Manifest, ShotEntry, within_shots


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
    shot of the same frames; all others are the new match's. Ties follow their anchor to its new number.
    """
    changed = {entry.bounds: entry for entry in changed_entries(matched_before, manifest_now)}
    entries = [
        _renumbered(changed[entry.bounds], entry, manifest_now, matched_new) if entry.bounds in changed else entry
        for entry in matched_new.entries
    ]
    kept = tuple(entry.shot.index for entry in entries if entry.bounds in changed)
    known = {entry.bounds for entry in matched_new.entries}
    return Merged(
        manifest=replace(matched_new, entries=within_shots(_without_chains(entries, kept))),
        kept=kept,
        lost=tuple(entry for bounds, entry in changed.items() if bounds not in known),
    )


def changed_entries(matched_before: Manifest | None, manifest_now: Manifest) -> list[ShotEntry]:
    """The entries that a person changed since the machine wrote them; all of them where its answer is lost."""
    before = matched_before
    machine = {} if before is None else {entry.bounds: before.said(entry) for entry in before.entries}
    return [entry for entry in manifest_now.entries if machine.get(entry.bounds) != manifest_now.said(entry)]


def has_own_cuts(matched_before: Manifest | None, manifest_now: Manifest) -> bool:
    """True where a person moved, joined or split shots: then the shots of the manifest count, not those detected."""
    if matched_before is None:
        return True
    return [entry.bounds for entry in matched_before.entries] != [entry.bounds for entry in manifest_now.entries]


def _renumbered(entry: ShotEntry, matched: ShotEntry, old: Manifest, new: Manifest) -> ShotEntry:
    """A person's entry with the numbers that its shot and its anchor have in the new match."""
    if entry.tied_to is None:
        return replace(entry, shot=matched.shot)
    starts = [other.shot.start for other in new.entries]
    anchor = bisect_right(starts, old.entries[entry.tied_to].shot.start) - 1
    return replace(entry, shot=matched.shot, tied_to=anchor)


def _without_chains(entries: Sequence[ShotEntry], kept: Collection[int]) -> tuple[ShotEntry, ...]:
    """The entries with anchors that are not tied themselves.

    A shot that a person chose as anchor loses a tie of the machine's; other ties to a tied shot go on to its anchor,
    and those that lead back to their own shot fall away.
    """
    chosen = {entries[number].tied_to for number in kept}
    ties = [None if n in chosen and n not in kept else entry.tied_to for n, entry in enumerate(entries)]
    return tuple(replace(entry, tied_to=_root(n, ties)) for n, entry in enumerate(entries))


def _root(number: int, ties: Sequence[int | None]) -> int | None:
    """The anchor at the end of a chain of ties; None where it leads in a circle."""
    seen, place = {number}, ties[number]
    if place is None:
        return None
    while place not in seen:
        seen.add(place)
        further = ties[place]
        if further is None:
            return place
        place = further
    return None
