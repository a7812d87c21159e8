"""``vidcolor run FILM [--refs PATH]``."""

from __future__ import annotations

import argparse

from vidcolor.commands import options
from vidcolor.commands.console import answer, notices, show_settings, stages
from vidcolor.pipeline.heap import staying


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "run",
        run,
        "colour a film: match, colorize, encode, verify",
        "Writes the coloured film and a project folder. Run it again after a change of the manifest, or where it was "
        "cut short: finished work is not done twice.",
    )
    options.add_film(parser)
    options.add_references(parser, options.NO_REFERENCES)
    options.add_project(parser)
    options.add_output(parser)
    options.add_model(parser)
    options.add_engine(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Colour a film; status 1 where the finished film breaks a law."""
    with staying():
        from vidcolor.pipeline.engines.choose import choose_engine
        from vidcolor.pipeline.run import PipelineConfig
        from vidcolor.pipeline.run import run as run_pipeline

    config = options.settings_of(args, PipelineConfig)
    show_settings(args, config)
    with stages(args) as on_progress:
        summary = run_pipeline(
            args.film,
            args.refs,
            out=args.out,
            project=args.project,
            config=config,
            overwrite=args.overwrite,
            device=args.device,
            model=args.model,
            on_progress=on_progress,
            on_notice=notices(args),
            engine=choose_engine(args.engine, args.jobs, args.address),
        )
    answer(args, summary.to_json(), summary.sentences())
    return 1 if summary.to_json().get("ok") is False else 0
