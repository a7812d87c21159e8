"""Every shot against every reference, by the gray picture alone on both sides.

A global descriptor makes the shortlist, dense correspondence decides, several frames of the shot vote. Where several
references together explain clearly more of the picture than the best alone, the shot follows them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from vidcolor.model.any_colorist import AnyColorist, Likeness, Seen
from vidcolor.model.colorist import gray_of, working_size
from vidcolor.types import Reference, Shot

STRANGERS = ((5, 0.335), (25, 0.435))
"""Mean best cosine of a shot and the most alike of so many pictures of other things: the more there are, the more alike
one of them is by chance."""

SAME = 0.735
"""Mean best cosine of two pictures that show the same."""

_FINALISTS = 3
"""References for which all frames of a shot vote; the others are judged by its middle frame alone."""

_OWN = 8
"""Frames of its own that a shot follows at most, if they are more than it follows together of others."""

_KEPT = 48
"""Encoded references that are held at once."""


@dataclass(frozen=True)
class MatchConfig:
    """How references are chosen."""

    samples: int = 3
    """Frames of a shot that vote."""
    lines: int = 128
    """Short side, in pixels, at which pictures are compared."""
    shortlist: int = 8
    """References that are compared densely with a shot, the most alike by their global descriptors."""
    threshold: float = 0.3
    """Score below which a shot is flagged and coloured without reference."""
    together: int = 3
    """Most references that one shot follows."""
    gain: float = 0.01
    """Share of the picture that a further reference must add to what is explained. It is small because what is
    explained is a mean over all places: a reference that shows what the best one lacks seldom adds more than some
    hundredths, one of other things hardly ever so much."""
    film_frames: int = 160
    """Most references that one colour film gives, those least like each other."""

    def __post_init__(self) -> None:
        if self.samples < 1 or self.shortlist < 2 or self.lines < 32 or self.film_frames < 1:
            raise ValueError("samples and film_frames from 1, shortlist from 2 and lines from 32 are needed")
        if self.together < 1:
            raise ValueError(f"a shot follows at least 1 reference together, got {self.together}")
        if not (0 <= self.threshold <= 1 and 0 < self.gain <= 1):
            raise ValueError(f"threshold and gain lie in 0 to 1, got {self.threshold} and {self.gain}")


@dataclass(frozen=True)
class Candidate:
    """One reference, or several together, as the frames of one shot judge them."""

    names: tuple[str, ...]
    """The best first."""
    score: float
    """0 to 1: see :func:`score`."""
    explained: float
    """Share of the picture for which the references' colour is likely right, 0 to 1."""

    @property
    def name(self) -> str:
        """The first reference's."""
        return self.names[0]


@dataclass(frozen=True)
class Verdict:
    """What the frames of one shot say of the references."""

    chosen: Candidate
    """The best reference, with others where together they explain clearly more."""
    alone: tuple[Candidate, ...]
    """Single references, the best first; those behind the finalists are judged by one frame alone."""
    sure: bool = False
    """True where the chosen reference is a frame of the shot itself."""


@dataclass(frozen=True)
class _Known:
    """A reference made ready for matching."""

    place: int
    name: str
    descriptor: np.ndarray


@dataclass(frozen=True)
class _Votes:
    """A reference, or several, and what each frame says of it, the middle one first."""

    known: tuple[_Known, ...]
    votes: list[Likeness]
    among: int
    """How many references there are."""

    def candidate(self) -> Candidate:
        return Candidate(
            tuple(one.name for one in self.known),
            score=float(np.median([score(vote, self.among) for vote in self.votes])),
            explained=float(np.mean([vote.gate for vote in self.votes])),
        )


def sampled_frames(shot: Shot, samples: int) -> list[int]:
    """Numbers of the frames that vote: evenly spread inside the shot, none twice."""
    places = (shot.start + int((2 * k + 1) * len(shot) / (2 * samples)) for k in range(samples))
    return sorted(set(places))


class Matcher:
    """Compares shots with a set of references; of the references' side what was used lately is kept."""

    def __init__(self, references: Sequence[Reference], colorist: AnyColorist[Any, Any], config: MatchConfig) -> None:
        self._colorist, self._config = colorist, config
        self._known = [
            _Known(place, reference.name, colorist.see(self._gray(reference)).descriptor)
            for place, reference in enumerate(references)
        ]
        # a method of this object, kept by it, would keep all of it until somebody looks for garbage
        self._encoded = lru_cache(maxsize=_KEPT)(lambda place: colorist.encode(references[place].rgb, config.lines))

    def judge(self, grays: Sequence[np.ndarray], own: Sequence[str] = ()) -> Verdict:
        """The verdict of the gray pictures (h, w) uint8 of one shot, in order of time.

        The pictures' sides are multiples of 32, see :func:`vidcolor.model.colorist.working_size`. ``own``: names of
        references that are frames of this shot. They are followed however little the other frames look like them.
        """
        seen = [self._colorist.see(gray) for gray in grays]
        middle = seen.pop(len(seen) // 2)
        first = _by_score([self._ask((known,), [middle]) for known in self._shortlist([middle, *seen])])
        finalists = _by_score(
            [replace(one, votes=one.votes + self._votes(one.known, seen)) for one in first[:_FINALISTS]]
        )
        alone = tuple(one.candidate() for one in finalists + first[_FINALISTS:])
        fitting = [one for one in finalists if one.candidate().score >= self._config.threshold]
        seen = [middle, *seen]
        if own:
            chosen = self._joined(self._ask(self._named(own), seen), fitting, seen)
            return Verdict(replace(chosen, score=1.0), alone, sure=True)
        return Verdict(self._joined(finalists[0], finalists if fitting else [], seen), alone)

    def _named(self, names: Sequence[str]) -> tuple[_Known, ...]:
        """The references of these names, in their order; of very many some, evenly spread."""
        by_name = {known.name: known for known in self._known}
        places = np.linspace(0, len(names) - 1, min(len(names), max(_OWN, self._config.together))).round()
        return tuple(by_name[names[int(place)]] for place in places)

    def _joined(self, chosen: _Votes, others: list[_Votes], seen: list[Seen]) -> Candidate:
        """The chosen, and step by step others, each where the share explained grows clearly by it."""
        for _ in range(self._config.together - len(chosen.known)):
            best, score_now = chosen, chosen.candidate().score
            for other in others:
                if other.known[0] in chosen.known or _united(chosen, other) < self._config.gain:
                    continue
                joined = self._ask(chosen.known + other.known, seen)
                gain = _explained(joined) - _explained(chosen)
                if gain >= self._config.gain and joined.candidate().score > max(score_now, best.candidate().score):
                    best = joined
            if best is chosen:
                break
            chosen = best
        return chosen.candidate()

    def _shortlist(self, seen: list[Seen]) -> list[_Known]:
        if len(self._known) <= self._config.shortlist:
            return self._known
        described = np.stack([one.descriptor for one in seen])
        closeness = [float((described @ known.descriptor).mean()) for known in self._known]
        order = np.argsort(-np.array(closeness), kind="stable")[: self._config.shortlist]
        return [self._known[place] for place in order]

    def _ask(self, known: tuple[_Known, ...], seen: list[Seen]) -> _Votes:
        return _Votes(known, self._votes(known, seen), among=len(self._known))

    def _votes(self, known: tuple[_Known, ...], seen: list[Seen]) -> list[Likeness]:
        reference = self._colorist.join([self._encoded(one.place) for one in known])
        return [self._colorist.compare(one, reference) for one in seen]

    def _gray(self, reference: Reference) -> np.ndarray:
        rgb = reference.rgb
        height, width = working_size(rgb.shape[1], rgb.shape[0], self._config.lines)
        return gray_of(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA))


def _by_score(votes: list[_Votes]) -> list[_Votes]:
    """The best first; of equals, as where the score is 0, the one that explains more."""
    judged = [(one.candidate(), one) for one in votes]
    return [one for _, one in sorted(judged, key=lambda pair: (-pair[0].score, -pair[0].explained, pair[0].name))]


def _united(one: _Votes, other: _Votes) -> float:
    """How much more the middle frame would be explained, if every place could take the better of two answers."""
    mine, theirs = one.votes[0].explained, other.votes[0].explained
    return float(np.maximum(mine, theirs).mean() - mine.mean())


def _explained(votes: _Votes) -> float:
    return votes.candidate().explained


def score(likeness: Likeness, among: int) -> float:
    """How well one of ``among`` references fits, 0 to 1: geometric mean of the share it explains and of how alike its
    places look.

    The similarity of strangers' places and of the same things' are where the scale begins and ends: measured at 128
    lines on pairs of moments of one scene against few and against hundreds of pictures of other things.
    """
    (few, low), (many, high) = STRANGERS
    chance = float(np.interp(np.log(max(among, 1)), np.log((few, many)), (low, high)))
    alike = min(max((likeness.similarity - chance) / (SAME - chance), 0.0), 1.0)
    return (likeness.gate * alike) ** 0.5
