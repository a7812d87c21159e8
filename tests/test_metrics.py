"""The measures of vidcolor.model: against published values, closed forms and scikit-image."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vidcolor.model.delta_e import ciede2000
from vidcolor.model.flicker import chroma_flicker, motion_between, trusted_pixels, warp_back
from vidcolor.model.metrics import (
    PSNR_CEILING,
    BalancedAccuracy,
    DistributionConsistency,
    ab_histogram,
    ab_rmse,
    area_under_accuracy,
    colourfulness,
    histogram_similarity,
    jensen_shannon,
    psnr,
    rgb_histograms,
    ssim,
)

SHARMA_PAIRS = [  # Sharma, Wu and Dalal (2005), table 1
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]

pictures = hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)))


def _lab(colour: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor(colour, dtype=torch.float64).reshape(3, 1, 1)


def _noise(height: int = 64, width: int = 96, seed: int = 0) -> np.ndarray:
    """A smooth random texture, (height, width) uint8."""
    grain = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(grain, (0, 0), 2), None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.mark.parametrize(("first", "second", "difference"), SHARMA_PAIRS)
def test_ciede2000_meets_the_published_pairs_both_ways(first, second, difference):
    assert ciede2000(_lab(first), _lab(second)).item() == pytest.approx(difference, abs=5e-5)
    assert ciede2000(_lab(second), _lab(first)).item() == pytest.approx(difference, abs=5e-5)


def test_ciede2000_agrees_with_scikit_image_over_the_whole_of_lab():
    skimage_color = pytest.importorskip("skimage.color")
    rng = np.random.default_rng(1)
    lab, other = rng.uniform((0, -110, -110), (100, 110, 110), (2, 50, 60, 3))
    ours = ciede2000(*(torch.from_numpy(x).permute(2, 0, 1) for x in (lab, other)))
    np.testing.assert_allclose(ours.numpy(), skimage_color.deltaE_ciede2000(lab, other), atol=1e-9)


def test_ciede2000_of_equal_colours_is_nothing_even_for_gray():
    lab = torch.tensor([[[0.0, 50.0]], [[0.0, 30.0]], [[0.0, -90.0]]])
    assert ciede2000(lab, lab).abs().max() == 0


@given(pictures)
@settings(max_examples=30, deadline=None)
def test_a_picture_against_itself_is_perfect(picture):
    assert psnr(picture, picture) == PSNR_CEILING
    assert ssim(picture, picture) == pytest.approx(1, abs=1e-4)
    assert histogram_similarity(*[rgb_histograms(picture) / 3] * 2) == pytest.approx(1)


def test_psnr_is_reckoned_in_floating_point_both_ways():
    dark, light = np.full((4, 4, 3), 10, np.uint8), np.full((4, 4, 3), 210, np.uint8)
    assert psnr(dark, light) == psnr(light, dark) == pytest.approx(20 * math.log10(255 / 200))


def test_ssim_agrees_with_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    truth = np.stack([_noise(seed=k) for k in range(3)], axis=-1)
    output = np.clip(truth + np.random.default_rng(2).normal(0, 15, truth.shape), 0, 255).astype(np.uint8)
    theirs = metrics.structural_similarity(
        output, truth, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2
    )
    assert ssim(output, truth) == pytest.approx(theirs, abs=1e-5)


def test_colourfulness_takes_signed_opponents():
    red, green = np.full((8, 4, 3), (255, 0, 0), np.uint8), np.full((8, 4, 3), (0, 255, 0), np.uint8)
    assert colourfulness(red) == pytest.approx(85.53, abs=0.005)
    assert colourfulness(np.hstack([red, green])) == pytest.approx(293.25, abs=0.005)
    assert colourfulness(np.repeat(_noise()[..., None], 3, axis=-1)) == 0


@given(hnp.arrays(np.float64, (2, 16), elements=st.floats(0, 1)).filter(lambda x: (x.sum(1) > 0.01).all()))
def test_jensen_shannon_is_symmetric_and_bounded_by_the_logarithm_of_two(weights):
    p, q = weights / weights.sum(1, keepdims=True)
    assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p), abs=1e-12)
    assert -1e-12 <= jensen_shannon(p, q) <= math.log(2) + 1e-12


def test_distribution_consistency_means_over_distances_one_two_and_four():
    """Two colours in turn differ wholly at distance 1 (ln 2 in the channel that changes) and not at 2 and 4."""
    consistency = DistributionConsistency()
    for index in range(8):
        consistency.add(np.full((4, 4, 3), (255 * (index % 2), 7, 7), np.uint8))
    assert consistency.value() == pytest.approx(math.log(2) / 3 / 3)


def test_distribution_consistency_does_not_look_across_a_cut():
    consistency = DistributionConsistency()
    for index in range(8):
        if index == 4:
            consistency.cut()
        consistency.add(np.full((4, 4, 3), 9 if index < 4 else 200, np.uint8))
    assert consistency.value() == 0


def test_area_under_accuracy_counts_the_thresholds_that_are_met():
    truth = np.zeros((2, 2, 2))
    assert area_under_accuracy(truth, truth) == 1
    assert area_under_accuracy(truth + np.array([3.0, 4.0]), truth) == pytest.approx(146 / 151)
    assert area_under_accuracy(truth + np.array([300.0, 0.0]), truth) == 0
    half_wrong = np.array([[[0.0, 0], [300, 0]]])
    weights = np.array([[3.0, 1.0]])
    assert area_under_accuracy(half_wrong, half_wrong * 0, weights) == pytest.approx(0.75)


def test_ab_rmse_takes_both_channels():
    truth = np.zeros((5, 4, 2))
    assert ab_rmse(truth + np.array([3.0, 4.0]), truth) == pytest.approx(math.sqrt(12.5))
    assert ab_rmse(truth, truth) == 0


def test_the_histogram_of_ab_sums_to_one_and_tells_colours_apart():
    red, blue = (np.broadcast_to(np.float32(ab), (6, 7, 2)) for ab in ((60, 40), (20, -80)))
    assert ab_histogram(red).shape == (441,)
    assert ab_histogram(red).sum() == pytest.approx(1)
    assert histogram_similarity(ab_histogram(red), ab_histogram(red)) == pytest.approx(1)
    assert histogram_similarity(ab_histogram(red), ab_histogram(blue)) == 0


def test_balanced_accuracy_counts_every_colour_alike():
    """A gray answer to 99 gray pixels and one red: nearly right by pixels, half right by colours."""
    truth = np.zeros((10, 10, 2), np.float32)
    truth[0, 0] = (88, 66)  # the centre of a bin, 110 from gray
    output = np.zeros_like(truth)
    balanced = BalancedAccuracy()
    assert balanced.value() == 0
    balanced.add(output, truth)
    right_for_red = 41 / 151  # thresholds 110 to 150
    assert balanced.value() == pytest.approx((1 + right_for_red) / 2)
    assert area_under_accuracy(output, truth) == pytest.approx((99 + right_for_red) / 100)


@given(hnp.arrays(np.float32, (3, 8, 8, 2), elements=st.floats(-110, 110, width=32)))
@settings(max_examples=20, deadline=None)
def test_balanced_accuracy_is_a_share_and_one_where_nothing_is_wrong(ab):
    perfect, other = BalancedAccuracy(), BalancedAccuracy()
    for picture in ab:
        perfect.add(picture, picture)
        other.add(ab[0], picture)
    assert perfect.value() == pytest.approx(1)
    assert 0 <= other.value() <= 1 + 1e-12


def test_warp_back_finds_a_moved_picture_again():
    texture = _noise().astype(np.float32)
    moved = np.roll(texture, (2, 5), axis=(0, 1))
    flow = np.broadcast_to(np.float32([5, 2]), (*texture.shape, 2))
    np.testing.assert_array_equal(warp_back(moved, flow)[:-2, :-5], texture[:-2, :-5])


def test_flow_that_does_not_return_is_not_trusted():
    forward, backward = np.zeros((20, 30, 2), np.float32), np.zeros((20, 30, 2), np.float32)
    backward[5:10, 5:10] = 3
    trusted = trusted_pixels(forward, backward)
    assert not trusted[5:10, 5:10].any()
    assert trusted.sum() == 20 * 30 - 25


def test_flicker_follows_the_motion_and_sees_only_the_change_of_colour():
    """Colour that moves with the picture is steady; the same colour one step redder flickers by that step."""
    gray = _noise(120, 160)
    later = np.roll(gray, 3, axis=1)
    ab = np.dstack([gray, 255 - gray]).astype(np.float32) / 4 - 30
    later_ab = np.roll(ab, 3, axis=1)
    motion = motion_between(gray, later)
    assert motion.trusted.mean() > 0.8
    assert chroma_flicker(ab, later_ab, motion) < 0.5
    assert chroma_flicker(ab, later_ab + np.float32([3, 4]), motion) == pytest.approx(5, abs=0.3)
    assert chroma_flicker(ab, ab, motion) > 2


def test_flicker_without_a_trusted_pixel_is_no_number():
    motion = motion_between(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8))
    motion.trusted[:] = False
    assert math.isnan(chroma_flicker(np.zeros((8, 8, 2)), np.zeros((8, 8, 2)), motion))
