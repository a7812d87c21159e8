"""The raters at work: who is where, what is shown next, and what an answer does."""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Literal

from vidcolor.errors import TuringError
from vidcolor.turing.entries import Answer, Session, Shown
from vidcolor.turing.material import Material, as_png
from vidcolor.turing.record import Record
from vidcolor.turing.sequence import Round, Side, Trial, TuringConfig, sequence

LONGEST_NAME = 60


class NotNowError(TuringError):
    """The page asks for what does not fit where its rater is; where that is, it can ask."""


@dataclass(frozen=True)
class Place:
    """Where a rater is: all that their page is told, and nothing of which side is which."""

    rater: str
    phase: Literal["look", "ask", "end"]
    """The next pair is to be shown; it was shown and waits for the answer; all is done."""
    seconds: float
    rounds: dict[str, int]
    """Pairs of each round."""
    trial: int = 0
    """Place in the whole session, from 0."""
    round: Round = "test"
    number: int = 0
    """Place in the round, from 1."""
    pair: str | None = None
    """Under which token the pair can be had, once it is to be shown."""
    fooled: int | None = None
    """At the end: how many coloured pictures of the test passed for photographs."""


@dataclass(frozen=True)
class Feedback:
    """What a rater is told after a practice pair."""

    right: bool
    fake: Side


@dataclass
class Sitting:
    """A session and how far it is."""

    session: Session
    answers: list[Answer] = field(default_factory=list)
    shown: int = -1
    """The last pair that was shown for its full time."""
    looks: int = 0
    """How often the pair of the moment was handed out."""
    token: str = ""

    @property
    def at(self) -> int:
        """The place of the pair that waits."""
        return len(self.answers)

    def take(self, answer: Answer) -> None:
        """Go on; an answer that is there already changes nothing."""
        if answer.trial == self.at:
            self.answers.append(answer)
            self.looks = 0


class Sittings:
    """All raters of one file of answers. Several threads may call it at once."""

    def __init__(self, record: Record, material: Material, config: TuringConfig) -> None:
        self._record, self._material, self._config = record, material, config
        self._lock = threading.Lock()
        self._sittings: dict[tuple[str, int], Sitting] = {}
        self._restore()

    def begin(self, name: str) -> Place:
        """Begin a rater's session, or come back to it.

        Raises NotNowError where the name will not do, TuringError where the pictures of a session begun are not there.
        """
        rater = tidy(name)
        with self._lock:
            key = (_key(rater), self._config.seed)
            if key not in self._sittings:
                self._sittings[key] = Sitting(self._new(rater))
            sitting = self._sittings[key]
            self._check(sitting)
            return _place(sitting)

    def picture(self, token: str) -> bytes:
        """The pair of a token as PNG, left and right in one. Raises NotNowError where its time is over."""
        with self._lock:
            sitting = next((one for one in self._sittings.values() if one.token and one.token == token), None)
            if sitting is None:
                raise NotNowError("this pair is not to be seen now")
            sitting.looks += 1
            trial, side = sitting.session.trials[sitting.at], sitting.session.side
        return as_png(self._material.pair(trial, side))

    def shown(self, name: str, trial: int, milliseconds: float) -> Place:
        """A pair was shown in full: from now on it cannot be had again."""
        with self._lock:
            sitting = self._sitting(name)
            if trial == sitting.at and trial > sitting.shown and trial < len(sitting.session.trials):
                self._record.add(Shown(sitting.session.session, trial, milliseconds))
                sitting.shown = trial
            return _place(sitting)

    def answer(self, name: str, trial: int, side: Side, milliseconds: float) -> tuple[Place, Feedback | None]:
        """Save an answer, the first for its pair; where there is one already, that one stands.

        Raises NotNowError for a pair that is not yet to be answered, TuringError where the answer cannot be saved.
        """
        with self._lock:
            sitting = self._sitting(name)
            if trial > sitting.at or trial >= len(sitting.session.trials) or trial > sitting.shown:
                raise NotNowError("this pair is not to be answered yet")
            if trial == sitting.at:
                answer = _answer(sitting, side, milliseconds)
                self._record.add(answer)
                sitting.take(answer)
            return _place(sitting), _feedback(sitting.answers[trial])

    def _sitting(self, name: str) -> Sitting:
        sitting = self._sittings.get((_key(tidy(name)), self._config.seed))
        if sitting is None:
            raise NotNowError("this rater has not begun")
        return sitting

    def _new(self, rater: str) -> Session:
        config = self._config
        trials = sequence(_key(rater), self._material.pictures, tuple(self._material.fakes), config)
        name = secrets.token_hex(8)
        session = Session(name, rater, config.seed, config.seconds, config.side, trials, _now())
        self._record.add(session)
        return session

    def _check(self, sitting: Sitting) -> None:
        lost = self._material.lacks(sitting.session.trials[sitting.at :])
        if lost:
            raise TuringError(
                f"the session of {sitting.session.rater} has {lost.picture} of {lost.model}, which is not in the "
                "folders of this server; start it with those the session was begun with, or with another --seed"
            )

    def _restore(self) -> None:
        """Everybody is where the file says."""
        by_name: dict[str, Sitting] = {}
        for entry in self._record.entries:
            if isinstance(entry, Session):
                by_name[entry.session] = Sitting(entry)
                self._sittings.setdefault((_key(entry.rater), entry.seed), by_name[entry.session])
            elif entry.session in by_name and isinstance(entry, Shown):
                by_name[entry.session].shown = entry.trial
            elif entry.session in by_name and isinstance(entry, Answer):
                by_name[entry.session].take(entry)


def tidy(name: str) -> str:
    """A rater's name as it is shown. Raises NotNowError where it is empty, too long, or not made of visible signs."""
    tidied = re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()
    if not tidied or len(tidied) > LONGEST_NAME or not tidied.isprintable():
        raise NotNowError(f"a name has 1 to {LONGEST_NAME} letters, got {len(tidied)}")
    return tidied


def _key(rater: str) -> str:
    """Anna and anna are one person."""
    return rater.casefold()


def _place(sitting: Sitting) -> Place:
    session, at = sitting.session, sitting.at
    rounds = {name: sum(trial.round == name for trial in session.trials) for name in ("practice", "test")}
    if at == len(session.trials):
        sitting.token = ""
        fooled = sum(answer.fooled for answer in sitting.answers if answer.round == "test")
        return Place(session.rater, "end", session.seconds, rounds, fooled=fooled)
    trial = session.trials[at]
    number = 1 + sum(one.round == trial.round for one in session.trials[:at])
    seen = sitting.shown >= at
    sitting.token = "" if seen else secrets.token_urlsafe(18)
    phase: Literal["look", "ask"] = "ask" if seen else "look"
    return Place(session.rater, phase, session.seconds, rounds, at, trial.round, number, sitting.token or None)


def _answer(sitting: Sitting, side: Side, milliseconds: float) -> Answer:
    trial: Trial = sitting.session.trials[sitting.at]
    return Answer(
        session=sitting.session.session,
        rater=sitting.session.rater,
        trial=sitting.at,
        **asdict(trial),
        answer=side,
        fooled=side != trial.fake,
        milliseconds=milliseconds,
        looks=max(sitting.looks, 1),
        at=_now(),
    )


def _feedback(answer: Answer) -> Feedback | None:
    return Feedback(not answer.fooled, answer.fake) if answer.round == "practice" else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
