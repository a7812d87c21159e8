"""How much a shot needs a person's attention: one number, and the reasons for it in words.

Every worry about a shot has a strength from 0 to 1, which rises in a straight line between two values of one measure,
and a weight: how sure it is that something is wrong where the worry is strongest. The need of attention is

    100 * (1 - product over all worries of (1 - weight * strength)),

so that one grave worry is enough, several small ones add up, and no order counts. A shot that a person wants to stay
gray has none, unless it is flagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.shot_measures import ShotMeasures

LOOK_FIRST, LOOK = 60, 30
"""Needs of attention from which a shot should be looked at first, and from which it should be looked at."""
MENTIONED = 0.1
"""Weight times strength from which a worry is told in words."""


@dataclass(frozen=True)
class Scale:
    """From a measure to a worry."""

    weight: float
    """Of the strongest worry, 0 to 1."""
    begins: float
    """Measure at which there is no worry yet."""
    full: float
    """Measure at which it is strongest; may be the smaller of the two."""

    def of(self, measure: float) -> float:
        """Weight times strength, 0 to ``weight``."""
        return self.weight * min(1.0, max(0.0, (measure - self.begins) / (self.full - self.begins)))


POOR_SCORE = Scale(0.5, begins=0.45, full=0.2)
"""By the score of the reference."""
UNEXPLAINED = Scale(0.45, begins=0.35, full=0.85)
"""By the share of the picture that the references do not explain."""
FLICKER = Scale(0.7, begins=1.2, full=3.2)
"""By the mean change of ab from frame to frame along the motion, CIELAB units."""
JUMP = Scale(0.5, begins=6.0, full=15.0)
"""By the largest such change."""
LEAK = Scale(0.7, begins=0.2, full=0.7)
"""By how much the first frame has of the colours of the shot before."""
DRIFT = Scale(0.5, begins=0.2, full=0.6)
"""By the change of saturation over the shot."""
GRAY = Scale(0.45, begins=0.25, full=0.75)
"""By how much larger the share of gray is than in the references."""
DISTANCE = Scale(0.35, begins=0.6, full=0.95)
"""By the Hellinger distance of the ab histograms."""
LIMITED = Scale(0.25, begins=0.05, full=0.3)
"""By the share of the picture whose colour was held back at the edge of the gamut."""
NO_REFERENCE, FLAGGED = 0.7, 0.6
"""Weights of what is true or not."""

_SHARES = (
    *((0.2, "a tenth"), (0.29, "a quarter"), (0.42, "a third"), (0.58, "half"), (0.71, "two thirds")),
    *((0.85, "three quarters"), (0.97, "nine tenths")),
)


@dataclass(frozen=True)
class Attention:
    """How much a shot needs a person."""

    need: int
    """0 to 100."""
    reasons: tuple[str, ...]
    """In words, the gravest first; empty where nothing is worth a word."""

    @property
    def level(self) -> str:
        """``first``, ``look`` or ``fine``."""
        return "first" if self.need >= LOOK_FIRST else "look" if self.need >= LOOK else "fine"


def attention(entry: ShotEntry, measures: ShotMeasures | None) -> Attention:
    """The need of a shot; ``measures`` is None before it is rendered, then the match alone counts."""
    worries = sorted(_worries(entry, measures), key=lambda worry: -worry[0])
    calm = 1.0
    for weight, _ in worries:
        calm *= 1 - weight
    return Attention(round(100 * (1 - calm)), tuple(words for weight, words in worries if weight >= MENTIONED))


def _worries(entry: ShotEntry, measures: ShotMeasures | None) -> Iterator[tuple[float, str]]:
    """Weight times strength of all worries, with words for them."""
    if entry.keep_gray:
        if entry.flagged:
            yield FLAGGED, "flagged"
        return
    yield from _about_the_match(entry)
    if measures is not None:
        yield from _about_the_motion(measures)
        yield from _about_the_colours(measures)


def _about_the_match(entry: ShotEntry) -> Iterator[tuple[float, str]]:
    if entry.flagged:
        told = entry.is_told or entry.tied_to is not None
        yield (FLAGGED, "flagged") if told else (NO_REFERENCE, "no reference fits")
    if entry.references and entry.score > 0:  # a person's choice has no score
        yield POOR_SCORE.of(entry.score), f"its reference fits poorly ({entry.score:.2f})"
        yield UNEXPLAINED.of(1 - entry.explained), f"{share(1 - entry.explained)} unexplained"


def _about_the_motion(measures: ShotMeasures) -> Iterator[tuple[float, str]]:
    steady, jump = FLICKER.of(measures.flicker), JUMP.of(measures.flicker_worst)
    # one look at a frame settles either: the stronger counts
    yield max(steady, jump), "flickers" if steady >= jump else f"colours jump at frame {measures.worst_frame + 1}"
    yield LEAK.of(measures.leak), "begins in the colours of the shot before"
    verb = "falls" if measures.drift < 0 else "rises"
    yield DRIFT.of(abs(measures.drift)), f"saturation {verb} by {abs(measures.drift):.0%}".replace("%", "\u00a0%")


def _about_the_colours(measures: ShotMeasures) -> Iterator[tuple[float, str]]:
    yield GRAY.of(measures.gray_excess), f"{share(measures.gray)} left almost gray"
    if measures.distance is not None:
        yield DISTANCE.of(measures.distance), "colours unlike its reference's"
    yield LIMITED.of(measures.limited), f"{share(measures.limited)} at the limit of saturation"


def share(value: float) -> str:
    """A share from 0 to 1 in words."""
    return next((words for most, words in _SHARES if value < most), "all")
