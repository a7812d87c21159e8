"""Verification: an honest copy passes, and every broken law is found and named."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.conftest import DrawFilm
from tests.test_mux import EVERYTHING, FFV1, X264, colour
from vidcolor.errors import FilmError
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.encode import EncodeConfig
from vidcolor.pipeline.luma_difference import LumaDifference
from vidcolor.pipeline.mux import mux_film
from vidcolor.pipeline.verify import VerifyConfig, is_lossless, verify


def copy_of(film: Path, config: EncodeConfig, name: str) -> Path:
    """A copy written as it should be."""
    out = film.with_name(name)
    mux_film(colour(film, config), probe(film), out)
    return out


@pytest.mark.parametrize("config", [FFV1, EncodeConfig("x264", crf=0)], ids=["ffv1", "x264"])
def test_lossless_copy_has_the_same_luma(draw_film: DrawFilm, config: EncodeConfig) -> None:
    """No sample differs, every stream is copied, and all of it fits into JSON."""
    film = draw_film("film.mkv", **EVERYTHING)
    found = verify(film, copy_of(film, config, "out.mkv"))
    assert found.problems == []
    assert (found.ok, found.lossless, found.pts_equal, found.pts_rule) == (True, True, True, "exact")
    assert (found.frames_in, found.frames_out, found.luma_max_abs_difference, found.luma_psnr) == (40, 40, 0, None)
    plain = json.loads(json.dumps(found.to_json()))
    kinds = [stream["kind"] for stream in plain["streams_copied"]]
    assert kinds == ["audio", "audio", "subtitle", "subtitle", "attachment"]
    assert all(stream["digest_equal"] and stream["copied"] for stream in plain["streams_copied"])
    assert all(plain[law] for law in ("chapters_kept", "metadata_kept", "rotation_kept", "color_tags_kept"))


@pytest.mark.parametrize("pixel_format", ["yuv420p", "gray", "yuv422p10le"])
def test_lossy_copy_is_measured(draw_film: DrawFilm, pixel_format: str) -> None:
    """Its luma is near the film's, and passes."""
    film = draw_film(pixel_format=pixel_format)
    found = verify(film, copy_of(film, X264, "out.mkv"))
    assert found.problems == []
    assert found.luma_psnr is not None
    assert 30 < found.luma_psnr < 70
    assert found.luma_max_abs_difference > 0
    assert not found.lossless


def test_more_bits_are_no_difference(draw_film: DrawFilm) -> None:
    """ProRes holds 8-bit luma in 10 bits."""
    film = draw_film("film.mov", codec="libx264", size=(64, 64))
    found = verify(film, copy_of(film, EncodeConfig("prores"), "out.mov"))
    assert found.problems == []
    assert found.luma_max_abs_difference <= 2


def test_coarser_ticks_allow_the_nearest(draw_film: DrawFilm) -> None:
    """Matroska counts milliseconds; the rule is said."""
    film = draw_film("film.mp4", codec="libx264", rate=Fraction(30000, 1001), frames=30)
    found = verify(film, copy_of(film, X264, "out.mkv"))
    assert found.problems == []
    assert (found.pts_equal, found.pts_rule) == (True, "nearest tick of 1/1000 s")
    assert 0 < found.pts_max_error_seconds <= 0.0005


def test_truncated_film_is_compared_as_far_as_it_goes(draw_film: DrawFilm) -> None:
    """The copy of what is left is whole."""
    film = draw_film(
        "film.mp4", codec="libx264", frames=60, sounds=("eng",), container_options={"movflags": "faststart"}
    )
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 2 // 3])
    found = verify(film, copy_of(film, FFV1, "out.mp4"))
    assert found.problems == []
    assert found.damage is not None
    assert "ends early" in found.damage
    assert 0 < found.frames_out < 60


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": (48, 64)}, "The film's picture size did not arrive"),
        ({"frames": 11}, "The film has 12 frames, the copy 11."),
        ({"rate": 25}, "Frames are shown up to 0.018000 s away from the film's time."),
        ({"first": 1}, "although the copy is coded without loss."),
        ({"codec": "mpeg2video", "codec_options": {"qscale": "31"}, "first": 7}, "dB from the film's; at least 30 dB"),
        ({"context": {"colorspace": 9}, "codec": "libx264", "codec_options": {"qp": "0"}}, "The film's colour tags"),
        ({"context": {"color_range": 2}, "codec": "libx264", "codec_options": {"qp": "0"}}, "The film's colour range"),
        ({"context": {"sample_aspect_ratio": Fraction(2)}, "codec": "libx264"}, "The film's sample aspect ratio"),
        ({"rotation": 90}, "The film's rotation did not arrive"),
        ({"chapters": ("Two",)}, "The film's chapters did not arrive"),
        ({"metadata": {"title": "Another"}}, "Metadata did not arrive in the copy: title."),
        ({"sounds": ()}, "Stream 1 (audio, aac) is missing from the copy."),
        ({"subtitles": ("fra",)}, "Stream 2 (subtitle, subrip) was changed"),
    ],
)
def test_every_broken_law_is_named(draw_film: DrawFilm, options: dict, words: str) -> None:
    """One sentence, and no ``ok``."""
    common = {
        "sounds": ("eng",),
        "subtitles": ("eng",),
        "chapters": ("One",),
        "metadata": {"title": "A film"},
        "context": {"colorspace": 1, "color_range": 1},
    }
    lossless = {"codec": "libx264", "codec_options": {"qp": "0"}}
    film = draw_film("film.mkv", **{**common, **(lossless if options.get("codec") == "libx264" else {})})
    found = verify(film, draw_film("other.mkv", **{**common, **options}))
    assert not found.ok
    assert [problem for problem in found.problems if words in problem]


def test_moved_sound_is_found(draw_film: DrawFilm) -> None:
    """Same packets, another time."""
    film = draw_film("film.mkv", sounds=("eng",))
    moved = film.with_name("moved.mkv")
    with av.open(str(film)) as source, av.open(str(moved), "w") as target:
        copies = [target.add_stream_from_template(stream, opaque=True) for stream in source.streams]
        for packet in source.demux():
            if packet.size:
                packet.stream = copies[packet.stream_index]
                if packet.stream.type == "audio":
                    packet.pts, packet.dts = packet.pts + 40, packet.dts + 40
                target.mux(packet)
    found = verify(film, moved)
    assert found.problems == ["Stream 1 (audio, aac) was moved in time by up to 0.040000 s."]
    assert not found.streams_copied[0].copied


def test_progress_is_told(draw_film: DrawFilm) -> None:
    """Frame by frame."""
    film = draw_film("film.mp4", codec="libx264", frames=5)
    told: list[tuple[int, int | None]] = []
    verify(film, film, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 5) for n in range(1, 6)]


def test_floor_can_be_set(draw_film: DrawFilm) -> None:
    """For those who want more."""
    film = draw_film()
    out = copy_of(film, X264, "out.mkv")
    assert not verify(film, out, config=VerifyConfig(luma_psnr_floor=90)).ok
    with pytest.raises(ValueError, match="must not be negative"):
        VerifyConfig(luma_psnr_floor=-1)


def test_no_film_gets_a_sentence(draw_film: DrawFilm, tmp_path: Path) -> None:
    """Whichever of the two it is."""
    film = draw_film()
    for pair in ((film, tmp_path / "absent.mkv"), (tmp_path / "absent.mkv", film)):
        with pytest.raises(FilmError, match="no film at"):
            verify(*pair)


def test_lossless_coding_is_recognised(draw_film: DrawFilm) -> None:
    """By the codec, or by what the encoder wrote into the pictures."""
    assert is_lossless(probe(draw_film("a.mkv", codec="ffv1")))
    assert is_lossless(probe(draw_film("b.mkv", codec="libx264", codec_options={"qp": "0"})))
    assert is_lossless(probe(draw_film("c.mkv", codec="libx265", codec_options={"x265-params": "lossless=1"})))
    assert not is_lossless(probe(draw_film("d.mkv", codec="libx264", codec_options={"crf": "1"})))
    assert not is_lossless(probe(draw_film("e.mkv", codec="mpeg2video")))


@pytest.mark.parametrize("depths", [(8, 8), (10, 10), (8, 10), (16, 16)])
def test_difference_is_that_of_the_samples(depths: tuple[int, int]) -> None:
    """Against the plain formula, in the film's code values."""
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 2**depth, (31, 47)).astype(np.uint8 if depth == 8 else np.uint16) for depth in depths)
    difference = LumaDifference(*depths)
    difference.add(one, other)
    difference.add(one, one if depths[0] == depths[1] else one.astype(np.uint16) << (depths[1] - depths[0]))
    shift = depths[1] - depths[0]
    apart = (one.astype(np.int64) << shift) - other
    assert difference.max_abs_difference == int(np.ceil(np.abs(apart).max() / 2**shift))
    mean_square = (apart**2).sum() / (2 * apart.size)
    expected = 10 * np.log10((2 ** max(depths) - 1) ** 2 / mean_square)
    assert difference.psnr == pytest.approx(expected)
