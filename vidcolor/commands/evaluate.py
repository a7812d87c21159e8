"""``vidcolor evaluate OUT TRUTH``."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcolor.commands import options
from vidcolor.commands.console import answer, lines, one_stage


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "evaluate",
        evaluate,
        "measure a coloured film, or a folder of pictures, against its colour original",
        "Two films are compared frame by frame; two folders by the names of their pictures.",
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="the coloured film, or a folder of coloured pictures")
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="the colour original, or the folder of originals")
    folders = parser.add_argument_group("for two folders")
    folders.add_argument(
        "--references", metavar="FOLDER", type=Path, help="the reference of each picture, by name: adds HIS"
    )
    folders.add_argument(
        "--lpips", metavar="FILE", type=Path, help="weights of LPIPS 0.1 for AlexNet, with AlexNet's: adds LPIPS"
    )


def evaluate(args: argparse.Namespace) -> int:
    """Print the figures of two films, or of two folders."""
    if args.out.is_dir() or args.truth.is_dir() or args.references or args.lpips:
        return _evaluate_folders(args)
    from vidcolor.pipeline.evaluate import evaluate as evaluate_film

    with one_stage(args, "evaluate") as on_progress:
        evaluation = evaluate_film(args.out, args.truth, on_progress=on_progress)
    answer(args, evaluation.to_json(), lines(evaluation.to_json()))
    return 0


def _evaluate_folders(args: argparse.Namespace) -> int:
    from vidcolor.model.evaluate_images import evaluate_images
    from vidcolor.model.lpips import load_lpips

    lpips = load_lpips(args.lpips) if args.lpips else None
    with one_stage(args, "evaluate") as on_progress:
        evaluation = evaluate_images(args.out, args.truth, args.references, lpips, on_progress)
    answer(args, evaluation.to_json(), [*lines(evaluation.to_json()), *evaluation.left_out])
    return 0
