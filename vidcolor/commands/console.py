"""What a person sees: bars on stderr while a command works, and its answer on stdout."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from tqdm import tqdm

from vidcolor.commands.streams import say, to_reader
from vidcolor.config import dump_yaml, to_dict

OnStage = Callable[[str, int, "int | None"], None]
"""Called with the stage, how much of it is done, and how much there is (None where nobody knows)."""

_SELDOM = 10.0
"""Seconds between two lines of a bar that goes to a file."""


class Bars:
    """One bar for every stage that reports, closed when the stage is done."""

    def __init__(self) -> None:
        self._open: dict[str, Any] = {}
        self._done: set[str] = set()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage; where nobody sees it any more, the work goes on."""
        with suppress(OSError):
            self._move(stage, done, total)

    def _move(self, stage: str, done: int, total: int | None) -> None:
        if stage in self._done:
            return
        bar = self._open[stage] if stage in self._open else self._begin(stage, total)
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            self._open.pop(stage).close()
            self._done.add(stage)

    def close(self) -> None:
        """Leave the bars as they stand."""
        for bar in self._open.values():
            with suppress(OSError):
                bar.close()

    def _begin(self, stage: str, total: int | None) -> Any:
        pause = 0.1 if sys.stderr.isatty() else _SELDOM
        self._open[stage] = tqdm(desc=stage, total=total, mininterval=pause, dynamic_ncols=True)
        return self._open[stage]


@contextmanager
def stages(args: argparse.Namespace) -> Iterator[OnStage | None]:
    """Bars for the length of the body; None where the person wants quiet."""
    if args.quiet:
        yield None
        return
    bars = Bars()
    try:
        yield bars
    finally:
        bars.close()


@contextmanager
def one_stage(args: argparse.Namespace, name: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """The same for a function of a single stage."""
    with stages(args) as bars:
        yield None if bars is None else lambda done, total: bars(name, done, total)


def show_settings(args: argparse.Namespace, config: Any) -> None:
    """The settings in use on stderr, where the person wants to know everything."""
    if args.verbose:
        say(dump_yaml(to_dict(config)).rstrip())


def notices(args: argparse.Namespace) -> Callable[[str], None] | None:
    """What a person should know before the work is done, on stderr; None where they want quiet."""
    return None if args.quiet else lambda sentence: say(f"vidcolor: {sentence}")


def answer(args: argparse.Namespace, values: Mapping[str, Any], sentences: Iterable[str]) -> None:
    """The answer of a command on stdout: one JSON object, or sentences."""
    with to_reader():
        if args.json:
            print(json.dumps(_finite(values), ensure_ascii=False, allow_nan=False))
        elif not args.quiet:
            for sentence in sentences:
                print(sentence)


def lines(values: Mapping[str, Any]) -> list[str]:
    """Plain values as aligned lines; lists and sections are left to --json."""
    shown = {key: value for key, value in values.items() if not isinstance(value, Mapping | list | tuple)}
    width = max(map(len, shown), default=0)
    return [f"{key:<{width}}  {_shown(value)}" for key, value in shown.items()]


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _finite(value: Any) -> Any:
    """JSON knows no infinity: null stands for it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(member) for member in value]
    return value
