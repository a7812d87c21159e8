"""The light of one shot: how far each frame is faded to black or white, and which frames a flash blots out.

A fade made in the lab or the editor multiplies a gamma-coded picture by a gain k. Y - black, Cb - 128 and Cr - 128 are
linear in R'G'B', so they scale by the same k: that is how the colours of a fade are made (`Light.gains`). Linear light
becomes about k^g (g about 2.4) of what it was, and CIELAB's f is a cube root, so a* and b* scale by k^(g/3), k^0.8: a
little less than the luma. Chroma that is left as it was in a*, b* is therefore too strong in the dark, and a network
that judges each darkening picture anew changes its mind besides. A fade to white, k y + (1 - k), scales Cb and
Cr by k too, for white has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from vidcolor.pipeline.likeness import gradients

DARKEST = 0.12
"""Gain below which a picture is not made out: the nearest brighter one stands for it."""

_LIT = 24
"""Gray level that a place of the picture reaches at some time, unless it is a bar."""

_LEVEL = 8.0
"""Mean gray level below which a picture is too dark for a fade to begin there."""

_END = 0.35
"""Gain at the end of the shot from which on its darkness is no fade."""

_REST = 2.0
"""Gray levels within which frames are as dark as the fade's end."""

_SLOPE = 0.012
"""Change over three frames, as a share, below which a fade has not begun."""

_SAME = 0.6
"""Correlation of the gradients of two thumbnails, from which they show the same thing."""

_STRIDE = 12
"""Frames over which a picture must stay the same while it fades."""

_CONTRAST = 1.5
"""How many times more contrast one picture of a fade may have than another."""

_SEEN = 0.25
"""Gain from which on the contrast of a faded picture can be told."""

_DEEP = 0.08
"""Gain at the shot's end below which it is as good as black."""

_FLASH_SECONDS = 0.2
_AROUND = 7
"""Frames on either side that tell how bright it is without the flash."""

_FLASH = (15.0, 4.0)
"""Gray levels, and times the usual deviation, by which a flash is brighter or a dropped picture darker."""


class Fade(NamedTuple):
    """How much of a picture is left: it was y, and is gain * y + (1 - gain) * level."""

    gain: float = 1.0
    level: float = 0.0
    """0 black, 1 white."""


UNFADED = Fade()


@dataclass(frozen=True)
class Light:
    """Of every frame of one shot, numbered from its first."""

    gains: np.ndarray = field(repr=False)
    """(frames,) float32, 0 to 1: how much of the picture is left, 1 outside fades."""
    levels: np.ndarray = field(repr=False)
    """(frames,) float32: what it fades to, 0 black or 1 white."""
    sources: np.ndarray = field(repr=False)
    """(frames,) int: number of the frame whose picture stands for each in the network's eyes; mostly its own."""

    def fade(self, number: int) -> Fade:
        """How far a frame is faded."""
        return Fade(float(self.gains[number]), float(self.levels[number]))


def light_of(thumbs: np.ndarray, rate: float, opening: int = 0, closing: int = 0) -> Light:
    """The light of a shot from thumbnails of all its frames, (frames, 9, 16) uint8, at ``rate`` frames a second.

    opening, closing: frames at its beginning and end that a dissolve mixes with another shot. They are seen as the
    nearest frame that is the shot's own, and no fade is looked for on that side.
    """
    frames = len(thumbs)
    own = slice(opening, frames - closing)
    gains, levels = np.ones(frames, np.float32), np.zeros(frames, np.float32)
    gains[own], levels[own] = _fades(thumbs[own], not opening, not closing)
    sources = np.arange(frames)
    for first, stop, source in _flashes(thumbs[own], gains[own], round(_FLASH_SECONDS * rate)):
        sources[opening + first : opening + stop] = opening + source
    if seen := [int(n) for n in np.flatnonzero(gains >= DARKEST) if opening <= n < frames - closing]:
        blind = [n for n in range(frames) if gains[n] < DARKEST or not opening <= n < frames - closing]
        sources[blind] = [_nearest(seen, n) for n in blind]
    return Light(gains, levels, sources)


def _fades(thumbs: np.ndarray, opens: bool, closes: bool) -> tuple[np.ndarray, np.ndarray]:
    """Gains and levels of a shot's frames; ``opens``, ``closes``: whether it may fade in, fade out."""
    gains, levels = np.ones(len(thumbs), np.float32), np.zeros(len(thumbs), np.float32)
    for level in (0, 1):
        shown = 255.0 - thumbs if level else thumbs.astype(np.float32)
        for step in [1] * closes + [-1] * opens:
            fade = _fade_out(shown[::step])[::step]
            levels[fade < gains] = level
            gains = np.minimum(gains, fade)
    return gains, levels


def _nearest(numbers: list[int], number: int) -> int:
    return min(numbers, key=lambda other: abs(other - number))


def _fade_out(shown: np.ndarray) -> np.ndarray:
    """Gains (frames,) float32 of a shot that ends in darkness, (frames, 9, 16); all 1 where it does not."""
    gains = np.ones(len(shown), np.float32)
    lit = shown.max(0) > _LIT
    if len(shown) < 4 or not lit.any():
        return gains
    bright = shown[:, lit].mean(1)
    begin = _begin(bright)
    level = float(np.median(bright[max(0, begin - 4) : begin + 1]))
    if level < _LEVEL or bright[-1] > _END * level or not _is_fade(shown[begin:], bright[begin:] / level):
        return gains
    gains[begin:] = np.minimum.accumulate(np.clip(bright[begin:] / level, 0, 1))
    return gains


def _begin(bright: np.ndarray) -> int:
    """The frame after which it only gets darker: walked back from the end, first through the dark, then uphill."""
    here = int(np.flatnonzero(bright > bright[-1] + _REST).max(initial=0))
    calm = np.convolve(np.pad(bright, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    while here > 0 and calm[max(0, here - 3)] - calm[here] > _SLOPE * calm[max(0, here - 3)]:
        here -= 1
    return here


def _is_fade(shown: np.ndarray, left: np.ndarray) -> bool:
    """True where it is the picture that is taken away, and not that something dark comes before the camera.

    shown: the frames from where it begins; left: how much of the first one's light each has. A fade takes as much of
    the bright as of the dark, so that deviation over mean stays. One that is not dark at the end must show the same
    picture half-way down besides, or what that moved on to.
    """
    half = int(np.abs(left - 0.5).argmin())
    seen = shown[left >= _SEEN]
    contrast = seen.std((1, 2)) / np.maximum(seen.mean((1, 2)), 1)
    if half < 2 or contrast.max() > _CONTRAST * contrast.min():
        return False
    way = [*range(0, half, _STRIDE), half]
    return left[-1] < _DEEP or all(_alike(shown[a], shown[b]) for a, b in pairwise(way))


def _flashes(thumbs: np.ndarray, gains: np.ndarray, longest: int) -> list[tuple[int, int, int]]:
    """First frame, stop and the frame that stands for them, of every run of blotted frames; none in flickering film."""
    bright = thumbs.reshape(len(thumbs), -1).mean(1)
    if len(bright) < 3:
        return []
    width = min(2 * _AROUND + 1, len(bright))
    windows = np.lib.stride_tricks.sliding_window_view(bright, width)
    around = windows[np.clip(np.arange(len(bright)) - _AROUND, 0, len(windows) - 1)]
    usual = np.median(around, axis=1)
    deviation = np.median(np.abs(around - usual[:, None]), axis=1)
    least, times = _FLASH
    odd = (np.abs(bright - usual) > np.maximum(least, times * deviation)) & (gains == 1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], odd.astype(np.int8), [0]))))
    runs = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a <= longest]
    return [(a, b, a - 1) for a, b in runs if a > 0 and b < len(thumbs) and _alike(thumbs[a - 1], thumbs[b])]


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """True where two thumbnails show the same thing, whatever the light."""
    x, y = gradients(a.astype(np.float32)).ravel(), gradients(b.astype(np.float32)).ravel()
    return float(x @ y) >= _SAME * float(np.sqrt((x @ x) * (y @ y))) > 0
