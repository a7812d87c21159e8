"""``vidcolor clean FOLDER``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vidcolor.commands import options
from vidcolor.commands.console import answer, show_settings, stages
from vidcolor.errors import ConfigError

if TYPE_CHECKING:
    from vidcolor.model.cleaning.clean import CleanSummary


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "clean",
        clean,
        "tell which images are unfit for training, and why",
        "Nothing is deleted or moved: it writes a list to train from. Run again after an interruption, when the folder "
        "has changed, or with other thresholds: what is measured stays measured.",
    )
    parser.add_argument(
        "folders", metavar="FOLDER", type=Path, nargs="+", help="a folder of images or tar shards, or a tar shard"
    )
    parser.add_argument(
        "-o", "--out", metavar="DIR", type=Path, help="where lists and sheet go (default: FOLDER.clean beside FOLDER)"
    )
    parser.add_argument("--jobs", metavar="N", type=options.count, help="processes (default: one for each processor)")
    parser.add_argument("--config", metavar="FILE", type=Path, help="thresholds from a YAML file")
    options.add_set(parser)


def clean(args: argparse.Namespace) -> int:
    """Measure, judge, and say what was rejected."""
    from vidcolor.config import resolve
    from vidcolor.model.cleaning.clean import clean as clean_folders
    from vidcolor.model.cleaning.config import CleanSettings
    from vidcolor.pipeline.lock import project_lock

    config = resolve(CleanSettings, args.config, args.overrides)
    show_settings(args, config)
    out = args.out or _beside(args.folders[0])
    with project_lock(out), stages(args) as bars:
        summary = clean_folders(args.folders, out, config.clean, args.jobs or os.cpu_count() or 1, bars)
    answer(args, summary.to_json(), _sentences(summary))
    return 0


def _beside(folder: Path) -> Path:
    resolved = folder.expanduser().resolve()
    if not resolved.name:
        raise ConfigError(f"{folder} has nothing beside it: say with -o where the lists go.")
    return resolved.with_name(f"{resolved.name}.clean")


def _sentences(summary: CleanSummary) -> Iterator[str]:
    yield f"{summary.accepted} of {summary.images} images are fit for training: {summary.out / 'accepted.txt'}"
    for test in summary.thresholds:
        if test["rejected"]:
            words = f"{test['setting']}={test['value']}" if test["setting"] else ""
            yield f"  {test['reason'].replace('_', ' '):<16} {test['rejected']:>8}  {words}".rstrip()
    if summary.rejected:
        yield f"The others, with what was measured: {summary.out / 'rejected.jsonl'}, {summary.out / 'rejected.png'}"
    for path in summary.unread:
        yield f"{path} could not be read and was passed over."
