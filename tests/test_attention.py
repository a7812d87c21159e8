"""The need of attention: its order, its bounds, its words."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcolor.pipeline.attention import LOOK, LOOK_FIRST, attention, share
from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.shot_measures import ShotMeasures
from vidcolor.types import Shot

GOOD = ShotEntry(Shot(3, 10, 60), ("a.png",), 0.8, "b.png", 0.3, 0.9)
CALM = ShotMeasures(0.4, 0.8, 12, (14.0, 14.0, 14.0), 0.01, 0.1, 0.0, 0.0, 0.2, 0.0)

WORSE = {
    "flicker": (0.0, 6.0),
    "flicker_worst": (0.0, 30.0),
    "drift": (0.0, -1.0),
    "limited": (0.0, 1.0),
    "gray_excess": (0.0, 1.0),
    "distance": (0.0, 1.0),
    "leak": (0.0, 1.0),
}


def test_a_good_shot_asks_for_nothing() -> None:
    """No need, no words."""
    assert attention(GOOD, CALM).need == 0
    assert attention(GOOD, CALM).reasons == ()
    assert attention(GOOD, CALM).level == "fine"


@pytest.mark.parametrize(
    ("entry", "measures", "words"),
    [
        (replace(GOOD, references=(), flagged=True), CALM, "no reference fits"),
        (replace(GOOD, flagged=True), CALM, "flagged"),
        (replace(GOOD, score=0.31), CALM, "its reference fits poorly (0.31)"),
        (replace(GOOD, explained=0.35), CALM, "two thirds unexplained"),
        (GOOD, replace(CALM, flicker=3.2), "flickers"),
        (GOOD, replace(CALM, flicker_worst=14.0), "colours jump at frame 13"),
        (GOOD, replace(CALM, leak=0.8), "begins in the colours of the shot before"),
        (GOOD, replace(CALM, drift=-0.4), "saturation falls by 40\u00a0%"),
        (GOOD, replace(CALM, drift=0.45), "saturation rises by 45\u00a0%"),
        (GOOD, replace(CALM, gray=0.5, gray_excess=0.5), "half left almost gray"),
        (GOOD, replace(CALM, distance=0.95), "colours unlike its reference's"),
        (GOOD, replace(CALM, limited=0.25), "a quarter at the limit of saturation"),
    ],
)
def test_every_worry_has_its_words(entry: ShotEntry, measures: ShotMeasures, words: str) -> None:
    """One thing is wrong, and it is told."""
    found = attention(entry, measures)
    assert found.reasons[0] == words
    assert 0 < found.need < 100


@given(st.sampled_from(sorted(WORSE)), st.floats(0, 1), st.floats(0, 1), st.data())
def test_what_is_worse_needs_more(name: str, low: float, high: float, data: st.DataObject) -> None:
    """The need never falls where any one measure gets worse, whatever the others are, and stays within 0 to 100."""
    low, high = sorted((low, high))
    others = {key: a + (b - a) * data.draw(st.floats(0, 1)) for key, (a, b) in WORSE.items()}
    begin, end = WORSE[name]
    mild, grave = (replace(CALM, **(others | {name: begin + (end - begin) * part})) for part in (low, high))
    assert 0 <= attention(GOOD, mild).need <= attention(GOOD, grave).need <= 100


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_before_it_is_rendered_the_match_alone_counts(score: float, explained: float, flagged: bool) -> None:
    """No measure, no guess; a flag is seen either way."""
    entry = replace(GOOD, score=score, explained=explained, flagged=flagged)
    found = attention(entry, None)
    assert (found.need >= LOOK) or not flagged
    assert attention(entry, CALM) == found


def test_the_gravest_reason_comes_first_and_several_add_up() -> None:
    """Order of words is order of weight."""
    found = attention(replace(GOOD, score=0.33), replace(CALM, flicker=3.5))
    assert found.reasons == ("flickers", "its reference fits poorly (0.33)")
    assert found.need > attention(GOOD, replace(CALM, flicker=3.5)).need >= LOOK_FIRST


def test_a_shot_that_shall_stay_gray_is_left_alone() -> None:
    """A person decided it; only a flag counts."""
    gray = replace(GOOD, references=(), keep_gray=True)
    wild = ShotMeasures(**{field.name: getattr(CALM, field.name) for field in fields(CALM)} | {"flicker": 9.0})
    assert attention(gray, wild).need == 0
    assert attention(replace(gray, flagged=True), wild).reasons == ("flagged",)


def test_a_persons_colours_serve_as_reference() -> None:
    """A tie to another shot, or colour points, are no missing reference."""
    assert attention(replace(GOOD, references=(), tied_to=1), CALM).need == 0


@given(st.floats(0, 1))
def test_shares_have_words(value: float) -> None:
    """Every share."""
    assert share(value)
