"""Every shot against every reference, by the gray picture alone on both sides.

A global descriptor makes the shortlist, dense correspondence decides, several frames of the shot vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidcolor.model.any_colorist import AnyColorist, Likeness
from vidcolor.model.colorist import gray_of
from vidcolor.types import Reference, Shot

SIMILARITY_RANGE = (0.35, 0.75)
"""Mean best cosine of two pictures that have nothing in common, and of two that show the same."""


@dataclass(frozen=True)
class MatchConfig:
    """How references are chosen."""

    samples: int = 3
    """Frames of a shot that vote."""
    lines: int = 192
    """Short side, in pixels, at which pictures are compared."""
    shortlist: int = 8
    """References that are compared densely with a shot, the most alike by their global descriptors."""
    threshold: float = 0.4
    """Score below which a shot is flagged and coloured without reference."""
    film_frames: int = 160
    """Most references that one colour film gives, those least like each other."""

    def __post_init__(self) -> None:
        if self.samples < 1 or self.shortlist < 2 or self.lines < 32 or self.film_frames < 1:
            raise ValueError("samples and film_frames from 1, shortlist from 2 and lines from 32 are needed")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold lies in 0 to 1, got {self.threshold}")


@dataclass(frozen=True)
class Candidate:
    """A reference as the frames of one shot judge it."""

    name: str
    score: float
    """0 to 1: see :func:`score`."""
    explained: float
    """Share of the picture for which the reference's colour is likely right, 0 to 1."""


@dataclass(frozen=True)
class _Known:
    """A reference made ready for matching."""

    name: str
    descriptor: np.ndarray
    encoded: Any
    """By the colorist that compares, which alone can read it."""


def sampled_frames(shot: Shot, samples: int) -> list[int]:
    """Numbers of the frames that vote: evenly spread inside the shot, none twice."""
    places = (shot.start + int((2 * k + 1) * len(shot) / (2 * samples)) for k in range(samples))
    return sorted(set(places))


class Matcher:
    """Compares shots with a set of references; the references' side is computed once."""

    def __init__(self, references: Sequence[Reference], colorist: AnyColorist[Any, Any], config: MatchConfig) -> None:
        self._colorist, self._config = colorist, config
        self._known = [
            _Known(reference.name, self._describe(gray_of(reference.rgb)), colorist.encode(reference.rgb, config.lines))
            for reference in references
        ]

    def candidates(self, grays: Sequence[np.ndarray]) -> list[Candidate]:
        """All shortlisted references for the gray pictures (h, w) uint8 of one shot, the best first.

        The pictures' sides are multiples of 32, see :func:`vidcolor.model.colorist.working_size`.
        """
        found = [
            self._vote(known, [self._colorist.compare(gray, known.encoded) for gray in grays])
            for known in self._shortlist(grays)
        ]
        return sorted(found, key=lambda candidate: (-candidate.score, candidate.name))

    def _shortlist(self, grays: Sequence[np.ndarray]) -> list[_Known]:
        if len(self._known) <= self._config.shortlist:
            return self._known
        described = np.stack([self._describe(gray) for gray in grays])
        closeness = [float((described @ known.descriptor).mean()) for known in self._known]
        order = np.argsort(-np.array(closeness), kind="stable")[: self._config.shortlist]
        return [self._known[place] for place in order]

    def _describe(self, gray: np.ndarray) -> np.ndarray:
        return self._colorist.describe(gray)

    def _vote(self, known: _Known, votes: list[Likeness]) -> Candidate:
        return Candidate(
            known.name,
            score=float(np.median([score(vote) for vote in votes])),
            explained=float(np.mean([vote.gate for vote in votes])),
        )


def score(likeness: Likeness) -> float:
    """How well a reference fits, 0 to 1: geometric mean of the share it explains and of how alike its places look.

    The similarity of strangers' places and of the same things' are where the scale begins and ends: measured on pairs
    of moments of one scene against pairs of different scenes.
    """
    low, high = SIMILARITY_RANGE
    alike = min(max((likeness.similarity - low) / (high - low), 0.0), 1.0)
    return (likeness.gate * alike) ** 0.5
