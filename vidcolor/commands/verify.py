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
    options.add_settings(parser)


def verify(args: argparse.Namespace) -> int:
    """Compare the coloured film with its source; status 1 where a law is broken."""
    from vidcolor.config import resolve
    from vidcolor.pipeline.config import PipelineConfig
    from vidcolor.pipeline.verify import VerifyConfig
    from vidcolor.pipeline.verify import verify as verify_film

    config = resolve(PipelineConfig, args.config, args.overrides)
    wanted = VerifyConfig(leave_out=config.mux.leave_out)
    with one_stage(args, "verify") as on_progress:
        verification = verify_film(args.film, args.out, on_progress=on_progress, config=wanted, decode=config.decode)
    answer(args, verification.to_json(), lines(verification.to_json()))
    return 0 if verification.ok else 1
