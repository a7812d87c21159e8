"""What means harm is refused before it costs memory or time, and the sentence names the setting that allows it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from tests.conftest import DrawFilm
from vidcolor.errors import FilmError
from vidcolor.pipeline.decode import DecodeConfig, FilmReader, probe
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.pipeline.survey import survey_film


def gif(folder: Path, width: int, height: int) -> Path:
    """An animation of one pixel on a screen of any size, in 38 bytes."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    film = folder / "film.gif"
    film.write_bytes(head + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00;")
    return film


def png(folder: Path, side: int) -> Path:
    """A sequence of one picture of a thousandth of its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (1 + (side + 7) // 8)), 9)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (folder / "bomb_1.png").write_bytes(data)
    return folder / "bomb_%d.png"


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [
        (65535, 16, r"65535x16; at most 16384 pixels a side are read; allow more with --set decode.max_side=65535\."),
        (16000, 16000, r"at most 140000000 pixels are read; allow more with --set decode.max_pixels=256000000\."),
    ],
)
def test_claimed_sizes(tmp_path: Path, width: int, height: int, words: str) -> None:
    """Of a header that is 38 bytes long."""
    film = gif(tmp_path, width, height)
    with pytest.raises(FilmError, match=words):
        probe(film)
    if width * height < 2_000_000:
        assert probe(film, DecodeConfig(max_side=65535)).width == width


def test_sizes_that_only_the_picture_tells(tmp_path: Path) -> None:
    """The decoder itself refuses, before it takes the memory; raised limits let it pass."""
    film = png(tmp_path, 1500)
    with pytest.raises(FilmError, match=r"at most 1000000 pixels are read; .* --set decode\.max_pixels=2250000\."):
        probe(film, DecodeConfig(max_pixels=1_000_000))
    assert probe(film, DecodeConfig(max_pixels=2_250_000)).width == 1500


def test_number_of_frames(draw_film: DrawFilm) -> None:
    """Counted as they come, whatever the header promises."""
    info = probe(draw_film(frames=12))
    with pytest.raises(FilmError, match=r"holds more than 10 frames; .* --set decode\.max_frames=20\."):
        survey_film(info, ShotConfig(), limits=DecodeConfig(max_frames=10))
    assert survey_film(info, ShotConfig(), limits=DecodeConfig(max_frames=12)).frames == 12


def test_more_pixels_than_a_file_can_mean(draw_film: DrawFilm) -> None:
    """Frames out of next to nothing."""
    info = probe(draw_film(codec="libx264", frames=60, size=(640, 480)))
    with (
        FilmReader(info, limits=DecodeConfig(max_expansion=1)) as reader,
        pytest.raises(FilmError, match=r"is not credible: .* --set decode\.max_expansion=10\."),
    ):
        list(reader.frames())


def test_promised_frames_cost_nothing(draw_film: DrawFilm) -> None:
    """An index that claims two thousand million pictures is no index."""
    film = draw_film("film.mp4", codec="libx264", frames=5)
    data = bytearray(film.read_bytes())
    for table, at in ((b"stts", 12), (b"stsz", 12)):
        place = data.index(table) + at
        data[place : place + 4] = struct.pack(">I", 2_000_000_000)
    film.write_bytes(data)
    with pytest.raises(FilmError, match=r"no usable index|can be decoded"):
        probe(film)


@pytest.mark.parametrize("name", ["film.m3u8", "film.mp4", "film.ffconcat", "film.mpd"])
def test_playlists_are_no_films(draw_film: DrawFilm, tmp_path: Path, name: str) -> None:
    """They would read other files, or wait for ever for more of a broadcast."""
    draw_film("part.ts", codec="libx264", frames=5)
    lists = {
        ".m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\npart.ts\n",
        ".mp4": "ffconcat version 1.0\nfile part.ts\n",
        ".ffconcat": "ffconcat version 1.0\nfile part.ts\n",
        ".mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>part.ts</BaseURL></MPD>',
    }
    (tmp_path / name).write_text(lists[Path(name).suffix])
    with pytest.raises(FilmError, match="is not a film that FFmpeg can read"):
        probe(tmp_path / name)
