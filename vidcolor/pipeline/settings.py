"""``settings.yaml`` of a project: every setting as resolved, with the versions and the model's digest."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from vidcolor import __version__
from vidcolor.config import dump_yaml, resolve_values, to_dict
from vidcolor.errors import ConfigError
from vidcolor.pipeline.files import write_text
from vidcolor.yaml_node import nearest, read_yaml

Config = TypeVar("Config")

_HEADER = (
    "# What the last run of this project used. Written by vidcolor; `vidcolor colorize --project` starts from it.\n"
)
_PACKAGES = ("torch", "av", "numpy", "opencv-python", "scenedetect")
_KEYS = ("model", "versions", "settings")


@dataclass(frozen=True)
class ModelNote:
    """Which model coloured a project."""

    name: str
    """As it was asked for: a name of a model that ships, or a file."""
    digest: str
    """SHA-256 of its weights."""


def save_settings(path: Path, config: Any, model: ModelNote) -> None:
    """Write the settings (any nested dataclass), the model and the versions in use; raises OutputError."""
    values = {
        "model": {"name": model.name, "digest": model.digest},
        "versions": versions(),
        "settings": to_dict(config),
    }
    write_text(path, _HEADER + dump_yaml(values))


def load_settings(path: Path, cls: type[Config], overrides: tuple[str, ...] = ()) -> tuple[Config, str | None]:
    """Read the settings of a project and the name of its model, with ``overrides`` on top.

    Raises ConfigError, with the line, where the file does not fit ``cls``.
    """
    root = read_yaml(path, ConfigError)
    entries = {} if root is None else root.mapping()
    for key, entry in entries.items():
        if key not in _KEYS:
            entry.fail(f"there is no section {key!r}; {nearest(key, _KEYS)}")
    model = entries["model"].mapping().get("name") if "model" in entries else None
    return resolve_values(cls, entries.get("settings"), overrides), None if model is None else model.text()


def versions() -> dict[str, str]:
    """The versions of vidcolor, Python and the packages that touch pixels, as installed."""
    return {"vidcolor": __version__, "python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
