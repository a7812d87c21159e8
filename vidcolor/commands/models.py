"""``vidcolor models``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from vidcolor.commands import options
from vidcolor.commands.console import answer


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    options.add_command(commands, "models", models, "the models that ship: size, licence, measured quality")


def models(args: argparse.Namespace) -> int:
    """List the models."""
    from vidcolor.model.checkpoint import shipped_models

    infos = [info.to_json() for info in shipped_models()]
    answer(args, {"models": infos}, [sentence for info in infos for sentence in _sentences(info)])
    return 0


def _sentences(info: Mapping[str, Any]) -> list[str]:
    """One line for the model, one for each of its scores."""
    quality = [f"    {name}: {value:g}" for name, value in info["quality"].items()]
    return [f"{info['name']}  {info['parameters'] / 1e6:.1f} million weights, licence {info['licence']}", *quality]
