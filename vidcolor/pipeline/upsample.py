"""From the network's chroma on its small grid to the film's chroma planes.

Bicubic, because it measures two decibels above bilinear on the chroma of real films; sharpened by what averaging took;
and corrected by the luma only where chroma is a straight function of luma nearby, as it is across the edge between two
things. Elsewhere the guide's texture is not the chroma's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vidcolor.color import luma_weights
from vidcolor.pipeline.chroma_codes import chroma_codes
from vidcolor.pipeline.light import DARKEST, UNFADED, Fade

SHARPENING = 0.6
"""Gain on what a 3 x 3 blur of the small grid takes away: undoes the averaging that made the grid's samples."""

GUIDANCE = 0.7
"""Share of the luma's detail that is handed to chroma where the two are in line."""

GUIDE_NOISE = 1e-3
"""Variance of luma, in [0, 1] squared, below which an edge is none."""

GAMUT_SLACK = 0.02
"""How far R'G'B' may leave [0, 1]: chroma samples are means over pixels of which some are nearer gray."""

BLACK_FADE = (0.004, 0.02)
WHITE_FADE = (0.98, 0.998)
"""Luma between which chroma fades: exactly neutral in darkness and in blown whites. Wider fades cost decibels."""


BAND = 64
"""Lines that are finished at a time: what is in between stays in the processor's cache."""


class _Scratch(threading.local):
    """Planes that are used again for every frame, per thread: fresh memory costs more than the arithmetic in it."""

    def __init__(self) -> None:
        self._planes: dict[str, np.ndarray] = {}

    def plane(self, name: str, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        """An array of this shape and dtype with any content; the same one for the same name."""
        plane = self._planes.get(name)
        if plane is None or plane.shape != shape or plane.dtype != dtype:
            plane = self._planes[name] = np.empty(shape, dtype)
        return plane


_scratch = _Scratch()


@dataclass(frozen=True)
class ChromaFormat:
    """The chroma planes that a film's encoder wants."""

    width: int
    """Width of a chroma plane."""
    height: int
    bit_depth: int
    """Of luma and chroma samples, 8 to 16."""
    full_range: bool
    matrix: int
    """AVColorSpace number, see :func:`vidcolor.color.luma_weights`."""
    location: int = 0
    """AVChromaLocation: 0 unspecified (read as left), 1 left, 2 centre, 3 top left, 4 top, 5 bottom left, 6 bottom."""


def upsample(
    ab: np.ndarray,
    luma: np.ndarray,
    form: ChromaFormat,
    area: tuple[int, int, int, int] | None = None,
    fade: Fade = UNFADED,
) -> tuple[np.ndarray, np.ndarray]:
    """Cb and Cr planes (form.height, form.width), dtype of ``luma``, code values, for one frame.

    ab: (2, h, w), float32, CIELAB units, of the picture area.
    luma: (H, W), uint8 or uint16, code values of the whole frame at the film's depth and range; read, not changed.
    area: (top, bottom, left, right) of the picture in luma pixels, half-open; outside it chroma is exactly neutral.
    fade: how far the frame is faded; ``ab`` is that of the picture before, and its Cb and Cr fade with the luma.
    """
    height, width = luma.shape
    across, down = -(-width // form.width), -(-height // form.height)
    neutral = 1 << (form.bit_depth - 1)
    cb = np.full((form.height, form.width), neutral, luma.dtype)
    cr = cb.copy()
    top, bottom, left, right = area or (0, height, 0, width)
    # only chroma samples that lie in the picture wholly, lest the bars take a tint
    inner = (
        slice(-(-top // down), _last(bottom, height, down)),
        slice(-(-left // across), _last(right, width, across)),
    )
    if cb[inner].size == 0:
        return cb, cr
    picture = luma[inner[0].start * down : inner[0].stop * down, inner[1].start * across : inner[1].stop * across]
    shift = _siting(form.location, across, down)
    gray = _luma_on_chroma_grid(picture, cb[inner].shape, across, down, shift, form)
    chroma = _colour(ab, gray, (shift[0] / across, shift[1] / down), form.matrix, fade)
    for start in range(0, len(gray), BAND):
        rows = slice(start, start + BAND)
        cb[inner][rows], cr[inner][rows] = _codes(gray[rows], chroma[0][rows], chroma[1][rows], form)
    return cb, cr


def _codes(gray: np.ndarray, cb: np.ndarray, cr: np.ndarray, form: ChromaFormat) -> list[np.ndarray]:
    """Code values of Cb and Cr (h, w) in [-0.5, 0.5], limited to what luma (h, w) can bear."""
    neutral = 1 << (form.bit_depth - 1)
    scale = neutral * 2 - 1.0 if form.full_range else 224.0 * (neutral / 128)
    limit = _saturation_limit(gray, cb, cr, form.matrix)
    depth = cv2.CV_8U if form.bit_depth == 8 else cv2.CV_16U
    # addWeighted rounds and saturates
    codes = [cv2.addWeighted(cv2.multiply(c, limit), scale, c, 0, neutral, dtype=depth) for c in (cb, cr)]
    return [np.minimum(c, 2 * neutral - 1) for c in codes]


def _last(stop: int, size: int, factor: int) -> int:
    """First chroma sample past the picture; a picture that reaches the frame's odd edge keeps its last sample."""
    return -(-stop // factor) if stop >= size else stop // factor


def _siting(location: int, across: int, down: int) -> tuple[float, float]:
    """Offset (x, y) of chroma samples from the middle of the luma pixels they cover, in luma pixels."""
    x = 0.0 if location in (2, 4, 6) else (1 - across) / 2
    y = {3: -1.0, 4: -1.0, 5: 1.0, 6: 1.0}.get(location, 0.0) * (down - 1) / 2
    return x, y


def _luma_on_chroma_grid(
    luma: np.ndarray, shape: tuple[int, ...], across: int, down: int, shift: tuple[float, float], form: ChromaFormat
) -> np.ndarray:
    """Luma in [0, 1], float32, averaged where the chroma samples sit."""
    height, width = shape
    if (height * down, width * across) != luma.shape:  # an odd edge
        luma = cv2.copyMakeBorder(
            luma, 0, height * down - luma.shape[0], 0, width * across - luma.shape[1], cv2.BORDER_REPLICATE
        )
    mean = luma
    if across * down > 1:
        mean = cv2.resize(
            luma, (width, height), _scratch.plane("mean", shape, luma.dtype), interpolation=cv2.INTER_AREA
        )
    unit = 1 << (form.bit_depth - 8)
    black, span = (0.0, 256.0 * unit - 1) if form.full_range else (16.0 * unit, 219.0 * unit)
    gray = cv2.addWeighted(mean, 1 / span, mean, 0, -black / span, _scratch.plane("gray", shape), cv2.CV_32F)
    moved = _scratch.plane("moved", shape)
    return _moved(gray, (shift[0] / across, shift[1] / down), target=moved) if any(shift) else gray


def _moved(
    image: np.ndarray, shift: tuple[float, float], sharpening: float = 0.0, target: np.ndarray | None = None
) -> np.ndarray:
    """Resample an image a fraction of a pixel further right and down, and sharpen it, by one 3 x 3 kernel."""
    x, y = (np.array([-s / 2 + abs(s) / 4, 1 - abs(s) / 2, s / 2 + abs(s) / 4], np.float32) for s in shift)
    kernel = np.outer(y, x)
    blur = np.outer([0.107, 0.786, 0.107], [0.107, 0.786, 0.107])
    middle = np.zeros((3, 3))
    middle[1, 1] = 1
    return cv2.filter2D(image, -1, kernel + sharpening * (middle - blur), target, borderType=cv2.BORDER_REPLICATE)


def _colour(
    ab: np.ndarray, gray: np.ndarray, shift: tuple[float, float], matrix: int, fade: Fade
) -> tuple[np.ndarray, np.ndarray]:
    """Cb and Cr in [-0.5, 0.5], float32, on the grid of ``gray`` (luma in [0, 1])."""
    height, width = ab.shape[1:]
    small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
    chroma = _faded_codes(small, ab, matrix, fade)
    if gray.shape[0] <= height or gray.shape[1] <= width:  # smaller than the working size: nothing to refine
        return _resized("cb", chroma[..., 0], gray, cv2.INTER_AREA), _resized(
            "cr", chroma[..., 1], gray, cv2.INTER_AREA
        )
    ratio = (shift[0] * width / gray.shape[1], shift[1] * height / gray.shape[0])
    sharp, slopes = _moved(chroma, ratio, SHARPENING), _slopes(chroma, small)
    coarse = _resized("coarse", small, gray, cv2.INTER_LINEAR)
    detail = cv2.subtract(gray, coarse, coarse)
    cb, cr = (
        _resized(name, plane, gray, cv2.INTER_CUBIC) for name, plane in zip(("cb", "cr"), cv2.split(sharp), strict=True)
    )
    for plane, slope in zip((cb, cr), cv2.split(slopes), strict=True):
        cv2.accumulateProduct(_resized("slope", slope, gray, cv2.INTER_LINEAR), detail, plane)
    return cb, cr


def _faded_codes(luma: np.ndarray, ab: np.ndarray, matrix: int, fade: Fade) -> np.ndarray:
    """Cb and Cr (h, w, 2) of a luma (h, w) in [0, 1] that is faded, and of the chroma before it was."""
    if fade == UNFADED:
        return chroma_codes(luma, ab, matrix)
    gain = np.float32(fade.gain)
    clear = (luma - np.float32(fade.level) * (1 - gain)) / max(gain, np.float32(DARKEST))
    return chroma_codes(clear, ab, matrix) * gain


def _resized(name: str, plane: np.ndarray, like: np.ndarray, interpolation: int) -> np.ndarray:
    size = (like.shape[1], like.shape[0])
    return cv2.resize(np.ascontiguousarray(plane), size, _scratch.plane(name, like.shape), interpolation=interpolation)


def _slopes(chroma: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """Change of Cb, Cr with luma around each sample (h, w, 2), scaled down unless the two lie on a line."""
    cb, cr = cv2.split(chroma)
    products = [cb, cr, luma, cb * luma, cr * luma, luma * luma, cb * cb + cr * cr]
    mean_cb, mean_cr, mean, with_cb, with_cr, square, power = (cv2.GaussianBlur(p, (3, 3), 0) for p in products)
    along_cb, along_cr = with_cb - mean_cb * mean, with_cr - mean_cr * mean
    variance = square - mean * mean + np.float32(GUIDE_NOISE)
    spread = power - mean_cb * mean_cb - mean_cr * mean_cr + np.float32(1e-6)
    line = np.minimum((along_cb * along_cb + along_cr * along_cr) / (variance * spread), 1)
    gain = line * line * np.float32(GUIDANCE) / variance
    return cv2.merge([along_cb * gain, along_cr * gain])


def _saturation_limit(gray: np.ndarray, cb: np.ndarray, cr: np.ndarray, matrix: int) -> np.ndarray:
    """Factor on both chroma planes that keeps R'G'B' in gamut, hue unchanged, and darkness and white neutral."""
    red, green, blue = luma_weights(matrix)
    r, b = cr * np.float32(2 - 2 * red), cb * np.float32(2 - 2 * blue)
    g = cv2.addWeighted(
        r, -red / green, b, -blue / green, -1e-6
    )  # never all zero, so that most < 0 < least is excluded
    most, least = cv2.max(cv2.max(r, g), b), cv2.min(cv2.min(r, g), b)
    limit = cv2.min(cv2.divide((1 + GAMUT_SLACK) - gray, most), cv2.divide(-GAMUT_SLACK - gray, least))
    from_black = (gray - BLACK_FADE[0]) * np.float32(1 / (BLACK_FADE[1] - BLACK_FADE[0]))
    from_white = (WHITE_FADE[1] - gray) * np.float32(1 / (WHITE_FADE[1] - WHITE_FADE[0]))
    limit = cv2.min(limit, cv2.min(from_black, from_white))
    return np.clip(limit, 0, 1, out=limit)
