"""Colour conversions: known values, and the law that a colour original comes back through (Y, a*, b*)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vidcolor.color import (
    ab_to_cbcr,
    lab_to_rgb,
    lightness_to_luma,
    limit_to_gamut,
    luma_to_lightness,
    rgb_to_lab,
    rgb_to_ycbcr,
    soft_histogram,
    ycbcr_to_rgb,
)

rgb_pictures = arrays(np.uint8, (3, 8, 8))
matrices = st.sampled_from([1, 2, 5, 6, 7, 9])


def as_unit(picture):
    return torch.from_numpy(picture).float() / 255


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1.0, 1.0, 1.0), (100.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0), (53.24, 80.09, 67.20)),
        ((0.0, 1.0, 0.0), (87.73, -86.18, 83.18)),
        ((0.0, 0.0, 1.0), (32.30, 79.19, -107.86)),
    ],
)
def test_known_colours_have_their_lab_values(rgb, lab):
    found = rgb_to_lab(torch.tensor(rgb).view(3, 1, 1)).flatten().tolist()
    assert found == pytest.approx(lab, abs=0.03)


@given(rgb_pictures)
def test_lab_comes_back(picture):
    rgb = as_unit(picture)
    assert torch.allclose(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=1e-4)


@given(rgb_pictures, matrices)
def test_a_colour_original_comes_back_within_one_code_value(picture, matrix):
    """The sixth law: (Y, a*, b*) of any sRGB colour gives its Cb and Cr again."""
    rgb = as_unit(picture)
    luma, cbcr = rgb_to_ycbcr(rgb, matrix)
    found = ab_to_cbcr(luma, rgb_to_lab(rgb)[1:], matrix)
    assert ((found - cbcr).abs() * 224).max() < 1


@given(rgb_pictures, matrices)
def test_luma_and_chroma_come_back(picture, matrix):
    rgb = as_unit(picture)
    assert torch.allclose(ycbcr_to_rgb(*rgb_to_ycbcr(rgb, matrix), matrix), rgb, atol=1e-5)


@given(
    arrays(np.float32, (6, 6), elements=st.floats(0, 1, width=32)),
    arrays(np.float32, (2, 6, 6), elements=st.floats(-0.5, 0.5, width=32)),
    matrices,
)
def test_out_of_gamut_colours_lose_saturation_and_not_hue(luma, chroma, matrix):
    y, cbcr = torch.from_numpy(luma), torch.from_numpy(chroma)
    limited = limit_to_gamut(y, cbcr, matrix)
    rgb = ycbcr_to_rgb(y, limited, matrix)
    assert rgb.min() >= -1e-5
    assert rgb.max() <= 1 + 1e-5
    assert torch.allclose(limited[0] * cbcr[1], limited[1] * cbcr[0], atol=1e-6)
    assert (limited.abs() <= cbcr.abs() + 1e-6).all()


def test_black_and_white_carry_no_tint():
    y = torch.tensor([[0.0, 1.0]])
    assert limit_to_gamut(y, torch.full((2, 1, 2), 0.2)).abs().max() < 1e-5


def test_lightness_of_gray_is_that_of_its_colour():
    gray = torch.linspace(0, 1, 20)
    expected = rgb_to_lab(gray.expand(3, 1, 20))[0, 0]
    assert torch.allclose(luma_to_lightness(gray), expected, atol=0.02)
    assert torch.allclose(lightness_to_luma(luma_to_lightness(gray)), gray, atol=1e-5)


@given(arrays(np.float32, (2, 2, 5, 7), elements=st.floats(-1, 1, width=32)))
def test_the_soft_histogram_sums_to_one_and_keeps_the_mean(ab):
    chroma = torch.from_numpy(ab)
    histogram = soft_histogram(chroma)
    assert histogram.shape == (2, 441)
    assert torch.allclose(histogram.sum(1), torch.ones(2), atol=1e-4)
    centres = torch.linspace(-1, 1, 21)
    mean_a = (histogram.view(2, 21, 21).sum(2) * centres).sum(1)
    assert torch.allclose(mean_a, chroma[:, 0].mean((1, 2)), atol=1e-4)
