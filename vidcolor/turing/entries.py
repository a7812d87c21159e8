"""What is written down of a session, one JSON object a line: its pairs, what was shown, and each answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from vidcolor.turing.sequence import ROUNDS, SIDES, Round, Side, Trial


@dataclass(frozen=True)
class Session:
    """A rater began; the pairs are settled from here on, whatever becomes of the folders."""

    session: str
    """Random, so that copies of a file are not counted twice and namesakes on two computers are."""
    rater: str
    seed: int
    seconds: float
    side: int
    trials: tuple[Trial, ...]
    at: str
    """Date and time, UTC, ISO 8601."""


@dataclass(frozen=True)
class Shown:
    """A pair was shown for its full time and has gone."""

    session: str
    trial: int
    """Its place in the session's pairs, from 0."""
    milliseconds: float
    """How long it was to be seen, by the browser's clock."""


@dataclass(frozen=True)
class Answer:
    """What the rater took for the fake; all that is counted stands here."""

    session: str
    rater: str
    trial: int
    round: Round
    picture: str
    model: str
    fake: Side
    answer: Side
    fooled: bool
    """True where the photograph was taken for the fake."""
    milliseconds: float
    """From the moment the pair had gone to the answer, by the browser's clock."""
    looks: int
    """How often the pair was handed out: more than once where the page was left or hidden meanwhile."""
    at: str


Entry = Session | Shown | Answer

_KINDS: dict[str, type[Session] | type[Shown] | type[Answer]] = {"session": Session, "shown": Shown, "answer": Answer}

LINE_START = b'{"kind": "'
"""With which every line begins."""


def to_line(entry: Entry) -> str:
    """One line, with its end."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(entry, cls))
    return json.dumps({"kind": kind, **asdict(entry)}, ensure_ascii=True, allow_nan=False) + "\n"


def from_line(line: bytes) -> Entry:
    """The entry of a line. Raises ValueError with the reason where it is none of ours."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(values, dict) or values.get("kind") not in _KINDS:
        raise ValueError("it is neither a session nor an answer")
    cls = _KINDS[values.pop("kind")]
    if set(values) != set(cls.__dataclass_fields__):
        raise ValueError("words are missing or unknown")
    _check(values)
    if cls is Session:
        values["trials"] = tuple(_trial(trial) for trial in values["trials"])
    return cast("Entry", cls(**values))


def _trial(values: Any) -> Trial:
    if not isinstance(values, dict) or set(values) != set(Trial.__dataclass_fields__):
        raise ValueError("a pair is not told in full")
    _check(values)
    return Trial(**values)


def _check(values: Mapping[str, Any]) -> None:
    """Every word has a value of its kind."""
    for name, value in values.items():
        if not _WELL_FORMED[name](value):
            raise ValueError(f"{name} cannot be {value!r}")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


_WELL_FORMED = {
    **dict.fromkeys(("session", "rater", "picture", "model", "at"), _is_text),
    **dict.fromkeys(("trial", "side", "looks"), _is_count),
    **dict.fromkeys(("milliseconds", "seconds"), _is_time),
    "seed": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "trials": lambda value: isinstance(value, list) and len(value) > 0,
    "round": lambda value: value in ROUNDS,
    "fake": lambda value: value in SIDES,
    "answer": lambda value: value in SIDES,
    "fooled": lambda value: isinstance(value, bool),
}
