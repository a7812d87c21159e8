"""What vidcolor clean measures of a picture: colour, sharpness, wholeness, likeness."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from unfit_pictures import encode, gray, natural, poster, toned

from vidcolor.model.cleaning.color_measures import measure_colors
from vidcolor.model.cleaning.near_duplicates import distance, pairs_within, parallel_count
from vidcolor.model.cleaning.perceptual_hash import perceptual_hash, thumbnail, thumbnail_difference
from vidcolor.model.cleaning.read_picture import CorruptImageError, read_picture
from vidcolor.model.cleaning.sharpness import edge_width


def _width(rgb: np.ndarray) -> float:
    return edge_width(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def _of_hue(degrees: float, chroma: float = 30.0) -> np.ndarray:
    """One hue at every lightness, (64, 64, 3) uint8."""
    lab = np.empty((64, 64, 3), np.float32)
    lab[..., 0] = np.linspace(40, 70, 64)
    lab[..., 1:] = chroma * np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    return (cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).round().astype(np.uint8)


def test_gray_has_no_chroma_and_sepia_one_hue() -> None:
    assert measure_colors(gray(natural(1))).chroma < 0.1
    sepia, photograph = measure_colors(toned(natural(1))), measure_colors(natural(1))
    assert sepia.chroma > 5
    assert sepia.hue_spread < 8 < 40 < photograph.hue_spread
    assert sepia.stray < 4 < 15 < photograph.stray


@given(hue=st.floats(0, 360))
def test_hue_is_circular(hue: float) -> None:
    """Reds on both sides of 0 degrees are one hue, like any other."""
    pair = np.hstack([_of_hue(hue - 6), _of_hue(hue + 6)])
    assert measure_colors(pair).hue_spread == pytest.approx(6, abs=1.5)


def test_hue_of_gray_pixels_weighs_nothing() -> None:
    """Half of the picture is gray with the noise of compression, whose hues are any."""
    noise = np.random.default_rng(0).integers(-1, 2, (64, 64, 3))
    half_gray = np.hstack([_of_hue(60), (np.full((64, 64, 3), 128) + noise).astype(np.uint8)])
    assert measure_colors(half_gray).hue_spread < 15


def test_a_poster_has_few_colours() -> None:
    assert measure_colors(poster(1)).colors < 6 < 30 < measure_colors(natural(1)).colors
    assert measure_colors(poster(1)).flat > 0.8


@pytest.mark.parametrize("sigma", [1.5, 2.5, 4.0])
def test_the_width_of_a_blurred_step_is_its_sigma(sigma: float) -> None:
    step = np.zeros((200, 200), np.float32)
    step[60:140, 60:140] = 160
    blurred = cv2.GaussianBlur(step, (0, 0), sigma).round().astype(np.uint8)
    assert sigma < edge_width(blurred) < 1.5 * sigma  # an edge seen aslant is wider


def test_width_does_not_depend_on_contrast() -> None:
    blurred = cv2.GaussianBlur(natural(2), (0, 0), 2)
    assert _width(blurred // 2 + 60) == pytest.approx(_width(blurred), rel=0.15)
    assert _width(natural(2)) < 1 < 1.3 < _width(blurred)


def test_one_direction_blurred_is_blurred() -> None:
    kernel = np.zeros((13, 13), np.float32)
    kernel[6] = 1 / 13
    assert _width(cv2.filter2D(natural(2), -1, kernel)) > 1.2


def test_a_smooth_sky_and_a_tiny_picture_are_not_called_blurred() -> None:
    sky = np.repeat(np.linspace(120, 200, 256).astype(np.uint8)[:, None], 300, axis=1)
    assert math.isnan(edge_width(sky))
    assert math.isnan(edge_width(sky[:20, :20]))
    sky[150:, 100:180] = np.random.default_rng(0).integers(0, 255, (106, 80))  # a tower
    assert edge_width(sky) < 1


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif"])
def test_cut_short_is_corrupt(suffix: str) -> None:
    encoded = encode(natural(3), suffix)
    assert read_picture(encoded).rgb.shape == (192, 224, 3)
    for share in (0.99, 0.7, 0.3):
        with pytest.raises(CorruptImageError):
            read_picture(encoded[: int(len(encoded) * share)])


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\xff\xd8\xff", b"<html>404</html>"])
def test_what_is_no_picture_is_corrupt(content: bytes) -> None:
    with pytest.raises(CorruptImageError):
        read_picture(content)


def test_a_download_padded_with_zeros_is_corrupt() -> None:
    encoded = encode(natural(3))
    with pytest.raises(CorruptImageError, match="no end"):
        read_picture(encoded[: len(encoded) // 2] + bytes(len(encoded)))


def test_bytes_that_no_jpeg_can_hold_are_corrupt() -> None:
    """The decoder fills the rest with gray without a word."""
    encoded = bytearray(encode(natural(3)))
    encoded[len(encoded) // 2 : len(encoded) // 2 + 2] = b"\xff\x30"
    with pytest.raises(CorruptImageError):
        read_picture(bytes(encoded))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}])
def test_whole_jpegs_of_every_kind_are_read(options: dict[str, Any]) -> None:
    """Also with a thumbnail before the picture and something behind it."""
    file = BytesIO()
    Image.fromarray(natural(3)).save(file, "JPEG", comment=encode(natural(4, (32, 32))), **options)
    assert read_picture(file.getvalue() + b"\xff\xda trailer").rgb.shape == (192, 224, 3)


def test_large_pictures_are_reduced_and_turned_upright() -> None:
    file = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(natural(4, (900, 1200))).save(file, "JPEG", exif=exif)
    picture = read_picture(file.getvalue())
    assert (picture.width, picture.height) == (900, 1200)
    assert picture.rgb.shape == (341, 256, 3)


def test_sixteen_bit_gray_is_read() -> None:
    file = BytesIO()
    Image.fromarray((np.arange(64 * 64).reshape(64, 64) * 15).astype(np.uint16)).save(file, "PNG")
    rgb = read_picture(file.getvalue()).rgb
    assert rgb.min() == 0
    assert rgb.max() == 255
    assert len(np.unique(rgb)) == 256


def test_copies_are_near_and_strangers_far() -> None:
    original = natural(5)
    copies = [
        cv2.resize(original, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
        original[3:-3, 4:-4],
        read_picture(encode(original, quality=40)).rgb,
    ]
    hashes, thumbnails = zip(*map(_likeness, [original, *copies, natural(6)]), strict=True)
    bits = distance(np.array(hashes, np.uint64), np.full(5, hashes[0], np.uint64))
    shown = np.array([np.frombuffer(each, np.uint8) for each in thumbnails])
    unlike = thumbnail_difference(shown, np.repeat(shown[:1], 5, axis=0))
    assert max(bits[:4]) <= 11 < bits[4]
    assert max(unlike[:4]) < 0.45 < unlike[4]


def _likeness(rgb: np.ndarray) -> tuple[int, bytes]:
    return perceptual_hash(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), thumbnail(rgb)


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30),
    st.lists(st.lists(st.integers(0, 63), max_size=15), max_size=8),
    st.integers(0, 15),
)
def test_the_index_finds_every_pair_within_the_radius(seeds: list[int], flips: list[list[int]], radius: int) -> None:
    """Against the search of all by all; some hashes are others with a few bits turned."""
    near = [seeds[k % len(seeds)] ^ sum(1 << bit for bit in set(bits)) for k, bits in enumerate(flips)]
    hashes = np.array(seeds + near, np.uint64)
    found = {tuple(pair) for block in pairs_within(hashes, radius) for pair in block.tolist()}
    values = [int(value) for value in hashes]
    expected = {
        (i, j)
        for i in range(len(values))
        for j in range(i + 1, len(values))
        if (values[i] ^ values[j]).bit_count() <= radius
    }
    assert found == expected


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_bits_are_counted(values: list[int]) -> None:
    bits = np.array(values, np.uint64)
    expected = [value.bit_count() for value in values]
    assert parallel_count(bits).tolist() == distance(bits, np.zeros_like(bits)).tolist() == expected


def test_thousands_of_equal_hashes_take_little_memory() -> None:
    """Blank pages: all pairs of 3 000, in blocks."""
    blocks = [len(block) for block in pairs_within(np.full(3000, 77, np.uint64), 0)]
    assert sum(blocks) == 4 * 3000 * 2999 // 2
    assert max(blocks) < 1 << 23
