"""What tied shots follow together: one reference that serves all of them, and one of them as the anchor."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from vidcolor.pipeline.match import Candidate, Verdict
from vidcolor.pipeline.ties import groups_of

OWN_WAY = 0.15
"""How much better its own reference must fit a shot than its group's, for the shot to follow its own."""


@dataclass(frozen=True)
class Choice:
    """What one shot follows."""

    followed: Candidate
    """What is followed where it fits."""
    fits: bool
    """False where neither the shot alone nor its group has a reference that fits."""
    tied_to: int | None = None
    """The anchor, where the shot is tied to one."""


def choose_together(
    verdicts: Sequence[Verdict], ties: Mapping[tuple[int, int], float], threshold: float
) -> list[Choice]:
    """What each shot follows; ``verdicts`` and the pairs of ``ties`` in the order of the shots.

    A group votes for one reference. Its anchor is the shot that this fits best; shots tied to the anchor directly
    follow the same, the others go on among themselves, so that no chain of likenesses ties what is not alike.
    threshold: score below which a reference does not fit.
    """
    choices = [Choice(verdict.chosen, verdict.chosen.score >= threshold) for verdict in verdicts]
    for group in groups_of(len(verdicts), ties):
        left = set(group)
        while len(left) > 1:
            voted = _vote(verdicts, left, threshold)
            anchor = _anchor(verdicts, ties, left, voted, threshold)
            members = {shot for shot in left if _pair(shot, anchor) in ties}
            serves = _score(verdicts[anchor], voted) >= threshold
            for shot in members | {anchor} if members else ():
                followed = _followed(verdicts[shot], voted, serves, threshold)
                fits = serves or followed.score >= threshold
                choices[shot] = Choice(followed, fits, None if shot == anchor else anchor)
            left -= members | {anchor}
    return choices


def anchors(shots: int, ties: Mapping[tuple[int, int], float]) -> list[int | None]:
    """The anchor that each shot is tied to, where there are no references: the one most alike to the others."""
    tied_to: list[int | None] = [None] * shots
    for group in groups_of(shots, ties):
        left = set(group)
        while len(left) > 1:
            anchor = _most_alike(ties, left)
            members = {shot for shot in left if _pair(shot, anchor) in ties}
            for shot in members:
                tied_to[shot] = anchor
            left -= members | {anchor}
    return tied_to


def _vote(verdicts: Sequence[Verdict], shots: Collection[int], threshold: float) -> str:
    """Of the references that fit one of the shots, else of all, that with the highest sum of scores; the first by name
    of equals."""
    scores: dict[str, list[float]] = {}
    for shot in sorted(shots):
        for candidate in verdicts[shot].alone:
            scores.setdefault(candidate.name, []).append(candidate.score)
    return min(scores, key=lambda name: (max(scores[name]) < threshold, -sum(scores[name]), name))


def _anchor(
    verdicts: Sequence[Verdict],
    ties: Mapping[tuple[int, int], float],
    shots: Collection[int],
    voted: str,
    threshold: float,
) -> int:
    """The shot that the reference fits best; where it fits none, the one most alike to all others."""
    scores = {shot: _score(verdicts[shot], voted) for shot in shots}
    if max(scores.values()) >= threshold:
        return min(shots, key=lambda shot: (-scores[shot], shot))
    return _most_alike(ties, shots)


def _most_alike(ties: Mapping[tuple[int, int], float], shots: Collection[int]) -> int:
    """The shot that is most alike to all others; the first of equals."""
    alike = {shot: sum(ties.get(_pair(shot, other), 0.0) for other in shots) for shot in shots}
    return min(shots, key=lambda shot: (-alike[shot], shot))


def _followed(verdict: Verdict, voted: str, serves: bool, threshold: float) -> Candidate:
    """What a shot of a group follows: the reference that the group voted for, unless its own fits far better, or the
    group's serves nobody and its own fits."""
    own = verdict.chosen
    better = _score(verdict, voted) + OWN_WAY if serves else 0.0
    if verdict.sure or voted in own.names or own.score >= max(threshold, better):
        return own
    return next((one for one in verdict.alone if one.name == voted), Candidate((voted,), 0.0, 0.0))


def _score(verdict: Verdict, name: str) -> float:
    return next((one.score for one in verdict.alone if one.name == name), 0.0)


def _pair(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)
