"""Words on the command line to one library call, one answer and one exit status. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Sequence

from vidcolor import __version__
from vidcolor.commands import COMMANDS
from vidcolor.commands.stopping import stoppable
from vidcolor.commands.streams import prepare_streams, say
from vidcolor.errors import VidcolorError
from vidcolor.refusals import refusal

FAILED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status.

    0 done, 1 an error in one line, 2 wrong usage, 128 and the number of the signal where one asked to stop (130 for
    Ctrl-C).
    """
    verbose = False
    with stoppable() as request:
        try:
            prepare_streams()
            args = build_parser().parse_args(argv)
            verbose = args.verbose
            return int(args.command(args))
        except BaseException as error:
            if request.number is not None or isinstance(error, KeyboardInterrupt):
                say("\nvidcolor: interrupted; the same command goes on from here")
                return request.exit_status
            if (sentence := _sentence(error)) is None:
                raise
            if verbose:
                say(traceback.format_exc().rstrip())
            say(f"vidcolor: {' '.join(sentence.split())}")
            return FAILED


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands; needs no torch."""
    parser = argparse.ArgumentParser(
        prog="vidcolor",
        description="Colour black-and-white film by following reference stills.",
        epilog="vidcolor COMMAND --help explains one command.",
    )
    parser.add_argument("--version", action="version", version=f"vidcolor {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return parser


def _sentence(error: BaseException) -> str | None:
    """What a person is told; None for a mistake of the program's own, which shows where it is."""
    if isinstance(error, VidcolorError):
        return str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # the second is torch's
        return "the memory does not suffice; run again with a smaller --set colorize.lines=..., or with --device cpu"
    if isinstance(error, OSError) and (sentence := refusal(error)) is not None:
        return f"{error.filename}: {sentence}" if error.filename else sentence
    return None
