"""Frames whose chroma is known, followed through their shot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from moving import pan, pan_ab, strangers

from vidcolor.flow import FlowEstimator, resting_path
from vidcolor.pipeline.follow import follow_known, look_back
from vidcolor.pipeline.track import KeyConfig, track
from vidcolor.pipeline.tracked import Tracked, draw

KEYS = KeyConfig(interval=4)
GRAY = np.zeros((2, 48, 64), np.float32)


def followed(grays: list[np.ndarray], known: dict[int, np.ndarray]) -> dict[int, Tracked | None]:
    return {interval.last: interval.tracked for interval in follow_known(track(grays, KEYS), known)}


def drawn(tracked: Tracked) -> np.ndarray:
    """Neutral chroma, drawn to what is told."""
    return draw(GRAY, [tracked.told()])


def in_view(ab: np.ndarray, frames: int) -> np.ndarray:
    """Of a key frame of a pan, that many frames after the known one, what was in the picture then."""
    return ab[:, 4:-4, 4 : -4 - frames]


def test_colours_are_followed_far_without_drift() -> None:
    truth = pan_ab(33)
    seen = followed(pan(33), {0: truth[0]})
    for number in range(4, 33, 4):
        assert in_view(seen[number].path.trust[None], number).mean() > 0.8
        expected = truth[number] * 2 / 3  # weight 2 next to the network's 1
        off = in_view(drawn(seen[number]) - expected, number)
        assert np.abs(off).mean() < 0.1 * np.abs(in_view(expected, number)).mean()


def test_what_was_out_of_the_picture_keeps_its_own_chroma() -> None:
    seen = followed(pan(33), {0: pan_ab(33)[0]})
    assert np.abs(drawn(seen[32])[:, :, -24:]).mean() < 2


def test_other_pictures_are_not_believed() -> None:
    seen = followed(strangers(9), {0: np.full((2, 48, 64), 50, np.float32)})
    for number in (4, 8):
        assert np.abs(drawn(seen[number])).mean() < 5  # of 33


def test_what_was_lost_is_found_again_only_where_it_is() -> None:
    """A camera that goes away and comes back: what looks a little like the known frame is not taken for it."""
    away = pan(101)
    seen = followed([*away, *away[-2::-1]], {0: pan_ab(1)[0]})
    assert all(seen[number].told() is not None for number in (0, 20, 40))
    assert all(seen[number].told() is None for number in range(68, 190, 4))
    assert seen[200].path.trust.mean() > 0.9
    assert seen[200].told() is not None


def test_what_comes_is_told_to_the_frames_before_it() -> None:
    truth = pan_ab(17)
    intervals = list(track(pan(17), KEYS))
    told = look_back(intervals, truth[16])
    assert sorted(told) == [0, 4, 8, 12, 16]
    for number in (0, 4, 8, 12):
        shown = slice(4 + 16 - number, -4)  # what has not yet come in is not told
        expected = truth[number][:, 4:-4, shown] * 2 / 3
        off = draw(GRAY, [told[number]])[:, 4:-4, shown] - expected
        assert np.abs(off).mean() < 0.1 * np.abs(expected).mean()
    assert look_back([], truth[0]) == {}


def test_two_known_frames_are_weighed_by_trust() -> None:
    rest = resting_path((48, 64))
    flat = np.full((48, 64), 120, np.uint8)
    one, other = (Tracked.of(flat, np.full((2, 48, 64), ab, np.float32)) for ab in (30, 60))
    doubted = replace(other, path=replace(rest, trust=rest.trust / 2))
    assert np.allclose(draw(GRAY, [one.told(), other.told()]), (2 * 30 + 2 * 60) / 5)
    assert np.allclose(draw(GRAY, [one.told(), doubted.told()]), (2 * 30 + 1 * 60) / 4)
    assert np.array_equal(draw(GRAY, []), GRAY)


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
        assert np.isfinite(draw(ab, [tracked.told()])).all()
