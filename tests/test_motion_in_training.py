"""What training sees of a frame before: real motion of a video, and its simulation on stills."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.model.frame_motion import motion_brings
from vidcolor.model.simulated_motion import simulated_motion, worsened


def wide_picture():
    rng = np.random.default_rng(4)
    return cv2.resize(rng.integers(0, 255, (24, 60, 3), np.uint8), (320, 128), interpolation=cv2.INTER_CUBIC)


def test_motion_brings_a_frame_back_to_where_it_was():
    wide = wide_picture()
    frames = [np.ascontiguousarray(wide[:, 40 + shift : 200 + shift]) for shift in (0, 3, 6)]
    brought, trust = motion_brings(frames)
    truth = cv2.resize(frames[0], (80, 64), interpolation=cv2.INTER_AREA)
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(brought[inner].astype(int) - truth[inner]).mean() < 6
    assert (
        np.abs(brought[inner].astype(int) - truth[inner]).mean()
        < 0.3
        * np.abs(cv2.resize(frames[2], (80, 64), interpolation=cv2.INTER_AREA)[inner].astype(int) - truth[inner]).mean()
    )
    assert trust[inner].mean() > 0.5


def test_one_frame_alone_stays_where_it_is():
    frame = wide_picture()[:, :128]
    brought, trust = motion_brings([frame])
    assert np.array_equal(brought, cv2.resize(frame, (64, 64), interpolation=cv2.INTER_AREA))
    assert (trust == 1).all()


def fields(seed=0, count=6):
    generator = torch.Generator().manual_seed(seed)
    true = torch.rand((count, 2, 48, 48), generator=generator) - 0.5
    return true, torch.zeros_like(true)


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_simulated_colours_and_trust_stay_in_range(seed):
    true, guess = fields(seed)
    moved = simulated_motion(true, guess, 1.0, torch.Generator().manual_seed(seed))
    assert moved.ab.shape == true.shape
    assert moved.trust.shape == (6, 1, 48, 48)
    assert moved.ab.abs().max() <= 0.5 + 1e-5
    assert moved.trust.min() >= 0
    assert moved.trust.max() <= 1
    assert moved.present.all()


def test_a_seed_simulates_the_same_motion_again():
    first, second = (simulated_motion(*fields(), 0.5, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first.ab, second.ab)
    assert torch.equal(first.trust, second.trust)
    assert torch.equal(first.present, second.present)


@pytest.mark.parametrize(("share", "present"), [(0.0, 0), (1.0, 200)])
def test_the_share_says_how_many_have_a_frame_before(share, present):
    moved = simulated_motion(*fields(count=200), share, torch.Generator().manual_seed(7))
    assert int(moved.present.sum()) == present


def test_trust_tells_right_colours_from_wrong_ones_more_often_than_not():
    ramp = torch.linspace(-0.5, 0.5, 48).expand(300, 2, 48, 48)
    moved = simulated_motion(ramp, ramp, 1.0, torch.Generator().manual_seed(7))
    error = (moved.ab - ramp).abs().sum(1, keepdim=True)
    assert error[moved.trust < 0.1].mean() > 2 * error[moved.trust > 0.6].mean()


def test_guessed_colours_replace_true_ones_on_some_pictures_only():
    true, guess = fields(count=60)
    moved = worsened(simulated_motion(true, true, 1.0, torch.Generator().manual_seed(1)), guess, torch.Generator())
    change = (moved.ab == 0).flatten(1).float().mean(1)
    assert 0.1 < float((change > 0.99).float().mean()) < 0.6
    assert 0.4 < float((change < 0.01).float().mean()) < 0.9
