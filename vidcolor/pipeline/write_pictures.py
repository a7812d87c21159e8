"""A coloured film as numbered pictures: PNG, TIFF, DPX or JPEG, as many bits as its luma needs to stay what it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from vidcolor.pipeline.files import cannot_write
from vidcolor.pipeline.film_file import file_url
from vidcolor.pipeline.picture_rgb import rgb_of_planes
from vidcolor.pipeline.pixel_format import read_planes
from vidcolor.pipeline.sequence import PictureNames, film_files, picture_names
from vidcolor.types import FilmInfo

DPX_FORMATS = {8: "gbrp10be", 9: "gbrp10be", 10: "gbrp12be"}
"""By the film's depth, so that its luma survives the rounding of red, green and blue; 16 bits for all others."""
FIRST_NUMBER = 1
"""Of pictures made from a film that has no numbers of its own."""
JPEG_QUALITY = 97


def write_pictures(
    segments: Sequence[Path],
    info: FilmInfo,
    out: PictureNames,
    before_placing: Callable[[Path], None] | None = None,
) -> None:
    """Write every frame of the segments as a picture, all under temporary names until the last is there.

    Args:
        segments: in the film's order, planes without subsampling at the film's own depth.
        before_placing: told the folder of finished pictures before the first of them gets its place.
        info: of the source film; its pictures' numbers are kept, where it is made of pictures.

    Raises:
        OutputError: the disk refuses.
    """
    names = picture_names(info.path)
    first = names.number_of(film_files(info.path)[0]) if names else None
    unfinished = out.folder / f".{out.name}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        written = []
        for number, picture in zip(count(FIRST_NUMBER if first is None else first), _pictures(segments), strict=False):
            path = out.path(number)
            luma, cb, cr = read_planes(picture)
            (unfinished / path.name).write_bytes(_encoded(rgb_of_planes(luma, cb, cr, info), info, out.suffix))
            written.append(path)
        if before_placing is not None:
            before_placing(unfinished)
        for number in set(out.numbers()) - {out.number_of(path) for path in written}:
            out.path(number).unlink()  # of a longer film that was there before
        for path in written:
            os.replace(unfinished / path.name, path)
    except OSError as error:
        raise cannot_write(out.folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _pictures(segments: Sequence[Path]) -> Iterator[VideoFrame]:
    for path in segments:
        with av.open(file_url(path)) as segment:
            yield from segment.decode(video=0)


def _encoded(rgb: np.ndarray, info: FilmInfo, suffix: str) -> bytes:
    """One picture's file, of R'G'B' (H, W, 3), float32, 0 to 1."""
    kind = suffix.lower()
    if kind == ".dpx":
        return _dpx(rgb, DPX_FORMATS.get(info.bit_depth, "rgb48be"))
    top, dtype = (255, np.uint8) if kind in (".jpg", ".jpeg") else (65535, np.uint16)
    options = []
    if dtype is np.uint8:
        sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, *sampling]
    codes = np.rint(rgb[..., ::-1] * top).astype(dtype)
    return cv2.imencode(kind, np.ascontiguousarray(codes), options)[1].tobytes()


def _dpx(rgb: np.ndarray, name: str) -> bytes:
    height, width, _ = rgb.shape
    picture = VideoFrame(width, height, name)
    if name == "rgb48be":
        _fill(picture, 0, np.rint(rgb.reshape(height, -1) * 65535))
    else:
        top = 2 ** picture.format.components[0].bits - 1
        for plane, channel in enumerate((1, 2, 0)):
            _fill(picture, plane, np.rint(rgb[..., channel] * top))
    encoder = VideoCodecContext.create("dpx", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, name, Fraction(1, 24)
    picture.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])


def _fill(picture: VideoFrame, number: int, codes: np.ndarray) -> None:
    plane = picture.planes[number]
    rows = np.frombuffer(memoryview(plane), ">u2").reshape(plane.height, plane.line_size // 2)
    rows[:, : codes.shape[1]] = codes
