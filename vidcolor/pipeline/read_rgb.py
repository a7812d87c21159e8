"""A colour film's pictures as 8-bit RGB: what measuring needs. Nothing on the way to an output passes through here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from vidcolor.color import rgb_to_ycbcr, ycbcr_to_rgb
from vidcolor.errors import FilmError

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_PLANAR_DEPTHS = (8, 9, 10, 12, 14, 16)


@dataclass(frozen=True)
class Picture:
    """One frame in colour, and its gray copy."""

    rgb: np.ndarray = field(repr=False)
    """Shape (H, W, 3), uint8."""
    gray: np.ndarray = field(repr=False)
    """Shape (H, W), uint8, 0 black to 255 white: the frame's own luma, as its picture with neutral chroma shows it."""


def read_rgb(path: Path, wanted: Collection[int] | None = None) -> Iterator[Picture]:
    """Yield the pictures of a film's first video stream in presentation order, one at a time.

    Colour matrix and range are each frame's own; an unspecified matrix reads as BT.601, an unspecified range as
    limited, gray as full. Chroma is brought to the luma's size bilinearly; the code values are turned into R'G'B' in
    floating point and rounded once. Rotation and sample aspect ratio are left alone. ``wanted``: numbers of the
    pictures to yield, all by default; what lies behind the last of them is not read.

    Raises FilmError where the file cannot be opened, has no video, or breaks while decoding.
    """
    index = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise FilmError(f"{path}: there is no video in it; a film is needed")
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                if wanted is None or index in wanted:
                    yield _picture(frame)
                index += 1
                if wanted is not None and index > max(wanted, default=-1):
                    break
    except (av.FFmpegError, OSError) as error:
        where = f"cannot be decoded after {index} frames" if index else "cannot be opened as a film"
        raise FilmError(f"{path}: {where} ({error.strerror})") from error
    if index == 0:
        raise FilmError(f"{path}: there are no pictures in it; a film of at least one frame is needed")


def _picture(frame: av.VideoFrame) -> Picture:
    if frame.format.is_rgb or frame.format.has_palette:
        rgb = frame.to_ndarray(format="rgb24")
        luma, _ = rgb_to_ycbcr(torch.from_numpy(rgb).permute(2, 0, 1) / 255)
        return Picture(rgb, _to_8_bit(luma))
    luma, cbcr = _luma_and_chroma(frame)
    rgb_float = ycbcr_to_rgb(luma, cbcr, int(frame.colorspace))
    return Picture(np.ascontiguousarray(_to_8_bit(rgb_float).transpose(1, 2, 0)), _to_8_bit(luma))


def _luma_and_chroma(frame: av.VideoFrame) -> tuple[Tensor, Tensor]:
    """Luma (H, W) in [0, 1] and CbCr (2, H, W) in [-0.5, 0.5] of a YUV or gray frame."""
    depth = frame.format.components[0].bits
    depth = depth if depth in _PLANAR_DEPTHS else 16
    planar = "yuv444p" if depth == 8 else f"yuv444p{depth}le"
    # One range in and out, so that code values stay as they are whatever the tags say.
    planes = frame.reformat(format=planar, interpolation="BILINEAR", src_color_range="JPEG", dst_color_range="JPEG")
    codes = torch.stack([_plane(plane, depth) for plane in planes.planes])
    one = float(1 << (depth - 8))
    black, luma_span, chroma_span = (0.0, 256 * one - 1, 256 * one - 1)
    if not _is_full_range(frame):
        black, luma_span, chroma_span = 16 * one, 219 * one, 224 * one
    return (codes[0] - black) / luma_span, (codes[1:] - 128 * one) / chroma_span


def _plane(plane: av.video.plane.VideoPlane, depth: int) -> Tensor:
    samples = np.frombuffer(memoryview(plane), np.uint8 if depth == 8 else np.uint16)
    rows = samples.reshape(plane.height, plane.line_size // samples.itemsize)
    return torch.from_numpy(rows[:, : plane.width].astype(np.float32))


def _is_full_range(frame: av.VideoFrame) -> bool:
    name, tag = frame.format.name, int(frame.color_range)
    return tag == _FULL_RANGE or name.startswith("yuvj") or (tag == 0 and name.startswith("gray"))


def _to_8_bit(values: Tensor) -> np.ndarray:
    return (values * 255).round().clamp(0, 255).to(torch.uint8).numpy()
