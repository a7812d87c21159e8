"""The network's part: chroma of the key frames of one shot, in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from vidcolor.model.colorist import Colorist
from vidcolor.model.gray2color import EncodedReference
from vidcolor.pipeline.track import Interval


@dataclass(frozen=True)
class ColorizeConfig:
    """How the network looks at key frames and references."""

    lines: int = 320
    """Short side, in pixels, of the pictures that the network sees."""
    batch: int = 4
    """Key frames it sees at once."""
    half: bool = False
    """Compute in bfloat16 (CPU) or float16 (GPU) instead of float32."""
    stretch: int = 2400
    """Longest piece of a shot, in frames, that becomes one segment; longer shots are walked in several."""

    def __post_init__(self) -> None:
        if self.lines < 32 or self.batch < 1 or self.stretch < 100:
            raise ValueError("lines from 32, batch from 1 and stretch from 100 are needed")


def color_keys(
    intervals: Iterable[Interval],
    reference: EncodedReference | None,
    colorist: Colorist,
    config: ColorizeConfig,
    turns: int = 0,
) -> Iterator[tuple[Interval, np.ndarray]]:
    """Every interval with the chroma (2, h, w), float32, CIELAB units, of the key frame that it brings, in order.

    reference: whose colours the shot follows; None for the most natural ones.
    turns: quarter turns counter-clockwise that bring the film's pictures upright, for the network's eyes only.
    """
    iterator = iter(intervals)
    while batch := list(islice(iterator, config.batch)):
        grays = [np.ascontiguousarray(np.rot90(interval.key_gray, turns)) for interval in batch]
        for interval, ab in zip(batch, colorist.colorize(grays, reference), strict=True):
            yield interval, np.ascontiguousarray(np.rot90(ab, -turns, axes=(1, 2)))
