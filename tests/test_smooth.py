from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from moving import pan, pan_ab, strangers

from vidcolor.pipeline.propagate import fill_shot
from vidcolor.pipeline.smooth import SmoothConfig, margin, smooth_keys
from vidcolor.pipeline.track import Interval, KeyConfig, track

KEYS = KeyConfig(interval=4)


def noisy(truth: list[np.ndarray], seed: int = 0, size: float = 6.0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [ab + rng.normal(0, size, (2, 1, 1)).astype(np.float32) for ab in truth]


def error(mine: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(mine - truth)[:, 4:-4, 12:-12].mean())


def test_neighbours_calm_the_noise_of_keys() -> None:
    truth = pan_ab(33)
    guesses = noisy(truth)
    keys = [(i, guesses[i.last]) for i in track(pan(33), KEYS)]
    before = [error(ab, truth[i.last]) for i, ab in keys]
    after = [error(ab, truth[i.last]) for i, ab in smooth_keys(keys)]
    assert np.mean(after) < 0.7 * np.mean(before)


def test_true_keys_are_not_harmed() -> None:
    truth = pan_ab(33)
    for interval, ab in smooth_keys([(i, truth[i.last]) for i in track(pan(33), KEYS)]):
        assert error(ab, truth[interval.last]) < 0.8


def test_unrelated_pictures_do_not_speak() -> None:
    keys = [
        (i, np.full((2, 48, 64), 10 * (-1) ** n, np.float32)) for n, i in enumerate(track(strangers(9), KeyConfig(1)))
    ]
    for (_, before), (_, after) in zip(keys, smooth_keys(keys), strict=True):
        assert np.abs(after - before).mean() < 2.5  # even voices would have taken 8 or more


def test_no_neighbours_and_single_keys_change_nothing() -> None:
    keys = [(i, ab) for i, ab in zip(track(pan(9), KEYS), noisy(pan_ab(3)), strict=True)]
    for (_, before), (_, after) in zip(keys, smooth_keys(keys, SmoothConfig(neighbours=0)), strict=True):
        assert np.allclose(after, before)
    ((_, alone),) = smooth_keys(keys[:1])
    assert np.array_equal(alone, keys[0][1])


def test_known_chroma_stays_and_its_neighbours_are_drawn_to_it() -> None:
    truth = pan_ab(41)
    wrong = np.full_like(truth[0], 40)
    keys = [(i, wrong) for i in track(pan(41), KEYS, wanted={14})]
    answers = {i.last: ab for i, ab in smooth_keys(keys, SmoothConfig(1), {14: truth[14]})}
    assert np.array_equal(answers[14], truth[14])
    for number in (12, 16):
        assert error(answers[number], truth[number]) < 6
    for number in (0, 4, 8, 20, 32, 36, 40):
        assert np.allclose(answers[number], wrong, atol=0.1)


def test_answers_come_with_finite_lookahead() -> None:
    taken = 0

    def keys() -> Iterator[tuple[Interval, np.ndarray]]:
        nonlocal taken
        for interval in track(pan(60), KEYS):
            taken += 1
            yield interval, np.zeros((2, 48, 64), np.float32)

    for answered, _ in enumerate(smooth_keys(keys(), SmoothConfig(neighbours=2)), 1):
        assert taken <= answered + 2


@pytest.mark.parametrize("known", [{}, {20: 0}, {0: 0, 44: 0}])
def test_stretches_with_their_margin_equal_the_whole(known: dict[int, int]) -> None:
    grays, config = pan(61), SmoothConfig(neighbours=2)
    truth = {number: pan_ab(61)[number] for number in known}
    guesses = noisy(pan_ab(61))

    def coloured(start: int, stop: int) -> dict[int, np.ndarray]:
        intervals = track(grays[start:stop], KEYS, start, truth)
        keys = smooth_keys(((i, guesses[i.last]) for i in intervals), config, truth)
        return {number: ab for number, _, ab in fill_shot(keys)}

    far = margin(KEYS, config)
    assert far == 12
    whole, stretch = coloured(0, 61), coloured(24 - far, 40 + far + 1)
    for number in range(24, 41):
        assert np.array_equal(whole[number], stretch[number])


@pytest.mark.parametrize("wrong", [{"neighbours": -1}, {"strength": -0.1}, {"tolerance": 0}])
def test_config_is_checked(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="got"):
        SmoothConfig(**wrong)
