"""The manifest as ``manifest.yaml``, for people, and as ``matched.json``, the machine's memory of its last answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import chain, count
from pathlib import Path

from vidcolor.errors import ManifestError
from vidcolor.pipeline.files import ChangedMeanwhileError, contents, write_bytes, write_text
from vidcolor.pipeline.manifest_entries import is_none, read_entries, section
from vidcolor.pipeline.manifest_text import TOP_KEYS, fresh_text, spliced_text, to_plain
from vidcolor.pipeline.plan import Hint, Manifest, ShotEntry
from vidcolor.types import Shot
from vidcolor.yaml_node import Node, parse_yaml, read_yaml

_UNQUOTED = re.compile(r"^[^#'\"]*\bcolor:\s+#", re.MULTILINE)


def load_manifest(
    path: Path,
    exists: Callable[[str], bool] | None = None,
    in_picture: Callable[[Shot, Hint], bool] | None = None,
) -> Manifest:
    """Read a manifest.

    exists: tells whether there is a reference of a name; in_picture: whether a hint lies in the shot's picture and not
    in a black bar. None asks nobody.

    Raises ManifestError, with file and line and what would be right, where it is missing or not well-formed, has an
    unknown key or a value of the wrong type, names a reference that does not exist, or where its shots do not tile the
    film.
    """
    root = _read(path)
    if root is None:
        raise ManifestError(f"{path}: the manifest is empty; remove it and match again")
    manifest = _manifest(root)
    if exists is not None:
        _check_references(root, manifest, exists)
    if in_picture is not None:
        _check_hints(root, manifest, in_picture)
    return manifest


def save_manifest(path: Path, manifest: Manifest, seen: bytes | None = None) -> bool:
    """Write a manifest in one go; where the file already says the same it is left alone.

    seen: what the file held when the manifest was made from it (None: what it holds now, see `contents`). Where it
    holds something else before it is replaced, a person has saved it meanwhile: it stays, and the answer is False.

    In a file with the same shots only the values that changed are replaced, so that comments and order stay. Where the
    shots changed too, the old file is kept beside the new one as ``manifest.old.yaml`` (``old2`` and so on, where
    there is one). Raises OutputError where it cannot be written, ManifestError where the old file is not well-formed: a
    person's words are not overwritten.
    """
    seen = contents(path) if seen is None else seen
    text = _text_after(path, manifest) if path.exists() else fresh_text(manifest)
    try:
        if text is not None:
            write_text(path, text, seen)
    except ChangedMeanwhileError:
        return False
    return True


def _text_after(path: Path, manifest: Manifest) -> str | None:
    """What a file that is there will say; None where it says the same already."""
    root = read_yaml(path, ManifestError)
    old = "" if root is None else path.read_text(encoding="utf-8-sig")
    spliced = None if root is None else spliced_text(old, root, _manifest(root), manifest)
    if spliced == old:
        return None
    if spliced is None or _parsed(spliced, path) != _parsed(fresh_text(manifest), path):
        write_bytes(_free_name(path), path.read_bytes())  # a copy, so that at no moment there is no manifest
        return fresh_text(manifest)
    return spliced


def _free_name(path: Path) -> Path:
    """``manifest.old.yaml``, or with a number where earlier ones are kept: they too may hold a person's words."""
    names = (path.with_name(f"{path.stem}.old{number or ''}{path.suffix}") for number in chain([0], count(2)))
    return next(name for name in names if not name.exists())


def save_matched(path: Path, manifest: Manifest) -> None:
    """Write the machine's own answer, by which `merge` later knows a person's words; raises OutputError."""
    write_text(path, json.dumps(to_plain(manifest), ensure_ascii=False, indent=1) + "\n")


def load_matched(path: Path) -> Manifest | None:
    """The machine's last answer; None where there is none or it cannot be read."""
    try:
        return load_manifest(path) if path.exists() else None  # every JSON file of ours is a YAML file too
    except ManifestError:
        return None


def _read(path: Path) -> Node | None:
    """The file; where a colour without quotes turned the rest of its line into a comment, that is what is told."""
    try:
        return read_yaml(path, ManifestError)
    except ManifestError as error:
        text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
        if unquoted := _UNQUOTED.search(text):
            line = text.count("\n", 0, unquoted.end()) + 1
            raise ManifestError(
                f"{path}, line {line}: a colour must stand in quotes, as in color: '#c8a078'"
            ) from error
        raise


def _parsed(text: str, path: Path) -> Manifest | None:
    """What a text says; None where it says nothing that fits."""
    try:
        root = parse_yaml(text, path, ManifestError)
        return None if root is None else _manifest(root)
    except ManifestError:
        return None


def _manifest(root: Node) -> Manifest:
    top = section(root, TOP_KEYS, TOP_KEYS)
    frames = top["frames"].integer("the number of frames of the film")
    nodes = top["shots"].items()
    entries = read_entries(nodes)
    _check_tiling(nodes, entries, frames, top["shots"])
    references = None if is_none(top["references"]) else top["references"].text()
    return Manifest(top["film"].text(), frames, _rate(top["rate"]), references, entries)


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
                node.mapping()["reference"].fail(f"shot {entry.shot.index} follows {name!r}, {_lost(manifest)}")


def _lost(manifest: Manifest) -> str:
    """Where a reference is not, and what would be right."""
    if manifest.references is None:
        return "but the manifest names no references: write their folder at its top (references: ...), or give --refs"
    return f"which is not among the references ({manifest.references}); put it there, or name another or none"


def _check_hints(root: Node, manifest: Manifest, in_picture: Callable[[Shot, Hint], bool]) -> None:
    """Every hint must lie in the picture."""
    for node, entry in zip(root.mapping()["shots"].items(), manifest.entries, strict=True):
        for number, hint in enumerate(entry.hints):
            if not in_picture(entry.shot, hint):
                node.mapping()["hints"].items()[number].fail(
                    f"x {hint.x:g}, y {hint.y:g} of frame {hint.frame} lies in a black bar; name a point of the picture"
                )
