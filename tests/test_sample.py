"""The sample film, its colour original and its references are what their script promises."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import cv2
import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return yaml.safe_load((SAMPLES / "expected.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("skimage", reason="the photographs ship with scikit-image")
    spec = importlib.util.spec_from_file_location("make_sample", ROOT / "scripts" / "make_sample.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_sample"] = module
    spec.loader.exec_module(module)
    return module


@cache
def planes(path: Path) -> np.ndarray:
    """All frames of a yuv420p film, (T, 3 H / 2, W) uint8."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray() for frame in container.decode(video=0)])


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_the_gray_film_is_the_luma_of_the_colour_film(expected: dict[str, Any]):
    gray, colour = planes(SAMPLES / "film.mp4"), planes(SAMPLES / "film_colour.mp4")
    assert gray.shape == colour.shape == (expected["frames"], 540, 640)
    assert (gray[:, 360:] == 128).all()
    for one, other in zip(gray[::5, :360], colour[::5, :360], strict=True):
        assert cv2.PSNR(one, other) > 43


def test_both_films_have_the_same_sound():
    assert sound_packets(SAMPLES / "film.mp4") == sound_packets(SAMPLES / "film_colour.mp4") != []


def test_the_expected_shots_tile_the_film_and_name_references_that_exist(expected: dict[str, Any]):
    shots = expected["shots"]
    assert shots[0]["start"] == 0
    assert shots[-1]["stop"] == expected["frames"]
    assert all(a["stop"] == b["start"] for a, b in pairwise(shots))
    used, strangers = {shot["reference"] for shot in shots}, set(expected["strangers"])
    assert len(strangers) == 2
    assert not used & strangers
    assert used | strangers == {path.name for path in (SAMPLES / "refs").iterdir()}


def test_every_expected_boundary_is_a_change_of_picture(expected: dict[str, Any]):
    """At every cut the picture changes at once, or the film is black there."""
    luma = planes(SAMPLES / "film_colour.mp4")[:, :360]
    for shot in expected["shots"][1:]:
        before, after = luma[shot["start"] - 1], luma[shot["start"]]
        assert cv2.absdiff(after, before).mean() > 25 or (before.max() < 24 and after.max() < 24)


def test_no_reference_is_a_frame_of_the_film(expected: dict[str, Any]):
    """Whatever the frame, a reference brought to its size differs visibly from it."""
    luma = planes(SAMPLES / "film_colour.mp4")[:, :360]
    small = np.stack([cv2.resize(x, (80, 45), interpolation=cv2.INTER_AREA) for x in luma]).astype(np.float32)
    for path in (SAMPLES / "refs").iterdir():
        still = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (80, 45), interpolation=cv2.INTER_AREA)
        nearest = np.abs(small - (16 + still.astype(np.float32) * 219 / 255)).mean((1, 2)).min()
        assert nearest > 6, path.name


def test_the_sample_is_small_enough_to_ship():
    shipped = [path for path in SAMPLES.rglob("*") if path.is_file() and ".vidcolor" not in str(path)]
    assert sum(path.stat().st_size for path in shipped if ".color." not in path.name) < 6_000_000


def test_the_script_makes_the_same_sample_again(script: ModuleType, expected: dict[str, Any]):
    assert yaml.safe_load(script.expected()) == expected
    shot, still = script.SHOTS[4], script.STILLS[0]
    source = script.photograph(shot.photograph)
    np.testing.assert_array_equal(script.film_picture(shot, source, 30), script.film_picture(shot, source, 30))
    made = script.make_still(still).astype(np.float32)
    shipped = cv2.imread(str(SAMPLES / "refs" / still.name)).astype(np.float32)
    assert np.abs(made - shipped).mean() < 3
