"""The entries of a manifest, read from YAML: every mistake is named by its line, with what would be right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NoReturn
from unicodedata import normalize

from vidcolor.pipeline.manifest_text import ENTRY_KEYS
from vidcolor.pipeline.plan import Hint, ShotEntry, longest_dissolve
from vidcolor.types import Shot
from vidcolor.yaml_node import Node, brief, nearest

_NONE = ("", "none", "null", "~")
_MAX_SATURATION = 4.0
_MOST_FRAMES = 10**9
_WEIGHTS = (0.01, 100.0)
_HINT_KEYS = ("frame", "x", "y", "color", "radius")
_COLOR = "a colour such as '#c8a078', in quotes, for without them YAML takes it for a comment"


def read_entries(nodes: Sequence[Node]) -> tuple[ShotEntry, ...]:
    """All entries in order, their ties resolved to the places of their anchors; raises the nodes' error."""
    entries = [_entry(index, node) for index, node in enumerate(nodes)]
    numbers = _numbers(nodes)
    tied = [replace(entry, tied_to=_anchor(node, numbers)) for node, entry in zip(nodes, entries, strict=True)]
    for node, entry in zip(nodes, tied, strict=True):
        _check_tie(node, entry, tied)
    for node, (before, entry) in zip(nodes[1:], pairwise(tied), strict=True):
        _check_dissolve(node, before.shot, entry)
    return tuple(tied)


def section(node: Node, known: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Node]:
    """The entries of a section, its keys checked."""
    entries = node.mapping()
    for key, entry in entries.items():
        if key not in known:
            entry.fail(f"there is no {brief(key)} here; {nearest(key, known)}")
    for key in required:
        if key not in entries:
            node.fail(f"{key!r} is missing")
    return entries


def _entry(index: int, node: Node) -> ShotEntry:
    keys = section(node, ENTRY_KEYS, ("start", "stop", "reference"))
    start, stop = _frame(keys["start"]), _frame(keys["stop"])
    if not 0 <= start < stop:
        keys["stop"].fail(f"a shot must stop after it starts, got {start} to {stop}")
    references, weights = _references(keys["reference"])
    runner_up = _names(keys["runner_up"]) if "runner_up" in keys else ()
    return ShotEntry(
        shot=Shot(index, start, stop),
        references=references,
        weights=weights,
        score=_number(keys, "score", 0.0),
        runner_up=runner_up[0] if runner_up else None,
        runner_up_score=_number(keys, "runner_up_score", 0.0),
        explained=_number(keys, "explained", 0.0),
        flagged=keys["flagged"].flag() if "flagged" in keys else False,
        saturation=_between(keys, "saturation", 1.0, 0, _MAX_SATURATION),
        keep_gray=keys["keep_gray"].flag() if "keep_gray" in keys else False,
        keep_color=keys["keep_color"].flag() if "keep_color" in keys else False,
        strength=_between(keys, "strength", 1.0, 0, 1),
        temperature=_between(keys, "temperature", 0.0, -100, 100),
        dissolve=_dissolve(keys, start),
        hints=_hints(keys["hints"], start, stop) if "hints" in keys else (),
    )


def _frame(node: Node) -> int:
    number = node.integer("a frame number")
    return number if abs(number) <= _MOST_FRAMES else node.wrong("a frame number")


def _references(node: Node) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Names and weights; no weights where all are the same."""
    if not node.is_mapping():
        return _names(node), ()
    weighted = {normalize("NFC", name): _weight(item) for name, item in node.mapping().items()}
    weights = tuple(weighted.values())
    return tuple(weighted), weights if len(set(weights)) > 1 else ()


def _weight(node: Node) -> float:
    least, most = _WEIGHTS
    wanted = f"the weight of this reference, a number from {least:g} to {most:g} such as 2"
    value = node.number(wanted)
    return value if least <= value <= most else node.wrong(wanted)


def _names(node: Node) -> tuple[str, ...]:
    """One name, a list of names, or none; composed Unicode (NFC), as references are named."""
    if is_none(node):
        return ()
    return tuple(normalize("NFC", _name(item)) for item in (node.items() if node.is_list() else [node]))


def _name(node: Node) -> str:
    if node.is_mapping():
        node.wrong("the name of a reference; several with weights are written {a.jpg: 2, b.jpg: 1}")
    return node.text()


def is_none(node: Node) -> bool:
    """True for ``none``, ``null``, ``~`` or nothing, without quotes."""
    return node.is_plain() and node.text().lower() in _NONE


def _number(keys: dict[str, Node], name: str, default: float) -> float:
    return keys[name].number() if name in keys else default


def _between(keys: dict[str, Node], name: str, default: float, least: float, most: float) -> float:
    value = _number(keys, name, default)
    return value if least <= value <= most else keys[name].wrong(f"a number from {least:g} to {most:g}")


def _dissolve(keys: dict[str, Node], start: int) -> int:
    if "dissolve" not in keys:
        return 0
    wanted = "a number of frames, 0 for a hard cut"
    frames = keys["dissolve"].integer(wanted)
    if frames < 0:
        keys["dissolve"].wrong(wanted)
    if frames and start == 0:
        keys["dissolve"].fail("nothing stands before the first shot that could melt into it; leave dissolve out")
    return frames


def _check_dissolve(node: Node, before: Shot, entry: ShotEntry) -> None:
    """It leaves both shots their other half."""
    most = longest_dissolve(before, entry.shot)
    if entry.dissolve > most:
        node.mapping()["dissolve"].fail(
            f"a dissolve takes half of either shot at most, so it must not be longer than the shorter of the two: "
            f"write {most} or less, not {entry.dissolve}"
        )


def _hints(node: Node, start: int, stop: int) -> tuple[Hint, ...]:
    if is_none(node):
        return ()
    if not node.is_list():
        node.wrong(f"a list of points such as - {{frame: {start}, x: 0.5, y: 0.3, color: '#c8a078'}}")
    return tuple(_hint(item, start, stop) for item in node.items())


def _hint(node: Node, start: int, stop: int) -> Hint:
    keys = section(node, _HINT_KEYS, ("frame", "x", "y", "color"))
    frame = _frame(keys["frame"])
    if not start <= frame < stop:
        keys["frame"].fail(f"frame {frame} is not in this shot, whose frames are {start} to {stop - 1}")
    x, y = _share(keys["x"], 0, "of the picture's width"), _share(keys["y"], 0, "of the picture's height")
    radius = _share(keys["radius"], 0.001, "of the picture's height") if "radius" in keys else Hint.radius
    return Hint(frame, x, y, _color(keys["color"]), radius)


def _share(node: Node, least: float, whose: str) -> float:
    wanted = f"a share from {least:g} to 1 {whose}"
    value = node.number(wanted)
    return value if least <= value <= 1 else node.wrong(wanted)


def _color(node: Node) -> str:
    text = node.text().strip().lower().removeprefix("#")
    return f"#{text}" if re.fullmatch("[0-9a-f]{6}", text) else node.wrong(_COLOR)


def _numbers(nodes: Sequence[Node]) -> dict[str, int]:
    """Place by number: as its entry says, or else its place; so numbers hold while a person splits and joins shots."""
    said = [node.mapping().get("shot") for node in nodes]
    numbers: dict[str, int] = {}
    for place, node in enumerate(said):
        if node is not None:
            numbers.setdefault(node.text().strip(), place)
    for place, node in enumerate(said):
        if node is None:
            numbers.setdefault(str(place), place)
    return numbers


def _anchor(node: Node, numbers: dict[str, int]) -> int | None:
    tie = node.mapping().get("tied_to")
    if tie is None or is_none(tie):
        return None
    if (number := tie.text().strip()) not in numbers:
        tie.fail(f"there is no shot {brief(number)} to tie this one to; name one by its number, or none")
    return numbers[number]


def _check_tie(node: Node, entry: ShotEntry, entries: Sequence[ShotEntry]) -> None:
    """An anchor is another shot, and is not tied itself."""
    if entry.tied_to is None:
        return
    tie = node.mapping()["tied_to"]
    further = entries[entry.tied_to].tied_to
    if entry.tied_to == entry.shot.index:
        tie.fail("a shot cannot be tied to itself; name another, or none")
    if further is not None:
        _fail_chain(tie, further, entry)


def _fail_chain(tie: Node, further: int, entry: ShotEntry) -> NoReturn:
    right = "untie one of the two" if further == entry.shot.index else f"tie this one to shot {further} as well"
    tie.fail(f"shot {tie.text()} is tied itself, to shot {further}; {right}, or write none")
