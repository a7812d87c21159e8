"""Settings: the defaults of nested frozen dataclasses, then a YAML file, then ``section.key=value`` overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast, get_type_hints

import yaml

from vidcolor.errors import ConfigError
from vidcolor.setting_types import NotOfTypeError, from_text, from_value, wanted
from vidcolor.yaml_node import Node, nearest, read_yaml

Config = TypeVar("Config")


@dataclass(frozen=True)
class _Given:
    """One value that somebody asked for, and where."""

    value: Any
    origin: str


def resolve(
    cls: type[Config], file: Path | None = None, overrides: Sequence[str] = (), base: Sequence[str] = ()
) -> Config:
    """Build ``cls`` from its defaults, ``base``, the YAML ``file`` and ``overrides`` such as ``shots.threshold=2.5``.

    ``cls`` is a dataclass whose fields are values or further dataclasses; later words win over earlier ones. ``base``
    is written like ``overrides``.
    Raises ConfigError for an unknown key (with the nearest known one), for a value of the wrong type
    (with what was got and what is expected) and for a value that the dataclass itself refuses.
    """
    return resolve_values(cls, None if file is None else read_yaml(file, ConfigError), overrides, base)


def resolve_values(
    cls: type[Config], values: Node | None, overrides: Sequence[str] = (), base: Sequence[str] = ()
) -> Config:
    """The same as `resolve` for values already read from a file; None stands for an empty file."""
    given = dict(_from_override(cls, words) for words in base)
    if values is not None:
        given.update(_from_node(cls, values, ""))
    for override in overrides:
        given.update([_from_override(cls, override)])
    return _build(cls, given, "")


def to_dict(config: Any) -> dict[str, Any]:
    """The settings as plain values (dict, list, str, int, float, bool, None), fit for YAML and JSON."""
    return {field.name: _plain(getattr(config, field.name)) for field in fields(config)}


def setting_names(cls: type[Any]) -> list[str]:
    """The dotted names of all settings of ``cls``, sections resolved."""
    return [name for name, _ in _leaves(cls, "")]


def _from_node(cls: type[Any], node: Node, prefix: str) -> Iterator[tuple[str, _Given]]:
    """Walk a section of the file along the dataclass that describes it."""
    kinds = get_type_hints(cls)
    known = {field.name: kinds[field.name] for field in fields(cls)}
    for key, entry in node.mapping().items():
        name = prefix + key
        if key not in known:
            entry.fail(f"there is no setting {name!r}; {nearest(name, [prefix + k for k in known])}")
        if not is_dataclass(known[key]):
            origin = f"{entry.file}, line {entry.line}"
            yield name, _Given(_typed(from_value, entry.value(), known[key], name, origin), origin)
        elif entry.value() is not None:
            yield from _from_node(cast(type[Any], known[key]), entry, name + ".")


def _from_override(cls: type[Any], override: str) -> tuple[str, _Given]:
    """Read one ``section.key=value``."""
    name, equals, text = override.partition("=")
    name = name.strip()
    known = dict(_leaves(cls, ""))
    if not equals:
        raise ConfigError(f"--set {override}: must have the form section.key=value")
    if any(leaf.startswith(name + ".") for leaf in known):
        raise ConfigError(
            f"--set {override}: {name!r} is a section; name one of its settings, such as {name}.key=value"
        )
    if name not in known:
        raise ConfigError(f"--set {override}: there is no setting {name!r}; {nearest(name, known)}")
    origin = f"--set {override}"
    return name, _Given(_typed(from_text, text.strip(), known[name], name, origin), origin)


def _typed(read: Any, raw: Any, kind: Any, name: str, origin: str) -> Any:
    """Bring a raw value to the annotated type, or say what was expected."""
    try:
        return read(raw, kind)
    except NotOfTypeError as error:
        raise ConfigError(f"{origin}: {name} must be {wanted(kind)}, got {raw!r}") from error


def _build(cls: type[Config], given: Mapping[str, _Given], prefix: str) -> Config:
    """Make the dataclass from the given values, section by section."""
    kinds = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in _fields(cls):
        name = prefix + field.name
        if is_dataclass(kinds[field.name]):
            values[field.name] = _build(cast(type[Any], kinds[field.name]), given, name + ".")
        elif name in given:
            values[field.name] = given[name].value
    try:
        return cls(**values)
    except (ValueError, TypeError, ConfigError) as error:
        _refuse(error, [given[prefix + key].origin for key in values if prefix + key in given], prefix)


def _refuse(error: Exception, origins: Sequence[str], prefix: str) -> NoReturn:
    """Tell a value that the dataclass refused; a mistake in its own defaults is ours and stays a traceback."""
    if not origins:
        raise error
    section = f"{prefix.rstrip('.')}: " if prefix else ""
    raise ConfigError(f"{', '.join(dict.fromkeys(origins))}: {section}{error}") from error


def _leaves(cls: type[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Every setting's dotted name and its annotated type."""
    kinds = get_type_hints(cls)
    for field in _fields(cls):
        kind = kinds[field.name]
        if is_dataclass(kind):
            yield from _leaves(cast(type[Any], kind), f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, kind


def _fields(cls: type[Any]) -> list[Field[Any]]:
    return [field for field in fields(cls) if field.init]


def _plain(value: Any) -> Any:
    """A setting's value without types that YAML and JSON do not know."""
    if is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, Path | Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(member) for member in value]
    return value


def dump_yaml(values: Mapping[str, Any]) -> str:
    """Plain values as YAML text in the order given, Unicode as it is."""
    return str(yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, default_flow_style=False))
