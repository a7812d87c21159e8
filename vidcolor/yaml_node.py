"""YAML read with the line of every value, so that a mistake can be named where it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml.constructor import SafeConstructor

from vidcolor.errors import VidcolorError

Raise = type[VidcolorError]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it: ten times faster

_SHOWN = 60
"""Signs of a person's words that a message repeats."""


@dataclass(frozen=True)
class Node:
    """One value of a YAML file, the name of its place in it, and the error that a wrong one raises."""

    yaml: yaml.Node
    place: str
    """How a message names it, such as ``shots[3].saturation``; empty for the whole file."""
    file: Path
    error: Raise

    @property
    def line(self) -> int:
        """Line of the file, counted from 1."""
        return int(self.yaml.start_mark.line) + 1

    def fail(self, message: str) -> NoReturn:
        """Raise the reader's error with file and line before ``message``."""
        raise self.error(f"{self.file}, line {self.line}: {message}")

    def wrong(self, wanted: str) -> NoReturn:
        """Raise the reader's error: this value is not what is wanted here."""
        self.fail(f"{self.place or 'the file'} must be {wanted}, got {self.shown()}")

    def shown(self) -> str:
        """The value in the words of a message."""
        if isinstance(self.yaml, yaml.ScalarNode):
            return brief(self.yaml.value) if self.yaml.value else "nothing"
        return "a list" if isinstance(self.yaml, yaml.SequenceNode) else "a section of its own"

    def value(self) -> Any:
        """The plain Python value (dict, list, str, int, float, bool, None)."""
        try:
            return SafeConstructor().construct_document(self.yaml)
        except (yaml.YAMLError, ValueError, AttributeError) as error:  # the last: a tag that its text does not fit
            self.fail(f"cannot be read: {_reason(error)}")

    def mapping(self) -> dict[str, Node]:
        """The entries of a section by key; raises where this is none or a key stands twice."""
        if not isinstance(self.yaml, yaml.MappingNode):
            self.wrong("a section of 'key: value' lines")
        entries: dict[str, Node] = {}
        for key, value in self.yaml.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            shown = name[:_SHOWN]
            entry = Node(value, f"{self.place}.{shown}" if self.place else shown, self.file, self.error)
            if name in entries:
                Node(key, name, self.file, self.error).fail(f"{entry.place} stands here a second time")
            entries[name] = entry
        return entries

    def items(self) -> list[Node]:
        """The members of a list; raises where this is none."""
        if not isinstance(self.yaml, yaml.SequenceNode):
            self.wrong("a list")
        return [Node(n, f"{self.place}[{i}]", self.file, self.error) for i, n in enumerate(self.yaml.value)]

    def is_list(self) -> bool:
        """True for a list."""
        return isinstance(self.yaml, yaml.SequenceNode)

    def is_mapping(self) -> bool:
        """True for a section of 'key: value' pairs."""
        return isinstance(self.yaml, yaml.MappingNode)

    def is_plain(self) -> bool:
        """True for a single value without quotes."""
        return isinstance(self.yaml, yaml.ScalarNode) and not self.yaml.style

    def span(self) -> tuple[int, int]:
        """Where the value begins and ends in the text, in characters; comments after it do not belong to it."""
        last = self.yaml
        while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
            last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
        return int(self.yaml.start_mark.index), int(last.end_mark.index)

    def text(self) -> str:
        """A single value exactly as it is written, so that ``1932`` stays a name; raises where it is none."""
        if not isinstance(self.yaml, yaml.ScalarNode):
            self.wrong("a single value")
        return str(self.yaml.value)

    def integer(self, wanted: str = "a whole number") -> int:
        """A whole number; raises where it is none."""
        value = self.value()
        return value if isinstance(value, int) and not isinstance(value, bool) else self.wrong(wanted)

    def number(self, wanted: str = "a number") -> float:
        """A finite number; raises where it is none."""
        value = self.value()
        good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        return float(value) if good else self.wrong(wanted)

    def flag(self) -> bool:
        """true or false; raises where it is neither."""
        value = self.value()
        return value if isinstance(value, bool) else self.wrong("true or false")


def read_yaml(path: Path, error: Raise) -> Node | None:
    """Read one YAML file; None where it holds nothing but comments.

    Raises ``error`` with one sentence where the file is missing, unreadable or not well-formed.
    """
    return parse_yaml(_text_of(path, error), path, error)


def parse_yaml(text: str, path: Path, error: Raise) -> Node | None:
    """Read ``text`` as the contents of ``path``; see `read_yaml`."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        raise error(f"{path}{_line(problem)} is not well-formed YAML: {_reason(problem)}") from problem
    if root is None or root.tag == "tag:yaml.org,2002:null":
        return None
    return Node(root, "", path, error)


def brief(text: str) -> str:
    """A person's words in quotes, as a message repeats them: the beginning of long ones."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, or all of them where none is near."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known) or 'nothing'}"


def _text_of(path: Path, error: Raise) -> str:
    """The file as text; a folder, a missing file or foreign bytes raise ``error``."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as problem:
        raise error(f"{path}: there is no such file") from problem
    except UnicodeDecodeError as problem:
        raise error(f"{path}: this is not a text file in UTF-8") from problem
    except OSError as problem:
        raise error(f"{path}: it cannot be read ({problem.strerror})") from problem


def _line(problem: yaml.YAMLError) -> str:
    mark = getattr(problem, "problem_mark", None)
    return "" if mark is None else f", line {mark.line + 1},"


def _reason(problem: Exception) -> str:
    return str(getattr(problem, "problem", None) or problem).splitlines()[0]
