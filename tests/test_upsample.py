from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from moving import texture

from vidcolor.color import ab_to_cbcr, ycbcr_to_rgb
from vidcolor.pipeline.upsample import ChromaFormat, upsample

LEFT, CENTRE, TOP_LEFT = 1, 2, 3


def form(
    height: int, width: int, depth: int = 8, full: bool = False, matrix: int = 1, at: int = CENTRE
) -> ChromaFormat:
    return ChromaFormat(width, height, depth, full, matrix, at)


def flat_ab(a: float, b: float, shape: tuple[int, int] = (24, 32)) -> np.ndarray:
    return np.stack([np.full(shape, a, np.float32), np.full(shape, b, np.float32)])


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    across=st.sampled_from([1, 2, 4]),
    down=st.sampled_from([1, 2]),
    depth=st.sampled_from([8, 10, 12, 16]),
    full=st.booleans(),
    at=st.integers(0, 6),
)
def test_no_colour_stays_exactly_neutral(
    height: int, width: int, across: int, down: int, depth: int, full: bool, at: int
) -> None:
    dtype = np.uint8 if depth == 8 else np.uint16
    luma = np.random.default_rng(0).integers(0, 1 << depth, (height, width)).astype(dtype)
    shape = (-(-height // down), -(-width // across))
    for plane in upsample(flat_ab(0, 0), luma, form(*shape, depth, full, at=at)):
        assert plane.shape == shape
        assert plane.dtype == dtype
        assert (plane == 1 << (depth - 1)).all()


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize(("depth", "full"), [(8, False), (8, True), (10, False), (16, True)])
def test_an_even_colour_is_the_exact_conversion(depth: int, full: bool, matrix: int) -> None:
    unit = 1 << (depth - 8)
    black, span = (0, 256 * unit - 1) if full else (16 * unit, 219 * unit)
    y = round(black + 0.55 * span)
    luma = np.full((96, 128), y, np.uint8 if depth == 8 else np.uint16)
    planes = upsample(flat_ab(22, -31), luma, form(48, 64, depth, full, matrix))
    wanted = ab_to_cbcr(torch.full((1, 1), (y - black) / span), torch.tensor([22.0, -31.0])[:, None, None], matrix)
    scale = (256 * unit - 1) if full else 224 * unit
    for plane, value in zip(planes, wanted.flatten().tolist(), strict=True):
        assert np.ptp(plane.astype(int)) <= 1
        assert abs(float(plane.mean()) - (128 * unit + value * scale)) < 0.8 * unit


def test_darkness_and_blown_whites_are_exactly_neutral_and_the_gamut_holds() -> None:
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None], 64, 0)
    cb, cr = upsample(flat_ab(60, 50), ramp, form(64, 256, full=True))
    assert (cb[:, 0] == 128).all()
    assert (cr[:, -1] == 128).all()
    cbcr = torch.from_numpy(np.stack([cb, cr]).astype(np.float32) - 128) / 255
    rgb = ycbcr_to_rgb(torch.from_numpy(ramp.astype(np.float32) / 255), cbcr)
    assert rgb.min() > -0.03
    assert rgb.max() < 1.03
    assert cr[32, 120] > 160


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 30)] * 4), st.sampled_from([(1, 1), (1, 2), (2, 2)]))
def test_bars_are_exactly_neutral(cut: tuple[int, int, int, int], sampling: tuple[int, int]) -> None:
    luma = np.full((81, 99), 120, np.uint8)
    top, bottom, left, right = cut[0], 81 - cut[1], cut[2], 99 - cut[3]
    down, across = sampling
    cb, _ = upsample(flat_ab(30, 30), luma, form(-(-81 // down), -(-99 // across)), (top, bottom, left, right))
    whole = np.repeat(np.repeat(cb, down, 0), across, 1)[:81, :99]
    outside = np.ones(whole.shape, bool)
    outside[top:bottom, left:right] = False
    assert (whole[outside] == 128).all()
    assert (whole[top + down : bottom - down, left + across : right - across] != 128).all()


def test_an_edge_of_the_luma_keeps_colours_apart() -> None:
    truth_cb = np.where(np.arange(256) < 101, 100, 150)
    luma = np.repeat(np.where(np.arange(512) < 203, 70, 190).astype(np.uint8)[None], 256, 0)
    # what the network's grid would hold: the true colours, averaged
    ab = np.repeat(np.where(np.arange(512) < 203, 30.0, -30.0).astype(np.float32)[None], 256, 0)
    small = np.stack([cv2.resize(ab, (64, 32), interpolation=cv2.INTER_AREA)] * 2)
    cb, _ = upsample(small, luma, form(128, 256))
    left, right = int(cb[64, 40]), int(cb[64, 200])
    share = (cb[64].astype(float) - left) / (right - left)
    share_bilinear = cv2.resize(np.float32((small[0] - 30) / -60), (256, 128), interpolation=cv2.INTER_LINEAR)[64]
    step = (truth_cb > 120).astype(float)
    assert np.abs(share - step).sum() < 0.65 * np.abs(share_bilinear - step).sum()


def test_siting_moves_the_samples_where_the_format_wants_them() -> None:
    luma = np.full((256, 512), 128, np.uint8)
    ab = np.stack([np.zeros((32, 64), np.float32), np.repeat(np.linspace(-30, 30, 64, dtype=np.float32)[None], 32, 0)])
    centre = upsample(ab, luma, form(128, 256, at=CENTRE))[0][64, 100:150].astype(float).mean()
    left = upsample(ab, luma, form(128, 256, at=LEFT))[0][64, 100:150].astype(float).mean()
    unspecified = upsample(ab, luma, form(128, 256, at=0))[0][64, 100:150].astype(float).mean()
    slope = np.polyfit(np.arange(60, 200), upsample(ab, luma, form(128, 256, 16 - 8))[0][64, 60:200].astype(float), 1)[
        0
    ]
    assert left - centre == pytest.approx(-0.25 * slope, abs=0.06)
    assert unspecified == left
    upright = np.ascontiguousarray(ab.transpose(0, 2, 1))
    tall = upsample(upright, luma.T.copy(), form(256, 128, at=TOP_LEFT))[0][100:150, 64].astype(float).mean()
    assert tall - centre == pytest.approx(-0.25 * slope, abs=0.06)


def test_ten_bits_agree_with_eight() -> None:
    luma = texture(128, 192)
    ab = np.stack([texture(32, 48, c).astype(np.float32) / 3 - 42 for c in (1, 2)])
    eight = upsample(ab, luma, form(64, 96))
    ten = upsample(ab, luma.astype(np.uint16) * 4, form(64, 96, 10))
    for a, b in zip(eight, ten, strict=True):
        difference = np.abs(a.astype(float) - b / 4)
        assert difference.mean() < 0.4  # half a code of rounding, in chroma and in the mean luma
        assert difference.max() <= 2


def test_a_film_smaller_than_the_working_size() -> None:
    luma = np.full((60, 80), 128, np.uint8)
    cb, cr = upsample(flat_ab(20, 20, (128, 171)), luma, form(30, 40))
    assert np.ptp(cb) <= 1
    assert cr.mean() > 132


def test_luma_is_left_alone() -> None:
    luma = texture(64, 64)
    before = luma.copy()
    luma.flags.writeable = False
    upsample(flat_ab(10, 10), luma, form(32, 32))
    assert np.array_equal(luma, before)
