"""Single stills: depth, palette, CMYK, profile, rotation, and what is refused with which sentence."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from icc import ADOBE_RGB, cmyk_profile, matrix_profile
from PIL import Image

from vidcolor.color import linear_to_srgb, rgb_to_lab
from vidcolor.errors import ReferencesError
from vidcolor.pipeline.references import load_references
from vidcolor.pipeline.still_file import read_still

XYZ_D50_TO_SRGB = np.array([[3.1339, -1.6169, -0.4906], [-0.9785, 1.9160, 0.0333], [0.0720, -0.2290, 1.4057]])
"""Linear sRGB from XYZ of D50 (Bradford)."""


def picture() -> np.ndarray:
    """A smooth picture of moderate colours, (40, 60, 3) uint8."""
    noise = np.random.default_rng(3).integers(70, 190, (4, 6, 3), dtype=np.uint8)
    return cv2.resize(noise, (60, 40), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_an_rgb_profile_is_applied(tmp_path: Path, suffix: str) -> None:
    """Adobe RGB becomes sRGB as the two definitions say: another picture than the stored one."""
    path = tmp_path / f"still{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {"quality": 100, "subsampling": 0}
    Image.fromarray(picture()).save(path, icc_profile=matrix_profile(ADOBE_RGB, 563 / 256), **options)
    linear = (picture() / 255.0) ** (563 / 256) @ np.array(ADOBE_RGB).T @ XYZ_D50_TO_SRGB.T
    expected = linear_to_srgb(torch.from_numpy(linear)).clamp(0, 1).numpy() * 255
    found = read_still(path)
    assert found.note is None
    assert np.abs(found.rgb - expected).max() < (16 if suffix == ".jpg" else 2.5)
    assert np.abs(found.rgb - expected).mean() < 1.5
    assert np.abs(picture() - expected).mean() > 4


def test_an_srgb_like_profile_changes_nothing(tmp_path: Path) -> None:
    """Rounding aside."""
    to_xyz = np.linalg.inv(XYZ_D50_TO_SRGB)
    profile = matrix_profile(tuple(map(tuple, to_xyz)), 2.2)
    Image.fromarray(picture()).save(tmp_path / "a.png", icc_profile=profile)
    assert np.abs(read_still(tmp_path / "a.png").rgb.astype(int) - picture()).mean() < 2


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_with_its_profile(tmp_path: Path, suffix: str) -> None:
    """Ink is what its profile says: here cyan prints green."""
    lab = np.zeros((2, 2, 2, 2, 3))
    lab[0, 0, 0, 0] = (100, 0, 0)
    lab[1, 0, 0, 0] = (60, -50, 40)
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:, 8:, 0] = 255
    Image.fromarray(inks, "CMYK").save(tmp_path / f"a{suffix}", icc_profile=cmyk_profile(lab), quality=100)
    rgb = read_still(tmp_path / f"a{suffix}").rgb
    found = rgb_to_lab(torch.from_numpy(rgb).permute(2, 0, 1).float() / 255).numpy()
    assert rgb[:, :6].min() > 245
    assert np.abs(found[:, 8, 12] - (60, -50, 40)).max() < 4


def test_cmyk_without_profile(tmp_path: Path) -> None:
    """Each ink takes its own light."""
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[..., 1] = 255
    Image.fromarray(inks, "CMYK").save(tmp_path / "a.jpg", quality=100)
    red, green, blue = read_still(tmp_path / "a.jpg").rgb[8, 8]
    assert green < 60 < 200 < min(red, blue)


def test_a_profile_that_does_not_fit_is_told(tmp_path: Path) -> None:
    """The still is taken as sRGB, with a sentence."""
    for name, profile in (("a", b"no profile at all"), ("b", cmyk_profile(np.zeros((2, 2, 2, 2, 3))))):
        Image.fromarray(picture()).save(tmp_path / f"{name}.png", icc_profile=profile)
    references, warnings = load_references(tmp_path)
    assert all(np.array_equal(reference.rgb, picture()) for reference in references)
    assert len(references) == len(warnings) == 2
    assert all("colour profile cannot be applied" in warning for warning in warnings)


def test_palettes_are_looked_up(tmp_path: Path) -> None:
    """With and without a transparent entry."""
    indexed = Image.fromarray(picture()).quantize(32)
    expected = np.array(indexed.convert("RGB"))
    indexed.save(tmp_path / "a.png")
    indexed.save(tmp_path / "b.png", transparency=0)
    indexed.save(tmp_path / "c.bmp")
    for reference in load_references(tmp_path)[0]:
        assert np.array_equal(reference.rgb, expected)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_deep_gray_keeps_its_range(tmp_path: Path, suffix: str) -> None:
    """16-bit gray is scaled, not clipped."""
    gray = np.linspace(0, 65535, 64, dtype=np.uint16)[None].repeat(8, 0)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), gray)
    assert np.array_equal(read_still(tmp_path / f"a{suffix}").rgb[..., 1], gray >> 8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_rotation_of_every_kind(tmp_path: Path, suffix: str) -> None:
    """EXIF orientation 6 turns by 90 degrees clockwise."""
    image = Image.fromarray(picture())
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / f"a{suffix}", exif=exif, quality=100)
    rgb = read_still(tmp_path / f"a{suffix}").rgb
    assert rgb.shape == (60, 40, 3)
    assert np.abs(rgb.astype(int) - np.rot90(picture(), -1)).mean() < 6


def test_floating_point_is_refused(tmp_path: Path) -> None:
    """With the reason, and what would be right."""
    cv2.imwrite(str(tmp_path / "a.tif"), picture().astype(np.float32) / 255)
    with pytest.raises(ReferencesError, match=r"a\.tif: this TIFF holds floating-point .* 8 or 16 bits per channel"):
        read_still(tmp_path / "a.tif")


def test_deep_separate_planes_are_refused(tmp_path: Path) -> None:
    """Readers at hand mix their channels up; the same tag on 8 bits is read."""
    deep = picture().astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "a.tif"), deep)
    assert np.array_equal(read_still(tmp_path / "a.tif").rgb, picture()[..., ::-1])
    data = (tmp_path / "a.tif").read_bytes()
    together, separate = (struct.pack("<HHIHH", 284, 3, 1, order, 0) for order in (1, 2))
    assert together in data
    (tmp_path / "a.tif").write_bytes(data.replace(together, separate))
    with pytest.raises(ReferencesError, match="separate planes; save it interleaved"):
        read_still(tmp_path / "a.tif")


def test_a_name_may_lie(tmp_path: Path) -> None:
    """What counts is what is in the file."""
    Image.fromarray(picture()).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert np.array_equal(read_still(tmp_path / "a.jpg").rgb, picture())


def test_enormous_stills_are_refused(tmp_path: Path) -> None:
    """By their header alone."""
    Image.fromarray(picture()).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    header = b"IHDR" + struct.pack(">II", 20000, 20000) + data[24:29]
    (tmp_path / "a.png").write_bytes(data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:])
    with pytest.raises(ReferencesError, match="million pixels"):
        read_still(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_damage_gets_a_sentence(tmp_path: Path, suffix: str) -> None:
    """Cut short or overwritten at any place: a still, or one sentence; never another error."""
    path = tmp_path / f"a{suffix}"
    Image.fromarray(picture()).save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    for _ in range(40):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 6):
            data[place] = int(rng.integers(0, 256))
        path.write_bytes(bytes(data[: int(rng.integers(1, len(data) + 1))]))
        with suppress(ReferencesError):
            assert read_still(path).rgb.ndim == 3


def test_a_tiff_of_five_bytes_gets_a_sentence(tmp_path: Path) -> None:
    """It ends before the place of its directory is told."""
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0\x8f")
    with pytest.raises(ReferencesError, match="broken or cut short"):
        read_still(path)
