"""``vidcolor colorize FILM --project DIR``."""

from __future__ import annotations

import argparse

from vidcolor.commands import options
from vidcolor.commands.console import answer, notices, show_settings, stages
from vidcolor.pipeline.heap import staying


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "colorize",
        colorize,
        "colour a film from its manifest as it stands",
        "Settings and model are those of the project's last run, unless --fast, --best, --config, --set or --model say "
        "otherwise.",
    )
    options.add_film(parser)
    options.add_project(parser, required=True)
    options.add_output(parser)
    options.add_model(parser)
    options.add_engine(parser)
    options.add_settings(parser)


def colorize(args: argparse.Namespace) -> int:
    """Colour the shots whose segments are missing; status 1 where the finished film breaks a law."""
    with staying():
        from vidcolor.pipeline.engines.choose import choose_engine
        from vidcolor.pipeline.presets import PRESETS
        from vidcolor.pipeline.run import PipelineConfig, colorize_film
        from vidcolor.pipeline.settings import load_settings

    used = args.project / "settings.yaml"
    model = None
    if args.config is None and used.exists():
        preset = PRESETS[args.settings_preset]
        config, model = load_settings(used, PipelineConfig, (*preset, *options.overrides(args)))
    else:
        config = options.settings_of(args, PipelineConfig)
    show_settings(args, config)
    with stages(args) as on_progress:
        summary = colorize_film(
            args.film,
            args.project,
            out=args.out,
            config=config,
            overwrite=args.overwrite,
            device=args.device,
            model=args.model or model,
            on_progress=on_progress,
            on_notice=notices(args),
            engine=choose_engine(args.engine, args.jobs, args.address),
        )
    answer(args, summary.to_json(), summary.sentences())
    return 1 if summary.to_json().get("ok") is False else 0
