"""The manifest as ``manifest.yaml``, for people, and as ``matched.json``, the machine's memory of its last answer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from unicodedata import normalize

from vidcolor.errors import ManifestError
from vidcolor.pipeline.files import write_text
from vidcolor.pipeline.manifest_text import ENTRY_KEYS, TOP_KEYS, fresh_text, spliced_text, to_plain
from vidcolor.pipeline.plan import Manifest, Merged, ShotEntry, has_own_cuts, merge
from vidcolor.types import Shot
from vidcolor.yaml_node import Node, nearest, parse_yaml, read_yaml

__all__ = [
    "Manifest",
    "Merged",
    "ShotEntry",
    "has_own_cuts",
    "load_manifest",
    "load_matched",
    "merge",
    "save_manifest",
    "save_matched",
]

_NONE = ("", "none", "null", "~")
_MAX_SATURATION = 4.0


def load_manifest(path: Path, exists: Callable[[str], bool] | None = None) -> Manifest:
    """Read a manifest; ``exists`` tells whether there is a reference of a name (None asks nobody).

    Raises ManifestError, with file and line and what would be right, where it is missing or not well-formed, has an
    unknown key or a value of the wrong type, names a reference that does not exist, or where its shots do not tile the
    film.
    """
    root = read_yaml(path, ManifestError)
    if root is None:
        raise ManifestError(f"{path}: the manifest is empty; remove it and match again")
    manifest = _manifest(root)
    if exists is not None:
        _check_references(root, manifest, exists)
    return manifest


def save_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest in one go; where the file already says the same it is left alone.

    In a file with the same shots only the values that changed are replaced, so that comments and order stay. Where the
    shots changed too, the old file is kept beside the new one as ``manifest.old.yaml``. Raises OutputError where it
    cannot be written, ManifestError where the old file is not well-formed: a person's words are not overwritten.
    """
    if not path.exists():
        return write_text(path, fresh_text(manifest))
    root = read_yaml(path, ManifestError)
    old = "" if root is None else path.read_text(encoding="utf-8-sig")
    spliced = None if root is None else spliced_text(old, root, _manifest(root), manifest)
    if spliced == old:
        return None
    if spliced is None or _parsed(spliced, path) != _parsed(fresh_text(manifest), path):
        os.replace(path, path.with_name(f"{path.stem}.old{path.suffix}"))
        spliced = fresh_text(manifest)
    return write_text(path, spliced)


def save_matched(path: Path, manifest: Manifest) -> None:
    """Write the machine's own answer, by which `merge` later knows a person's words; raises OutputError."""
    write_text(path, json.dumps(to_plain(manifest), ensure_ascii=False, indent=1) + "\n")


def load_matched(path: Path) -> Manifest | None:
    """The machine's last answer; None where there is none or it cannot be read."""
    try:
        return load_manifest(path) if path.exists() else None  # every JSON file of ours is a YAML file too
    except ManifestError:
        return None


def _parsed(text: str, path: Path) -> Manifest | None:
    """What a text says; None where it says nothing that fits."""
    try:
        root = parse_yaml(text, path, ManifestError)
        return None if root is None else _manifest(root)
    except ManifestError:
        return None


def _manifest(root: Node) -> Manifest:
    top = _section(root, TOP_KEYS, TOP_KEYS)
    frames = top["frames"].integer("the number of frames of the film")
    nodes = top["shots"].items()
    entries = tuple(_entry(index, node) for index, node in enumerate(nodes))
    _check_tiling(nodes, entries, frames, top["shots"])
    return Manifest(top["film"].text(), frames, _rate(top["rate"]), top["references"].text(), entries)


def _section(node: Node, known: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Node]:
    """The entries of a section, its keys checked."""
    entries = node.mapping()
    for key, entry in entries.items():
        if key not in known:
            entry.fail(f"there is no {key!r} here; {nearest(key, known)}")
    for key in required:
        if key not in entries:
            node.fail(f"{key!r} is missing")
    return entries


def _entry(index: int, node: Node) -> ShotEntry:
    keys = _section(node, ENTRY_KEYS, ("start", "stop", "reference"))
    start, stop = keys["start"].integer("a frame number"), keys["stop"].integer("a frame number")
    if not 0 <= start < stop:
        keys["stop"].fail(f"a shot must stop after it starts, got {start} to {stop}")
    runner_up = _names(keys["runner_up"]) if "runner_up" in keys else ()
    return ShotEntry(
        shot=Shot(index, start, stop),
        references=_names(keys["reference"]),
        score=_number(keys, "score", 0.0),
        runner_up=runner_up[0] if runner_up else None,
        runner_up_score=_number(keys, "runner_up_score", 0.0),
        explained=_number(keys, "explained", 0.0),
        flagged=keys["flagged"].flag() if "flagged" in keys else False,
        saturation=_saturation(keys),
        keep_gray=keys["keep_gray"].flag() if "keep_gray" in keys else False,
    )


def _names(node: Node) -> tuple[str, ...]:
    """One name, a list of names, or none; composed Unicode (NFC), as references are named."""
    if node.is_list():
        names = [item.text() for item in node.items()]
    else:
        text = node.text()
        names = [] if node.is_plain() and text.lower() in _NONE else [text]
    return tuple(normalize("NFC", name) for name in names)


def _number(keys: dict[str, Node], name: str, default: float) -> float:
    return keys[name].number() if name in keys else default


def _saturation(keys: dict[str, Node]) -> float:
    value = _number(keys, "saturation", 1.0)
    if not 0 <= value <= _MAX_SATURATION:
        keys["saturation"].wrong(f"a number from 0 to {_MAX_SATURATION:g}")
    return value


def _rate(node: Node) -> Fraction:
    try:
        rate = Fraction(node.text())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    return rate if rate > 0 else node.wrong("frames per second, such as 25 or 24000/1001")


def _check_tiling(nodes: list[Node], entries: tuple[ShotEntry, ...], frames: int, shots: Node) -> None:
    """The first shot starts at 0, every other where the one before stops, the last stops with the film."""
    if not entries:
        shots.fail("there must be at least one shot")
    expected = 0
    for node, entry in zip(nodes, entries, strict=True):
        if entry.shot.start != expected:
            rule = f"must start where shot {entry.shot.index - 1} stops" if expected else "must start with the film"
            node.mapping()["start"].fail(f"shot {entry.shot.index} {rule}, at {expected}, not {entry.shot.start}")
        expected = entry.shot.stop
    if expected != frames:
        nodes[-1].mapping()["stop"].fail(f"the last shot must stop with the film, at {frames}, not {expected}")


def _check_references(root: Node, manifest: Manifest, exists: Callable[[str], bool]) -> None:
    """Every reference named must exist."""
    for node, entry in zip(root.mapping()["shots"].items(), manifest.entries, strict=True):
        for name in entry.references:
            if not exists(name):
                node.mapping()["reference"].fail(
                    f"shot {entry.shot.index} follows {name!r}, which is not among the references "
                    f"({manifest.references}); put it there, or name another or none"
                )
