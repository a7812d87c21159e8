"""Encoded pictures to pixels, strictly: what other readers fill up with gray is an error here."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageOps

from vidcolor.model.cleaning.jpeg_stream import CorruptImageError, check_jpeg

ANALYSIS_SIDE = 256
"""Pictures are measured with this shorter side, or their own where that is less: the size of training."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF")
_MOST_PIXELS = 1 << 28
_ORIENTATION = 0x0112  # EXIF; from 5 on the picture lies on its side


@dataclass(frozen=True)
class Picture:
    """A decoded picture."""

    rgb: np.ndarray = field(repr=False)
    """(H, W, 3) uint8 sRGB, upright, its shorter side at most ANALYSIS_SIDE."""
    width: int
    """Of the original, upright, in pixels."""
    height: int


def read_picture(encoded: bytes) -> Picture:
    """Decode all of a picture. Raises CorruptImageError for one that is broken, cut short or no picture at all."""
    if not encoded:
        raise CorruptImageError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata; what matters is raised
            picture = _decode(encoded)
    except CorruptImageError:
        raise
    except Exception as error:  # decoders raise whatever they like on broken bytes
        words = " ".join(str(error).split()) or type(error).__name__
        raise CorruptImageError("it is no picture" if "cannot identify" in words else words) from error
    if encoded[:2] == b"\xff\xd8":
        check_jpeg(encoded)
    return picture


def _decode(encoded: bytes) -> Picture:
    Image.init()  # or the rarer formats would not be known yet
    with Image.open(BytesIO(encoded), formats=_FORMATS) as image:
        if image.width * image.height > _MOST_PIXELS:
            raise CorruptImageError(f"{image.width} x {image.height} pixels are more than can be read")
        size = image.size
        lying = image.getexif().get(_ORIENTATION, 1) >= 5
        image.draft("RGB", (2 * ANALYSIS_SIDE, 2 * ANALYSIS_SIDE))  # JPEG alone: decodes smaller, still to the end
        image.load()
        small = Image.fromarray(_reduced(_as_rgb(image)))
        small.info, orientation = {}, image.getexif().get(_ORIENTATION, 1)
        if orientation > 1:
            small.getexif()[_ORIENTATION] = orientation
            small = ImageOps.exif_transpose(small)
    width, height = size[::-1] if lying else size
    return Picture(np.array(small), width, height)


def _as_rgb(image: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8; transparency is dropped, as in training, and 16 bits of gray become 8."""
    if image.mode.startswith(("I", "F")):
        gray = np.asarray(image, np.float32)
        gray = gray / max(float(gray.max(initial=0)), 1.0) * 255
        return np.repeat(gray.clip(0, 255).astype(np.uint8)[..., None], 3, axis=-1)
    return np.asarray(image.convert("RGB"))


def _reduced(rgb: np.ndarray) -> np.ndarray:
    scale = ANALYSIS_SIDE / min(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
