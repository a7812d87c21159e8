"""``vidcolor bench [FILM]``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vidcolor.commands import options
from vidcolor.commands.console import answer, show_settings, stages
from vidcolor.errors import ConfigError
from vidcolor.pipeline.presets import PRESETS

if TYPE_CHECKING:
    from vidcolor.bench.measure import Setting


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "bench",
        bench,
        "measure speed beside a plain transcode",
        "Rounds of a transcode by FFmpeg with the run's encoder settings, of a run with a fresh project, and of a run "
        "whose shots and references are known already, in turn. Without FILM the sample is taken, or a film is drawn.",
    )
    parser.add_argument("film", metavar="FILM", type=Path, nargs="?", help="the black-and-white film")
    options.add_references(parser)
    parser.add_argument("-o", "--out", metavar="SVG", type=Path, help="draw what was measured")
    parser.add_argument("--repeats", metavar="N", type=options.count, default=3, help="rounds (default: 3)")
    parser.add_argument("--frames", metavar="N", type=options.count, help="cut or loop the film to so many frames")
    parser.add_argument("--presets", action="store_true", help="measure --fast, the default and --best side by side")
    parser.add_argument(
        "--lengths",
        metavar="N",
        type=options.count,
        nargs="+",
        default=[],
        help="also one run at each of these lengths in frames, to see what memory they take",
    )
    options.add_encoder(parser)
    options.add_model(parser)
    options.add_settings(parser)


def bench(args: argparse.Namespace) -> int:
    """Measure, print the table, and draw the picture."""
    import tempfile

    from vidcolor.bench.answer import Answer
    from vidcolor.bench.films import at_length, find_material
    from vidcolor.bench.measure import at_lengths, measure
    from vidcolor.bench.picture import draw
    from vidcolor.pipeline.decode import probe
    from vidcolor.pipeline.files import write_text

    if args.out and args.out.suffix.lower() != ".svg":
        raise ConfigError(f"{args.out}: the picture is drawn as SVG; give a name that ends in .svg.")
    settings = _settings(args)
    with tempfile.TemporaryDirectory(prefix="vidcolor-bench-") as name, stages(args) as on_progress:
        folder = Path(name)
        material = find_material(args.film, args.refs, folder)
        film = at_length(material.film, args.frames, folder) if args.frames else material.film
        rounds = measure(film, material.refs, settings, args.repeats, folder, on_progress)
        first = next(iter(settings.values()))
        lengths = at_lengths(material.film, material.refs, first, args.lengths, folder)
        found = Answer(replace(probe(film), path=material.film), rounds, lengths)
    if args.out:
        write_text(args.out, draw(found))
    answer(args, found.to_json(), found.lines())
    return 0


def _settings(args: argparse.Namespace) -> dict[str, Setting]:
    """What is measured, by name."""
    from vidcolor.bench.measure import Setting
    from vidcolor.pipeline.config import PipelineConfig

    found = {}
    for preset in PRESETS if args.presets else [args.settings_preset]:
        config = options.settings_of(args, PipelineConfig, preset)
        show_settings(args, config)
        found[preset] = Setting(config, args.device, args.model)
    return found
