"""Where the luma of a decoded picture lies, and how to lift it out without changing a bit.

Planar, semi-planar and gray formats, and packed 4:2:2 of 8 bits, are read straight from the decoder's memory.
All other formats are rewritten once by swscale: packed YUV to planar YUV of the same depth, which moves luma and does
not compute with it; RGB, palette and Bayer, which have no luma, to full-range BT.709 YUV 4:4:4, in which a gray
pixel's luma is its gray value. That plane is then the film's luma.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import av
import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from vidcolor.errors import FilmError

EXACT = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
"""How swscale computes luma: rounded well, and the same on every machine."""
RGB_MATRIX = 1
"""AVColorSpace of the luma computed from RGB: BT.709."""

_PLANAR = re.compile(r"(?:yuv[aj]?4\d\dp|gray)(\d+)?(?:le|be)?$")
_SEMI_PLANAR = re.compile(r"nv(12|21|16|24|42)$")
_HIGH_BITS = re.compile(r"p[024](\d\d)(?:le|be)$")
_INTERLEAVED = {
    **dict.fromkeys(("yuyv422", "yvyu422", "ya8", "ya16le", "ya16be"), (2, 0)),
    "uyvy422": (2, 1),
}
_SUBSAMPLED = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (4, 1): "411"}


@dataclass(frozen=True)
class LumaLayout:
    """How to read the luma of one pixel format from plane 0."""

    bit_depth: int
    """Bits of one luma sample, 8 to 16."""
    big_endian: bool = False
    step: int = 1
    """Samples from one luma sample to the next on a line."""
    offset: int = 0
    """Samples before the first luma sample of a line."""
    shift: int = 0
    """Unused low bits of a sample."""
    convert_to: str | None = None
    """Planar format that swscale has to rewrite the picture to first."""
    from_rgb: bool = False
    """True where there is no luma and it is computed from red, green and blue."""


@lru_cache(maxsize=64)
def luma_layout(name: str) -> LumaLayout:
    """The layout of a pixel format, by FFmpeg's name of it."""
    pixel_format = VideoFormat(name)
    big_endian = name.endswith("be")
    if match := _PLANAR.match(name):
        return LumaLayout(int(match[1] or 8), big_endian)
    if match := _HIGH_BITS.match(name):
        return LumaLayout(int(match[1]), big_endian, shift=16 - int(match[1]))
    if _SEMI_PLANAR.match(name):
        return LumaLayout(8)
    if name in _INTERLEAVED:
        step, offset = _INTERLEAVED[name]
        return LumaLayout(pixel_format.components[0].bits, big_endian, step, offset)
    return _converted(pixel_format)


def has_chroma(name: str) -> bool:
    """True where a pixel format carries colour, in chroma planes or as RGB."""
    return not name.startswith(("gray", "ya8", "ya16", "mono"))


def chroma_subsampling(name: str) -> tuple[int, int]:
    """How many luma samples share a chroma sample, across and down; RGB and gray count as 4:2:0.

    Our chroma is made at a working size far below the film's, so that RGB would not gain from more, and
    4:2:0 is what players can show.
    """
    pixel_format = VideoFormat(name, 64, 64)
    if not has_chroma(name) or luma_layout(name).from_rgb:
        return 2, 2
    return 64 // pixel_format.chroma_width(64), 64 // pixel_format.chroma_height(64)


def read_luma(frame: VideoFrame, layout: LumaLayout, reformatter: VideoReformatter) -> np.ndarray:
    """Copy the luma out of a decoded picture.

    Returns:
        Shape (H, W), C-contiguous, uint8 for 8 bit, else uint16 in native byte order; code values as decoded.
    """
    if layout.convert_to is not None:
        frame = _rewrite(frame, layout, reformatter)
        layout = luma_layout(layout.convert_to)
    rows = _plane_rows(frame, layout)
    luma = rows[:, layout.offset : layout.offset + frame.width * layout.step : layout.step]
    if layout.bit_depth == 8:
        return np.array(luma, order="C")
    native = luma.astype(np.uint16, order="C")
    return native >> layout.shift if layout.shift else native


def read_chroma(
    frame: VideoFrame, layout: LumaLayout, name: str, reformatter: VideoReformatter
) -> tuple[np.ndarray, np.ndarray]:
    """Copy the chroma out of a decoded picture: bit for bit where the format ``name`` has chroma of the picture's size.

    Args:
        name: planar YUV format, of at least the picture's depth.

    Returns:
        Cb and Cr in the size that ``name`` has, code values at the depth and in the range of the picture's luma;
        neutral for a gray picture.
    """
    if layout.from_rgb:
        frame = _rewrite(frame, layout, reformatter)
    same = {"src_color_range": ColorRange.JPEG, "dst_color_range": ColorRange.JPEG}
    planar = reformatter.reformat(frame, format=name, interpolation=EXACT, threads=1, **same)
    surplus = planar.format.components[0].bits - layout.bit_depth
    _, cb, cr = read_planes(planar)
    dtype = np.uint8 if layout.bit_depth == 8 else np.uint16
    return (cb >> surplus).astype(dtype), (cr >> surplus).astype(dtype)


def read_planes(frame: VideoFrame) -> list[np.ndarray]:
    """The planes of a planar YUV picture in native byte order, each (h, w), uint8 for 8 bit, else uint16."""
    dtype = np.dtype(np.uint8 if frame.format.components[0].bits == 8 else "<u2")
    rows = [np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1) for plane in frame.planes]
    return [row[:, : plane.width] for row, plane in zip(rows, frame.planes, strict=True)]


def _plane_rows(frame: VideoFrame, layout: LumaLayout) -> np.ndarray:
    plane = frame.planes[0]
    dtype = np.dtype(np.uint8) if layout.bit_depth == 8 else np.dtype(">u2" if layout.big_endian else "<u2")
    line = abs(plane.line_size)
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, line)
    if plane.line_size < 0:
        rows = rows[::-1]
    return rows[:, : line // dtype.itemsize * dtype.itemsize].view(dtype)


def _rewrite(frame: VideoFrame, layout: LumaLayout, reformatter: VideoReformatter) -> VideoFrame:
    try:  # in one thread: the slices of several now and then overwrite the ends of each other's lines
        if not layout.from_rgb:
            return reformatter.reformat(frame, format=layout.convert_to, threads=1)
        return reformatter.reformat(
            frame,
            format=layout.convert_to,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.JPEG,
            interpolation=EXACT,
            threads=1,
        )
    except av.FFmpegError as error:
        raise FilmError(f"FFmpeg cannot read the luma of {frame.format.name} pictures; convert the film.") from error


def _converted(pixel_format: VideoFormat) -> LumaLayout:
    bits = max(component.bits for component in pixel_format.components)
    depth = next(d for d in (8, 9, 10, 12, 14, 16) if d >= min(bits, 16))
    suffix = "" if depth == 8 else f"{depth}le"
    if pixel_format.name.startswith("mono"):
        return LumaLayout(8, convert_to="gray")
    if pixel_format.name.startswith("gray"):
        return LumaLayout(16, convert_to="gray16le")
    rgb = pixel_format.is_rgb or pixel_format.is_bayer or pixel_format.has_palette or "xyz" in pixel_format.name
    if rgb:
        return LumaLayout(depth, convert_to=f"yuv444p{suffix}", from_rgb=True)
    across = 64 // pixel_format.chroma_width(64)
    down = 64 // pixel_format.chroma_height(64)
    return LumaLayout(depth, convert_to=f"yuv{_SUBSAMPLED[across, down]}p{suffix}")
