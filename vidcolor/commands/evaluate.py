"""``vidcolor evaluate OUT TRUTH``."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcolor.commands import options
from vidcolor.commands.console import answer, lines, one_stage


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(commands, "evaluate", evaluate, "measure a coloured film against its colour original")
    parser.add_argument("out", metavar="OUT", type=Path, help="the coloured film")
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="the colour original")


def evaluate(args: argparse.Namespace) -> int:
    """Print the film metrics."""
    from vidcolor.pipeline.evaluate import evaluate as evaluate_film

    with one_stage(args, "evaluate") as on_progress:
        evaluation = evaluate_film(args.out, args.truth, on_progress=on_progress)
    answer(args, evaluation.to_json(), lines(evaluation.to_json()))
    return 0
