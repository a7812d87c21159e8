"""``vidcolor models``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from vidcolor.commands import options
from vidcolor.commands.console import answer


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    options.add_command(commands, "models", models, "the models: size, licence, measured quality, or how to train them")


def models(args: argparse.Namespace) -> int:
    """List the models that ship, then the networks that wait for weights."""
    from vidcolor.model.checkpoint import shipped_models
    from vidcolor.model.untrained import untrained_models

    infos = [{**info.to_json(), "ships": True} for info in shipped_models()]
    infos += [{**info.to_json(), "ships": False} for info in untrained_models()]
    answer(args, {"models": infos}, [sentence for info in infos for sentence in _sentences(info)])
    return 0


def _sentences(info: Mapping[str, Any]) -> list[str]:
    """One line for the model; then one for each of its scores, or how to come by weights of it."""
    first = f"{info['name']}  {info['parameters'] / 1e6:.1f} million weights, licence {info['licence']}"
    if info["ships"]:
        return [first, *(f"    {name}: {value:g}" for name, value in info["quality"].items())]
    paper = [f"    {info['paper']}"] if info["paper"] else []
    return [first, *paper, f"    no weights of it ship; train it: {info['train']}"]
