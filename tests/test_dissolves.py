"""Dissolves: found where one picture melts into another, and nowhere else."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import real_clip
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.dissolves import SHORTEST, Dissolve, DissolveFinder
from vidcolor.pipeline.shots import ShotConfig, ShotDetector, detect_shots, small_gray

RATE = Fraction(24)
HEIGHT, WIDTH = 72, 128


def scene(seed: int, frames: int, pan: float = 0, grain: float = 3) -> np.ndarray:
    """A picture of its own for every seed, the camera moving ``pan`` pixels a frame: (frames, H, W) float64."""
    rng = np.random.default_rng(seed)
    wide = cv2.resize(rng.uniform(40, 200, (9, 16 * 8)), (WIDTH * 8, HEIGHT), interpolation=cv2.INTER_CUBIC)
    still = np.stack([wide[:, round(pan * i) % (WIDTH * 7) :][:, :WIDTH] for i in range(frames)])
    return still + rng.normal(0, grain, still.shape)


def melted(a: np.ndarray, b: np.ndarray, length: int, eased: bool = False) -> np.ndarray:
    """The last ``length`` frames of one scene mixed with the first of the other: (frames, H, W) uint8."""
    share = (np.arange(length) + 1) / (length + 1)
    share = ((1 - np.cos(np.pi * share)) / 2 if eased else share)[:, None, None]
    mixed = (1 - share) * a[len(a) - length :] + share * b[:length]
    return codes(np.concatenate([a[: len(a) - length], mixed, b[length:]]))


def codes(film: np.ndarray) -> np.ndarray:
    """Gray levels as the detectors see them."""
    return np.clip(np.rint(film), 0, 255).astype(np.uint8)


def found(film: np.ndarray, longest: int = 72) -> list[Dissolve]:
    """The dissolves of a film."""
    finder = DissolveFinder(longest)
    for picture in film:
        finder.push(picture)
    return finder.finish()


@pytest.mark.parametrize("length", [8, 12, 24, 48, 72])
@pytest.mark.parametrize("eased", [False, True])
def test_a_dissolve_is_found_where_it_is(length: int, eased: bool) -> None:
    """Place within two frames; the ends of an eased one cannot be told from the clean frames beside them."""
    first, second = scene(1, 40 + length, pan=0.2), scene(2, 40 + length, pan=0.1)
    [dissolve] = found(melted(first, second, length, eased))
    assert abs(dissolve.start + dissolve.length / 2 - (40 + length / 2)) <= 2
    assert (0.6 if eased else 0.85) * length - 1 <= dissolve.length <= 1.15 * length + 1


@settings(max_examples=12, deadline=None)
@given(st.integers(8, 40), st.integers(0, 100), st.floats(0, 6), st.floats(0, 0.02))
def test_grain_and_flicker_hide_no_dissolve(length: int, seed: int, grain: float, flicker: float) -> None:
    """The lamp's flicker runs over the whole film."""
    film = melted(scene(1, 30 + length, grain=grain), scene(2, 30 + length, grain=grain), length)
    lamp = 1 + np.random.default_rng(seed).normal(0, flicker, len(film))
    [dissolve] = found(codes(film * lamp[:, None, None]))
    assert abs(dissolve.start + dissolve.length / 2 - (30 + length / 2)) <= 3


def test_moving_cameras_hide_no_dissolve() -> None:
    """Both pictures have moved on when it is over."""
    [dissolve] = found(melted(scene(1, 50, pan=1.5), scene(2, 50, pan=2), 16))
    assert abs(dissolve.start + dissolve.length / 2 - 42) <= 3


@pytest.mark.parametrize("pan", [0, 1, 3, 9])
def test_a_moving_camera_is_no_dissolve(pan: int) -> None:
    """However fast."""
    assert found(codes(scene(1, 120, pan=pan))) == []


def test_cuts_are_no_dissolves() -> None:
    """However many."""
    lengths = (30, 7, 40, 12, 90)
    assert found(codes(np.concatenate([scene(n, length, pan=n) for n, length in enumerate(lengths)]))) == []


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("hold", [0, 10])
def test_fades_are_no_dissolves(level: int, hold: int) -> None:
    """Out and in, to black and to white, with and without a stay there."""
    out = np.concatenate([np.ones(40), np.linspace(1, 0, 20), np.zeros(hold)])[:, None, None]
    film = [out * scene(1, len(out)) + (1 - out) * level, out[::-1] * scene(2, len(out)) + (1 - out[::-1]) * level]
    assert found(codes(np.concatenate(film))) == []


def test_changes_of_light_are_no_dissolves() -> None:
    """A lamp turned up, a flicker, a flash, a blur that comes and goes."""
    film = scene(1, 100, pan=0.3)
    assert found(codes(film * np.linspace(0.5, 1.2, 100)[:, None, None])) == []
    assert found(codes(film * np.random.default_rng(0).uniform(0.75, 1.25, (100, 1, 1)))) == []
    assert found(codes(np.concatenate([film[:50], film[50:53] + 120, film[53:]]))) == []
    blur = [cv2.GaussianBlur(p, (0, 0), 0.1 + 8 * np.exp(-((n - 50) ** 2) / 60)) for n, p in enumerate(film)]
    assert found(codes(np.stack(blur))) == []


def test_a_title_coming_up_is_no_dissolve() -> None:
    """The picture behind it stays."""
    film, share = scene(1, 100), np.clip((np.arange(100) - 40) / 20, 0, 1)
    for number, part in enumerate(share):
        for line in range(25, 50, 4):
            film[number, line : line + 2, 20:108] += part * (250 - film[number, line : line + 2, 20:108])
    assert found(codes(film)) == []


def test_too_short_and_too_long_are_not_looked_for() -> None:
    """Below six frames it is a cut; the longest is a setting; 0 looks for none."""
    film = melted(scene(1, 70), scene(2, 70), 40)
    assert found(film, longest=SHORTEST - 1) == []
    assert all(dissolve.length <= 20 for dissolve in found(film, longest=20))
    assert found(codes(np.full((30, HEIGHT, WIDTH), 90.0))) == []
    assert found(codes(np.random.default_rng(0).uniform(0, 255, (30, 1, 1)))) == []


def test_the_shot_changes_in_the_middle_of_a_dissolve() -> None:
    """And the length is told with it; hard cuts elsewhere stay where they are."""
    film = np.concatenate([melted(scene(1, 60), scene(2, 60), 24), codes(scene(3, 40))])
    detector = ShotDetector(RATE)
    for picture in film:
        detector.push(picture)
    shots = detector.finish()
    assert len(shots) == 3
    assert abs(shots[1].start - 48) <= 1
    assert shots[2].start == 96
    [(start, length)] = detector.dissolves(shots).items()
    assert start == shots[1].start
    assert 20 <= length <= 28


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(8, 40), min_size=1, max_size=5), st.integers(0, 1000))
def test_a_film_without_dissolves_has_the_shots_it_had(lengths: list[int], seed: int) -> None:
    """Looking for them changes nothing where there is none."""
    film = codes(np.concatenate([scene(seed + n, length, pan=n % 3) for n, length in enumerate(lengths)]))
    assert detect_shots(film, RATE) == detect_shots(film, RATE, ShotConfig(dissolve=0))


def test_memory_does_not_grow() -> None:
    """The finder holds a bounded number of pictures, at absurd frame rates too."""
    finder, picture = DissolveFinder(24), codes(scene(1, 1))[0]
    for _ in range(400):
        finder.push(picture)
    assert len(finder._recent._pictures) == 80
    assert ShotDetector(Fraction(10000))._dissolve_finder._longest == 240


@pytest.mark.parametrize(
    ("name", "expected"),
    [("media/nasa_13013.mp4", [139]), ("blackwhite/chaplin.mp4", []), ("train/davis_car_turn.mp4", [])],
)
def test_real_films(name: str, expected: list[int]) -> None:
    """One with a dissolve of 25 frames, seen by eye, and some without."""
    info = probe(real_clip(name))
    with FilmReader(info) as reader:
        dissolves = found(np.stack([small_gray(frame.luma, info) for frame in reader.frames()]))
    assert [dissolve.middle for dissolve in dissolves] == pytest.approx(expected, abs=2)
