"""The words the stages speak in: frozen, checked at birth, with no pixels in their repr."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class ColorTags:
    """Colour description of a video stream, as FFmpeg's enumerations number it (ITU-T H.273)."""

    range: int
    """AVColorRange: 1 limited ("tv"), 2 full ("pc"), 0 unspecified."""
    matrix: int
    """AVColorSpace: 1 BT.709, 5/6 BT.601, 9 BT.2020 non-constant, 2 unspecified."""
    primaries: int
    """AVColorPrimaries."""
    transfer: int
    """AVColorTransferCharacteristic."""


@dataclass(frozen=True)
class FilmInfo:
    """What is known of a film before its frames are decoded."""

    path: Path
    width: int
    """Coded width of the picture in pixels, before rotation and sample aspect ratio."""
    height: int
    pixel_format: str
    """FFmpeg's name of the decoded pixel format, such as ``yuv420p10le``."""
    bit_depth: int
    """Bits of one luma sample, 8 to 16."""
    full_range: bool
    """True where luma black is 0 and white is 2**bit_depth - 1."""
    has_chroma: bool
    """True where the decoded pixel format has chroma planes (they are ignored)."""
    color: ColorTags
    time_base: Fraction
    """Seconds per tick of the frames' pts."""
    frame_rate: Fraction
    """Average frames per second."""
    start_pts: int | None
    frames_expected: int | None
    """Number of frames the container promises; None where it does not say."""
    duration: float | None
    """Seconds, as the container says."""
    rotation: int
    """Degrees of the display matrix, one of 0, 90, 180, 270 (counter-clockwise)."""
    sample_aspect_ratio: Fraction
    """Width of a pixel over its height; 1 where unknown."""
    interlaced: bool
    codec: str
    """FFmpeg's name of the video codec."""
    container: str
    """FFmpeg's names of the container, such as ``mov,mp4,m4a,3gp,3g2,mj2``."""
    video_stream: int
    """Index of the video stream in the container."""


@dataclass(frozen=True)
class Frame:
    """One decoded picture of a film: its luma alone."""

    index: int
    """Number of the frame in presentation order, from 0; the one numbering that all stages use."""
    pts: int
    """Presentation time stamp in ticks of ``FilmInfo.time_base``."""
    luma: np.ndarray = field(repr=False)
    """Shape (H, W), uint8 for 8 bit, else uint16; code values at the film's own depth and range."""
    chroma: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)
    """The film's own Cb and Cr, as planes of a :class:`ColouredFrame`, where they were asked for."""

    def __post_init__(self) -> None:
        if self.luma.ndim != 2 or self.luma.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"luma must be (H, W) uint8 or uint16, got {self.luma.shape} {self.luma.dtype}")


@dataclass(frozen=True)
class ColouredFrame:
    """A frame with the two chroma planes that will be encoded beside its untouched luma."""

    frame: Frame
    cb: np.ndarray = field(repr=False)
    """Shape (Hc, Wc) of the output's chroma planes, dtype of the luma; code values, neutral at 2**(bit_depth - 1)."""
    cr: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Shot:
    """Frames ``start`` to ``stop`` (half-open) between two cuts. The shots of a film tile it."""

    index: int
    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise ValueError(f"a shot is half-open and not empty, got {self.start}..{self.stop}")

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Reference:
    """A colour still whose colours a shot may follow."""

    name: str
    """How the manifest names it: the file's path relative to the folder of references, or ``film.mp4#120``."""
    rgb: np.ndarray = field(repr=False)
    """Shape (H, W, 3), uint8, sRGB."""
    digest: str
    """SHA-256 of the pixels; part of the digest of every segment that uses it."""

    @classmethod
    def of(cls, name: str, rgb: np.ndarray) -> Reference:
        """A reference of these pixels (H, W, 3), uint8, sRGB, with their digest."""
        return cls(name, rgb, hashlib.sha256(repr(rgb.shape).encode() + rgb.tobytes()).hexdigest())
