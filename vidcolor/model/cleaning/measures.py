"""All that is measured of one picture, once: thresholds are applied to it later, as often as one likes."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import cv2

from vidcolor.model.cleaning.color_measures import measure_colors
from vidcolor.model.cleaning.perceptual_hash import perceptual_hash, thumbnail
from vidcolor.model.cleaning.read_picture import CorruptImageError, read_picture
from vidcolor.model.cleaning.sharpness import edge_width
from vidcolor.model.cleaning.walk import Found

FIGURES = ("chroma", "hue_spread", "stray", "colors", "flat", "blur")
"""Names of the figures, in the order of the journal."""


@dataclass(frozen=True)
class Measures:
    """One picture."""

    key: int
    """See `Found.key`."""
    path: str
    """See `Found.path`."""
    size: int
    """Of the encoded picture."""
    shard: str | None = None
    offset: int = 0
    """Of a shard's member: the shard, and where the bytes begin in it."""
    digest: bytes = b""
    """BLAKE2b, 16 bytes, of the encoded picture."""
    error: str | None = None
    """Why it cannot be decoded; then what follows keeps its defaults."""
    unread: bool = False
    """True where the bytes could not be had, which may be otherwise another time: it is measured again."""
    width: int = 0
    """In pixels, upright."""
    height: int = 0
    hash: int = 0
    """See `perceptual_hash`."""
    thumbnail: bytes = field(default=b"", repr=False)
    figures: tuple[float, ...] = ()
    """One for each of FIGURES, NaN where nothing can be said; empty for a corrupt picture."""

    @property
    def found(self) -> Found:
        """The picture itself, to be read again; its class and time of change are not known here."""
        return Found(self.path, "", self.size, 0, self.shard, self.offset)

    def to_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes None."""
        values: dict[str, Any] = {"key": f"{self.key:016x}", "path": self.path, "bytes": self.size}
        values |= {"shard": self.shard, "offset": self.offset} if self.shard else {}
        values |= {"digest": self.digest.hex()} if self.digest else {}
        if self.error is not None:
            return values | {"error": self.error} | ({"unread": True} if self.unread else {})
        values |= {"width": self.width, "height": self.height, "hash": f"{self.hash:016x}"}
        values |= {"thumbnail": b64encode(self.thumbnail).decode()}
        shown = (None if math.isnan(figure) else round(figure, 4) for figure in self.figures)
        return values | dict(zip(FIGURES, shown, strict=True))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Measures:
        """Inverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else."""
        place = (values.get("shard"), int(values.get("offset", 0)))
        common = (int(values["key"], 16), str(values["path"]), int(values["bytes"]), *place)
        digest = bytes.fromhex(values.get("digest", ""))
        if "error" in values:
            return cls(*common, digest, str(values["error"]), bool(values.get("unread")))
        figures = (values[name] for name in FIGURES)
        return cls(
            *common,
            digest,
            width=int(values["width"]),
            height=int(values["height"]),
            hash=int(values["hash"], 16),
            thumbnail=b64decode(values["thumbnail"]),
            figures=tuple(math.nan if figure is None else float(figure) for figure in figures),
        )


def measure(found: Found) -> Measures:
    """Read and measure one picture; whatever is wrong with it is in the answer."""
    common = (found.key, found.path, found.size, found.shard, found.offset)
    try:
        encoded = found.read()
    except OSError as error:
        return unread(found, f"it cannot be read: {error.strerror}")
    digest = blake2b(encoded, digest_size=16).digest()
    try:
        picture = read_picture(encoded)
    except CorruptImageError as error:
        return Measures(*common, digest, str(error))
    gray = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)
    colors = measure_colors(picture.rgb)
    figures = (colors.chroma, colors.hue_spread, colors.stray, float(colors.colors), colors.flat, edge_width(gray))
    return Measures(
        *common,
        digest,
        width=picture.width,
        height=picture.height,
        hash=perceptual_hash(gray),
        thumbnail=thumbnail(picture.rgb),
        figures=figures,
    )


def unread(found: Found, error: str) -> Measures:
    """What is known of a picture whose bytes could not be had."""
    return Measures(found.key, found.path, found.size, found.shard, found.offset, error=error, unread=True)
