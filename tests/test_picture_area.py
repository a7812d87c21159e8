from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving import texture

from vidcolor.pipeline.picture_area import picture_area


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 20)] * 4))
def test_finds_the_picture_between_noisy_bars(cut: tuple[int, int, int, int]) -> None:
    top, bottom, left, right = cut[0], 100 - cut[1], cut[2], 140 - cut[3]
    frames = []
    for seed in (1, 2):
        frame = np.random.default_rng(seed).integers(0, 6, (100, 140)).astype(np.uint8)
        frame[top:bottom, left:right] = np.maximum(texture(100, 140, seed), 40)[top:bottom, left:right]
        frames.append(frame)
    assert picture_area(frames) == (top, bottom, left, right)


def test_a_bar_is_dark_in_every_frame() -> None:
    night = texture(60, 80)
    night[:20] = 0
    assert picture_area([night, texture(60, 80)]) == (0, 60, 0, 80)


def test_a_shot_without_a_picture_has_no_bars() -> None:
    assert picture_area([np.zeros((60, 80), np.uint8)]) == (0, 60, 0, 80)
    moon = np.zeros((60, 80), np.uint8)
    moon[28:34, 40:46] = 255
    assert picture_area([moon]) == (0, 60, 0, 80)


def test_needs_a_frame() -> None:
    with pytest.raises(ValueError, match="at least one"):
        picture_area([])
