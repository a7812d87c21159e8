"""The network's part: chroma of the key frames of one shot, each going on from the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic

import numpy as np

from vidcolor.flow import Path, carry
from vidcolor.model.any_colorist import AnyColorist, Before, ReferenceT, TargetsT
from vidcolor.pipeline.ahead import ahead
from vidcolor.pipeline.batches import Batches
from vidcolor.pipeline.follow import follow_known
from vidcolor.pipeline.track import Interval
from vidcolor.pipeline.tracked import draw
from vidcolor.pipeline.turned import turned

QUIET = (0.85, 0.92)
"""Mean trust of the motion from the frame before up to which that frame has half a say, and from which it has all."""


@dataclass(frozen=True)
class ColorizeConfig:
    """How the network looks at key frames and references."""

    lines: int = 320
    """Short side, in pixels, of the pictures that the network sees."""
    batch: int | None = None
    """Key frames it sees at once; None: one on a processor, where the others would only wait, more on a device."""
    half: bool | None = None
    """Compute in bfloat16 (CPU) or float16 (GPU) instead of float32; None: where the processor has bfloat16."""
    automatic: str = "film"
    """What colours shots that no reference fits: ``film`` for the network that follows references, or a model of
    ``vidcolor models`` (or a weights file) that takes none. Its key frames are the references of such a shot."""
    stretch: int = 2400
    """Longest piece of a shot, in frames, that becomes one segment; longer shots are walked in several."""

    def __post_init__(self) -> None:
        if self.lines < 32 or (self.batch is not None and self.batch < 1) or self.stretch < 100:
            raise ValueError("lines from 32, batch from 1 and stretch from 100 are needed")


@dataclass(frozen=True)
class Guide(Generic[ReferenceT, TargetsT]):
    """The network at work on one shot, and what it follows there."""

    colorist: AnyColorist[ReferenceT, TargetsT]
    reference: ReferenceT | None = None
    """Whose colours the shot follows; None for the natural ones."""
    natural: ReferenceT | None = None
    """Its automatic key frames: what is followed where nothing else is; None for the most natural colours of each."""
    strength: float = 1.0
    """How far it follows them, 0 to 1; the rest are the natural ones."""
    turns: int = 0
    """Quarter turns counter-clockwise that bring the film's pictures upright, for the network's eyes only."""
    batches: Batches = field(default_factory=Batches, repr=False, compare=False)
    """How many pictures the memory holds at once."""

    def consult(self, grays: list[np.ndarray]) -> list[list[tuple[float, TargetsT]]]:
        """For each gray (H, W) uint8 of one size: the network's views of it, and what each of them weighs."""
        if not grays:
            return []
        upright = [np.ascontiguousarray(np.rot90(gray, self.turns)) for gray in grays]
        views = [
            (weight, self.batches.consult(self.colorist, upright, reference)) for weight, reference in self._followed()
        ]
        return [[(weight, each[number]) for weight, each in views] for number in range(len(grays))]

    def at_once(self, config: ColorizeConfig) -> int:
        """How many pictures are to be consulted at once."""
        return config.batch or self.colorist.at_once

    def temper(self, gray: np.ndarray, ab: np.ndarray) -> np.ndarray:
        """Chroma (2, h, w) that a reference tells of an upright gray (2h, 2w), followed as far as references are."""
        if self.strength == 1:
            return ab
        return self.strength * ab + (1 - self.strength) * self.colorist.colorize([gray], self.natural)[0]

    def _followed(self) -> list[tuple[float, ReferenceT | None]]:
        if self.reference is None or self.strength in (0, 1):
            return [(1.0, self.natural if self.reference is None or not self.strength else self.reference)]
        return [(self.strength, self.reference), (1 - self.strength, self.natural)]

    @property
    def asks_for_natural(self) -> bool:
        """True where the natural colours have something to say."""
        return self.reference is None or self.strength < 1


def color_keys(
    intervals: Iterable[Interval],
    guide: Guide[ReferenceT, TargetsT],
    config: ColorizeConfig,
    known: Mapping[int, np.ndarray] | None = None,
) -> Iterator[tuple[Interval, np.ndarray]]:
    """Every interval with the chroma (2, h, w), float32, CIELAB units, of the key frame that it brings, in order.

    Each key frame goes on from the one before it, whose colours the motion brings, and is drawn to what the known
    frames around it tell, see :attr:`Interval.tracked` and :attr:`Interval.coming`.

    known: chroma (2, h, w) of key frames, by their number in the shot; it replaces the network's.
    """
    known, before = known or {}, None
    for interval, views in ahead(_consulted(intervals, guide, config, known), depth=1):
        ab = known.get(interval.last)
        if ab is None:
            path = None if interval.opens else interval.to_first[-1]
            ab = _drawn(_go_on(views, before, path, guide), interval)
        before = ab
        yield interval, ab


def _consulted(
    intervals: Iterable[Interval],
    guide: Guide[ReferenceT, TargetsT],
    config: ColorizeConfig,
    known: Collection[int],
) -> Iterator[tuple[Interval, list[tuple[float, TargetsT]]]]:
    """Every interval with the network's views of its key frame, none of a known one: all that needs no frame before."""
    iterator = iter(intervals)
    while batch := list(islice(iterator, guide.at_once(config))):
        unknown = [interval for interval in batch if interval.last not in known]
        views = iter(guide.consult([interval.key_gray for interval in unknown]))
        for interval in batch:
            yield interval, [] if interval.last in known else next(views)


def color_keys_back(
    intervals: Iterable[Interval],
    guide: Guide[ReferenceT, TargetsT],
    config: ColorizeConfig,
    last: np.ndarray,
) -> dict[int, np.ndarray]:
    """Chroma (2, h, w) of the key frames of intervals by their number, walked from the end back to the beginning.

    last: chroma of the last interval's key frame, which is known, and to which the others are drawn. Of every interval
    only its key frame and the paths between its ends are held. The other arguments are those of :func:`color_keys`.
    """
    back = turned(intervals)
    if not back:
        return {}
    known = {back[0].last: last}
    return {interval.last: ab for interval, ab in color_keys(follow_known(back, known), guide, config, known)}


def _drawn(ab: np.ndarray, interval: Interval) -> np.ndarray:
    """The chroma (2, h, w) of an interval's key frame, drawn to what the known frames around it tell."""
    behind = None if interval.tracked is None else interval.tracked.told()
    return draw(ab, (behind, interval.coming))


def _go_on(
    views: list[tuple[float, TargetsT]],
    before: np.ndarray | None,
    path: Path | None,
    guide: Guide[ReferenceT, TargetsT],
) -> np.ndarray:
    """Chroma of a key frame from the network and from a frame coloured before, to which ``path`` leads."""
    brought = None if before is None or path is None else _brought(before, path, guide.turns)
    answers = (np.float32(weight) * guide.colorist.continue_from(target, brought) for weight, target in views)
    return np.ascontiguousarray(np.rot90(sum(answers, np.float32(0)), -guide.turns, axes=(1, 2)))


def _brought(before: np.ndarray, path: Path, turns: int) -> Before:
    """A frame's chroma (2, h, w) where ``path`` brings it, turned upright."""
    ab = carry(np.ascontiguousarray(before.transpose(1, 2, 0)), path).transpose(2, 0, 1)
    trust = path.trust.astype(np.float32)
    return Before(
        np.ascontiguousarray(np.rot90(ab, turns, axes=(1, 2))), np.ascontiguousarray(np.rot90(trust, turns)), _say(path)
    )


def _say(path: Path) -> float:
    """How much a frame before has to say, 0.5 to 1, by how far the motion from it is believed on the whole.

    Where little moves, its colours arrive whole. Elsewhere they wear off and spread from frame to frame, and the mean
    with what the network says by the reference alone is nearer the truth than either.
    """
    restless, quiet = QUIET
    trust = float(path.trust.mean(dtype=np.float64))
    return 0.5 + 0.5 * min(1.0, max(0.0, (trust - restless) / (quiet - restless)))
