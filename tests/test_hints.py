"""Colour points: the thing under the point, its own shades, and nothing beyond its edge or the radius."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.color import lab_to_rgb, luma_to_lightness, srgb_to_linear
from vidcolor.pipeline.hints import HintBrush, is_in_picture, region, repaint
from vidcolor.pipeline.plan import Hint
from vidcolor.pipeline.view import View
from vidcolor.types import ColorTags, FilmInfo


def two_walls(noise=2.0):
    """(40, 60) uint8: a darker wall on the left of column 30, a lighter one on the right, with grain."""
    gray = np.full((40, 60), 90.0)
    gray[:, 30:] = 140
    return (gray + np.random.default_rng(0).normal(0, noise, gray.shape)).clip(0, 255).astype(np.uint8)


def test_a_region_ends_at_an_edge():
    part = region(two_walls(), (24, 20), radius=15)
    assert part[20, 20] == part[20, 27] == 1
    assert part[:, 32:].max() == 0


def test_a_slope_is_no_edge():
    """A face turns from light to shade, and is one thing."""
    slope = np.tile(np.linspace(60, 180, 60).astype(np.uint8), (40, 1))
    assert region(slope, (30, 20), radius=15)[20, 22:39].min() == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 59), st.integers(0, 39), st.floats(1, 30), st.integers(0, 9))
def test_no_region_leaves_its_radius(x, y, radius, seed):
    gray = np.random.default_rng(seed).integers(0, 255, (40, 60), np.uint8)
    part = region(gray, (x, y), radius)
    down, right = np.mgrid[:40, :60]
    assert part[y, x] == 1
    assert part[np.hypot(right - x, down - y) > radius].max(initial=0) == 0
    assert part.min() >= 0


def test_light_and_shade_of_a_thing_keep_the_colour_s_chromaticity():
    gray = np.repeat(np.linspace(60, 180, 60).astype(np.uint8)[None], 40, axis=0).repeat(2, 0).repeat(2, 1)
    ab = repaint(np.zeros((2, 40, 60), np.float32), gray, "#c08060", (30, 20), radius=20)
    lightness = luma_to_lightness(torch.from_numpy(gray[::2, ::2]).float() / 255)
    linear = srgb_to_linear(lab_to_rgb(torch.cat((lightness[None], torch.from_numpy(ab)))))[:, 20, 24:36]
    wanted = srgb_to_linear(torch.tensor([0xC0, 0x80, 0x60]) / 255)
    assert torch.allclose(linear / linear.sum(0), (wanted / wanted.sum())[:, None].expand(3, 12), atol=0.01)


def test_black_and_white_hints_take_colour_away():
    ab = np.full((2, 40, 60), 30, np.float32)
    for color in ("#000000", "#ffffff"):
        painted = repaint(ab, np.full((80, 120), 128, np.uint8), color, (30, 20), radius=10)
        assert np.abs(painted[:, 20, 30]).max() < 0.1
        assert painted[0, 0, 0] == 30


def info(width, height, rotation=0):
    tags = ColorTags(1, 1, 1, 1)
    more = dict.fromkeys(("time_base", "frame_rate", "start_pts", "frames_expected", "duration"))
    return FilmInfo(
        None, width, height, "yuv420p", 8, False, True, tags, **more, rotation=rotation, sample_aspect_ratio=1,
        interlaced=False, codec="", container="", video_stream=0,
    )  # fmt: skip


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_hint_finds_its_place_in_a_film_that_lies_on_its_side(rotation):
    """Points are named as people see the picture."""
    upright = np.full((64, 96), 40, np.uint8)
    upright[8:24, 60:80] = 200  # centre: x 0.73, y 0.25
    lying = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
    view = View((0, *lying.shape[:1], 0, lying.shape[1]), *lying.shape, 16, 235)
    brush = HintBrush([Hint(7, 0.73, 0.25, "#c04040", 1.0)], 5, view, info(*lying.shape[::-1], rotation))
    painted = brush(2, lying, np.zeros((2, lying.shape[0] // 2, lying.shape[1] // 2), np.float32))
    seen = np.rot90(painted[0], rotation // 90)
    assert seen[6:10, 32:38].min() > 20
    assert seen[20:].max() == seen[:, :24].max() == 0


def test_other_frames_are_left_as_they_are():
    view = View((0, 64, 0, 96), 64, 96, 16, 235)
    brush = HintBrush([Hint(7, 0.5, 0.5, "#c04040")], 5, view, info(96, 64))
    ab = np.zeros((2, 32, 48), np.float32)
    assert brush(1, np.zeros((64, 96), np.uint8), ab) is ab
    assert brush.frames == [2]


def test_black_bars_are_no_picture():
    assert is_in_picture(Hint(0, 0.5, 0.5, "#ffffff"), (8, 56, 0, 96), info(96, 64))
    assert not is_in_picture(Hint(0, 0.5, 0.05, "#ffffff"), (8, 56, 0, 96), info(96, 64))
    lying, area = info(64, 96, 90), (0, 96, 8, 56)
    assert is_in_picture(Hint(0, 0.05, 0.5, "#ffffff"), area, lying)
    assert not is_in_picture(Hint(0, 0.5, 0.05, "#ffffff"), area, lying)
