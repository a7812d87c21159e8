"""Which references a shot follows: the best, several together where that explains more, none that adds nothing."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from blocks import BlockColorist, blocks, reference
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.pipeline.match import MatchConfig, Matcher, sampled_frames
from vidcolor.pipeline.ties import TieConfig, TieFinder
from vidcolor.types import Shot

CONFIG = MatchConfig(lines=64, threshold=0.0)


def matcher(*references, config: MatchConfig = CONFIG) -> Matcher:
    return Matcher(references, BlockColorist(), config)


def test_the_best_comes_first() -> None:
    """And the others behind it by their score."""
    verdict = matcher(
        reference("half.png", 20, 20, 200, 200), reference("all.png", 20, 60, 100, 140), reference("none.png", 250)
    ).judge([blocks(20, 60, 100, 140)])
    assert [one.name for one in verdict.alone] == ["all.png", "half.png", "none.png"]
    assert verdict.chosen.names == ("all.png",)
    assert verdict.chosen.score == verdict.alone[0].score
    assert verdict.chosen.explained == 1


def test_two_that_explain_more_together() -> None:
    """Each shows one half; the third adds nothing to them."""
    halves = reference("a.png", 20, 60), reference("b.png", 100, 140), reference("c.png", 100)
    verdict = matcher(*halves).judge([blocks(20, 60, 100, 140)])
    assert verdict.chosen.names == ("a.png", "b.png")
    assert verdict.chosen.explained == 1
    assert verdict.chosen.score > verdict.alone[0].score


def test_three_at_most() -> None:
    """And as few as the setting says."""
    quarters = [reference(f"{level}.png", level) for level in (20, 60, 100, 140)]
    shot = [blocks(20, 60, 100, 140)]
    for most in (1, 2, 3):
        assert len(matcher(*quarters, config=replace(CONFIG, together=most)).judge(shot).chosen.names) == most


def test_what_does_not_fit_stays_alone() -> None:
    """Company makes no fitting reference of it, however much they would explain together."""
    halves = reference("a.png", 20, 60), reference("b.png", 100, 140)
    verdict = matcher(*halves, config=replace(CONFIG, threshold=0.9)).judge([blocks(20, 60, 100, 140)])
    assert verdict.chosen == verdict.alone[0]
    assert verdict.chosen.score < 0.9


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_together_is_never_worse(levels: list[list[int]], data: st.DataObject) -> None:
    """What is followed scores and explains no less than its first reference alone, which is the best."""
    references = [reference(f"{number}.png", *each) for number, each in enumerate(levels)]
    shot = [blocks(*data.draw(st.lists(st.integers(0, 255), min_size=1, max_size=4))) for _ in range(3)]
    verdict = matcher(*references).judge(shot)
    best = verdict.alone[0]
    assert verdict.chosen.name == best.name
    assert verdict.chosen.score >= best.score
    assert verdict.chosen.explained >= best.explained
    assert len(set(verdict.chosen.names)) == len(verdict.chosen.names)
    assert {one.name for one in verdict.alone} == {one.name for one in references}


def test_the_shortlist_bounds_what_is_compared() -> None:
    """However many references there are."""
    many = [reference(f"{number:03d}.png", number) for number in range(0, 250, 5)]
    config = replace(CONFIG, shortlist=4, together=1)
    colorist = BlockColorist()
    one = Matcher(many, colorist, config)
    verdict = one.judge([blocks(100, 101), blocks(100, 102), blocks(100, 103)])
    assert colorist.compared == 4 + 3 * 2  # all shortlisted by one frame, the finalists by the two others
    assert len(verdict.alone) == 4
    assert verdict.chosen.name == "100.png"


def test_several_frames_vote() -> None:
    """A reference that fits the middle frame alone loses to one that fits all."""
    shot = [blocks(20, 60), blocks(20, 60, 180, 220), blocks(20, 60)]
    verdict = matcher(reference("middle.png", 180, 220, 20), reference("ends.png", 20, 60)).judge(shot)
    assert verdict.alone[0].name == "ends.png"


@given(st.integers(0, 100), st.integers(1, 500), st.integers(1, 9))
def test_sampled_frames_lie_in_the_shot(start: int, length: int, samples: int) -> None:
    """In order, none twice, as many as there can be."""
    frames = sampled_frames(Shot(0, start, start + length), samples)
    assert frames == sorted(set(frames))
    assert start <= frames[0] <= frames[-1] < start + length
    assert len(frames) == min(samples, length)


@pytest.mark.parametrize("wrong", [{"together": 0}, {"gain": 0.0}, {"threshold": 1.5}, {"shortlist": 1}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match=r"needed|lie|least"):
        MatchConfig(**wrong)


def test_references_are_seen_at_the_working_size() -> None:
    """Whatever their own."""
    still = reference("large.png", 20, 60, 100, 140)
    large = replace(still, rgb=np.ascontiguousarray(still.rgb.repeat(9, 0).repeat(9, 1)))
    assert matcher(large).judge([blocks(20, 60, 100, 140)]).chosen.score > 0.9


def test_what_was_encoded_goes_with_the_matcher() -> None:
    """At once: hundreds of megabytes must not wait, while the film is coloured, for a search of garbage."""
    encoded: list[weakref.ref[np.ndarray]] = []

    class Watched(BlockColorist):
        def encode(self, rgb: np.ndarray, lines: int) -> np.ndarray:
            found = super().encode(rgb, lines)
            encoded.append(weakref.ref(found))
            return found

    gc.disable()
    try:
        shots = [blocks(20, 60), blocks(20, 61)]
        judging, finder = Matcher([reference("a.png", 20, 60)], Watched(), CONFIG), TieFinder(Watched(), TieConfig())
        for shot in shots:
            judging.judge([shot])
            finder.add(shot)
        assert finder.ties()
        del judging, finder
        assert len(encoded) == 3
        assert not any(each() is not None for each in encoded)
    finally:
        gc.enable()
