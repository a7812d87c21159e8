"""Thresholds of ``vidcolor clean``: what a picture must have to be trained on."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_HASH_DISTANCE = 15
"""Beyond it unrelated pictures meet, and the search among a million slows down."""


@dataclass(frozen=True)
class Thresholds:
    """Each may be ``none``, which accepts everything in that respect."""

    min_side: int | None = 128
    """Shorter side of the picture in pixels, at least."""
    max_aspect: float | None = 2.5
    """Longer side over shorter side, at most; films of 2.39:1 pass."""
    min_chroma: float | None = 2.5
    """Mean chroma in CIELAB units, at least; less is gray."""
    min_hue_spread: float | None = 8.0
    """Circular standard deviation of the hue in degrees, weighted by chroma, at least: less is a single hue, as of
    sepia and tinted gray, unless `max_stray` allows it."""
    max_stray: float = 6.0
    """A picture of a single hue is unfit where hardly a pixel (the farthest hundredth left out) lies so many CIELAB
    units beside that hue; more, and something in it has a colour of its own."""
    min_colors: int | None = 3
    """Colours, 6 CIELAB units apart, that make up four fifths of the picture, at least; posters have fewer."""
    min_colors_flat: int | None = 9
    """The same for pictures of which two thirds are flat, as drawn ones are."""
    max_chroma: float | None = 58.0
    """Mean chroma in CIELAB units, at most; more is false or exaggerated colour."""
    max_blur: float | None = 1.1
    """Width of the sharpest edges in pixels (the sigma of a blurred step) where the shorter side is 256 or less, along
    the direction in which they are widest."""
    duplicates: bool = True
    """Files that are equal byte for byte are listed once."""
    max_hash_distance: int | None = 11
    """Bits in which the perceptual hashes (64 bits) of two pictures that show the same may differ, at most; from 12 on
    the search takes several times as long."""
    max_difference: float = 0.45
    """Difference of the thumbnails of two such pictures, in shares of their contrast, at most."""
    shown: int = 36
    """Rejected pictures shown of every reason on the contact sheet: those nearest to the threshold."""

    def __post_init__(self) -> None:
        if self.max_aspect is not None and self.max_aspect < 1:
            raise ValueError(f"max_aspect is the longer side over the shorter and at least 1, got {self.max_aspect}")
        if self.max_hash_distance is not None and not 0 <= self.max_hash_distance <= MOST_HASH_DISTANCE:
            raise ValueError(f"max_hash_distance is 0 to {MOST_HASH_DISTANCE} bits, got {self.max_hash_distance}")
        if self.shown < 0:
            raise ValueError(f"shown must not be negative, got {self.shown}")


@dataclass(frozen=True)
class CleanSettings:
    """Settings of the command."""

    clean: Thresholds = field(default_factory=Thresholds)
    """Thresholds."""
