from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving import pan, pan_ab, strangers

from vidcolor.pipeline.propagate import fill, fill_shot
from vidcolor.pipeline.track import Interval, KeyConfig, track


def still(frames: int) -> list[np.ndarray]:
    return [pan(1, 32, 48)[0]] * frames


def key_numbers(intervals: list[Interval]) -> list[int]:
    return [interval.last for interval in intervals]


@settings(max_examples=15, deadline=None)
@given(frames=st.integers(1, 30), interval=st.integers(1, 9))
def test_intervals_tile_the_shot(frames: int, interval: int) -> None:
    intervals = list(track(still(frames), KeyConfig(interval=interval)))
    assert intervals[0].opens
    assert [n for i in intervals for n in i.frames] == list(range(frames))
    assert all(a.last == b.first for a, b in pairwise(intervals))
    assert all(len(i.grays) == len(i.to_first) == len(i.to_last) == i.last - i.first + 1 for i in intervals)
    assert key_numbers(intervals) == sorted({*range(0, frames, interval), frames - 1})


def test_nothing_yields_nothing() -> None:
    assert list(track([])) == []


def test_more_keys_where_motion_explains_nothing() -> None:
    config = KeyConfig(interval=12, closest=3)
    assert key_numbers(list(track(pan(13), config))) == [0, 12]
    assert key_numbers(list(track(strangers(13), config))) == [0, 3, 6, 9, 12]
    assert key_numbers(list(track(strangers(13), KeyConfig(covered=0)))) == [0, 12]


def test_wanted_frames_become_keys() -> None:
    assert key_numbers(list(track(still(20), KeyConfig(interval=8), wanted={5, 16, 99}))) == [0, 5, 8, 16, 19]


def test_a_stretch_is_tracked_as_in_the_whole_shot() -> None:
    config = KeyConfig(interval=6, closest=2)
    frames = pan(14)[:9] + strangers(16)
    whole = {i.last: i for i in track(frames, config)}
    part = list(track(frames[6:], config, start=6))
    assert key_numbers(part) == [n for n in whole if n >= 6]
    for interval in part[1:]:
        for mine, theirs in zip(interval.to_first, whole[interval.last].to_first, strict=True):
            assert np.array_equal(mine.position, theirs.position)
            assert np.array_equal(mine.trust, theirs.trust)


def test_a_stretch_starts_on_the_grid() -> None:
    with pytest.raises(ValueError, match="grid of 12"):
        list(track(still(3), KeyConfig(interval=12), start=5))


@pytest.mark.parametrize("wrong", [{"interval": 0}, {"closest": 0}, {"covered": 1.5}])
def test_config_is_checked(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="got"):
        KeyConfig(**wrong)


def test_tracking_streams() -> None:
    taken = 0

    def frames() -> object:
        nonlocal taken
        for gray in still(100):
            taken += 1
            yield gray

    intervals = track(frames(), KeyConfig(interval=10))  # type: ignore[arg-type]
    next(intervals)
    assert taken == 1
    next(intervals)
    assert taken == 11


def test_chroma_travels_with_the_pan() -> None:
    grays, truth = pan(13), pan_ab(13)
    keys = [(i, truth[i.last]) for i in track(grays)]
    filled = {number: ab for number, _, ab in fill_shot(keys)}
    assert list(filled) == list(range(13))
    for number in (3, 6, 9):
        error = np.abs(filled[number] - truth[number])[:, 4:-4, 14:-14].mean()
        standing = np.abs(truth[0] - truth[number])[:, 4:-4, 14:-14].mean()
        assert error < 0.8
        assert error < standing / 4
        assert filled[number].shape == truth[0].shape
        assert filled[number].dtype == np.float32


def test_an_uncovered_edge_takes_the_key_that_sees_it() -> None:
    grays, truth = pan(13, step=4), pan_ab(13, step=2)
    keys = [(i, truth[i.last]) for i in track(grays, KeyConfig(covered=0))]
    filled = {number: ab for number, _, ab in fill_shot(keys)}
    # the right edge of frame 5 is not yet seen by frame 0, the left edge no longer by frame 12
    assert np.abs(filled[5] - truth[5])[:, 4:-4, -8:-2].mean() < 1.5
    assert np.abs(filled[5] - truth[5])[:, 4:-4, 2:8].mean() < 1.5


def test_key_frames_keep_their_chroma_and_a_still_fades_evenly() -> None:
    opening, interval = track(still(5), KeyConfig(interval=4))
    first, last = np.zeros((2, 16, 24), np.float32), np.full((2, 16, 24), 8, np.float32)
    assert next(iter(fill(opening, None, first))) is first
    filled = list(fill(interval, first, last))
    assert filled[-1] is last
    assert np.allclose([ab.mean() for ab in filled], [2, 4, 6, 8], atol=0.01)


def test_one_frame_is_a_shot() -> None:
    ab = np.ones((2, 16, 24), np.float32)
    ((number, gray, filled),) = fill_shot((i, ab) for i in track(still(1)))
    assert number == 0
    assert gray.shape == (32, 48)
    assert filled is ab
