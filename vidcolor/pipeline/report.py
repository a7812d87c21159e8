"""``report.html``: what a person should look at, worst first, in one file that works anywhere and asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from vidcolor.pipeline.attention import attention
from vidcolor.pipeline.files import write_text
from vidcolor.pipeline.measures import Measures
from vidcolor.pipeline.plan import Manifest, ShotEntry
from vidcolor.pipeline.report_page import page
from vidcolor.pipeline.report_pictures import PictureSize, size_for, stored_still
from vidcolor.pipeline.report_shot import ReportShot, card, match_numbers, plain_numbers, plain_shot, shot_data
from vidcolor.pipeline.report_strips import film_strips
from vidcolor.pipeline.report_terms import EXPLANATIONS, LEVELS, MEASURES, clock, count
from vidcolor.pipeline.shot_measures import Palette, mixed, palette_of, shot_measures
from vidcolor.types import Reference

REFERENCE_SIZE = PictureSize(256, 70)
"""Of the references' pictures, each stored once."""


@dataclass(frozen=True)
class ReportInput:
    """All that a report is made of."""

    manifest: Manifest
    references: Mapping[str, Reference]
    """By name; those that the manifest names and that are not here are shown by name alone."""
    measures: Sequence[Measures | None]
    """One for each shot; None where it is not rendered."""
    pictures: Sequence[bytes]
    """One JPEG in black and white for each shot, for those without measures; may be empty."""
    proofs: Sequence[str] = ()
    """Sentences on what was proved of the finished film."""
    notes: Sequence[str] = ()
    """Sentences on what a person should know of the whole film."""


def write_report(path: Path, given: ReportInput) -> None:
    """Write the report in one go; raises OutputError where the disk refuses."""
    write_text(path, report_text(given))


def report_text(given: ReportInput) -> str:
    """The report as HTML: the same of the same input."""
    shots, manifest = _shots(given), given.manifest
    names = _named_references(manifest)
    size = size_for([(shot.before, shot.after) for shot in shots])
    return page(
        title=manifest.film,
        facts=_facts(shots, manifest),
        proofs=given.proofs,
        notes=given.notes,
        plots=film_strips(shots, manifest),
        film={
            "frames": manifest.frames,
            "rate": float(manifest.rate),
            "shots": [plain_shot(shot, manifest.rate, names) for shot in shots],
            "references": [_reference(name, given.references.get(name)) for name in names],
            "measures": MEASURES,
            "medians": _medians(shots),
            "levels": LEVELS,
        },
        shots=[{"card": card(shot, manifest.rate), "data": shot_data(shot, manifest.rate, size)} for shot in shots],
        explanations=EXPLANATIONS,
    )


def _shots(given: ReportInput) -> list[ReportShot]:
    followed = {name for entry in given.manifest.entries for name in entry.references}
    palettes = {name: palette_of(given.references[name].rgb) for name in followed & set(given.references)}
    shots = []
    for place, entry in enumerate(given.manifest.entries):
        own = given.measures[place]
        before = given.measures[place - 1] if place and not entry.dissolve else None
        anchor = None if entry.tied_to is None else given.measures[entry.tied_to]
        numbers = shot_measures(own, before, _palette(entry, palettes, anchor)) if own else None
        gray = own.before if own else given.pictures[place] if place < len(given.pictures) else b""
        shots.append(ReportShot(entry, own, numbers, attention(entry, numbers), gray, own.after if own else b""))
    return shots


def _palette(entry: ShotEntry, palettes: Mapping[str, Palette], anchor: Measures | None) -> Palette | None:
    """Of the references that a shot follows, and of the shot that it is tied to; None where it follows none."""
    if entry.keep_gray:
        return None
    tied = [] if anchor is None else [Palette(anchor.histogram, anchor.gray)]
    return mixed([*tied, *(palettes[name] for name in entry.references if name in palettes)])


def _named_references(manifest: Manifest) -> list[str]:
    """All that are followed or came second, in order of name."""
    names = {name for entry in manifest.entries for name in entry.references}
    return sorted(names | {entry.runner_up for entry in manifest.entries if entry.runner_up is not None})


def _reference(name: str, reference: Reference | None) -> dict[str, str]:
    return {"name": name, "picture": stored_still(reference.rgb, REFERENCE_SIZE) if reference else ""}


def _facts(shots: Sequence[ReportShot], manifest: Manifest) -> list[str]:
    rendered = sum(shot.own is not None for shot in shots)
    counts = {level: sum(shot.need.level == level for shot in shots) for level in LEVELS}
    facts = [
        f"{count(len(shots), 'shot')}, {count(manifest.frames, 'frame')}",
        clock(manifest.frames, manifest.rate),
    ]
    if rendered < len(shots):
        facts.append(f"{rendered} of them coloured" if rendered else "not coloured yet")
    words = {"first": "to look at first", "look": "to look at", "fine": "fine"}
    facts.append(", ".join(f"{counts[level]} {words[level]}" for level in words if counts[level]))
    return facts


def _medians(shots: Sequence[ReportShot]) -> dict[str, float | None]:
    """Of every measure over the shots that have it."""
    rows = [_all_numbers(shot) for shot in shots]
    keys = [str(measure["key"]) for measure in MEASURES]
    found = {key: [row[key] for row in rows if row.get(key) is not None] for key in keys}
    return {key: float(median(values)) if values else None for key, values in found.items()}


def _all_numbers(shot: ReportShot) -> dict[str, Any]:
    known = {"need": shot.need.need, **match_numbers(shot.entry)}
    return known | (plain_numbers(shot.numbers) if shot.numbers else {})
