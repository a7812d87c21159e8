"""The manifest as text: written fresh, or spliced into what a person wrote."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import yaml

from vidcolor.pipeline.plan import Hint, Manifest, ShotEntry
from vidcolor.yaml_node import Node

TOP_KEYS = ("film", "frames", "rate", "references", "shots")
ENTRY_KEYS = (
    *("shot", "start", "stop", "time", "reference", "score", "runner_up", "runner_up_score", "explained"),
    *("flagged", "saturation", "keep_gray", "keep_color", "strength", "temperature", "dissolve", "hints", "tied_to"),
)

_NO_REFERENCE = "none"
_SILENT = {
    "keep_color": "false",
    "strength": "1.0",
    "temperature": "0.0",
    "dissolve": "0",
    "hints": "[]",
    "tied_to": _NO_REFERENCE,
}
"""Values that need no line of their own."""

_HEADER = """\
# The plan of this film: one entry per shot. Change what you like and run the same command again: only the shots whose
# entry changed are computed again. Your comments stay.
#
# Yours to change in an entry:
#   reference    the still whose colours the shot follows; [a.png, b.png] for several, {a.png: 2, b.png: 1} with
#                weights; none for no reference
#   saturation   1.0 leaves the colours as they come, 0.8 calms them, 1.2 strengthens them
#   keep_gray    true leaves the shot black and white
#   start, stop  first frame, and the frame after the last; every shot starts where the one before stops. A new entry
#                splits a shot; an entry deleted joins two
#   flagged      true asks a person to have a look
#   references   (above the shots) folder, still or colour film that these names are looked for in; none for none
# You may add:
#   keep_color   true keeps the colours that the film itself has in this shot
#   strength     how far the references are followed, 1.0 to 0.0; 0.0 gives natural colours
#   temperature  warmer up to 100, cooler down to -100
#   dissolve     frames over which the shot before melts into this one, centred on start
#   hints        colour points: [{frame: 1460, x: 0.5, y: 0.3, color: '#c8a078', radius: 0.1}], frame of the film, x and
#                y from 0 to 1 from the top left corner, the colour in quotes, how far it spreads in picture heights
#   tied_to      number of another shot of the same set or person, whose coloured middle frame this one follows as well
# The rest tells how the choice was made, and may be left out; time follows from the frame numbers.
"""


_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml where PyYAML was built with it


def fresh_text(manifest: Manifest) -> str:
    """The whole file, with a header that explains it."""
    values = _top(manifest)
    lines = [_HEADER, *(f"{key}: {values[key]}\n" for key in TOP_KEYS[:-1]), "shots:\n"]
    for entry in manifest.entries:
        lines += ["\n", entry_text(entry, manifest.rate)]
    return "".join(lines)


def entry_text(entry: ShotEntry, rate: Fraction) -> str:
    """One entry of the list of shots, as it stands in the file."""
    pairs = [f"{key}: {value}\n" for key, value in _short(_entry(entry, rate)).items()]
    return "- " + "  ".join(pairs)


def spliced_text(text: str, root: Node, old: Manifest, new: Manifest) -> str | None:
    """``text`` (which reads as ``root`` and says ``old``) with only the values replaced that differ in ``new``.

    None where the shots are not the same frames.
    """
    if [entry.bounds for entry in old.entries] != [entry.bounds for entry in new.entries]:
        return None
    top = root.mapping()
    edits = _edits(top, _top(old), _top(new))
    for node, before, after in zip(top["shots"].items(), old.entries, new.entries, strict=True):
        keys = node.mapping()
        # these three may say something else in the file than what follows from its order
        written = {key: keys[key].text() for key in ("shot", "time", "tied_to") if key in keys}
        edits += _edits(keys, _entry(before, old.rate) | written, _entry(after, new.rate), node)
    for start, stop, value in sorted(edits, reverse=True):
        text = text[:start] + value + text[stop:]
    return text


def to_plain(manifest: Manifest) -> dict[str, Any]:
    """The manifest as plain values, under the keys of the file; None for no reference."""
    return _plain(_top(manifest)) | {
        "shots": [_plain(_short(_entry(entry, manifest.rate))) for entry in manifest.entries]
    }


def timecode(frame: int, rate: Fraction) -> str:
    """The time at which a frame begins, ``HH:MM:SS.mmm``."""
    milliseconds = round(frame / rate * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"


def rounded(entry: ShotEntry) -> ShotEntry:
    """The entry with its measures as precise as the file gives them."""
    return replace(
        entry,
        score=round(entry.score, 4),
        runner_up_score=round(entry.runner_up_score, 4),
        explained=round(entry.explained, 4),
        saturation=round(entry.saturation, 4),
        weights=tuple(round(weight, 4) for weight in entry.weights) if len(set(entry.weights)) > 1 else (),
        strength=round(entry.strength, 4),
        temperature=round(entry.temperature, 4),
        hints=tuple(
            replace(hint, x=round(hint.x, 4), y=round(hint.y, 4), radius=round(hint.radius, 4)) for hint in entry.hints
        ),
    )


def _edits(
    nodes: dict[str, Node], old: dict[str, str], new: dict[str, str], section: Node | None = None
) -> list[tuple[int, int, str]]:
    """Replacements (from, to, text) for the values that differ; a key that was left out is put before the last."""
    edits = []
    for key, value in new.items():
        if value == old[key]:
            continue
        if key in nodes:
            edits.append((*nodes[key].span(), value))
        elif section is not None:
            mark = section.yaml.value[-1][0].start_mark
            edits.append((mark.index, mark.index, f"{key}: {value}\n{' ' * mark.column}"))
    return edits


def _top(manifest: Manifest) -> dict[str, str]:
    """The values above the list of shots, as YAML."""
    return {
        "film": _scalar(manifest.film),
        "frames": str(manifest.frames),
        "rate": str(manifest.rate),
        "references": _references(() if manifest.references is None else (manifest.references,)),
    }


def _entry(entry: ShotEntry, rate: Fraction) -> dict[str, str]:
    """The values of one entry, as YAML."""
    entry = rounded(entry)
    return {
        "shot": str(entry.shot.index),
        "start": str(entry.shot.start),
        "stop": str(entry.shot.stop),
        "time": f"{timecode(entry.shot.start, rate)} - {timecode(entry.shot.stop, rate)}",
        "reference": _references(entry.references, entry.weights),
        "score": _scalar(entry.score),
        "runner_up": _references(() if entry.runner_up is None else (entry.runner_up,)),
        "runner_up_score": _scalar(entry.runner_up_score),
        "explained": _scalar(entry.explained),
        "flagged": _scalar(entry.flagged),
        "saturation": _scalar(entry.saturation),
        "keep_gray": _scalar(entry.keep_gray),
        "keep_color": _scalar(entry.keep_color),
        "strength": _scalar(entry.strength),
        "temperature": _scalar(entry.temperature),
        "dissolve": str(entry.dissolve),
        "hints": f"[{', '.join(map(_hint, entry.hints))}]",
        "tied_to": _NO_REFERENCE if entry.tied_to is None else str(entry.tied_to),
    }


def _short(values: dict[str, str]) -> dict[str, str]:
    """The values of an entry without those that go without saying."""
    return {key: value for key, value in values.items() if _SILENT.get(key) != value}


def _plain(values: dict[str, str]) -> dict[str, Any]:
    return {key: None if value == _NO_REFERENCE else yaml.safe_load(value) for key, value in values.items()}


def _hint(hint: Hint) -> str:
    place = f"frame: {hint.frame}, x: {hint.x!r}, y: {hint.y!r}"
    return f"{{{place}, color: '{hint.color}', radius: {hint.radius!r}}}"


def _references(names: tuple[str, ...], weights: tuple[float, ...] = ()) -> str:
    """none, a name, a list of names, or names with weights."""
    if not names:
        return _NO_REFERENCE
    if weights:
        return f"{{{', '.join(f'{_scalar(name)}: {weight!r}' for name, weight in zip(names, weights, strict=True))}}}"
    return _scalar(names[0]) if len(names) == 1 else f"[{', '.join(map(_scalar, names))}]"


def _scalar(value: str | float | bool) -> str:
    """One value on one line, quoted where it must be."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    if value.lower() == _NO_REFERENCE:
        return f"'{value}'"
    return str(yaml.dump([value], Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=1 << 20)).strip()[
        1:-1
    ]
