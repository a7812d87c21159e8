"""Fades and flashes: measured from thumbnails, undone for the network, and drawn again in the chroma."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.color import rgb_to_lab, rgb_to_ycbcr
from vidcolor.pipeline.light import DARKEST, Fade, light_of
from vidcolor.pipeline.sight import Sight
from vidcolor.pipeline.upsample import ChromaFormat, upsample
from vidcolor.pipeline.view import view_of
from vidcolor.types import ColorTags, FilmInfo, Frame

RATE = 24.0
FORM = ChromaFormat(64, 48, 8, True, 1)


def thumbs(frames: int, seed: int = 1, drift: float = 0.0) -> np.ndarray:
    """A shot of one picture, slowly moving: (frames, 9, 16) float64, 40 to 200."""
    wide = np.random.default_rng(seed).uniform(40, 200, (9, 40))
    return np.stack(
        [cv2.resize(wide, (400, 9))[:, round(drift * n) : round(drift * n) + 160 : 10] for n in range(frames)]
    )


def codes(film: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(film), 0, 255).astype(np.uint8)


def faded(film: np.ndarray, gains: np.ndarray, level: float) -> np.ndarray:
    """A film that is no more than ``gains`` of what it was, the rest black (0) or white (1)."""
    return film * gains[:, None, None] + 255 * level * (1 - gains[:, None, None])


@pytest.mark.parametrize("level", [0.0, 1.0])
@pytest.mark.parametrize("length", [6, 20, 60])
def test_a_fade_is_measured(level: float, length: int) -> None:
    """Out and in, with a stay in darkness."""
    gains = np.concatenate([np.ones(40), np.linspace(1, 0, length), np.zeros(7)])
    for step in (1, -1):
        light = light_of(codes(faded(thumbs(len(gains), drift=0.2), gains, level))[::step], RATE)
        assert np.abs(light.gains[::step] - gains).max() < 0.06
        assert (light.levels[light.gains < 0.9] == level).all()


def test_both_ends_may_fade() -> None:
    """Out of white, into black."""
    gains = np.concatenate([np.linspace(0, 1, 16), np.ones(60)])
    film = faded(faded(thumbs(76), gains, 1.0), gains[::-1], 0.0)
    light = light_of(codes(film), RATE)
    assert (light.levels[:8], light.levels[-8:]) == (pytest.approx(1), pytest.approx(0))
    assert (light.gains[30:50] == 1).all()


def test_what_is_no_fade() -> None:
    """A still shot, a dark shot, flicker, a picture that gets darker by a half, something dark before the camera."""
    film = thumbs(60, drift=0.3)
    flicker = 1 + np.random.default_rng(0).uniform(-0.2, 0.2, 60)
    covered = film.copy()
    for n in range(30, 60):
        covered[n, :, : (n - 29) // 2] = 10
    for shot in (
        film,
        film * 0.02,
        film * flicker[:, None, None],
        film * np.linspace(1, 0.5, 60)[:, None, None],
        covered,
    ):
        light = light_of(codes(shot), RATE)
        assert (light.gains == 1).all()
        assert (light.sources == np.arange(60)).all()
    assert light_of(codes(film[:1]), RATE).gains.tolist() == [1.0]


def test_darkness_is_seen_as_the_nearest_picture() -> None:
    """What cannot be made out is not shown to the network."""
    gains = np.concatenate([np.ones(30), np.linspace(1, 0, 20), np.zeros(10)])
    light = light_of(codes(faded(thumbs(60), gains, 0)), RATE)
    dark = light.gains < DARKEST
    assert dark.sum() >= 10
    assert len(set(light.sources[dark])) == 1
    assert light.gains[light.sources[-1]] >= DARKEST
    assert (light.sources[~dark] == np.flatnonzero(~dark)).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 50), st.booleans(), st.floats(0, 0.4))
def test_a_flash_is_passed_over(length: int, at: int, bright: bool, drift: float) -> None:
    """One to four frames, lightning or dropped out, seen as the frame before; all others as themselves."""
    film = thumbs(60, drift=drift)
    film[at : at + length] = film[at : at + length] * 1.4 + 60 if bright else 3
    sources = light_of(codes(film), RATE).sources
    expected = np.arange(60)
    expected[at : at + length] = at - 1
    assert sources.tolist() == expected.tolist()


def test_a_light_that_stays_is_no_flash() -> None:
    """Nor is one of a second."""
    film = thumbs(80)
    for stop in (80, 44):
        lit = film.copy()
        lit[20:stop] = lit[20:stop] * 1.3 + 30
        assert (light_of(codes(lit), RATE).sources == np.arange(80)).all()


def test_mixed_frames_are_seen_as_the_nearest_clean_one() -> None:
    """And their growing light is no fade."""
    film = thumbs(50)
    film[:12] = film[:12] * np.linspace(0, 1, 12)[:, None, None]
    light = light_of(codes(film), RATE, opening=12, closing=6)
    assert (light.gains == 1).all()
    assert light.sources.tolist() == [12] * 12 + list(range(12, 44)) + [43] * 6


def film_info() -> FilmInfo:
    one = Fraction(1)
    return FilmInfo(
        *(Path("f"), 128, 96, "gray", 8, True, False, ColorTags(1, 1, 1, 1), one, one, None, None, None),
        *(0, one, False, "raw", "raw", 0),
    )


def test_the_network_sees_the_picture_before_the_fade() -> None:
    """The same grays, within what rounding leaves; dark frames as the last that can be made out."""
    clear = np.tile(np.linspace(30, 220, 128), (96, 1))
    gains = np.concatenate([np.ones(12), np.linspace(1, 0, 12)])
    film = codes(faded(np.stack([clear] * 24), gains, 0))
    small = np.stack([cv2.resize(picture, (16, 9), interpolation=cv2.INTER_AREA) for picture in film])
    light = light_of(small, RATE)
    view = view_of(film_info(), None, 96)
    frames = [Frame(100 + n, n, picture) for n, picture in enumerate(film)]
    seen = list(Sight(view, light, 100, lambda number: frames[number - 100]).grays(frames))
    for gain, gray in zip(gains, seen, strict=True):
        assert np.abs(gray.astype(int) - seen[0]).mean() < 1.5 + 1 / max(gain, DARKEST)
    assert (seen[-1] == seen[-2]).all()
    # a walk that begins in the dark sees the same
    assert (next(Sight(view, light, 100, lambda number: frames[number - 100]).grays(frames[-1:])) == seen[-1]).all()


def planes_of(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Y in [0, 1], Cb and Cr in code values, and a*, b* of a picture (3, H, W) in [0, 1]."""
    picture = torch.from_numpy(rgb).float()
    luma, cbcr = rgb_to_ycbcr(picture)
    return luma.numpy(), cbcr.numpy() * 255, rgb_to_lab(picture)[1:].numpy()


@pytest.mark.parametrize("level", [0.0, 1.0])
@settings(max_examples=20, deadline=None)
@given(st.floats(0.15, 1), st.floats(0.25, 0.7), st.floats(0.25, 0.7), st.floats(0.25, 0.7))
def test_chroma_fades_as_the_luma_does(level: float, gain: float, red: float, green: float, blue: float) -> None:
    """A colour original, faded in R'G'B', comes back from its luma and the chroma of the picture before."""
    rgb = np.broadcast_to(np.array([red, green, blue])[:, None, None], (3, 48, 64))
    _, _, ab = planes_of(rgb)
    luma, cbcr, _ = planes_of(rgb * gain + level * (1 - gain))
    planes = upsample(ab, np.rint(luma * 255).astype(np.uint8), FORM, fade=Fade(gain, level))
    for plane, true in zip(planes, cbcr, strict=True):
        assert np.abs(plane.astype(float) - 128 - true).max() < 2


def test_in_cielab_a_fade_takes_less_of_the_chroma_than_of_the_luma() -> None:
    """By about the gain to the power of 0.8: what a chroma left in a*, b* would have too much."""
    rgb = np.broadcast_to(np.array([0.6, 0.45, 0.35])[:, None, None], (3, 48, 64))
    _, _, ab = planes_of(rgb)
    for gain in (0.8, 0.5, 0.3):
        _, _, darker = planes_of(rgb * gain)
        assert np.abs(darker).mean() / np.abs(ab).mean() == pytest.approx(gain**0.8, rel=0.06)


def test_unfaded_frames_are_as_they_were() -> None:
    """To the bit."""
    luma = np.random.default_rng(0).integers(20, 230, (48, 64), dtype=np.uint8)
    ab = np.random.default_rng(1).uniform(-30, 30, (2, 24, 32)).astype(np.float32)
    for plain, told in zip(upsample(ab, luma, FORM), upsample(ab, luma, FORM, fade=Fade(1.0, 0.0)), strict=True):
        assert (plain == told).all()
