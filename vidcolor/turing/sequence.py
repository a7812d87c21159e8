"""Which pairs a rater sees, in which order and on which sides: settled by the rater's name and the seed alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeVar

from vidcolor.errors import ConfigError

Side = Literal["left", "right"]
Round = Literal["practice", "test"]
Item = TypeVar("Item")

SIDES: tuple[Side, Side] = ("left", "right")
ROUNDS: tuple[Round, Round] = ("practice", "test")


@dataclass(frozen=True)
class TuringConfig:
    """The protocol; as in the paper unless changed."""

    practice: int = 10
    """Pairs with feedback, which are not counted."""
    test: int = 40
    """Pairs without, which are."""
    seconds: float = 1.0
    """How long a pair is shown."""
    side: int = 256
    """Short side of the pictures as shown, in pixels."""
    seed: int = 0
    """Another seed gives the same raters another session."""

    def __post_init__(self) -> None:
        if self.practice < 0 or self.test < 1:
            raise ConfigError(f"at least one test pair is needed, got {self.practice} practice and {self.test} test")
        if not 0.05 <= self.seconds <= 60:
            raise ConfigError(f"a pair is shown for 0.05 to 60 seconds, got {self.seconds:g}")
        if not 16 <= self.side <= 2048:
            raise ConfigError(f"the short side of the pictures must be 16 to 2048 pixels, got {self.side}")

    def rounds(self, pictures: int) -> dict[Round, int]:
        """Pairs of each round where there are so many pictures, each of which a rater sees once at most.

        Where they do not suffice, both rounds shrink alike; one test pair remains in any case.
        """
        wanted = self.practice + self.test
        total = min(wanted, pictures)
        practice = min(total * self.practice // wanted, max(total - 1, 0))
        return {"practice": practice, "test": total - practice}


@dataclass(frozen=True)
class Trial:
    """One pair: a picture, the model that coloured it, and the side its colours are shown on."""

    round: Round
    picture: str
    model: str
    fake: Side


def sequence(rater: str, pictures: Sequence[str], models: Sequence[str], config: TuringConfig) -> tuple[Trial, ...]:
    """Draw up a rater's session, the practice round first.

    No picture comes twice. In each round every model comes as often as any other, and the fake as often on the left as
    on the right, as far as the number is even; which picture goes with which model changes from rater to rater.
    """
    salt = f"{config.seed}\n{rater}"
    shuffled = iter(_shuffled(sorted(pictures), f"{salt}\npictures"))
    trials: list[Trial] = []
    for name, count in config.rounds(len(pictures)).items():
        sides = _sides(count, f"{salt}\n{name} sides")
        order = _models(sorted(models), count, f"{salt}\n{name} models")
        trials += [Trial(name, next(shuffled), model, fake) for model, fake in zip(order, sides, strict=True)]
    return tuple(trials)


def _models(models: Sequence[str], count: int, salt: str) -> list[str]:
    """Models interleaved: each once, in an order of its own, before any comes again."""
    blocks = range(-(-count // len(models)))
    return [model for block in blocks for model in _shuffled(models, f"{salt} {block}")][:count]


def _sides(count: int, salt: str) -> Iterator[Side]:
    """Left and right equally often; an odd one falls to either."""
    first, second = _shuffled(SIDES, f"{salt} first")
    return iter(_shuffled([(first, second)[place % 2] for place in range(count)], salt))


def _shuffled(items: Sequence[Item], salt: str) -> list[Item]:
    """The same order for the same salt on every machine and in every version of Python."""

    def rank(place: int) -> bytes:
        return sha256(f"{salt}\n{place}".encode("utf-8", "surrogatepass")).digest()

    return [items[place] for place in sorted(range(len(items)), key=rank)]
