"""Muxing: pictures joined without a seam, every other stream packet for packet, every tag in its place."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Discard
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import DrawFilm
from vidcolor.errors import OutputError
from vidcolor.pipeline.decode import FilmReader, SeekPoint, probe
from vidcolor.pipeline.encode import EncodeConfig, encode_segment, output_format
from vidcolor.pipeline.ffmpeg_program import find_ffmpeg
from vidcolor.pipeline.mux import check_writable, default_output, mux_film
from vidcolor.pipeline.stamps import decode_stamps
from vidcolor.types import ColouredFrame, FilmInfo

X264 = EncodeConfig("x264", preset="veryfast")
FFV1 = EncodeConfig("ffv1")
EVERYTHING: dict[str, Any] = {
    "codec": "libx264",
    "frames": 40,
    "codec_options": {"bf": "3", "g": "12"},
    "sounds": ("eng", "deu"),
    "subtitles": ("eng", "fra"),
    "chapters": ("Arrival", "Departure"),
    "attachment": b"a font" * 100,
    "metadata": {"title": "A film", "artist": "Somebody"},
}


def colour(film: Path, config: EncodeConfig = X264, pieces: int = 3) -> list[Path]:
    """Segments of a film, with neutral chroma."""
    info = probe(film)
    form = output_format(info, config)
    with FilmReader(info) as reader:
        stamps = [frame.pts for frame in reader.frames()]
        edges = sorted({len(stamps) * n // pieces for n in range(pieces + 1)})
        paths = [film.with_name(f"segment{start}") for start in edges[:-1]]
        for path, (start, stop) in zip(paths, pairwise(edges), strict=True):
            frames = reader.frames(SeekPoint(start, stamps[start]), stop - start)
            encode_segment(path, neutral(frames, info, (form.chroma_height, form.chroma_width)), info, config)
    return paths


def neutral(frames: Iterator[Any], info: FilmInfo, shape: tuple[int, int]) -> Iterator[ColouredFrame]:
    """Frames without colour."""
    for frame in frames:
        plane = np.full(shape, 1 << (info.bit_depth - 1), frame.luma.dtype)
        yield ColouredFrame(frame, plane, plane)


def times(path: Path) -> list[Fraction]:
    """When a film's frames are shown, in seconds."""
    info = probe(path)
    with FilmReader(info) as reader:
        return [frame.pts * info.time_base for frame in reader.frames()]


def others(path: Path) -> list[tuple[str, str, int, list[Fraction], str]]:
    """Kind, language, number of packets, their times and digest of every stream but the pictures."""
    skipped = probe(path).video_stream
    with av.open(str(path)) as film:
        streams = [stream for stream in film.streams if stream.index != skipped and stream.discard != Discard.all]
        found = {s.index: (s.type, s.metadata.get("language", ""), [], hashlib.sha256()) for s in streams}
        for stream in streams:
            if stream.type == "attachment":
                found[stream.index][3].update(stream.data)
        for packet in film.demux():
            if packet.size and packet.stream_index in found:
                found[packet.stream_index][2].append((packet.pts or 0) * packet.time_base)
                found[packet.stream_index][3].update(packet)
    return [(kind, tongue, len(at), at, digest.hexdigest()) for kind, tongue, at, digest in found.values()]


@pytest.mark.parametrize("config", [X264, FFV1], ids=["x264", "ffv1"])
@pytest.mark.parametrize("shape", [Fraction(1), Fraction(5, 4)])
def test_matroska_keeps_everything(draw_film: DrawFilm, config: EncodeConfig, shape: Fraction) -> None:
    """Two sound tracks, two of subtitles, chapters, a font, metadata, pixels that are not square; times to the tick."""
    film = draw_film("film.mkv", **EVERYTHING, context={"sample_aspect_ratio": shape})
    out = film.with_name("out.mkv")
    assert mux_film(colour(film, config), probe(film), out) == []
    assert times(out) == times(film)
    assert others(out) == others(film)
    assert [kind for kind, *_ in others(out)] == ["audio", "audio", "subtitle", "subtitle", "attachment"]
    assert probe(out).sample_aspect_ratio == shape
    with av.open(str(film)) as before, av.open(str(out)) as after:
        assert [c["metadata"]["title"] for c in after.chapters()] == ["Arrival", "Departure"]
        assert [c["start"] * c["time_base"] for c in after.chapters()] == [0, 1]
        assert after.metadata.items() >= {"title": "A film", "ARTIST": "Somebody"}.items()
        assert [s.disposition for s in after.streams] == [s.disposition for s in before.streams]


def test_mp4_keeps_everything(draw_film: DrawFilm) -> None:
    """Rotation, pixel shape, tags, sound in its language, chapters, metadata with keys of its own."""
    film = draw_film(
        "film.mp4",
        codec="libx264",
        frames=30,
        rate=Fraction(30000, 1001),
        rotation=90,
        sounds=("eng", "deu"),
        chapters=("One",),
        metadata={"title": "A film", "com.maker.lens": "50 mm"},
        container_options={"movflags": "use_metadata_tags"},
        context={"sample_aspect_ratio": Fraction(16, 15), "color_range": 1, "colorspace": 1, "color_trc": 1},
    )
    out = film.with_name("out.mp4")
    assert mux_film(colour(film), probe(film), out) == []
    before, after = probe(film), probe(out)
    assert times(out) == times(film)
    assert after.time_base == before.time_base
    assert [stream[:4] for stream in others(out)] == [stream[:4] for stream in others(film)]
    assert (after.rotation, after.sample_aspect_ratio, after.color) == (90, Fraction(16, 15), before.color)
    with av.open(str(out)) as written:
        assert [c["metadata"]["title"] for c in written.chapters()] == ["One"]
        assert (written.metadata["title"], written.metadata["com.maker.lens"]) == ("A film", "50 mm")


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.nut"])
@pytest.mark.parametrize("config", [X264, EncodeConfig("x265", preset="ultrafast")], ids=["x264", "x265"])
def test_uneven_times_arrive_to_the_tick(draw_film: DrawFilm, name: str, config: EncodeConfig) -> None:
    """Not from zero, in a time base of no frame rate, across segments."""
    pts = [4801 + 7 * n * n + n for n in range(24)]
    film = draw_film(
        name,
        codec="libx264",
        time_base=Fraction(1, 9973),
        pts=pts,
        codec_options={"bf": "3"},
        container_options={"movie_timescale": "9973"} if name != "film.nut" else {},
    )
    out = film.with_name("out.mov" if name == "film.mov" else "out.mp4")
    mux_film(colour(film, config), probe(film), out)
    assert times(out) == times(film) == [Fraction(p, 9973) for p in pts]


def test_sound_that_begins_before_the_pictures_moves_nothing_in_matroska(draw_film: DrawFilm) -> None:
    """AAC's first packet warms the decoder up; MP4 shows none of it, and the pictures stay where they are."""
    film = draw_film("film.mp4", codec="libx264", rate=25, sounds=("eng",))
    out = film.with_name("out.mkv")
    mux_film(colour(film), probe(film), out)
    assert times(out) == times(film)
    heard = []
    for path in (film, out):
        with av.open(str(path)) as container:
            sound = container.streams.audio[0]
            heard.append([float(packet.pts * sound.time_base) for packet in container.demux(sound) if packet.size])
    assert heard[0][0] < 0
    np.testing.assert_allclose(heard[1], heard[0], atol=1e-3)


def test_joined_pictures_are_those_of_the_segments(draw_film: DrawFilm) -> None:
    """Every frame decodes to what its segment holds, whatever the number of segments."""
    film = draw_film(frames=30)
    for pieces in (1, 2, 7):
        out = film.with_name("out.mkv")
        segments = colour(film, FFV1, pieces)
        assert len(segments) == pieces
        mux_film(segments, probe(film), out)
        with FilmReader(probe(film)) as reader, FilmReader(probe(out)) as copy:
            for one, other in zip(reader.frames(), copy.frames(), strict=True):
                np.testing.assert_array_equal(one.luma, other.luma)


@pytest.mark.parametrize("first", ["tff", "bff"])
def test_order_of_fields_is_kept(draw_film: DrawFilm, first: str) -> None:
    """Top or bottom first."""
    options = {"x264-params": f"interlaced=1:{first}=1", "flags": "+ildct"}
    film = draw_film("film.mp4", codec="libx264", codec_options=options)
    out = film.with_name("out.mp4")
    mux_film(colour(film), probe(film), out)
    with av.open(str(film)) as before, av.open(str(out)) as after:
        orders = [container.streams.video[0].codec_context.field_order for container in (before, after)]
    assert orders == [{"tff": 2, "bff": 3}[first]] * 2


def test_transport_stream_can_be_decoded_from_its_packets(draw_film: DrawFilm) -> None:
    """It has no header to keep the codec's in."""
    film = draw_film("film.ts", codec="libx264", frames=30)
    out = film.with_name("out.ts")
    mux_film(colour(film), probe(film), out)
    assert times(out) == times(film)


def test_cover_art_travels(draw_film: DrawFilm, tmp_path: Path) -> None:
    """As what it is, in MP4 and in Matroska."""
    film = draw_film("film.mp4", codec="libx264", frames=5)
    picture = av.VideoFrame(32, 32, "rgb24")
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 32, 32, "rgb24", Fraction(1, 1)
    png = bytes(encoder.encode(picture)[0])
    covered = {".mkv": tmp_path / "cover.mkv", ".mp4": tmp_path / "cover.mp4"}
    for suffix, path in covered.items():
        with av.open(str(film)) as source, av.open(str(path), "w") as target:
            copy = target.add_stream_from_template(source.streams.video[0], opaque=True)
            if suffix == ".mkv":
                target.add_attachment("cover.png", "image/png", png)
            else:
                art = target.add_mux_stream("png", width=32, height=32, time_base=Fraction(1, 90000))
                art.disposition = 1 << 10
                packet = av.Packet(png)
                packet.stream, packet.pts, packet.dts = art, 0, 0
                target.mux(packet)
            for packet in source.demux():
                if packet.size:
                    packet.stream = copy
                    target.mux(packet)
        out = path.with_name(f"out{suffix}")
        assert mux_film(colour(path), probe(path), out) == []
        assert [stream[4] for stream in others(out)] == [stream[4] for stream in others(path)]
        with av.open(str(out)) as written:
            assert written.streams[1].disposition & (1 << 10)


@pytest.mark.parametrize("name", ["film.mov", "film.mp4"])
def test_timecode_travels(draw_film: DrawFilm, name: str) -> None:
    """QuickTime keeps it in a track of its own."""
    film = draw_film(name, codec="libx264", picture_metadata={"timecode": "01:02:03:04"}, sounds=("eng",))
    out = film.with_name(f"out{film.suffix}")
    assert [kind for kind, *_ in others(film)] == ["audio", "data"]
    assert default_output(probe(film), "x264").suffix == film.suffix
    assert mux_film(colour(film), probe(film), out) == []
    assert others(out) == others(film)
    with av.open(str(out)) as written:
        assert written.streams.video[0].metadata["timecode"] == "01:02:03:04"


def test_data_that_is_refused_is_left_out(draw_film: DrawFilm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a container takes a stream on trial and refuses it in the end, the film is written without it."""
    film = draw_film("film.mov", codec="libx264", picture_metadata={"timecode": "01:02:03:04"}, sounds=("eng",))
    out = film.with_name("out.mov")
    monkeypatch.setattr("vidcolor.pipeline.mux.is_timecode", lambda stream: False)
    notes = mux_film(colour(film), probe(film), out)
    assert [note.kind for note in notes] in ([], ["data"])
    assert times(out) == times(film)


def test_stream_that_the_container_cannot_hold_is_named(draw_film: DrawFilm) -> None:
    """Left out, with the container that would have held it."""
    film = draw_film("film.mkv", **EVERYTHING)
    out = film.with_name("out.mp4")
    notes = mux_film(colour(film), probe(film), out)
    assert [(note.index, note.kind) for note in notes] == [(3, "subtitle"), (4, "subtitle"), (5, "attachment")]
    assert notes[0].text.startswith("Stream 3 (subtitle, ")
    assert notes[0].text.endswith(
        "is left out: mp4 cannot hold it; a .mkv film would, coded with av1 or ffv1 or prores or vp9 or x264 or x265."
    )
    assert [kind for kind, *_ in others(out)] == ["audio", "audio"]
    assert times(out) == times(film)


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("film.mp4", "x264", "film.color.mp4"),
        ("film.mp4", "ffv1", "film.color.mp4"),
        ("film.mp4", "prores", "film.color.mov"),
        ("film.mov", "x264", "film.color.mov"),
        ("film.mkv", "ffv1", "film.color.mkv"),
        ("film.webm", "x264", "film.color.mkv"),
        ("film.webm", "av1", "film.color.webm"),
        ("film.avi", "x264", "film.color.mp4"),
        ("film.ts", "x264", "film.color.ts"),
        ("film.nut", "ffv1", "film.color.mp4"),
    ],
)
def test_copy_goes_beside_the_film(draw_film: DrawFilm, name: str, codec: str, expected: str) -> None:
    """Into the film's own container where that takes the codec."""
    film = draw_film(name, codec="libvpx-vp9" if name.endswith("webm") else "libx264", frames=20)
    assert default_output(probe(film), codec) == film.with_name(expected)


def test_container_with_coarser_ticks_is_not_the_default(draw_film: DrawFilm) -> None:
    """Nor is a suffix believed that the content belies."""
    film = draw_film("film.mp4", codec="libx264", frames=2)
    liar = film.with_name("film.mkv")
    shutil.copy(film, liar)
    assert default_output(probe(liar), "x264").suffix == ".mp4"
    with_subtitles = draw_film("other.mkv", codec="libx264", subtitles=("eng",))
    assert default_output(probe(with_subtitles), "x264").suffix == ".mkv"


def test_what_cannot_be_written_is_found_before(draw_film: DrawFilm, tmp_path: Path) -> None:
    """Unknown container, codec that it does not take, folder that is none."""
    with pytest.raises(OutputError, match=r"its suffix may be \.mp4"):
        check_writable(tmp_path / "film.xyz")
    with pytest.raises(OutputError, match=r"cannot hold prores; its suffix may be \.mov, \.mkv, \.mxf\."):
        check_writable(tmp_path / "film.mp4", "prores")
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="does not exist"):
        check_writable(tmp_path / "absent" / "film.mp4")
    with pytest.raises(OutputError, match="cannot be written"):
        check_writable(Path("/proc/film.mp4"))
    check_writable(tmp_path / "film.mp4", "x264")
    assert list(tmp_path.iterdir()) == []


def test_film_is_never_written_over(draw_film: DrawFilm) -> None:
    """Its copy has another name."""
    film = draw_film(frames=3)
    with pytest.raises(OutputError, match="is the film itself"):
        mux_film(colour(film, FFV1), probe(film), film)


def test_codec_that_the_container_refuses_leaves_nothing(draw_film: DrawFilm) -> None:
    """And the older copy stays."""
    film = draw_film(frames=3)
    out = film.with_name("out.webm")
    out.write_bytes(b"older")
    with pytest.raises(OutputError, match=r"webm cannot hold pictures of ffv1; choose \.mkv\."):
        mux_film(colour(film, FFV1), probe(film), out)
    assert out.read_bytes() == b"older"
    assert not [file for file in film.parent.iterdir() if ".part" in file.name]


def test_ffmpeg_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own first, else the one that came with a package."""
    find_ffmpeg.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    assert find_ffmpeg() == "/opt/ffmpeg"
    find_ffmpeg.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert Path(find_ffmpeg()).is_file()
    find_ffmpeg.cache_clear()


@st.composite
def decoding_orders(draw: st.DrawFn) -> list[list[int]]:
    """Segments of distinct pts, each shuffled a little, as encoders with B frames do."""
    gaps = draw(st.lists(st.integers(1, 50), min_size=1, max_size=40))
    shown = [draw(st.integers(-100, 100))]
    for gap in gaps:
        shown.append(shown[-1] + gap)
    reach = draw(st.integers(0, 5))
    segments, rest = [], shown
    while rest:
        length = draw(st.integers(1, len(rest)))
        part, rest = rest[:length], rest[length:]
        keys = [n + draw(st.floats(0, reach)) for n in range(length)]
        segments.append([pts for _, pts in sorted(zip(keys, part, strict=True))])
    return segments


@given(decoding_orders(), st.integers(1, 40))
def test_decoding_times_rise_and_come_in_time(segments: list[list[int]], step: int) -> None:
    """The laws of a stream: pts untouched, dts strictly rising and never after the pts, durations without a gap."""
    stamps = list(decode_stamps(segments, step))
    assert [pts for pts, _, _ in stamps] == [pts for segment in segments for pts in segment]
    assert all(earlier < later for (_, earlier, _), (_, later, _) in pairwise(stamps))
    assert all(dts <= pts for pts, dts, _ in stamps)
    ends = {pts + duration for pts, _, duration in stamps}
    assert ends >= {pts for pts, _, _ in stamps[1:]} - {min(pts for pts, _, _ in stamps)}


def test_decoding_times_wait_no_longer_than_they_must() -> None:
    """Without B frames a picture is decoded when it is shown; overlapping segments are refused."""
    assert list(decode_stamps([[0, 10], [20]], 10)) == [(0, 0, 10), (10, 10, 10), (20, 20, 10)]
    assert list(decode_stamps([[0, 20, 10]], 10)) == [(0, -10, 10), (20, 0, 10), (10, 10, 10)]
    with pytest.raises(ValueError, match="must rise"):
        list(decode_stamps([[0, 10], [10, 20]], 10))
