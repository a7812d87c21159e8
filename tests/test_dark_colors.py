"""Dark, low-contrast reds and blues: which pixels are meant, and what is said of an answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vidcolor.color import rgb_to_lab
from vidcolor.model.automatic.dark_colors import HUES, DarkColors, dark_masks


def lab_of(*rgb: int) -> np.ndarray:
    """An even picture of one colour in CIELAB, (32, 32, 3)."""
    color = torch.tensor(rgb, dtype=torch.float64).view(3, 1, 1) / 255
    return np.tile(rgb_to_lab(color)[:, 0, 0].numpy(), (32, 32, 1))


DARK_RED, DARK_BLUE = (100, 25, 25), (25, 35, 100)


@pytest.mark.parametrize(
    ("rgb", "hue"),
    [
        (DARK_RED, "red"), ((70, 20, 30), "red"), (DARK_BLUE, "blue"), ((30, 45, 75), "blue"),
        ((230, 60, 50), ""), ((40, 80, 30), ""), ((60, 60, 62), ""), ((130, 160, 240), ""),
    ],
)  # fmt: skip
def test_colours_are_dark_reds_and_blues_or_neither(rgb: tuple[int, int, int], hue: str) -> None:
    """Bright ones, greens and grays are not."""
    for name, mask in dark_masks(lab_of(*rgb)).items():
        assert mask.all() == mask.any() == (name == hue)


def test_high_contrast_is_left_out() -> None:
    """Texture makes a colour easy to tell."""
    lab = lab_of(*DARK_RED)
    lab[::2, :, 0] += 14
    assert not dark_masks(lab)["red"].any()


@pytest.mark.parametrize(("share", "rmse_share"), [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0), (-1.0, 2.0)])
def test_what_is_kept_of_the_chroma(share: float, rmse_share: float) -> None:
    """All, half, none, the opposite: the error as a share of gray's."""
    measure = DarkColors()
    for rgb in (DARK_RED, DARK_BLUE, (90, 200, 90)):
        measure.add(lab_of(*rgb)[..., 1:] * share, lab_of(*rgb))
    for hue in HUES:
        found = measure.value(hue)
        assert found.pixels == 32 * 32
        assert found.kept == pytest.approx(share, abs=1e-6)
        assert found.rmse == pytest.approx(rmse_share * found.gray_rmse, abs=1e-6)


def test_another_hue_keeps_nothing() -> None:
    """A quarter turn away, however vivid."""
    truth = lab_of(*DARK_BLUE)
    measure = DarkColors()
    measure.add(np.stack((-truth[..., 2], truth[..., 1]), axis=-1), truth)
    assert measure.value("blue").kept == pytest.approx(0, abs=1e-9)
    assert measure.value("blue").rmse > measure.value("blue").gray_rmse


def test_pictures_without_such_pixels_say_nothing() -> None:
    """NaN, not a perfect score."""
    measure = DarkColors()
    measure.add(np.zeros((32, 32, 2)), lab_of(200, 200, 200))
    assert measure.value("red").pixels == 0
    assert math.isnan(measure.value("red").kept)
