"""Decoding: the luma that was encoded comes out, at its own depth and time, wherever reading starts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from tests.conftest import DrawFilm, luma_of
from vidcolor.errors import FilmError
from vidcolor.pipeline.decode import DecodeConfig, FilmReader, SeekPoint, probe
from vidcolor.pipeline.pixel_format import luma_layout, read_luma
from vidcolor.types import FilmInfo, Frame

LONG_GOP = {"g": "20", "bf": "3", "preset": "veryfast", "qp": "0"}


def read(info: FilmInfo, start: SeekPoint | None = None, count: int | None = None) -> list[Frame]:
    """Frames of a film, read by a reader of their own."""
    with FilmReader(info) as reader:
        return list(reader.frames(start, count))


@pytest.mark.parametrize(
    ("pixel_format", "bit_depth"),
    [
        ("yuv420p", 8),
        ("yuv422p", 8),
        ("yuv444p", 8),
        ("yuv411p", 8),
        ("yuva420p", 8),
        ("gray", 8),
        ("yuv420p9le", 9),
        ("yuv420p10le", 10),
        ("yuv422p12le", 12),
        ("yuv444p16le", 16),
        ("gray16le", 16),
    ],
)
def test_luma_comes_out_as_it_went_in(draw_film: DrawFilm, pixel_format: str, bit_depth: int) -> None:
    """Bit for bit, through a lossless codec, odd sizes included."""
    info = probe(draw_film(pixel_format=pixel_format, size=(67, 45), frames=3))
    assert (info.width, info.height, info.bit_depth) == (67, 45, bit_depth)
    assert info.has_chroma != pixel_format.startswith("gray")
    for frame in read(info):
        assert frame.luma.flags.c_contiguous
        np.testing.assert_array_equal(frame.luma, luma_of(frame.index, 67, 45, bit_depth))


@pytest.mark.parametrize(
    "name",
    [
        *("nv12", "nv21", "nv16", "nv24", "yuyv422", "uyvy422", "yvyu422", "gray10be", "gray12le", "yuv420p10be"),
        *("p010le", "p010be", "p016le", "p210le", "y210le", "ya8", "ya16be", "yuv440p10le", "vuyx"),
    ],
)
def test_no_pixel_format_changes_luma(name: str) -> None:
    """Semi-planar, packed, big-endian and high-bit formats all give the samples that a planar one held."""
    bit_depth = luma_layout(name).bit_depth
    drawn = luma_of(1, 66, 46, bit_depth)
    planar = VideoFrame(66, 46, "gray" if bit_depth == 8 else f"gray{bit_depth}le")
    dtype = np.dtype("u1" if bit_depth == 8 else "<u2")
    np.frombuffer(memoryview(planar.planes[0]), dtype).reshape(46, -1)[:, :66] = drawn
    reformatter = VideoReformatter()
    picture = reformatter.reformat(planar, format=name, src_color_range="JPEG", dst_color_range="JPEG", threads=1)
    np.testing.assert_array_equal(read_luma(picture, luma_layout(name), reformatter), drawn)


@pytest.mark.parametrize("name", ["rgb24", "gbrp", "bgra", "rgb48le", "gbrp12le", "monow"])
def test_gray_rgb_keeps_its_gray(name: str) -> None:
    """RGB has no luma; that of a gray pixel is its gray value, on the full range."""
    layout = luma_layout(name)
    top = 2**layout.bit_depth - 1
    reformatter = VideoReformatter()
    for value in (0, top):
        flat = VideoFrame(32, 16, "gray16le")
        np.frombuffer(memoryview(flat.planes[0]), "<u2")[:] = value * 65535 // top
        picture = reformatter.reformat(flat, format=name, src_color_range="JPEG", dst_color_range="JPEG", threads=1)
        luma = read_luma(picture, layout, reformatter)
        assert luma.shape == (16, 32)
        assert np.abs(luma.astype(int) - value).max() <= 1


def test_rgb_film_is_full_range(draw_film: DrawFilm) -> None:
    """And says by which matrix its luma was computed."""
    info = probe(draw_film("film.mov", codec="qtrle", pixel_format="rgb24", size=(64, 48)))
    assert info.full_range
    assert info.color.matrix == 1
    assert read(info)[0].luma.dtype == np.uint8


def test_what_is_known_before_the_frames(draw_film: DrawFilm) -> None:
    """Rotation, shape of the pixels, tags, time base and rate."""
    path = draw_film(
        "film.mp4",
        codec="libx264",
        rate=Fraction(30000, 1001),
        rotation=90,
        context={
            "sample_aspect_ratio": Fraction(16, 15),
            "color_range": 2,
            "colorspace": 6,
            "color_primaries": 5,
            "color_trc": 6,
        },
    )
    info = probe(path)
    assert (info.rotation, info.sample_aspect_ratio, info.full_range) == (90, Fraction(16, 15), True)
    assert (info.color.range, info.color.matrix, info.color.primaries, info.color.transfer) == (2, 6, 5, 6)
    assert (info.frame_rate, info.time_base.numerator, info.frames_expected) == (Fraction(30000, 1001), 1, 12)
    assert (info.codec, info.start_pts, info.interlaced) == ("h264", 0, False)
    assert info.duration == pytest.approx(12 * 1001 / 30000, abs=0.01)


def test_interlaced_film_is_recognised(draw_film: DrawFilm) -> None:
    """By its field order."""
    options = {"x264-params": "interlaced=1:tff=1", "flags": "+ildct"}
    assert probe(draw_film("film.mp4", codec="libx264", codec_options=options)).interlaced


def test_variable_frame_rate_keeps_every_stamp(draw_film: DrawFilm) -> None:
    """However uneven, and not from zero."""
    pts = [500, 501, 540, 1000, 1003, 4000]
    exact = {"movie_timescale": "12800"}
    path = draw_film("film.mp4", codec="libx264", time_base=Fraction(1, 12800), pts=pts, container_options=exact)
    info = probe(path)
    assert [frame.pts * info.time_base for frame in read(info)] == [Fraction(p, 12800) for p in pts]
    assert info.start_pts == 500 * info.time_base.denominator // 12800


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.nut", "film.mov"])
def test_reading_may_start_anywhere(draw_film: DrawFilm, name: str) -> None:
    """Between key frames too, with B frames, and gives what reading from the start gives."""
    info = probe(draw_film(name, codec="libx264", frames=60, codec_options=LONG_GOP))
    whole = read(info)
    assert [frame.index for frame in whole] == list(range(60))
    assert all(earlier.pts < later.pts for earlier, later in pairwise(whole))
    with FilmReader(info) as reader:
        for index in (57, 0, 19, 20, 21, 39, 5):
            found = list(reader.frames(SeekPoint(index, whole[index].pts), 3))
            assert [(f.index, f.pts) for f in found] == [(f.index, f.pts) for f in whole[index : index + 3]]
            for one, other in zip(found, whole[index:], strict=False):
                np.testing.assert_array_equal(one.luma, other.luma)


def test_reading_on_does_not_seek(draw_film: DrawFilm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the last walk stopped, the next goes on, even if it was given up half-way."""
    info = probe(draw_film(frames=20))
    with FilmReader(info) as reader:
        stamps = [frame.pts for frame in reader.frames(count=5)]
        monkeypatch.setattr(FilmReader, "_reopen", lambda self: pytest.fail("opened the film again"))
        half = reader.frames(SeekPoint(5, stamps[-1] + 42), 10)
        assert [next(half).index, next(half).index] == [5, 6]
        assert [frame.index for frame in reader.frames(SeekPoint(7, 0))] == list(range(7, 20))


def test_lost_stamp_falls_back_to_counting(draw_film: DrawFilm) -> None:
    """A time stamp that the film does not have is answered by the frame of that number."""
    info = probe(draw_film("film.mp4", codec="libx264", frames=30, codec_options=LONG_GOP))
    assert [frame.index for frame in read(info, SeekPoint(11, 12345678), 2)] == [11, 12]


def test_film_of_one_frame(draw_film: DrawFilm) -> None:
    """Is a film."""
    info = probe(draw_film("film.mp4", codec="libx264", frames=1))
    assert [frame.index for frame in read(info)] == [0]


def test_whole_film_has_no_damage(draw_film: DrawFilm) -> None:
    """In every container."""
    for name in ("film.mp4", "film.mkv", "film.avi", "film.ts", "film.nut"):
        with FilmReader(probe(draw_film(name, codec="libx264", frames=30))) as reader:
            assert len(list(reader.frames())) == 30
            assert reader.damage is None


def test_truncated_film_is_read_as_far_as_it_goes(draw_film: DrawFilm) -> None:
    """And says how far that was."""
    path = draw_film(
        "film.mp4", codec="libx264", frames=60, codec_options=LONG_GOP, container_options={"movflags": "faststart"}
    )
    whole = read(probe(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    info = probe(path)
    with FilmReader(info) as reader:
        found = list(reader.frames())
        assert 10 < len(found) < 59
        assert reader.damage is not None
        assert f"{path} ends early: {len(found)} of 60 frames could be decoded." == reader.damage
    for one, other in zip(found[:-4], whole, strict=False):
        np.testing.assert_array_equal(one.luma, other.luma)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_damage_costs_the_same_with_any_number_of_threads(draw_film: DrawFilm, threads: int) -> None:
    """Frames in flight behind a broken packet are not lost."""
    path = draw_film("film.mp4", codec="libx264", frames=40, codec_options={"g": "10", "qp": "20"})
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as film:
        packets = [packet for packet in film.demux(video=0) if packet.size]
    for packet in packets[-3:-1]:
        data[packet.pos + 4 : packet.pos + packet.size] = bytes(packet.size - 4)
    path.write_bytes(data)
    info = probe(path)
    counts = []
    for number in (threads, 1):
        with FilmReader(info, threads=number) as reader:
            counts.append((len(list(reader.frames())), reader.damage))
    assert counts[0] == counts[1]
    assert counts[0][0] >= 36


def nothing(folder: Path) -> Path:
    return folder / "absent.mp4"


def folder_itself(folder: Path) -> Path:
    return folder


def empty_file(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def text_file(folder: Path) -> Path:
    path = folder / "letter.mp4"
    path.write_text("Dear reader,\nthis is no film.\n" * 50)
    return path


def sound_alone(folder: Path) -> Path:
    path = folder / "sound.m4a"
    with av.open(str(path), "w") as sound:
        stream = sound.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        sound.mux(stream.encode(frame))
        sound.mux(stream.encode(None))
    return path


def no_frames(folder: Path) -> Path:
    path = folder / "none.mp4"
    with av.open(str(path), "w") as film:
        film.add_stream("libx264", rate=24)
        film.start_encoding()
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, "no film at"),
        (folder_itself, "is a folder"),
        (empty_file, "is empty"),
        (text_file, "is not a film"),
        (sound_alone, "has no pictures"),
        (no_frames, "not one picture|no pictures"),
    ],
)
def test_what_is_no_film_gets_a_sentence(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    """One line, naming the file."""
    path = make(tmp_path)
    with pytest.raises(FilmError, match=words) as caught:
        probe(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_film_without_its_index_gets_a_sentence(draw_film: DrawFilm) -> None:
    """An MP4 that was cut off before its index was written cannot be read at all."""
    path = draw_film("film.mp4", codec="libx264", frames=30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FilmError, match="no usable index"):
        probe(path)


def test_a_decoder_that_cannot_begin_gets_a_sentence(draw_film: DrawFilm) -> None:
    """What the container keeps for the decoder is damaged, so that it fails even at the film's end."""
    path = draw_film("film.mkv")
    data = path.read_bytes()
    at = data.index(b"\x63\xa2") + 4  # the element of Matroska that holds it, its length
    path.write_bytes(data[:at] + bytes(16) + data[at + 16 :])
    with pytest.raises(FilmError, match="not one picture of it can be decoded"):
        probe(path)


def test_huge_pictures_are_refused(draw_film: DrawFilm) -> None:
    """Before they are decoded."""
    path = draw_film("film.mkv", size=(640, 48))
    with pytest.raises(FilmError, match=r"640x48; at most 600 pixels a side are read; .* --set decode\.max_side=640"):
        probe(path, DecodeConfig(max_side=600))


def test_cover_art_is_not_the_film(draw_film: DrawFilm, tmp_path: Path) -> None:
    """The moving pictures are, wherever they stand."""
    film, cover = draw_film("film.mp4", codec="libx264", frames=5), tmp_path / "cover.mp4"
    with av.open(str(film)) as source, av.open(str(cover), "w") as target:
        art = target.add_stream("png", rate=1)
        art.width, art.height, art.pix_fmt = 32, 32, "rgb24"
        art.disposition = 1 << 10
        copy = target.add_stream_from_template(source.streams.video[0], opaque=True)
        target.mux(art.encode(VideoFrame(32, 32, "rgb24")))
        for packet in source.demux():
            if packet.size:
                packet.stream = copy
                target.mux(packet)
    info = probe(cover)
    with av.open(str(cover)) as container:
        assert len(container.streams.video) == 2
    assert (info.width, len(read(info))) == (64, 5)


def test_changing_size_is_told(tmp_path: Path) -> None:
    """Half-way through, with the number of the frame."""
    path = tmp_path / "film.ts"
    parts = []
    for width in (64, 96):
        part = tmp_path / f"{width}.h264"
        with av.open(str(part), "w") as film:
            stream = film.add_stream("libx264", rate=24, options={"bf": "0"})
            stream.width, stream.height = width, 48
            for _ in range(12):
                film.mux(stream.encode(VideoFrame(width, 48, "yuv420p")))
            film.mux(stream.encode(None))
        parts.append(part.read_bytes())
    path = tmp_path / "film.h264"
    path.write_bytes(b"".join(parts))
    with pytest.raises(FilmError, match="from 64x48 of 8 bits to 96x48 of 8 bits at frame 12"):
        read(probe(path))
