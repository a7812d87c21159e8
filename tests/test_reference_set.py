"""References from films and from folders that hold stills and films."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from moving import texture

from vidcolor.errors import FilmError, ReferencesError
from vidcolor.pipeline.gallery import Gallery
from vidcolor.pipeline.reference_film import references_from_film
from vidcolor.pipeline.reference_set import load_reference_set
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.types import Reference
from vidcolor.wide_gamut import HLG, PQ, is_plain, wide_to_srgb

SHOT = 12


def scene(seed: int) -> np.ndarray:
    """A picture of its own colours and shapes, (72, 96, 3) uint8."""
    tint = np.random.default_rng(seed).uniform(0.4, 1.0, 3)
    return (texture(72, 96, seed, 5.0)[..., None] * tint).astype(np.uint8)


def write(path: Path, seeds: Sequence[int], rotation: int = 0, gray: bool = False) -> Path:
    """A film of one still shot for each seed."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 96, 72, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        for seed in seeds:
            rgb = (
                cv2.cvtColor(cv2.cvtColor(scene(seed), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) if gray else scene(seed)
            )
            for _ in range(SHOT):
                film.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        film.mux(stream.encode(None))
    return path


def test_one_reference_per_shot(tmp_path: Path) -> None:
    """The middle frame, in its colours; a shot that comes back is not taken twice."""
    found = references_from_film(write(tmp_path / "a.mp4", (1, 2, 3, 2)), ShotConfig(), 10)
    assert [reference.name for reference in found] == ["a.mp4#6", "a.mp4#18", "a.mp4#30"]
    for reference, seed in zip(found, (1, 2, 3), strict=True):
        assert np.abs(reference.rgb.astype(int) - scene(seed)).mean() < 6


def test_no_more_than_so_many(tmp_path: Path) -> None:
    """Of a long film those stay that are least alike, in order."""
    film = write(tmp_path / "a.mp4", range(6))
    every = references_from_film(film, ShotConfig(), 10)
    some = references_from_film(film, ShotConfig(), 3)
    assert len(every) == 6
    assert len(some) == 3
    assert [one.name for one in every if one.name in {other.name for other in some}] == [one.name for one in some]


def test_a_gallery_never_holds_more() -> None:
    """However many pictures come; of two that are nearly alike the first stays."""
    gallery = Gallery(4)
    for seed in range(20):
        gallery.add(Reference.of(str(seed), scene(seed)))
        assert len(gallery.references) <= 4
    alike = Gallery(4)
    for name, shift in (("a", 0), ("b", 2), ("c", 60)):
        alike.add(Reference.of(name, np.roll(scene(1), shift // 30, axis=1) + np.uint8(shift)))
    assert [reference.name for reference in alike.references] == ["a", "c"]


def test_pictures_are_upright(tmp_path: Path) -> None:
    """As a player shows them."""
    (found,) = references_from_film(write(tmp_path / "a.mp4", (1,), rotation=90), ShotConfig(), 10)
    assert np.abs(found.rgb.astype(int) - np.rot90(scene(1))).mean() < 6


def test_a_folder_of_stills_and_films(tmp_path: Path) -> None:
    """Both serve; the film to be coloured does not, broken and gray ones are told."""
    refs = tmp_path / "refs"
    (refs / "more").mkdir(parents=True)
    cv2.imwrite(str(refs / "still.png"), scene(4)[..., ::-1])
    write(refs / "more" / "a.mp4", (1, 2))
    itself = write(refs / "itself.mp4", (3,))
    write(refs / "gray.mkv", (5,), gray=True)
    (refs / "broken.avi").write_bytes(b"no film")
    (refs / ".hidden.mp4").write_bytes(b"no film")
    references, warnings = load_reference_set(refs, ShotConfig(), 10, leave_out=[itself])
    names = [reference.name for reference in references]
    assert names == ["still.png", "gray.mkv#6", "more/a.mp4#6", "more/a.mp4#18"]
    broken, gray = warnings
    assert broken.startswith(str(refs / "broken.avi"))
    assert broken.endswith("; it is left out")
    assert gray == "gray.mkv: this reference has no colour; a shot that follows it stays gray"


def test_films_alone_and_nothing_usable(tmp_path: Path) -> None:
    """A folder of films needs no still; one of broken ones is told so."""
    write(tmp_path / "a.mp4", (1,))
    assert len(load_reference_set(tmp_path, ShotConfig(), 10)[0]) == 1
    assert load_reference_set(tmp_path / "a.mp4", ShotConfig(), 10)[0][0].name == "a.mp4#6"
    (tmp_path / "a.mp4").write_bytes(b"no")
    with pytest.raises(ReferencesError, match="none of the stills and films in it can be read; the first"):
        load_reference_set(tmp_path, ShotConfig(), 10)
    with pytest.raises(FilmError):
        load_reference_set(tmp_path / "a.mp4", ShotConfig(), 10)
    with pytest.raises(ReferencesError, match="there is no still in this folder"):
        load_reference_set(tmp_path, ShotConfig(), 10, leave_out=[tmp_path / "a.mp4"])


def flat(*rgb: float) -> torch.Tensor:
    return torch.tensor(rgb).reshape(3, 1, 1)


def test_wide_gamut_becomes_srgb() -> None:
    """Grays stay gray; BT.709's red, as BT.2020 writes it, comes back; what is out of gamut is clipped, not wrapped."""
    assert is_plain(1, 1)
    assert is_plain(2, 2)
    assert not is_plain(9, 14)
    assert not is_plain(1, PQ)
    gray = wide_to_srgb(flat(0.5, 0.5, 0.5), 9, 14).flatten()
    assert torch.allclose(gray, torch.full((3,), 0.5), atol=0.002)
    red = torch.tensor((0.6274, 0.0691, 0.0164))  # linear, ITU-R BT.2087
    code = torch.where(red <= 0.0031308, red * 12.92, 1.055 * red ** (1 / 2.4) - 0.055)
    assert torch.allclose(wide_to_srgb(code.reshape(3, 1, 1), 9, 14).flatten(), torch.tensor((1.0, 0, 0)), atol=0.03)
    green = wide_to_srgb(flat(0, 1, 0), 12, 13).flatten()
    assert green.tolist() == pytest.approx([0, 1, 0], abs=0.01)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_bright_light_is_compressed(transfer: int) -> None:
    """More light never looks darker, nothing clips below the brightest, and gray stays gray."""
    ramp = torch.linspace(0, 1, 101).expand(3, 1, -1)
    shown = wide_to_srgb(ramp, 9, transfer)
    assert (shown.amax(0) - shown.amin(0)).max() < 0.005
    assert (shown[0, 0].diff() >= -1e-5).all()
    assert shown[0, 0, 58 if transfer == PQ else 75] == pytest.approx(0.93, abs=0.04)  # diffuse white
    assert shown[0, 0, 0] < 0.01
