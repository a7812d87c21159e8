"""Automatic key frames: frames of a shot that nothing tells the colours of, coloured by the network, for all to follow.

Coloured one by one, key frames would differ as their pictures do, and colours wander through the shot. So a single
frame that stands for the shot, or a few where it shows much that is new, get the most natural colours, and they are the
reference of every frame.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vidcolor.model.any_colorist import AnyColorist, ReferenceT, TargetsT
from vidcolor.pipeline.anchor import upright_rgb
from vidcolor.pipeline.light import Light

MOST_KEYS = 3
"""Automatic key frames of one shot, at most."""

_CANDIDATES = 96
"""Frames of a shot, evenly spread, among which they are chosen."""

_UNLIKE = 26.0
"""Mean difference of two thumbnails, in gray levels of 255, from which on they show something else."""


def automatic_keys(thumbs: np.ndarray, light: Light, opened: int, closes: int) -> list[int]:
    """Numbers of the frames that stand for a shot, the one most like all others first.

    thumbs: (frames, 9, 16) uint8, of all frames that show something of it. opened, closes: from which number on, and up
    to which, they show this shot alone; faded frames and flashes are passed over where there are others.
    """
    numbers = np.arange(opened, closes)
    seen = numbers[light.sources[numbers] == numbers]
    clear = seen[light.gains[seen] == 1]
    found = next((some for some in (clear, seen, numbers) if len(some)), np.array([0]))
    found = found[np.unique(np.linspace(0, len(found) - 1, min(_CANDIDATES, len(found))).round().astype(int))]
    shown = thumbs[found].reshape(len(found), -1).astype(np.float32)
    apart = np.abs(shown[:, None] - shown).mean(2)
    from_middle = np.abs(found - (opened + closes - 1) / 2)
    nearest = np.full(len(found), np.inf, np.float32)
    chosen: list[int] = []
    while not chosen or (len(chosen) < MOST_KEYS and nearest.max() >= _UNLIKE):
        best = int(np.lexsort((from_middle, np.minimum(nearest, apart).mean(1)))[0])
        chosen.append(int(found[best]))
        nearest = np.minimum(nearest, apart[best])
    return chosen


def automatic_reference(
    colorist: AnyColorist[ReferenceT, TargetsT], grays: Iterable[np.ndarray], lines: int
) -> ReferenceT:
    """Upright grays (h, w) uint8 of one shot, the first in its most natural colours, further ones in those before."""
    found: list[ReferenceT] = []
    for gray in grays:
        [ab] = colorist.colorize([gray], colorist.join(found) if found else None)
        found.append(colorist.encode(upright_rgb(gray, ab, 0), lines))
    return colorist.join(found)
