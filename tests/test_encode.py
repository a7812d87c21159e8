"""Encoding: luma goes in bit for bit, every time stamp with it, and the same frames give the same bytes."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type

from tests.conftest import DrawFilm
from vidcolor.errors import ConfigError, OutputError
from vidcolor.pipeline.codecs import CODECS
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.encode import EncodeConfig, encode_segment, output_format
from vidcolor.pipeline.encoder_options import encoder_options
from vidcolor.types import ColouredFrame, FilmInfo, Frame

FAST = {"x264": "veryfast", "x265": "ultrafast", "av1": "12", "vp9": "8"}


def config_of(codec: str, crf: int | None = None) -> EncodeConfig:
    """The codec at its fastest."""
    return EncodeConfig(codec, crf, FAST.get(codec))


def coloured(info: FilmInfo, config: EncodeConfig) -> Iterator[ColouredFrame]:
    """The film's frames with a slope of colour."""
    form = output_format(info, config)
    middle = 1 << (info.bit_depth - 1)
    slope = np.linspace(middle // 2, middle * 1.5, form.chroma_width).astype(int)
    plane = np.broadcast_to(slope, (form.chroma_height, form.chroma_width))
    with FilmReader(info) as reader:
        for frame in reader.frames():
            yield ColouredFrame(frame, plane.astype(frame.luma.dtype), plane[:, ::-1].astype(frame.luma.dtype))


def recode(film: Path, config: EncodeConfig) -> tuple[list[Frame], list[Frame], FilmInfo]:
    """The film's frames, those of one segment of all of them, and what is known of the segment."""
    info, path = probe(film), film.with_name("segment")
    assert encode_segment(path, coloured(info, config), info, config) > 0
    written = probe(path)
    with FilmReader(info) as reader, FilmReader(written) as segment_reader:
        return list(reader.frames()), list(segment_reader.frames()), written


@pytest.mark.parametrize(
    ("pixel_format", "size", "codec", "expected"),
    [
        ("yuv420p", (64, 48), None, ("x264", "yuv420p", 8, 32, 24)),
        ("yuv422p", (64, 48), None, ("x264", "yuv422p", 8, 32, 48)),
        ("yuv411p", (64, 48), None, ("x264", "yuv422p", 8, 32, 48)),
        ("gray", (64, 48), None, ("x264", "yuv420p", 8, 32, 24)),
        ("rgb24", (64, 48), None, ("x264", "yuv420p", 8, 32, 24)),
        ("yuv420p", (63, 47), None, ("x264", "yuv444p", 8, 63, 47)),
        ("yuv420p", (63, 47), "ffv1", ("ffv1", "yuv420p", 8, 32, 24)),
        ("yuv411p", (64, 48), "ffv1", ("ffv1", "yuv411p", 8, 16, 48)),
        ("yuv420p10le", (64, 48), None, ("x264", "yuv420p10le", 10, 32, 24)),
        ("yuv422p12le", (64, 48), None, ("x265", "yuv422p12le", 12, 32, 48)),
        ("gray16le", (64, 48), None, ("ffv1", "yuv420p16le", 16, 32, 24)),
        ("yuv420p9le", (64, 48), "x264", ("x264", "yuv420p10le", 10, 32, 24)),
        ("yuv420p", (64, 48), "prores", ("prores", "yuv422p10le", 10, 32, 48)),
        ("yuv422p10le", (64, 48), "av1", ("av1", "yuv420p10le", 10, 32, 24)),
    ],
)
def test_depth_and_subsampling_are_the_films(
    draw_film: DrawFilm,
    pixel_format: str,
    size: tuple[int, int],
    codec: str | None,
    expected: tuple[str, str, int, int, int],
) -> None:
    """As far as the codec has them; never a bit less."""
    depth = {"yuv420p9le": 9, "yuv422p12le": 12, "gray16le": 16}.get(pixel_format, 10 if "10" in pixel_format else 8)
    info = replace(
        probe(draw_film(frames=1)), pixel_format=pixel_format, width=size[0], height=size[1], bit_depth=depth
    )
    form = output_format(info, EncodeConfig(codec))
    assert (form.codec, form.pixel_format, form.bit_depth, form.chroma_width, form.chroma_height) == expected


def test_codec_that_cannot_hold_the_depth_names_those_that_can(draw_film: DrawFilm) -> None:
    """Rather than throw bits away."""
    info = replace(probe(draw_film(frames=1)), pixel_format="yuv420p12le", bit_depth=12)
    with pytest.raises(OutputError, match=r"x264 cannot hold the 12-bit luma .* choose one of x265, ffv1, pictures\."):
        output_format(info, EncodeConfig("x264"))
    full = replace(info, pixel_format="yuvj420p", bit_depth=8, full_range=True)
    with pytest.raises(OutputError, match="prores cannot hold the 8-bit full-range luma"):
        output_format(full, EncodeConfig("prores"))


def test_wrong_settings_get_a_sentence() -> None:
    """At once, before any film is opened."""
    with pytest.raises(OutputError, match="no codec 'h264'; choose one of x264"):
        EncodeConfig("h264")
    with pytest.raises(ConfigError, match="from 0 to 63, got 64"):
        EncodeConfig("x264", crf=64)
    with pytest.raises(ConfigError, match="ffv1 knows no quality"):
        EncodeConfig("ffv1", crf=10)
    with pytest.raises(ConfigError, match="ffv1 knows no preset"):
        EncodeConfig("ffv1", preset="fast")


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray", "yuv420p9le"])
@pytest.mark.parametrize("size", [(64, 48), (67, 45), (1, 1)])
def test_ffv1_returns_every_luma_sample(draw_film: DrawFilm, pixel_format: str, size: tuple[int, int]) -> None:
    """Of any format and size."""
    ours, theirs, _ = recode(draw_film(pixel_format=pixel_format, size=size, frames=3), EncodeConfig("ffv1"))
    assert len(ours) == len(theirs) == 3
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.luma, other.luma)


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        ("x264", "yuv420p"),
        ("x264", "yuv420p10le"),
        ("x265", "yuv420p"),
        ("x265", "yuv420p12le"),
        ("vp9", "yuv420p"),
        ("ffv1", "yuv420p16le"),
    ],
)
def test_quality_zero_is_lossless(draw_film: DrawFilm, codec: str, pixel_format: str) -> None:
    """Where the codec can be, and the format says so."""
    film = draw_film(pixel_format=pixel_format, frames=4)
    config = config_of(codec, None if codec == "ffv1" else 0)
    assert output_format(probe(film), config).lossless
    ours, theirs, _ = recode(film, config)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.luma, other.luma)


def smallest(codec: str) -> tuple[int, int]:
    """A size that the codec takes, small and even."""
    return max((64, 64), CODECS[codec].least_size)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("frames", [1, 2, 13])
def test_every_codec_keeps_every_stamp(draw_film: DrawFilm, codec: str, frames: int) -> None:
    """Uneven ones, in a time base that no frame rate has; a segment counts from the film's first frame."""
    pts = [1000 + 7 * n * n + 3 * n for n in range(frames)]
    exact = {"movie_timescale": "9973"}
    film = draw_film(
        "film.mp4", codec="libx264", time_base=Fraction(1, 9973), pts=pts, size=smallest(codec), container_options=exact
    )
    ours, theirs, written = recode(film, config_of(codec))
    assert [frame.pts for frame in ours] == [round(p * 9973 / Fraction(9973)) * (ours[0].pts // 1000) for p in pts]
    first = ours[0].pts
    time_base = probe(film).time_base
    assert [(f.pts - first) * time_base for f in ours] == [f.pts * written.time_base for f in theirs]
    with av.open(str(film.with_name("segment"))) as segment:
        packets = [packet for packet in segment.demux(video=0) if packet.size]
    assert packets[0].is_keyframe


@pytest.mark.parametrize("codec", CODECS)
def test_same_frames_give_the_same_bytes(draw_film: DrawFilm, codec: str) -> None:
    """Twice over."""
    film = draw_film(frames=20, size=max((160, 128), smallest(codec)))
    info, config = probe(film), config_of(codec)
    written = []
    for name in ("one", "two"):
        encode_segment(film.with_name(name), coloured(info, config), info, config)
        written.append(film.with_name(name).read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("codec", ["x264", "x265", "prores"])
def test_tags_and_pixel_shape_are_written(draw_film: DrawFilm, codec: str) -> None:
    """Into the pictures themselves."""
    tags = {"color_range": 1, "colorspace": 6, "color_primaries": 6, "color_trc": 6}
    shape = {"sample_aspect_ratio": Fraction(16, 15)}
    film = draw_film("film.mp4", codec="libx264", context={**tags, **shape})
    _, _, written = recode(film, config_of(codec))
    assert written.color == probe(film).color
    assert written.sample_aspect_ratio == Fraction(16, 15)


def test_fields_stay_fields(draw_film: DrawFilm) -> None:
    """In the pictures themselves."""
    options = {"x264-params": "interlaced=1:tff=1", "flags": "+ildct"}
    film = draw_film("film.mp4", codec="libx264", codec_options=options)
    for codec in ("x264", "ffv1"):
        assert recode(film, config_of(codec))[2].interlaced


@pytest.mark.parametrize("codec", ["x264", "x265", "av1"])
def test_light_of_hdr_film_travels(draw_film: DrawFilm, codec: str) -> None:
    """Mastering display and light levels, as they were."""
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    film = draw_film(
        "film.mp4",
        codec="libx265",
        pixel_format="yuv420p10le",
        codec_options={"x265-params": f"log-level=none:master-display={display}:max-cll=1000,400"},
        context={"color_range": 1, "colorspace": 9, "color_primaries": 9, "color_trc": 16},
    )
    recode(film, config_of(codec))
    found = []
    for path in (film, film.with_name("segment")):
        with av.open(str(path)) as container:
            side = {data.type: bytes(data) for data in next(container.decode(video=0)).side_data}
            numbers = np.frombuffer(side[Type.MASTERING_DISPLAY_METADATA], "=i4").reshape(-1, 2)[:10]
            light = np.frombuffer(side[Type.CONTENT_LIGHT_LEVEL], "=u4")
            found.append([*(numbers[:, 0] / numbers[:, 1]), *light[:2]])
    np.testing.assert_allclose(found[1], found[0], atol=1e-3)


@pytest.mark.skipif(sys.platform != "linux", reason="scheduling of threads is asked for in Linux's words")
@pytest.mark.parametrize("codec", ["x264", "x265", "av1"])
def test_encoder_leaves_the_process_its_priority(draw_film: DrawFilm, codec: str) -> None:
    """Every thread of it, while it encodes and afterwards; an encoder run by root may ask for real time."""
    film = draw_film(frames=6)
    info, config = probe(film), config_of(codec)
    seen = set()

    def looking() -> Iterator[ColouredFrame]:
        for frame in coloured(info, config):
            seen.update(os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task"))
            yield frame

    encode_segment(film.with_name("segment"), looking(), info, config)
    assert seen | {os.sched_getscheduler(0)} == {os.SCHED_OTHER}


@pytest.mark.parametrize("size", [(640, 16), (64, 1024), (640, 127), (127, 640), (3, 5)])
def test_strips_are_coded_without_loss(draw_film: DrawFilm, size: tuple[int, int]) -> None:
    """However long: FFV1 divides pictures by rules of its own."""
    film = draw_film(frames=3, size=size, codec="rawvideo")
    given, kept, _ = recode(film, config_of("ffv1"))
    assert [frame.luma.tobytes() for frame in kept] == [frame.luma.tobytes() for frame in given]


def test_broken_off_segment_leaves_nothing(draw_film: DrawFilm) -> None:
    """Neither a half segment nor a temporary file, and an older whole one stays."""
    film = draw_film(frames=6)
    info, config = probe(film), EncodeConfig("ffv1")
    path = film.with_name("segment")
    path.write_bytes(b"older")

    def breaking_off() -> Iterator[ColouredFrame]:
        yield next(coloured(info, config))
        raise KeyError("whoever makes the frames")

    with pytest.raises(KeyError, match="whoever"):
        encode_segment(path, breaking_off(), info, config)
    with pytest.raises(ValueError, match="at least one frame"):
        encode_segment(path, [], info, config)
    assert sorted(file.name for file in film.parent.iterdir()) == ["film.mkv", "segment"]
    assert path.read_bytes() == b"older"


def test_full_disk_gets_a_sentence(draw_film: DrawFilm) -> None:
    """And leaves nothing behind."""
    film = draw_film(frames=12, size=(320, 240))
    info, config = probe(film), EncodeConfig("ffv1")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: the file would be larger than the disk allows"):
            encode_segment(film.with_name("segment"), coloured(info, config), info, config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [file.name for file in film.parent.iterdir()] == ["film.mkv"]


@pytest.mark.parametrize(("width", "strays"), [(1920, False), (640, False), (854, True), (720, True), (176, True)])
@pytest.mark.parametrize("avx512", [True, False])
def test_x264_goes_without_avx512_where_it_strays(
    width: int, strays: bool, avx512: bool, draw_film: DrawFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a row of macroblocks is no multiple of eight, what lies in memory would decide on the bytes."""
    monkeypatch.setattr("cv2.checkHardwareSupport", lambda feature: avx512)
    info, config = replace(probe(draw_film()), width=width), EncodeConfig("x264")
    options = encoder_options(CODECS["x264"], config, output_format(info, config), info, side=None)
    assert ("asm=" in options["x264-params"]) == (strays and avx512)
    assert "512" not in options["x264-params"]
