"""Frames whose chroma is known, followed through their shot."""

from __future__ import annotations

import numpy as np
import pytest
from moving import pan, pan_ab, strangers

from vidcolor.flow import FlowEstimator, resting_path
from vidcolor.pipeline.follow import follow_known
from vidcolor.pipeline.track import KeyConfig, track
from vidcolor.pipeline.tracked import Tracked

KEYS = KeyConfig(interval=4)
GRAY = np.zeros((2, 48, 64), np.float32)


def followed(grays: list[np.ndarray], known: dict[int, np.ndarray]) -> dict[int, Tracked | None]:
    return {interval.last: interval.tracked for interval in follow_known(track(grays, KEYS), known)}


def in_view(ab: np.ndarray, frames: int) -> np.ndarray:
    """Of a key frame of a pan, that many frames after the known one, what was in the picture then."""
    return ab[:, 4:-4, 4 : -4 - frames]


def test_colours_are_followed_far_without_drift() -> None:
    truth = pan_ab(33)
    seen = followed(pan(33), {0: truth[0]})
    for number in range(4, 33, 4):
        assert in_view(seen[number].path.trust[None], number).mean() > 0.8
        drawn = seen[number].over(GRAY)
        expected = truth[number] * 2 / 3  # weight 2 next to the network's 1
        assert np.abs(in_view(drawn - expected, number)).mean() < 0.1 * np.abs(in_view(expected, number)).mean()


def test_what_was_out_of_the_picture_keeps_its_own_chroma() -> None:
    seen = followed(pan(33), {0: pan_ab(33)[0]})
    assert np.abs(seen[32].over(GRAY)[:, :, -24:]).mean() < 2


def test_other_pictures_are_not_believed() -> None:
    seen = followed(strangers(9), {0: np.full((2, 48, 64), 50, np.float32)})
    for number in (4, 8):
        assert np.abs(seen[number].over(GRAY)).mean() < 5  # of 33


def test_something_darker_is_not_believed_in_steady_light() -> None:
    here = np.full((48, 64), 120, np.uint8)
    there = here.copy()
    there[10:30, 10:30] = 60
    rest = resting_path(here.shape)
    tracked = Tracked.of(here, np.full((2, 48, 64), 50, np.float32)).seen_from(there, rest, rest, FlowEstimator())
    assert tracked.path.trust[14:26, 14:26].max() < 0.05
    assert tracked.path.trust[:, 40:].min() > 0.9


def test_the_last_known_frame_is_followed() -> None:
    truth = pan_ab(17)
    seen = followed(pan(17), {4: truth[4], 8: truth[8]})
    assert seen[0] is None
    assert np.array_equal(seen[4].ab, truth[4].transpose(1, 2, 0))
    for number in (8, 12, 16):
        assert np.array_equal(seen[number].ab, truth[8].transpose(1, 2, 0))


def test_a_stretch_goes_on_where_the_one_before_it_ended() -> None:
    grays, truth = pan(25), pan_ab(25)
    whole = followed(grays, {0: truth[0]})
    rest = follow_known(track(grays[12:], KEYS, 12), {}, whole[12])
    for interval in rest:
        assert np.array_equal(interval.tracked.path.position, whole[interval.last].path.position)
        assert np.array_equal(interval.tracked.path.trust, whole[interval.last].path.trust)


@pytest.mark.parametrize("size", [(2, 2), (8, 40), (30, 30)])
def test_small_pictures(size: tuple[int, int]) -> None:
    grays = [np.full(size, 100, np.uint8)] * 9
    ab = np.full((2, size[0] // 2, size[1] // 2), 30, np.float32)
    for tracked in followed(grays, {0: ab}).values():
        assert np.isfinite(tracked.over(ab)).all()
