"""Words on the command line to one library call, one answer and one exit status. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import traceback
from collections.abc import Sequence

from vidcolor import __version__
from vidcolor.commands import COMMANDS
from vidcolor.errors import VidcolorError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

_OUTSIDE = {
    errno.ENOSPC: "the disk is full; make room and run the same command again",
    errno.EDQUOT: "the disk quota is used up; make room and run the same command again",
    errno.EROFS: "the disk is read-only; choose another place with -o and --project",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EIO: "the disk or the network share reports an error",
    errno.EFBIG: "the file would be larger than the disk allows",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
}
"""What the machine may refuse through nobody's fault in the program."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status: 0 done, 1 an error in one line, 2 wrong usage, 130 interrupted."""
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        status: int = args.command(args)
        sys.stdout.flush()
        return status
    except VidcolorError as error:
        return _fail(str(error), args.verbose)
    except KeyboardInterrupt:
        print("\nvidcolor: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has left: say no more at exit
        return FAILED
    except OSError as error:
        if error.errno not in _OUTSIDE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _fail(where + _OUTSIDE[error.errno], args.verbose)
    except (MemoryError, RuntimeError) as error:
        if type(error).__name__ not in ("MemoryError", "OutOfMemoryError"):  # the second is torch's
            raise
        return _fail("the memory does not suffice; try --device cpu, or a smaller batch with --set", args.verbose)


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


def _fail(sentence: str, verbose: bool) -> int:
    """One line on stderr, after the traceback where that was asked for."""
    if verbose:
        traceback.print_exc()
    print(f"vidcolor: {' '.join(sentence.split())}", file=sys.stderr)
    return FAILED
