"""The commands: each file adds one to the parser, and imports what it needs only when it is run."""

from __future__ import annotations

from vidcolor.commands import bench, clean, colorize, evaluate, match, models, run, train, turing, verify

COMMANDS = (
    *(run.add, match.add, colorize.add, verify.add, evaluate.add),
    *(train.add, clean.add, models.add, turing.add, bench.add),
)
"""In the order of ``vidcolor --help``."""
