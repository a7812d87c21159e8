"""``vidcolor match FILM [--refs PATH]``."""

from __future__ import annotations

import argparse

from vidcolor.commands import options
from vidcolor.commands.console import answer, show_settings, stages
from vidcolor.pipeline.heap import staying


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "match",
        match,
        "find a reference for every shot: only the manifest",
        "What a person wrote in it stays.",
    )
    options.add_film(parser)
    options.add_references(parser, options.NO_REFERENCES)
    options.add_project(parser)
    options.add_model(parser)
    options.add_settings(parser)


def match(args: argparse.Namespace) -> int:
    """Write the manifest."""
    with staying():
        from vidcolor.pipeline.run import PipelineConfig, match_film

    config = options.settings_of(args, PipelineConfig)
    show_settings(args, config)
    with stages(args) as on_progress:
        summary = match_film(
            args.film,
            args.refs,
            project=args.project,
            config=config,
            device=args.device,
            model=args.model,
            on_progress=on_progress,
        )
    answer(args, summary.to_json(), summary.sentences())
    return 0
