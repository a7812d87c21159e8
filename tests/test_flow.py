from __future__ import annotations

import cv2
import numpy as np
import pytest
from moving import pan, strangers, texture

from vidcolor.flow import FlowEstimator, Path, carry, check_luma, extend, resting_path, to_chroma_grid


def shifted(x: float, y: float = 0.0, shape: tuple[int, int] = (64, 96)) -> Path:
    rest = resting_path(shape)
    return Path(rest.position + np.array([x, y], np.float32), rest.trust)


@pytest.mark.parametrize("step", [0.0, 1.0, 3.5, 7.0])
def test_finds_a_pan(step: float) -> None:
    first, second = pan(2, step=step)
    forward, backward = FlowEstimator().between(first, second)
    inner = np.s_[8:-8, 16:-16]
    rest = resting_path(first.shape).position
    assert np.abs(np.median((forward.position - rest)[inner], axis=(0, 1)) - (-step, 0)).max() < 0.1
    assert np.abs(np.median((backward.position - rest)[inner], axis=(0, 1)) - (step, 0)).max() < 0.1
    assert forward.trust[inner].mean() > 0.9


def test_trusts_nothing_outside_the_picture() -> None:
    first, second = pan(2, step=10)
    forward, _ = FlowEstimator().between(first, second)
    assert forward.trust[:, :6].mean() < 0.2  # these columns have left
    assert forward.trust[:, 20:].mean() > 0.8


def test_does_not_trust_what_was_uncovered() -> None:
    ground, thing = texture(96, 128, 3), texture(40, 40, 4)
    frames = []
    for x in (30, 42):
        frame = ground.copy()
        frame[30:70, x : x + 40] = thing
        frames.append(frame)
    _, backward = FlowEstimator().between(*frames)
    assert backward.trust[34:66, 32:40].mean() < 0.6 < backward.trust[34:66, 50:74].mean()


def test_chains_add_up_and_carry_brings_home() -> None:
    path = extend(shifted(3, 1), shifted(2))
    assert np.allclose((path.position - resting_path((64, 96)).position)[:-2, :-6], (5, 1))
    image = texture(64, 96)
    assert np.array_equal(carry(image, shifted(2))[:, :-2], image[:, 2:])
    assert carry(np.dstack((image, image)).astype(np.float32), shifted(2)).shape == (64, 96, 2)


def test_luma_check_forgives_flicker_and_grain_but_not_strangers() -> None:
    here, rest = texture(64, 96), resting_path((64, 96))
    brighter = (here.astype(np.int16) * 4 // 5 + 40).astype(np.uint8)
    grain = np.random.default_rng(0).normal(0, 8, here.shape)
    grainy = np.clip(here + grain, 0, 255).astype(np.uint8)
    assert check_luma(rest, here, here).trust.min() == 1
    assert check_luma(rest, here, brighter).trust.mean() > 0.6
    assert check_luma(rest, here, grainy).trust.mean() > 0.5
    changed = here.copy()
    changed[20:40, 20:40] = strangers(1, 20, 20)[0]
    assert check_luma(rest, here, changed).trust[24:36, 24:36].mean() < 0.2


def test_same_answer_whatever_came_before_and_however_many_threads() -> None:
    a, b, c = pan(3, step=3)
    used = FlowEstimator()
    used.between(b, c)
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone, _ = FlowEstimator().between(a, b)
        cv2.setNumThreads(4)
        again, _ = used.between(a, b)
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(alone.position, again.position)
    assert np.array_equal(alone.trust, again.trust)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (15, 15), (16, 16), (17, 33)])
def test_any_size_and_flat_pictures(shape: tuple[int, int]) -> None:
    for gray in (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)):
        for path in FlowEstimator().between(gray, gray):
            assert np.isfinite(path.position).all()
            assert np.allclose(path.position, resting_path(shape).position, atol=0.01)
    assert to_chroma_grid(np.zeros(shape, np.uint8)).shape == (max(1, shape[0] // 2), max(1, shape[1] // 2))
