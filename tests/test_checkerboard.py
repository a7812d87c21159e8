"""The checkerboard's measures: found where it is, at its own period, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vidcolor.model.automatic.checkerboard import PERIODS, CheckerboardSpectrum, flat_ripple, ripple


def natural(seed: int, side: int = 128) -> np.ndarray:
    """Chroma of smooth patches with some edges, (side, side, 2)."""
    rng = np.random.default_rng(seed)
    ab = cv2.GaussianBlur(rng.normal(0, 200, (side, side, 2)), (0, 0), 5)
    for _ in range(6):
        x, y, size = rng.integers(0, side, 3).tolist()
        cv2.circle(ab, (x, y), size // 3 + 2, rng.normal(0, 30, 2).tolist(), -1)
    return cv2.GaussianBlur(ab, (0, 0), 0.6)


def tiled(period: int, strength: float, side: int = 128) -> np.ndarray:
    """A pattern that differs from pixel to pixel within its period: one pixel of each tile is raised."""
    tile = np.zeros((period, period, 2))
    tile[: period // 2, : period // 2] = strength
    return np.tile(tile, (side // period, side // period, 1))


def spectrum_of(*answers: np.ndarray) -> CheckerboardSpectrum:
    spectrum = CheckerboardSpectrum()
    for answer in answers:
        spectrum.add(answer)
    return spectrum


def test_natural_chroma_has_none() -> None:
    """At no period."""
    spectrum = spectrum_of(*(natural(seed) for seed in range(12)))
    assert all(0.3 < spectrum.value(period) < 3 for period in PERIODS)


@pytest.mark.parametrize("period", PERIODS)
def test_a_checkerboard_is_found_at_its_period(period: int) -> None:
    """Far above what its neighbourhood makes expect, and above every longer period."""
    spectrum = spectrum_of(*(natural(seed) + tiled(period, 12) for seed in range(12)))
    assert spectrum.value(period) > 10
    assert all(spectrum.value(longer) < 3 for longer in PERIODS if longer > period)


def test_the_measure_grows_with_the_pattern() -> None:
    """Squared, as energy does."""
    weak, strong = (spectrum_of(*(natural(s) + tiled(2, size) for s in range(8))).value(2) for size in (2, 8))
    assert weak < strong
    assert strong / weak == pytest.approx(16, rel=0.5)


def test_stripes_of_one_direction_count_too() -> None:
    """And grain does not."""
    stripes = np.zeros((128, 128, 2))
    stripes[:, ::4] = 5
    grain = np.random.default_rng(9).normal(0, 5, (128, 128, 2))
    assert spectrum_of(*(natural(s) + stripes for s in range(8))).value(4) > 5
    assert spectrum_of(*(natural(s) + grain for s in range(8))).value(2) < 3


def test_no_answer_and_no_colour_are_no_checkerboard() -> None:
    """Neither divides by nothing."""
    assert CheckerboardSpectrum().value(2) == 1
    assert spectrum_of(np.zeros((64, 64, 2))).value(2) == pytest.approx(1, abs=1)


@pytest.mark.parametrize("size", [(48, 64), (32, 64)])
def test_sizes_that_cannot_be_measured_are_refused(size: tuple[int, int]) -> None:
    """And different ones together."""
    spectrum = spectrum_of(np.zeros((64, 64, 2)))
    with pytest.raises(ValueError, match="multiples of 32"):
        spectrum.add(np.zeros((*size, 2)))
    with pytest.raises(ValueError, match="one size"):
        spectrum.add(np.zeros((96, 64, 2)))


@given(st.sampled_from(PERIODS), st.floats(0.1, 20), st.floats(-50, 50))
def test_the_ripple_is_the_patterns_own_deviation(period: int, strength: float, level: float) -> None:
    """In CIELAB units, whatever lies under it."""
    ab = tiled(period, strength, 64) + level
    assert ripple(ab, period) == pytest.approx(strength * np.sqrt(3) / 4, rel=1e-6)
    assert ripple(np.full((64, 64, 2), level), period) == pytest.approx(0, abs=1e-9)


def test_even_gray_shows_what_a_network_makes_itself() -> None:
    """A doubling that treats its pixels unalike, and one that does not."""
    unlike = torch.nn.ConvTranspose2d(1, 2, 2, stride=2)
    torch.nn.init.constant_(unlike.weight, 0)
    unlike.weight.data[0, 0, 0, 0] = 0.2
    reduce = torch.nn.AvgPool2d(2)
    assert flat_ripple(lambda x: unlike(reduce(x)), (50,)) == pytest.approx(10 * np.sqrt(3 / 32), rel=1e-3)
    assert flat_ripple(lambda x: torch.cat((x, -x), 1)) == pytest.approx(0, abs=1e-6)
