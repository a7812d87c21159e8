"""Options that several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from vidcolor.config import resolve
from vidcolor.pipeline.presets import DEFAULT, PRESETS

Config = TypeVar("Config")

NO_REFERENCES = " (default: those that the project's manifest names; where there are none, natural colours)"
"""What happens without --refs."""

Subparsers = Any  # argparse keeps the type of its subparsers to itself


def add_command(
    commands: Subparsers, name: str, command: Callable[[argparse.Namespace], int], summary: str, details: str = ""
) -> argparse.ArgumentParser:
    """Add a command with the options that every one has; ``command`` gives the exit status."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {details}".strip()
    )
    parser.set_defaults(command=command)
    parser.add_argument("--json", action="store_true", help="print the answer as one JSON object on stdout")
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="no progress and no summary, only errors")
    loudness.add_argument(
        "-v", "--verbose", action="store_true", help="also the settings in use, and where an error came from"
    )
    return parser


def add_film(parser: argparse.ArgumentParser) -> None:
    """FILM."""
    parser.add_argument("film", metavar="FILM", type=Path, help="the black-and-white film")


def add_references(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    """--refs; ``otherwise`` says what happens without."""
    parser.add_argument(
        "--refs",
        metavar="PATH",
        type=Path,
        help=f"a folder of colour stills, one still, or a colour film whose frames serve as references{otherwise}",
    )


def add_project(parser: argparse.ArgumentParser, required: bool = False) -> None:
    """--project."""
    default = "" if required else " (default: FILM with the ending .vidcolor)"
    parser.add_argument(
        "--project", metavar="DIR", type=Path, required=required, help=f"folder of manifest and segments{default}"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """-o, --overwrite and the encoder."""
    parser.add_argument("-o", "--out", metavar="OUT", type=Path, help="the coloured film (default: FILM.color.ENDING)")
    parser.add_argument("--overwrite", action="store_true", help="replace a file of that name that is not ours")
    add_encoder(parser)


def add_encoder(parser: argparse.ArgumentParser) -> None:
    """--codec, --crf and --preset."""
    parser.add_argument("--codec", help="x264 (default), x265, ffv1, prores, av1, ...; short for --set encode.codec=")
    parser.add_argument("--crf", type=int, help="quality of the encoder, smaller is better; --set encode.crf=")
    parser.add_argument("--preset", help="speed of the encoder, such as veryfast; --set encode.preset=")


def add_model(parser: argparse.ArgumentParser) -> None:
    """--device and --model."""
    add_device(parser, default="auto")
    parser.add_argument("--model", metavar="NAME|FILE", help="a model of `vidcolor models`, or a weights file")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """--jobs, --engine and --address."""
    parser.add_argument(
        "--jobs", metavar="N", type=count, help="how many shots are coloured at once, each in a process of its own"
    )
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="this machine, or those of a Ray cluster"
    )
    parser.add_argument("--address", metavar="ADDRESS", help="of the Ray cluster (default: the one at hand)")


def add_device(parser: argparse.ArgumentParser, default: str | None) -> None:
    """--device."""
    parser.add_argument(
        "--device", metavar="auto|cpu|cuda[:N]", type=_device, default=default, help="where the network runs"
    )


def add_set(parser: argparse.ArgumentParser) -> None:
    """--set."""
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one setting, such as shots.threshold=2.5; may be given often",
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """--fast, --best, --config and --set."""
    presets = parser.add_mutually_exclusive_group()
    for name, settings in PRESETS.items():
        if name != DEFAULT:
            presets.add_argument(
                f"--{name}",
                dest="settings_preset",
                action="store_const",
                const=name,
                default=DEFAULT,
                help=f"short for --set {' '.join(settings)}; what --config and --set say wins",
            )
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings from a YAML file")
    add_set(parser)


def settings_of(args: argparse.Namespace, cls: type[Config], preset: str | None = None) -> Config:
    """The settings asked for: of the preset (``preset`` or the one named), then of --config, then of other options."""
    return resolve(cls, args.config, overrides(args), base=PRESETS[preset or args.settings_preset])


def overrides(args: argparse.Namespace) -> tuple[str, ...]:
    """The settings asked for by options of their own, then those by --set, which win."""
    short = [f"encode.{name}={getattr(args, name)}" for name in ("codec", "preset") if getattr(args, name, None)]
    if getattr(args, "crf", None) is not None:
        short.append(f"encode.crf={args.crf}")
    return (*short, *args.overrides)


def count(text: str) -> int:
    """A number from 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return number


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"must be auto, cpu, cuda or cuda:N, got {text!r}")
    return text
