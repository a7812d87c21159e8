"""``vidcolor verify FILM OUT``."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcolor.commands import options
from vidcolor.commands.console import answer, lines, one_stage


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "verify",
        verify,
        "prove what was left untouched: luma, times, and all other streams",
        "Exit status 1 where something was touched.",
    )
    options.add_film(parser)
    parser.add_argument("out", metavar="OUT", type=Path, help="the coloured film")


def verify(args: argparse.Namespace) -> int:
    """Compare the coloured film with its source; status 1 where a law is broken."""
    from vidcolor.pipeline.verify import verify as verify_film

    with one_stage(args, "verify") as on_progress:
        verification = verify_film(args.film, args.out, on_progress=on_progress)
    answer(args, verification.to_json(), lines(verification.to_json()))
    return 0 if verification.ok else 1
