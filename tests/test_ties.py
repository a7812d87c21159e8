"""Shots of the same set: which are tied, to which anchor, and what they follow together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from blocks import BlockColorist, blocks
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.pipeline.common_choice import choose_together
from vidcolor.pipeline.match import Candidate, Verdict
from vidcolor.pipeline.ties import TieConfig, TieFinder, groups_of

CONFIG = TieConfig(similarity=0.9, share=0.9, closeness=0.5)
SETS = ((20, 60, 100), (150, 200, 240), (10, 120, 220))


def finder(*shots: tuple[int, ...], config: TieConfig = CONFIG) -> TieFinder:
    one = TieFinder(BlockColorist(), config)
    for levels in shots:
        one.add(blocks(*levels))
    return one


def test_shots_of_one_set_are_tied() -> None:
    """Wherever they lie in the film, and no others."""
    first, second, third = SETS
    ties = finder(first, second, first, third, second, first).ties()
    assert set(ties) == {(0, 2), (0, 5), (2, 5), (1, 4)}
    assert all(alike >= CONFIG.similarity for alike in ties.values())


def test_both_must_explain_the_other() -> None:
    """A detail is found in the wide shot, but not the wide shot in the detail."""
    assert finder((20, 60, 100, 140), (20, 60)).ties() == {}


def test_no_neighbours_no_ties() -> None:
    """Ties can be switched off."""
    assert finder(*SETS, *SETS, config=replace(CONFIG, neighbours=0)).ties() == {}
    assert finder().ties() == {}


def test_the_cost_grows_with_the_shots_alone() -> None:
    """Never all pairs are compared densely."""
    colorist = BlockColorist()
    one = TieFinder(colorist, replace(CONFIG, neighbours=3, closeness=-1))
    rng = np.random.default_rng(0)
    for _ in range(60):
        one.add(blocks(*(int(level) for level in rng.integers(0, 256, 4))))
    told: list[tuple[int, int | None]] = []
    one.ties(lambda done, total: told.append((done, total)))
    assert colorist.compared <= 2 * 3 * 60
    assert told[-1][0] == told[-1][1] == colorist.compared // 2


@given(st.integers(1, 30), st.data())
def test_groups_hang_together(shots: int, data: st.DataObject) -> None:
    """Every tie lies in one group; groups share no shot; none has only one."""
    number = st.integers(0, shots - 1)
    ties = data.draw(st.lists(st.tuples(number, number).filter(lambda pair: pair[0] != pair[1])))
    groups = groups_of(shots, ties)
    placed = [shot for group in groups for shot in group]
    assert len(placed) == len(set(placed))
    assert all(len(group) > 1 for group in groups)
    assert all(any({a, b} <= set(group) for group in groups) for a, b in ties)


def verdict(**scores: float) -> Verdict:
    """Single references by their scores; the best is chosen."""
    alone = [Candidate((name,), score, score) for name, score in scores.items()]
    alone.sort(key=lambda one: -one.score)
    return Verdict(alone[0], tuple(alone))


def test_a_group_follows_one_reference() -> None:
    """The one with the most votes; the shot it fits best is the anchor; one that alone would be flagged is served."""
    verdicts = [verdict(a=0.5, b=0.52), verdict(a=0.7, b=0.2), verdict(a=0.3, b=0.2), verdict(a=0.1, b=0.2)]
    choices = choose_together(verdicts, {(0, 1): 0.8, (1, 2): 0.8}, threshold=0.4)
    assert [choice.followed.name for choice in choices] == ["a", "a", "a", "b"]
    assert [choice.tied_to for choice in choices] == [1, None, 1, None]
    assert [choice.fits for choice in choices] == [True, True, True, False]


def test_chains_do_not_tie_what_is_not_alike() -> None:
    """A shot is tied only to an anchor that it is like itself."""
    verdicts = [verdict(a=0.9), verdict(a=0.5), verdict(a=0.5), verdict(a=0.5)]
    choices = choose_together(verdicts, dict.fromkeys(pairwise(range(4)), 0.7), threshold=0.4)
    assert [choice.tied_to for choice in choices] == [None, 0, None, 2]


def test_its_own_reference_where_that_fits_far_better() -> None:
    """As where a frame of one shot was painted; it stays tied."""
    verdicts = [verdict(a=0.7), verdict(a=0.6, painted=0.95), verdict(a=0.7)]
    choices = choose_together(verdicts, {(0, 1): 0.8, (0, 2): 0.8}, threshold=0.4)
    assert [choice.followed.name for choice in choices] == ["a", "painted", "a"]
    assert [choice.tied_to for choice in choices] == [None, 0, 0]


def test_its_own_frame_whatever_the_group_votes_for() -> None:
    own = replace(verdict(own=1.0, a=0.95), sure=True)
    choices = choose_together([verdict(a=0.95), own, verdict(a=0.95)], {(0, 1): 0.8, (0, 2): 0.8}, threshold=0.4)
    assert [choice.followed.name for choice in choices] == ["a", "own", "a"]


def test_a_shot_that_fits_is_not_lost_to_a_vote_that_fits_nobody() -> None:
    """However many faint votes another reference has."""
    verdicts = [verdict(a=0.0, b=0.3), verdict(a=0.5, b=0.38), verdict(a=0.1, b=0.35)]
    choices = choose_together(verdicts, {(0, 1): 0.8, (1, 2): 0.8}, threshold=0.4)
    assert [choice.followed.name for choice in choices] == ["a", "a", "a"]
    assert all(choice.fits for choice in choices)


def test_nor_is_one_that_only_several_fit_together() -> None:
    """None of them alone, so the group has nothing that serves."""
    both = Verdict(Candidate(("a", "b"), 0.5, 0.5), verdict(a=0.3, b=0.2).alone)
    choices = choose_together([both, verdict(b=0.35)], {(0, 1): 0.8}, threshold=0.4)
    assert [choice.followed.names for choice in choices] == [("a", "b"), ("b",)]
    assert [choice.fits for choice in choices] == [True, False]


def test_a_group_without_reference_is_flagged_together() -> None:
    """Its shots still take the same natural colours; the anchor is the one most alike to all others."""
    verdicts = [verdict(a=0.1), verdict(a=0.2), verdict(a=0.15)]
    choices = choose_together(verdicts, {(0, 1): 0.7, (0, 2): 0.8}, threshold=0.4)
    assert [choice.tied_to for choice in choices] == [None, 0, 0]
    assert not any(choice.fits for choice in choices)


@settings(max_examples=50)
@given(st.integers(1, 12), st.data())
def test_anchors_are_not_tied(shots: int, data: st.DataObject) -> None:
    """Whatever is alike: a tie leads to an anchor, directly, between shots that are alike themselves."""
    number, share = st.integers(0, shots - 1), st.floats(0, 1)
    pairs = data.draw(st.lists(st.tuples(number, number).filter(lambda pair: pair[0] < pair[1])))
    ties = dict.fromkeys(pairs, 0.8)
    verdicts = [verdict(a=data.draw(share), b=data.draw(share)) for _ in range(shots)]
    choices = choose_together(verdicts, ties, threshold=0.4)
    for shot, choice in enumerate(choices):
        if choice.tied_to is not None:
            assert choices[choice.tied_to].tied_to is None
            assert (min(shot, choice.tied_to), max(shot, choice.tied_to)) in ties
        if verdicts[shot].chosen.score >= 0.4:
            assert choice.fits


@pytest.mark.parametrize("wrong", [{"neighbours": -1}, {"share": 1.5}, {"closeness": 2}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match=r"needed|lie"):
        TieConfig(**wrong)
