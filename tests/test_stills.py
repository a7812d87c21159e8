"""A reference that is a frame of the film is known as such, and its shot follows it whatever else looks alike."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from blocks import BlockColorist, blocks, reference
from hypothesis import given, settings
from hypothesis import strategies as st
from moving import pan, strangers

from vidcolor.pipeline.match import MatchConfig, Matcher
from vidcolor.pipeline.stills import PaintedStill, StillFinder, thumbnail
from vidcolor.types import ColorTags, FilmInfo, Reference


def film(rotation: int = 0) -> FilmInfo:
    return FilmInfo(
        Path("film.mkv"), 128, 96, "gray", 8, True, False, ColorTags(1, 1, 1, 1), Fraction(1, 24), Fraction(24), 0, 12,
        0.5, rotation, Fraction(1), False, "ffv1", "matroska", 0,
    )  # fmt: skip


def painted(gray: np.ndarray) -> Reference:
    return Reference.of("painted.png", np.repeat(gray[..., None], 3, axis=2))


def thumbs_of(frames: list[np.ndarray]) -> np.ndarray:
    return np.stack([thumbnail(frame) for frame in frames])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 11), st.floats(0.6, 1.1), st.floats(-15, 15))
def test_the_frame_is_found_in_another_light(number: int, gain: float, offset: float) -> None:
    """Among others that have nothing to do with it; and the picture itself confirms it."""
    frames = strangers(12)
    still = painted(np.clip(frames[number] * gain + offset, 0, 255).astype(np.uint8))
    finder = StillFinder([still], film())
    assert finder.find(thumbs_of(frames)) == {number: still}
    compared = finder.still(still, (0, 96, 0, 128))
    assert [compared.shows(frame) for frame in frames] == [n == number for n in range(12)]


def test_another_moment_is_not_the_frame() -> None:
    frames = pan(2, step=12)
    assert not PaintedStill(painted(frames[0]).rgb).shows(frames[1])


BLACK, [SCENE] = np.zeros((96, 128), np.uint8), strangers(1)


@pytest.mark.parametrize(
    ("still", "rotation"), [(BLACK, 0), (cv2.resize(SCENE, (200, 96)), 0), (SCENE, 90)], ids=["black", "wide", "turned"]
)
def test_what_cannot_be_a_frame_is_none(still: np.ndarray, rotation: int) -> None:
    """A black still would be a frame of every fade."""
    finder = StillFinder([painted(still)], film(rotation))
    assert finder.find(thumbs_of([BLACK, SCENE])) == {}


def test_a_shot_follows_its_own_frames_however_little_it_looks_like_them() -> None:
    """Others join them only where they fit on their own and show what they lack."""
    own, alike, none = reference("own.png", 250, 250), reference("alike.png", 20, 60), reference("none.png", 180, 220)
    matcher = Matcher([none, alike, own], BlockColorist(), MatchConfig(lines=64, threshold=0.3))
    shot = [blocks(20, 60, 100, 140)] * 3
    assert matcher.judge(shot).chosen.names == ("alike.png",)
    verdict = matcher.judge(shot, ["own.png"])
    assert verdict.sure
    assert verdict.chosen.names == ("own.png", "alike.png")
    assert verdict.chosen.score == 1


def test_of_very_many_own_frames_some_are_followed() -> None:
    """Evenly spread over the shot, its first and its last among them."""
    many = [reference(f"{number:02}.png", 10 * number, 250) for number in range(20)]
    matcher = Matcher(many, BlockColorist(), MatchConfig(lines=64))
    names = matcher.judge([blocks(20, 60, 100, 140)], [one.name for one in many]).chosen.names
    assert len(names) == 8
    assert (names[0], names[-1]) == ("00.png", "19.png")
