"""``vidcolor train CONFIG``."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcolor.commands import options
from vidcolor.commands.console import answer, lines, show_settings, stages


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "train",
        train,
        "train a model from folders, tar shards, pair lists and videos",
        "Run again after an interruption: it goes on from the last checkpoint.",
    )
    parser.add_argument("config", metavar="CONFIG", type=Path, help="a YAML file such as configs/gray2color-film.yaml")
    options.add_device(parser, default=None)
    options.add_set(parser)


def train(args: argparse.Namespace) -> int:
    """Train, or go on training."""
    from vidcolor.config import resolve
    from vidcolor.model.training.config import TrainConfig
    from vidcolor.model.training.loop import train as train_model

    device = [] if args.device is None else [f"training.device={args.device}"]
    config = resolve(TrainConfig, args.config, [*device, *args.overrides])
    show_settings(args, config)
    with stages(args) as bars:
        on_progress = None if bars is None else lambda step, steps, parts: bars("train", step, steps)
        summary = train_model(config, on_progress)
    if summary is None:  # of several processes the first alone speaks
        return 0
    answer(args, summary.to_json(), lines(summary.to_json()))
    return 0
