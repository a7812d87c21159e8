"""What a setting's annotation accepts: values of a YAML file, and the text after ``--set key=``."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import yaml

_PLAIN_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    Path: "a path",
    Fraction: "a number or a fraction such as 24000/1001",
    type(None): "none",
}


class NotOfTypeError(Exception):
    """A value does not fit an annotation; the caller knows the setting's name and says so."""


def wanted(kind: Any) -> str:
    """What ``kind`` accepts, in the words of a message."""
    origin, members = get_origin(kind), get_args(kind)
    if _is_union(kind):
        return " or ".join(wanted(member) for member in members)
    if origin is Literal:
        return f"one of {', '.join(map(str, members))}"
    if origin in (tuple, list):
        return f"a list such as [a, b], each {wanted(members[0]) if members else 'a value'}"
    if origin is dict or kind is dict:
        return "a section of key: value lines"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(str(member.value) for member in kind)}"
    return _PLAIN_WORDS.get(kind, str(kind))


def from_text(text: str, kind: Any) -> Any:
    """Read the text of an override as ``kind``; raises NotOfTypeError.

    Text is taken as it stands, so that a path needs no quotes; ``none`` is None where that is allowed.
    """
    if text.lower() in ("none", "null", "") and _accepts_none(kind):
        return None
    if get_origin(kind) in (tuple, list) and not text.startswith("["):
        text = f"[{text}]"
    for read in (_yaml_value, str):
        try:
            return from_value(read(text), kind)
        except (NotOfTypeError, yaml.YAMLError):
            continue
    raise NotOfTypeError


def from_value(value: Any, kind: Any) -> Any:
    """Bring a plain value to ``kind`` without guessing: a whole number is a number, a text is no number."""
    origin = get_origin(kind)
    if _is_union(kind):
        return _first_fitting(value, get_args(kind))
    if origin is Literal:
        return _among(value, {member: member for member in get_args(kind)})
    if origin in (tuple, list):
        return _sequence(value, origin, get_args(kind))
    if origin is dict:
        return _section(value, get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _among(value, {member.value: member for member in kind})
    return _READERS.get(kind, _as_it_is)(value)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _accepts_none(kind: Any) -> bool:
    return _is_union(kind) and type(None) in get_args(kind)


def _yaml_value(text: str) -> Any:
    return yaml.safe_load(text)


def _first_fitting(value: Any, kinds: tuple[Any, ...]) -> Any:
    """The first member of a union that takes the value."""
    for kind in kinds:
        try:
            return from_value(value, kind)
        except NotOfTypeError:
            continue
    raise NotOfTypeError


def _among(value: Any, choices: Mapping[Any, Any]) -> Any:
    """One of a few; ``true`` is not taken for 1."""
    for choice, result in choices.items():
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return result
    raise NotOfTypeError


def _sequence(value: Any, origin: type, members: tuple[Any, ...]) -> Any:
    """A list, or a tuple of one kind (``tuple[int, ...]``) or of fixed length."""
    if not isinstance(value, list | tuple):
        raise NotOfTypeError
    if origin is tuple and Ellipsis not in members:
        if len(members) != len(value):
            raise NotOfTypeError
        return tuple(from_value(member, kind) for member, kind in zip(value, members, strict=True))
    return origin(from_value(member, members[0]) for member in value)


def _section(value: Any, members: tuple[Any, ...]) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise NotOfTypeError
    return {from_value(key, members[0]): from_value(member, members[1]) for key, member in value.items()}


def _as_it_is(value: Any) -> Any:
    return value


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise NotOfTypeError


def _number(value: Any) -> float:
    """A number; YAML 1.1 reads ``1e-4`` as text, which is one all the same."""
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError as error:
            raise NotOfTypeError from error
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise NotOfTypeError


def _only(kind: type) -> Callable[[Any], Any]:
    """A reader that takes values of exactly this kind."""

    def read(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise NotOfTypeError

    return read


def _path(value: Any) -> Path:
    if isinstance(value, str) and value:
        return Path(value).expanduser()
    raise NotOfTypeError


def _fraction(value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotOfTypeError
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError) as error:
        raise NotOfTypeError from error


_READERS: dict[Any, Callable[[Any], Any]] = {
    int: _whole,
    float: _number,
    bool: _only(bool),
    str: _only(str),
    Path: _path,
    Fraction: _fraction,
    type(None): _only(type(None)),
}
