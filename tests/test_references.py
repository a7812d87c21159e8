"""Reference stills: every kind that is read, and what is said about the others."""

from __future__ import annotations

import struct
from pathlib import Path
from unicodedata import normalize

import cv2
import numpy as np
import pytest

from vidcolor.errors import ReferencesError
from vidcolor.pipeline.references import MAX_LINES, is_still, load_references


def picture(height: int = 40, width: int = 60, seed: int = 0) -> np.ndarray:
    """A smooth colour picture, (H, W, 3) uint8 RGB."""
    noise = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)


def save(path: Path, rgb: np.ndarray) -> Path:
    """Write a still by its suffix, whatever signs its name has."""
    order = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[rgb.ndim if rgb.ndim == 2 else rgb.shape[2]]
    ok, data = cv2.imencode(path.suffix, rgb if order is None else cv2.cvtColor(rgb, order))
    assert ok
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".PNG"])
def test_every_kind_of_still(tmp_path: Path, suffix: str) -> None:
    """RGB in the right order, 8 bit."""
    path = save(tmp_path / f"still{suffix}", picture())
    (reference,), warnings = load_references(path)
    assert is_still(path)
    assert reference.name == f"still{suffix}"
    assert reference.rgb.dtype == np.uint8
    lossy = suffix in (".jpg", ".jpeg", ".webp")
    assert np.abs(reference.rgb.astype(int) - picture()).mean() < (6 if lossy else 1e-9)
    assert warnings == []


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_and_alpha(tmp_path: Path, suffix: str) -> None:
    """Both are left behind, the colours stay."""
    deep = picture().astype(np.uint16) * 257
    save(tmp_path / f"deep{suffix}", deep)
    save(tmp_path / f"alpha{suffix}", np.dstack([deep, np.full_like(deep[..., 0], 9000)]))
    save(tmp_path / f"glass{suffix}", np.dstack([picture(), np.zeros_like(picture()[..., 0])]))
    references, warnings = load_references(tmp_path)
    assert [one.name for one in references] == [f"{name}{suffix}" for name in ("alpha", "deep", "glass")]
    for reference in references:
        assert np.array_equal(reference.rgb, picture())
    assert warnings == []


def test_folders_are_walked_in_order(tmp_path: Path) -> None:
    """Names are relative, with slashes, in composed Unicode; hidden and foreign files are passed over."""
    for name in ("b.png", "a/z.png", "c/Käfer 猫 #1.png", normalize("NFD", "Ähre.png")):
        save(tmp_path / name, picture(seed=len(name)))
    save(tmp_path / ".hidden.png", picture())
    save(tmp_path / ".thumbs" / "t.png", picture())
    (tmp_path / "notes.txt").write_text("no still")
    references, warnings = load_references(tmp_path)
    assert [one.name for one in references] == ["a/z.png", "b.png", "c/Käfer 猫 #1.png", normalize("NFC", "Ähre.png")]
    assert warnings == []


def test_digests_are_those_of_the_pixels(tmp_path: Path) -> None:
    """Another name or kind of file is the same still; another pixel is another."""
    save(tmp_path / "a.png", picture())
    save(tmp_path / "b.bmp", picture())
    other = picture()
    other[0, 0, 0] ^= 1
    save(tmp_path / "c.png", other)
    a, b, c = load_references(tmp_path)[0]
    assert a.digest == b.digest != c.digest


def test_broken_stills_among_good_ones(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A sentence for each, and on with the rest; OpenCV keeps silent."""
    whole = save(tmp_path / "a.jpg", picture(200, 300)).read_bytes()
    save(tmp_path / "e.png", picture())
    (tmp_path / "b.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.png").write_bytes((tmp_path / "e.png").read_bytes()[:-60])
    (tmp_path / "d.tif").write_bytes(b"text, not a picture")
    (tmp_path / "f.bmp").write_bytes(b"")
    references, warnings = load_references(tmp_path)
    assert [one.name for one in references] == ["a.jpg", "e.png"]
    assert [Path(warning.split(": ")[0]).name for warning in warnings] == ["b.jpg", "c.png", "d.tif", "f.bmp"]
    assert all(warning.endswith("it is left out") for warning in warnings)
    assert capfd.readouterr() == ("", "")


def test_gray_stills_are_told(tmp_path: Path) -> None:
    """They are taken, with a warning."""
    save(tmp_path / "gray.png", picture()[..., 0])
    (reference,), warnings = load_references(tmp_path)
    assert reference.rgb.shape == (40, 60, 3)
    assert warnings == ["gray.png: this reference has no colour; a shot that follows it stays gray"]


@pytest.mark.parametrize(("height", "width"), [(1500, 750), (300, 3000), (1300, 4000)])
def test_large_stills_are_reduced(tmp_path: Path, height: int, width: int) -> None:
    """To so many lines and twice as many columns, in proportion."""
    (reference,), _ = load_references(save(tmp_path / "large.png", picture(height, width)))
    lines, columns = reference.rgb.shape[:2]
    assert lines <= MAX_LINES
    assert columns <= 2 * MAX_LINES
    assert columns / lines == pytest.approx(width / height, rel=0.01)


def test_exif_turns_a_still_upright(tmp_path: Path) -> None:
    """A camera held sideways (orientation 6: turn by 90 degrees clockwise)."""
    path = save(tmp_path / "side.jpg", picture())
    tiff = b"MM\x00*\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    body = b"Exif\x00\x00" + tiff
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])
    (reference,), _ = load_references(path)
    assert reference.rgb.shape == (60, 40, 3)
    assert np.abs(reference.rgb.astype(int) - np.rot90(picture(), -1)).mean() < 6


def test_nothing_to_load_is_told(tmp_path: Path) -> None:
    """Nothing there, nothing in it, nothing readable, no still: each its own sentence."""
    with pytest.raises(ReferencesError, match="there is no such folder or still"):
        load_references(tmp_path / "none")
    with pytest.raises(ReferencesError, match="there is no still in this folder"):
        load_references(tmp_path)
    (tmp_path / "film.mp4").write_bytes(b"")
    with pytest.raises(ReferencesError, match="this is no still"):
        load_references(tmp_path / "film.mp4")
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(ReferencesError, match="none of the 1 stills can be read"):
        load_references(tmp_path)
    assert not is_still(tmp_path / "film.mp4")
    assert not is_still(tmp_path / "none.png")
