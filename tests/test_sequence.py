"""Films that are numbered pictures: found by their names, read with their luma, written with it, numbers kept."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import DrawFilm, luma_of
from vidcolor.config import resolve
from vidcolor.errors import FilmError, OutputError
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.containers import find_muxer
from vidcolor.pipeline.decode import DecodeConfig, FilmReader, SeekPoint, probe
from vidcolor.pipeline.encode import EncodeConfig, encode_segment, output_format
from vidcolor.pipeline.film_identity import film_digest
from vidcolor.pipeline.mux import mux_film
from vidcolor.pipeline.output_plan import default_output, fitting_encode
from vidcolor.pipeline.picture_rgb import luma_of_rgb, rgb_of_planes, within_rgb
from vidcolor.pipeline.project import Project, check_output, project_of, stamp
from vidcolor.pipeline.run import run
from vidcolor.pipeline.sequence import film_files, picture_names
from vidcolor.pipeline.verify import verify
from vidcolor.types import ColorTags, ColouredFrame, FilmInfo

PICTURES = EncodeConfig("pictures")


def scan(folder: Path, name: str = "frame_%04d.png", numbers: range = range(5), bit_depth: int = 8) -> Path:
    """Gray pictures of the drawn luma; the path with its field for the number."""
    folder.mkdir(exist_ok=True, parents=True)
    for place, number in enumerate(numbers):
        luma = luma_of(place, 64, 48, 8).astype(np.uint16) * 257 if bit_depth == 16 else luma_of(place, 64, 48)
        written = cv2.imencode(Path(name).suffix, luma)[1].tobytes()
        (folder / (name % number)).write_bytes(written)
    return folder / name


def coloured(film: Path, out: Path, tint: int = 40) -> Path:
    """A copy of a film as numbered pictures, strongly tinted."""
    info = probe(film)
    form = output_format(info, PICTURES)
    shape, middle = (form.chroma_height, form.chroma_width), 1 << (info.bit_depth - 1)
    unit = 1 << (info.bit_depth - 8)
    with FilmReader(info) as reader:
        frames = (
            ColouredFrame(frame, *(np.full(shape, middle + sign * tint * unit, frame.luma.dtype) for sign in (1, -1)))
            for frame in reader.frames()
        )
        segment = out.parent / "segment"
        encode_segment(segment, frames, info, PICTURES)
    mux_film([segment], info, out)
    segment.unlink()
    return out


@pytest.mark.parametrize("name", ["frame_%04d.png", "%06d.tif", "a film %d.jpg"])
def test_pictures_are_a_film(tmp_path: Path, name: str) -> None:
    """By pattern and by folder, in order of their numbers, wherever these begin, at a rate that can be said."""
    pattern = scan(tmp_path / "100% scan", name, range(97, 104))
    for film in (pattern, pattern.parent):
        info = probe(film, DecodeConfig(frame_rate=Fraction(24000, 1001)))
        assert (info.frame_rate, info.time_base) == (Fraction(24000, 1001), Fraction(1001, 24000))
        assert (info.frames_expected, info.full_range, info.has_chroma) == (7, True, info.pixel_format != "gray")
        with FilmReader(info) as reader:
            frames = list(reader.frames())
            again = list(reader.frames(SeekPoint(5, frames[5].pts), 1))
        assert [frame.pts for frame in frames] == list(range(7))
        np.testing.assert_array_equal(again[0].luma, frames[5].luma)
        if not name.endswith("jpg"):
            np.testing.assert_array_equal(frames[6].luma, luma_of(6, 64, 48))


def test_what_is_no_film_of_pictures(tmp_path: Path) -> None:
    """A gap, two names in one folder, no picture, a folder of other things: each is told."""
    pattern = scan(tmp_path / "scan", numbers=range(5))
    (tmp_path / "scan" / "frame_0002.png").unlink()
    with pytest.raises(FilmError, match=r"frame_0002\.png is missing"):
        probe(pattern)
    with pytest.raises(FilmError, match=r"no picture at .*check folder, name and number of digits"):
        probe(tmp_path / "scan" / "frame_%05d.png")
    scan(tmp_path / "scan", "other_%d.png")
    with pytest.raises(FilmError, match=r"several names \(frame_\*\.png and other_\*\.png\)"):
        probe(tmp_path / "scan")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FilmError, match="folder without numbered pictures"):
        probe(tmp_path / "empty")
    (tmp_path / "%04d.png").write_bytes(b"a file of that very name")
    assert picture_names(tmp_path / "%04d.png") is None


@pytest.mark.parametrize("suffix", [".png", ".tif", ".dpx"])
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_luma_survives_rgb(tmp_path: Path, suffix: str, bit_depth: int) -> None:
    """Pictures to pictures, numbers kept, gaudy colours: the luma comes back exactly, at 16 bits within one code."""
    film = scan(tmp_path / "scan", numbers=range(1000, 1004), bit_depth=bit_depth)
    out = coloured(film, tmp_path / f"out_%06d{suffix}")
    assert [file.name for file in film_files(out)] == [f"out_{number:06d}{suffix}" for number in range(1000, 1004)]
    found = verify(film, out)
    assert found.problems == []
    assert (found.lossless, found.frames_out, found.pts_rule) == (True, 4, "exact")
    assert found.luma_max_abs_difference <= (bit_depth == 16)
    assert np.ptp(cv2.imread(str(film_files(out)[0])), axis=2).max() > 20 if suffix != ".dpx" else True


def test_film_becomes_pictures(draw_film: DrawFilm, tmp_path: Path) -> None:
    """Its luma is kept, what pictures cannot say is told, and older pictures of a longer film are gone."""
    film = draw_film("film.mkv", pixel_format="yuv420p10le", sounds=("eng",), chapters=("One",), frames=3)
    out = tmp_path / "out_%03d.tif"
    scan(tmp_path, "out_%03d.tif", range(1, 7))
    found = verify(film, coloured(film, out))
    assert (found.problems, found.frames_out, found.luma_max_abs_difference) == ([], 3, 0)
    assert found.pts_rule == "order alone: pictures have no time"
    assert [sentence.split(" did")[0] for sentence in found.left_out] == [
        "Stream 1 (audio, aac) is missing from the copy.",
        "The film's chapters",
    ]
    assert not [file for file in tmp_path.iterdir() if ".part" in file.name]


def test_every_changed_picture_is_seen(tmp_path: Path) -> None:
    """By the proof and by the film's digest."""
    film = scan(tmp_path / "scan", bit_depth=16)
    out = coloured(film, tmp_path / "out_%04d.png")
    before = film_digest(film, Fraction(24))
    assert before != film_digest(film, Fraction(25))
    picture = film_files(film)[2]
    picture.write_bytes(film_files(film)[3].read_bytes())
    assert film_digest(film, Fraction(24)) != before
    assert verify(film, out).problems != []


def test_where_pictures_go(tmp_path: Path) -> None:
    """Beside the scan, never into it; a codec asked for makes one film of them."""
    film = scan(tmp_path / "reel", "r1.%05d.dpx".replace("dpx", "tif"))
    info = probe(film)
    assert fitting_encode(info, EncodeConfig(), None).codec == "pictures"
    assert default_output(info, "pictures") == tmp_path / "reel" / "r1.color" / "r1.%05d.tif"
    assert default_output(info, "x264") == tmp_path / "reel" / "r1.color.mp4"
    assert project_of(film, None).folder == tmp_path / "reel" / "r1.vidcolor"
    assert project_of(film.parent, None).folder == tmp_path / "reel.vidcolor"
    assert default_output(probe(film.parent), "pictures") == tmp_path / "reel.color" / "r1.%05d.tif"
    with pytest.raises(OutputError, match=r"single picture; .*out_%04d\.png"):
        find_muxer(tmp_path / "out.png")


def test_pictures_are_not_written_over(tmp_path: Path) -> None:
    """Neither the film's own nor a stranger's."""
    film, other = scan(tmp_path / "scan"), scan(tmp_path / "other")
    project = Project(tmp_path / "project")
    with pytest.raises(OutputError, match="is the film itself"):
        check_output(tmp_path / "scan" / ".." / "scan" / "frame_%04d.png", film, project, overwrite=True)
    with pytest.raises(OutputError, match="exists already"):
        check_output(other, film, project, overwrite=False)
    project.remember(product={"path": str(other.resolve()), "stamp": stamp(other)})
    check_output(other, film, project, overwrite=False)
    assert stamp(tmp_path / "none_%04d.png") is None


@given(st.integers(8, 14), st.booleans(), st.sampled_from([1, 2, 6, 9]), st.integers(0, 2**32))
def test_rgb_gives_the_luma_back(bit_depth: int, full_range: bool, matrix: int, seed: int) -> None:
    """Whatever the chroma, for every luma between black and white."""
    info = _info(bit_depth, full_range, matrix)
    rng = np.random.default_rng(seed)
    luma, cb, cr = (rng.integers(0, 1 << bit_depth, (9, 9), dtype=np.uint16) for _ in range(3))
    luma = luma.astype(np.uint8 if bit_depth == 8 else np.uint16)
    rgb = rgb_of_planes(luma, cb, cr, info)
    assert rgb.min() >= -1e-6
    assert rgb.max() <= 1 + 1e-6
    np.testing.assert_array_equal(luma_of_rgb(np.rint(rgb * 65535).astype(np.uint16), info), within_rgb(luma, info))


def _info(bit_depth: int, full_range: bool, matrix: int) -> FilmInfo:
    return FilmInfo(
        path=Path("film"), width=9, height=9, pixel_format="gray", bit_depth=bit_depth, full_range=full_range,
        has_chroma=False, color=ColorTags(2 if full_range else 1, matrix, 1, 1), time_base=Fraction(1, 24),
        frame_rate=Fraction(24), start_pts=0, frames_expected=1, duration=None, rotation=0,
        sample_aspect_ratio=Fraction(1), interlaced=False, codec="ffv1", container="matroska", video_stream=0,
    )  # fmt: skip


def test_from_scan_to_scan(tmp_path: Path) -> None:
    """The whole road: pictures in, pictures out, proved; the second time there is nothing to do."""
    film = scan(tmp_path / "a scan", "it's %02d é.png", range(7, 13))
    cv2.imwrite(str(tmp_path / "still.png"), np.full((48, 64, 3), (40, 90, 200), np.uint8))
    config = resolve(PipelineConfig, overrides=["decode.frame_rate=18", "colorize.lines=64"])
    out = tmp_path / "out" / "c_%03d.tif"
    first = run(film, tmp_path / "still.png", out=out, config=config, device="cpu")
    assert first.verification["problems"] == []
    assert (first.frames, first.verification["luma_max_abs_difference"]) == (6, 0)
    assert [file.name for file in sorted(out.parent.iterdir())] == [f"c_{number:03d}.tif" for number in range(7, 13)]
    assert any("18 frames per second" in warning for warning in first.warnings)
    again = run(film, tmp_path / "still.png", out=out, config=config, device="cpu")
    assert (again.frames_computed, again.out) == (0, str(out))
    film_files(out)[0].unlink()
    with pytest.raises(OutputError, match="exists already"):  # no longer what was written
        run(film, tmp_path / "still.png", out=out, config=config, device="cpu")
    mended = run(film, tmp_path / "still.png", out=out, config=config, device="cpu", overwrite=True)
    assert (mended.frames_computed, mended.verification["ok"]) == (0, True)
