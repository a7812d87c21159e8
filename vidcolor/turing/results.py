"""What raters' answers say: for every model the share of its pictures that passed for photographs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from vidcolor.errors import TuringError
from vidcolor.turing.entries import Answer, Session
from vidcolor.turing.record import read_entries

CONFIDENCE = 0.95
RESAMPLES = 10_000
INTERVAL = "Wilson score interval, 95 %, every answer counted alike"
STANDARD_ERROR = "bootstrap over raters, 10 000 resamples"


@dataclass(frozen=True)
class ModelResult:
    """How often one model fooled."""

    model: str
    fooled: float
    """Share of its test pairs whose photograph was taken for the fake; 0.5 for colours that nobody can tell."""
    interval: tuple[float, float]
    """Wilson score interval of that share."""
    standard_error: float | None
    """Bootstrapped over raters, who differ more than their single answers say; None for one rater."""
    answers: int
    fooled_answers: int
    raters: int
    pictures: int


@dataclass(frozen=True)
class RaterResult:
    """One session."""

    rater: str
    seed: int
    answers: int
    """Test pairs answered."""
    pairs: int
    """Test pairs of the session."""
    fooled: float | None
    """Share of those answered; None where none is."""
    by_model: dict[str, float]


@dataclass(frozen=True)
class Results:
    """Everything that is counted; models by share, the most convincing first."""

    models: tuple[ModelResult, ...]
    raters: tuple[RaterResult, ...]

    @property
    def answers(self) -> int:
        """All test answers."""
        return sum(model.answers for model in self.models)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        how = {"answers": self.answers, "interval": INTERVAL, "standard_error": STANDARD_ERROR}
        return {**how, "models": [asdict(one) for one in self.models], "raters": [asdict(one) for one in self.raters]}

    def lines(self) -> list[str]:
        """Two tables for people."""
        rows = [("model", "fooled", "95 %", "± raters", "answers", "raters", "pictures")]
        for model in self.models:
            low, high = (percent(share) for share in model.interval)
            error = "-" if model.standard_error is None else percent(model.standard_error)
            counts = (str(model.answers), str(model.raters), str(model.pictures))
            rows.append((model.model, percent(model.fooled), f"{low} to {high}", error, *counts))
        people = [("rater", "seed", "fooled", "answers")]
        for one in self.raters:
            share = "-" if one.fooled is None else percent(one.fooled)
            people.append((one.rater, str(one.seed), share, f"{one.answers} of {one.pairs}"))
        notes = (f"95 %: {INTERVAL}", f"± raters: standard error, {STANDARD_ERROR}", "50 %: nobody can tell")
        return [*_aligned(rows), "", *_aligned(people), "", *notes]


def read_results(path: Path) -> Results:
    """Count the answers of a file, or of all ``*.jsonl`` of a folder; copies of a file count once.

    Raises TuringError where nothing can be read or nobody has answered a test pair.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise TuringError(f"{path}: there is no file of answers in it (*.jsonl)")
    sessions: dict[str, Session] = {}
    answers: dict[tuple[str, int], Answer] = {}
    for entry in (entry for file in files for entry in read_entries(file)):
        if isinstance(entry, Session):
            sessions.setdefault(entry.session, entry)
        elif isinstance(entry, Answer):
            answers.setdefault((entry.session, entry.trial), entry)
    tested = [answer for answer in answers.values() if answer.round == "test"]
    if not tested:
        raise TuringError(f"{path}: nobody has answered a test pair yet")
    return count(list(sessions.values()), tested)


def count(sessions: Sequence[Session], answers: Sequence[Answer]) -> Results:
    """Count test answers, each given once."""
    models = [_model(name, _of(answers, model=name)) for name in sorted({answer.model for answer in answers})]
    raters = [_rater(session, _of(answers, session=session.session)) for session in sessions]
    return Results(tuple(sorted(models, key=lambda model: -model.fooled)), tuple(raters))


def wilson(successes: int, number: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927): unlike share ± error it stays within 0 and 1 and fits few answers."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, spread = successes / number, z * z / number
    centre = (share + spread / 2) / (1 + spread)
    reach = z / (1 + spread) * (share * (1 - share) / number + spread / (4 * number)) ** 0.5
    low = 0.0 if successes == 0 else centre - reach
    return low, 1.0 if successes == number else centre + reach


def bootstrap_error(fooled: Sequence[int], answered: Sequence[int], resamples: int = RESAMPLES) -> float | None:
    """Standard error of the share of all answers when raters, each with all their answers, are drawn anew."""
    raters = len(answered)
    if raters < 2:
        return None
    drawn = np.random.default_rng(0).multinomial(raters, np.full(raters, 1 / raters), resamples)
    shares = (drawn @ np.asarray(fooled, float)) / (drawn @ np.asarray(answered, float))
    return float(shares.std())


def percent(share: float) -> str:
    """A share as it is told."""
    return f"{100 * share:.1f} %"


def _model(name: str, answers: Sequence[Answer]) -> ModelResult:
    people = sorted({answer.session for answer in answers})
    by_rater = [_of(answers, session=person) for person in people]
    fooled = _fooled(answers)
    return ModelResult(
        model=name,
        fooled=fooled / len(answers),
        interval=wilson(fooled, len(answers)),
        standard_error=bootstrap_error([_fooled(given) for given in by_rater], [len(given) for given in by_rater]),
        answers=len(answers),
        fooled_answers=fooled,
        raters=len(people),
        pictures=len({answer.picture for answer in answers}),
    )


def _rater(session: Session, answers: Sequence[Answer]) -> RaterResult:
    models = sorted({answer.model for answer in answers})
    pairs = sum(trial.round == "test" for trial in session.trials)
    return RaterResult(
        rater=session.rater,
        seed=session.seed,
        answers=len(answers),
        pairs=pairs,
        fooled=_fooled(answers) / len(answers) if answers else None,
        by_model={name: _fooled(given) / len(given) for name in models if (given := _of(answers, model=name))},
    )


def _of(answers: Iterable[Answer], **wanted: str) -> list[Answer]:
    return [answer for answer in answers if all(getattr(answer, name) == value for name, value in wanted.items())]


def _fooled(answers: Iterable[Answer]) -> int:
    return sum(answer.fooled for answer in answers)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
