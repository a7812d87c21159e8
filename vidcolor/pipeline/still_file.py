"""One still from its file to upright sRGB pixels: every bit depth, palettes, CMYK, EXIF rotation, ICC profiles."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin, UnidentifiedImageError

from vidcolor.errors import ReferencesError

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
"""Pillow's names of the kinds of file that are read, whatever a file's name says."""

_SRGB = ImageCms.createProfile("sRGB")
_SAMPLE_FORMAT, _PLANAR, _BITS = 339, 284, 258  # TIFF tags
_UNSIGNED, _SEPARATE = 1, 2
_DAMAGE = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error)
"""What a damaged file raises, depending on where it is damaged."""
_LARGE = 2 * (Image.MAX_IMAGE_PIXELS or 1 << 26) // 1_000_000


@dataclass(frozen=True)
class Still:
    """A decoded still."""

    rgb: np.ndarray = field(repr=False)
    """(H, W, 3) uint8 sRGB, upright, without alpha."""
    note: str | None = None
    """One sentence where its colours may not be what its maker saw."""


def read_still(file: Path) -> Still:
    """Decode the first picture of a file.

    An embedded ICC profile is applied (relative colorimetric, black point compensated), EXIF rotation too; 16-bit
    samples are reduced to 8, alpha is left out, a palette is looked up. Without profile RGB is taken as sRGB.

    Raises ReferencesError where the file cannot be read, is cut short, no picture, or of a kind that is not read.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ReferencesError(f"{file}: the still cannot be read ({error.strerror})") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about large sizes and odd metadata
            if data[:2] in (b"II", b"MM"):
                _check_tiff(file, data)
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                return _decoded(file, image)
    except Image.DecompressionBombError as error:
        raise ReferencesError(
            f"{file}: the still has more than {_LARGE} million pixels; save it smaller, 2000 lines are plenty"
        ) from error
    except UnidentifiedImageError as error:
        raise ReferencesError(f"{file}: the still is broken or of a kind that is not read") from error
    except _DAMAGE as error:
        raise ReferencesError(f"{file}: the still is broken or cut short") from error


def _decoded(file: Path, image: Image.Image) -> Still:
    image.load()
    profile = cast("bytes | None", image.info.get("icc_profile"))
    colour, note = _with_profile(file, _plain(ImageOps.exif_transpose(image)), profile)
    return Still(np.array(colour.convert("RGB")), note)


def _plain(image: Image.Image) -> Image.Image:
    """The picture as gray, RGB or CMYK of 8 bits, without alpha or palette."""
    if image.mode.startswith("I"):  # 16-bit gray
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("1", "LA", "La"):
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _with_profile(file: Path, image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str | None]:
    """The picture in sRGB; with a sentence where its profile cannot be applied. Gray has no colours to convert."""
    if profile is None or image.mode == "L":
        return image, None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, _SRGB, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image, f"{file}: its colour profile cannot be applied; its colours are taken as sRGB"
    return image if converted is None else converted, None


def _check_tiff(file: Path, data: bytes) -> None:
    """Refuse what no reader at hand decodes rightly: samples that are not unsigned integers, deep separate planes."""
    stream = BytesIO(data)
    directory = TiffImagePlugin.ImageFileDirectory_v2(stream.read(16 if data[2:4] in (b"+\0", b"\0+") else 8))
    stream.seek(directory.next)
    directory.load(stream)
    formats = _values(directory.get(_SAMPLE_FORMAT, _UNSIGNED))
    deep = max(_values(directory.get(_BITS, 1))) > 8
    if set(formats) != {_UNSIGNED}:
        raise ReferencesError(
            f"{file}: this TIFF holds floating-point or signed samples, which have no fixed white; "
            "save it with 8 or 16 bits per channel"
        )
    if deep and directory.get(_PLANAR) == _SEPARATE:
        raise ReferencesError(
            f"{file}: this TIFF keeps its 16-bit channels in separate planes; save it interleaved, or with 8 bits"
        )


def _values(tag: object) -> tuple[int, ...]:
    return tag if isinstance(tag, tuple) else (cast(int, tag),)
