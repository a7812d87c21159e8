"""Cases of the media table: what is broken, is no film, changes on its way, or means harm."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from media_case import PICTURES, Case, encode
from media_formats import SOUND, X264

LONG = "-f lavfi -i testsrc2=size=96x64:rate=24:duration=4"


def spoiled(file: str, options: str, spoil: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """A maker of a film whose bytes are changed afterwards."""

    def make(folder: Path) -> Path:
        film = encode(folder / file, options, LONG)
        film.write_bytes(spoil(film.read_bytes()))
        return film

    return make


def cut(share: float) -> Callable[[bytes], bytes]:
    """Only the first part of the file is left."""
    return lambda data: data[: round(len(data) * share)]


def overwritten(data: bytes) -> bytes:
    """Noise in the middle."""
    middle, noise = len(data) // 2, bytes((n * 197 + 31) % 256 for n in range(2000))
    return data[:middle] + noise + data[middle + len(noise) :]


def written(file: str, data: bytes) -> Callable[[Path], Path]:
    """A maker of a file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / file).write_bytes(data)
        return folder / file

    return make


def joined(first: str, second: str, file: str) -> Callable[[Path], Path]:
    """Two streams of unlike pictures behind one another."""

    def make(folder: Path) -> Path:
        one = encode(folder / f"1_{file}", first, PICTURES)
        two = encode(folder / f"2_{file}", second, PICTURES)
        (folder / file).write_bytes(one.read_bytes() + two.read_bytes())
        return folder / file

    return make


def huge_png(side: int) -> bytes:
    """A PNG of a few kilobytes that unpacks to side x side black pixels of one bit... or claims to."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compressobj(9)
    line = bytes(1 + side)
    data = b"".join(rows.compress(line) for _ in range(side)) + rows.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    """An animation of one black pixel on a screen of any size."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00;"


def two_huge_pictures(folder: Path) -> Path:
    """Numbered pictures that unpack to gigabytes."""
    data = huge_png(18000)
    for number in (1, 2):
        (folder / f"bomb_{number}.png").write_bytes(data)
    return folder / "bomb_%d.png"


def promising(folder: Path) -> Path:
    """An mp4 whose table of times claims two thousand million frames."""
    film = encode(folder / "film.mp4", X264, PICTURES)
    data = bytearray(film.read_bytes())
    at = data.index(b"stts")
    data[at + 12 : at + 16] = struct.pack(">I", 2_000_000_000)
    at = data.index(b"stsz")
    data[at + 12 : at + 16] = struct.pack(">I", 2_000_000_000)
    film.write_bytes(data)
    return film


BROKEN_CASES = [
    Case("cut off, mp4 with its index at the end", spoiled("film.mp4", X264, cut(0.6)), refused="cut off|index"),
    Case("cut off, mp4 with its index in front", spoiled("film.mp4", f"{X264} -movflags faststart", cut(0.6)), said="ends early"),
    Case("cut off, mkv", spoiled("film.mkv", X264, cut(0.6)), said="ends early"),
    Case("cut off, avi", spoiled("film.avi", X264, cut(0.6)), said="ends early|damaged"),
    Case("cut off, ts", spoiled("film.ts", X264, cut(0.6)), said="damaged"),
    Case("noise in the middle, mp4", spoiled("film.mp4", X264, overwritten), said="damaged"),
    Case("noise in the middle, mkv", spoiled("film.mkv", X264, overwritten), said="ends early"),
    Case("noise in the middle, ts", spoiled("film.ts", X264, overwritten), said="damaged"),
    Case("header only, mp4", spoiled("film.mp4", f"{X264} -movflags faststart", cut(0.05)), said="1 of 96"),
    Case("header only, mkv", spoiled("film.mkv", X264, lambda data: data[:600]), refused="not one picture|not a film|no pictures"),
    Case("zero bytes", written("film.mp4", b""), refused="empty"),
    Case("text named mp4", written("film.mp4", b"This is no film.\n" * 100), refused="not a film"),
    Case("sound alone", lambda folder: encode(folder / "film.mp4", "-c:a aac", SOUND), refused="no pictures"),
    Case("cover art and sound alone", lambda folder: encode(folder / "film.mp3", "-map 0 -map 1 -c:v png -frames:v 1 -c:a libmp3lame", SOUND, PICTURES), refused="no pictures"),
    Case("playlist named mp4", written("film.mp4", b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n"), refused="not a film|."),
    Case("list of files named mp4", written("film.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"), refused="."),
    Case("picture size changes on the way, ts", joined(X264, f"{X264} -s 128x96", "film.ts"), refused="changes from .* to .* at frame"),
    Case("pixel format changes on the way, ts", joined(X264, f"{X264} -pix_fmt yuv422p", "film.ts")),
    Case("bit depth changes on the way, ts", joined(X264, f"{X264} -pix_fmt yuv420p10le", "film.ts"), refused="changes from"),
]  # fmt: skip

HARMFUL_CASES = [
    Case("claims pictures of 65535x65535", written("film.gif", gif(65535, 65535)), refused="decode.max_"),
    Case("claims pictures of 16000x16000", written("film.gif", gif(16000, 16000)), refused="decode.max_pixels"),
    Case("claims two thousand million frames", promising, refused="no usable index"),
    Case("pictures that unpack to gigabytes", two_huge_pictures, refused="decode.max_"),
]  # fmt: skip
