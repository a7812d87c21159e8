"""Which frames stand for a shot, and that the whole shot follows them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcolor.pipeline.automatic import MOST_KEYS, automatic_keys, automatic_reference
from vidcolor.pipeline.colorize import Guide
from vidcolor.pipeline.light import Light


def thumbs_of(*levels: int) -> np.ndarray:
    """One flat thumbnail for each gray level."""
    return np.stack([np.full((9, 16), level, np.uint8) for level in levels])


def steady(frames: int) -> Light:
    return Light(np.ones(frames, np.float32), np.zeros(frames, np.float32), np.arange(frames))


def test_a_shot_that_hardly_changes_has_one_from_its_middle():
    assert automatic_keys(thumbs_of(*[90] * 21), steady(21), 0, 21) == [10]


def test_the_usual_picture_stands_first_and_what_is_new_has_its_own():
    thumbs = thumbs_of(*[60] * 20, *[200] * 8)
    first, second = automatic_keys(thumbs, steady(28), 0, 28)
    assert first < 20 <= second


def test_fades_flashes_and_dissolves_are_passed_over():
    light = steady(20)
    light.gains[:8] = 0.5
    light.sources[12] = 11
    assert automatic_keys(thumbs_of(*[200] * 8, *[80] * 12), light, 9, 16)[0] in {9, 10, 11, 13, 14, 15}
    assert automatic_keys(thumbs_of(*[80] * 20), light, 0, 8) == [3]  # nothing is clear: the faded ones have to do
    light.sources[:] = 5
    assert automatic_keys(thumbs_of(*[80] * 20), light, 12, 16) == [13]  # no frame is its own picture


@given(st.lists(st.integers(0, 255), min_size=1, max_size=300), st.data())
def test_they_lie_in_the_shot_none_twice_and_not_many(levels: list[int], data: st.DataObject):
    frames = len(levels)
    opened = data.draw(st.integers(0, frames - 1))
    closes = data.draw(st.integers(opened + 1, frames))
    keys = automatic_keys(thumbs_of(*levels), steady(frames), opened, closes)
    assert 1 <= len(keys) == len(set(keys)) <= MOST_KEYS
    assert all(opened <= key < closes for key in keys)


class Painter:
    """Remembers which references it was asked to follow."""

    at_once = 1

    def __init__(self) -> None:
        self.asked: list[object] = []

    def encode(self, rgb, lines):
        return f"{rgb.shape[0]}x{rgb.shape[1]}"

    def join(self, references, weights=None):
        return "+".join(references)

    def colorize(self, grays, reference):
        self.asked.append(reference)
        return np.zeros((len(grays), 2, *(side // 2 for side in grays[0].shape)), np.float32)

    def consult(self, grays, reference):
        self.asked.append(reference)
        return self

    def only(self, index):
        return self


def test_the_first_is_guessed_and_further_ones_follow_it():
    painter = Painter()
    grays = [np.zeros((32, 64), np.uint8), np.zeros((32, 96), np.uint8), np.zeros((32, 32), np.uint8)]
    assert automatic_reference(painter, grays, 320) == "32x64+32x96+32x32"
    assert painter.asked == [None, "32x64", "32x64+32x96"]


@pytest.mark.parametrize(
    ("reference", "strength", "asked"),
    [
        (None, 1.0, ["own"]),
        (None, 0.3, ["own"]),
        ("still", 1.0, ["still"]),
        ("still", 0.0, ["own"]),
        ("still", 0.3, ["still", "own"]),
    ],
)
def test_natural_colours_are_those_of_the_automatic_key_frames(reference, strength, asked):
    painter = Painter()
    guide = Guide(painter, reference, "own", strength)
    guide.consult([np.zeros((32, 32), np.uint8)])
    assert painter.asked == asked
    assert guide.asks_for_natural == ("own" in asked)
