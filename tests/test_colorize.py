"""Key frames of a shot: what is known stays, and every one goes on from the one before."""

import numpy as np
import pytest
import torch

from vidcolor.model.colorist import Colorist
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.pipeline.colorize import ColorizeConfig, Guide, color_keys, color_keys_back
from vidcolor.pipeline.follow import follow_known, look_back
from vidcolor.pipeline.seam import keeping_seam, load_seam
from vidcolor.pipeline.track import KeyConfig, track


@pytest.fixture(scope="module")
def colorist():
    torch.manual_seed(0)
    return Colorist(FilmGray2ColorNet())


def still_shot(frames=13):
    gray = np.random.default_rng(2).integers(0, 255, (64, 96), np.uint8)
    return [gray] * frames


def keys(colorist, known=None, turns=0, batch=4, grays=None):
    intervals = follow_known(track(grays or still_shot(), KeyConfig(interval=4)), known or {})
    return list(color_keys(intervals, Guide(colorist, turns=turns), ColorizeConfig(lines=64, batch=batch), known))


def red():
    ab = np.zeros((2, 32, 48), np.float32)
    ab[0] = 60
    return ab


def test_known_colours_stay_and_are_gone_on_from(colorist):
    found = keys(colorist, {0: red()})
    assert np.array_equal(found[0][1], red())
    plain = keys(colorist)
    assert found[1][1][0].mean() > plain[1][1][0].mean() + 10
    assert found[1][1][0].mean() > found[2][1][0].mean() > plain[2][1][0].mean()


def test_a_shot_is_walked_back_from_what_is_known_at_its_end(colorist):
    intervals = list(track(still_shot(), KeyConfig(interval=4)))
    back = color_keys_back(intervals, Guide(colorist), ColorizeConfig(lines=64, batch=2), red())
    forward = keys(colorist, {0: red()})
    assert sorted(back) == [0, 4, 8, 12]
    assert np.array_equal(back[12], red())
    for interval, ab in forward:  # a still picture looks the same in both directions
        assert np.allclose(back[12 - interval.last], ab, atol=0.1)


def test_frames_between_two_known_ones_are_drawn_to_both(colorist):
    intervals = list(track(still_shot(), KeyConfig(interval=4)))
    known = {0: red(), 12: -red()}
    told = look_back(intervals, known[12])
    alone, drawn = (
        [
            ab
            for _, ab in color_keys(
                follow_known(intervals, known, coming=coming), Guide(colorist), ColorizeConfig(lines=64), known
            )
        ]
        for coming in ({}, told)
    )
    for number in (1, 2):
        assert drawn[number][0].mean() < alone[number][0].mean() - 10
    assert np.array_equal(drawn[0], known[0])
    assert np.array_equal(drawn[3], known[12])


def test_batches_change_nothing(colorist):
    for (_, one), (_, four) in zip(keys(colorist, batch=1), keys(colorist, batch=4), strict=True):
        assert np.allclose(one, four, atol=1e-2)


def test_a_film_that_lies_on_its_side_is_seen_upright(colorist):
    upright = keys(colorist, {0: red()})
    lying = [np.ascontiguousarray(np.rot90(gray, -1)) for gray in still_shot()]
    known = np.ascontiguousarray(np.rot90(red(), -1, axes=(1, 2)))
    turned = keys(colorist, {0: known}, turns=1, grays=lying)
    for (_, a), (_, b) in zip(upright, turned, strict=True):
        assert np.abs(np.rot90(b, 1, axes=(1, 2)) - a).mean() < 1


@pytest.mark.parametrize("known", [{}, {4: red()}])
def test_a_seam_is_kept_as_it_is(colorist, tmp_path, known):
    found = list(keeping_seam(keys(colorist, known), 8, tmp_path / "shot.seam"))
    [(interval, ab)] = [(interval, ab) for interval, ab in found if interval.last == 8]
    seam = load_seam(tmp_path / "shot.seam")
    assert np.array_equal(seam.ab, ab)
    assert (seam.tracked is None) == (interval.tracked is None) == (not known)
    if known:
        assert np.array_equal(seam.tracked.told().ab, interval.tracked.told().ab)
        assert np.array_equal(seam.tracked.told().trust, interval.tracked.told().trust)
        assert seam.tracked.lost == interval.tracked.lost
        assert np.array_equal(seam.tracked.back.position, interval.tracked.back.position)
