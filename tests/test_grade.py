"""Saturation and colour temperature: what is asked for, in proportion, and nothing where nothing is asked."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vidcolor.color import adapt_white, lab_to_rgb, rgb_to_lab
from vidcolor.pipeline.grade import NEUTRAL_KELVIN, daylight, grade

GRAYS = np.repeat(np.array([[0, 40, 128, 255]], np.uint8), 2, axis=0).repeat(2, axis=1)  # (2, 8): 1 x 4 of chroma


def neutral():
    return np.zeros((2, 1, 4), np.float32)


def test_daylight_is_the_standard_s():
    x, y, z = daylight(NEUTRAL_KELVIN)
    assert np.allclose((x / (x + y + z), y / (x + y + z)), (0.3127, 0.3290), atol=2e-4)
    assert np.allclose(daylight(6999.9), daylight(7000.1), atol=1e-3)


@given(st.floats(0, 4))
def test_saturation_alone_scales(saturation):
    ab = np.random.default_rng(1).uniform(-60, 60, (2, 1, 4)).astype(np.float32)
    assert np.array_equal(grade(ab, GRAYS, saturation, 0.0), ab * np.float32(saturation))


def test_grays_get_warmer_in_proportion_to_their_light():
    """As under a warmer lamp: yellowish, the white most, black not at all."""
    _, b = grade(neutral(), GRAYS, 1.0, 60.0)
    assert b[0, 0] == pytest.approx(0, abs=0.5)
    assert (np.diff(b[0]) > 1).all()


def test_the_warmest_white_is_daylight_of_4000_kelvin():
    a, b = grade(neutral(), GRAYS, 1.0, 100.0)[:, 0, 3].tolist()
    rgb = lab_to_rgb(torch.tensor([100.0, a, b])[:, None, None])
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4).flatten().numpy()
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    xyz = to_xyz @ linear
    assert np.allclose(xyz / xyz[1], daylight(4000), atol=0.01)


@given(st.floats(-100, 99), st.integers(1, 255))
def test_warmer_is_yellower(temperature, level):
    gray = np.full((2, 2), level, np.uint8)
    cooler, warmer = (
        grade(np.zeros((2, 1, 1), np.float32), gray, 1.0, t)[1].item() for t in (temperature, temperature + 1)
    )
    assert warmer > cooler


def test_what_is_no_change_changes_nothing():
    """The way to light and back is exact, and colours keep their order of hue."""
    lab = rgb_to_lab(torch.rand((3, 8, 8), generator=torch.Generator().manual_seed(0)))
    assert torch.allclose(adapt_white(lab, torch.eye(3, dtype=torch.float64)), lab[1:], atol=1e-2)
