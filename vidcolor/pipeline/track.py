"""Walk a shot once, follow its motion, and choose the frames that the network shall see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from vidcolor.flow import FlowEstimator, Path, check_luma, extend, resting_path, to_chroma_grid
from vidcolor.pipeline.tracked import Told, Tracked


@dataclass(frozen=True)
class KeyConfig:
    """How many frames of a shot the network sees."""

    interval: int = 12
    """Frames between the key frames of the grid, counted from the shot's first frame."""
    closest: int = 3
    """No extra key frame is set nearer than this to another."""
    covered: float = 0.7
    """An extra key frame is set where the motion explains less than this share of a frame; 0 sets none."""

    def __post_init__(self) -> None:
        if self.interval < 1 or self.closest < 1:
            raise ValueError(f"interval and closest count frames from 1, got {self.interval} and {self.closest}")
        if not 0 <= self.covered <= 1:
            raise ValueError(f"covered is a share from 0 to 1, got {self.covered}")


@dataclass(frozen=True)
class Interval:
    """The frames after one key frame up to and with the next, and their paths to both.

    A shot's first interval is its first frame alone (``first == last``), so that every interval brings exactly one
    new key frame, ``last``, and the frames ``first + 1 .. last`` (the first one: frame ``last``).
    """

    first: int
    """Number of the earlier key frame, counted from the shot's first frame."""
    last: int
    """Number of the later key frame."""
    grays: tuple[np.ndarray, ...] = field(repr=False)
    """Working-size grays (H, W), uint8, of frames ``first .. last``."""
    to_first: tuple[Path, ...] = field(repr=False)
    """Paths on the chroma grid (H // 2, W // 2) from each of the frames ``first .. last`` to ``first``."""
    to_last: tuple[Path, ...] = field(repr=False)
    """Paths from each of the frames ``first .. last`` to ``last``."""
    tracked: Tracked | None = field(default=None, repr=False)
    """The known frame before the key frame ``last``, as it is seen from there; None where there is none."""
    coming: Told | None = field(default=None, repr=False)
    """What the known frame after the key frame ``last`` tells of it; None where there is none."""

    @property
    def opens(self) -> bool:
        """True for the interval that is the first frame alone."""
        return self.first == self.last

    @property
    def key_gray(self) -> np.ndarray:
        """Working-size gray (H, W), uint8, of the key frame ``last``, for the network."""
        return self.grays[-1]

    @property
    def frames(self) -> range:
        """Numbers of the frames that this interval brings."""
        return range(self.last, self.last + 1) if self.opens else range(self.first + 1, self.last + 1)


def track(
    grays: Iterable[np.ndarray], config: KeyConfig | None = None, start: int = 0, wanted: Collection[int] = ()
) -> Iterator[Interval]:
    """Follow the motion of one shot and choose its key frames, streaming.

    grays: working-size grays (H, W), uint8, all of one size, in order; one grid interval of them is held.
    start: the shot's frame number of the first gray, a multiple of ``config.interval``: a stretch of a long shot
        yields the same intervals as the whole shot, if it ends on the grid as well (or with the shot).
    wanted: frame numbers that must become key frames, for their colours are known.

    Keys lie on a grid counted from the shot's first frame; the last frame is one; inside a grid interval extra keys
    halve it for as long as motion explains too little. What is decided in one grid interval depends on its frames
    alone. An empty ``grays`` yields nothing.
    """
    config = config or KeyConfig()
    if start % config.interval:
        raise ValueError(f"a stretch starts on the grid of {config.interval} frames, got frame {start}")
    tracker = _Tracker(config, frozenset(wanted))
    held: list[np.ndarray] = []
    number = start - 1
    for number, gray in enumerate(grays, start):
        held.append(gray)
        if number == start:
            yield opening(number, gray)
        elif number % config.interval == 0:
            yield from tracker.split(number - len(held) + 1, held)
            held = held[-1:]
    if len(held) > 1:
        yield from tracker.split(number - len(held) + 1, held)


def opening(number: int, gray: np.ndarray) -> Interval:
    """The interval that is one frame alone, of working-size gray (H, W) uint8."""
    rest = resting_path(to_chroma_grid(gray).shape)
    return Interval(number, number, (gray,), (rest,), (rest,))


class _Tracker:
    """Splits the frames of one grid interval at the keys they need."""

    def __init__(self, config: KeyConfig, wanted: frozenset[int]) -> None:
        self._config = config
        self._wanted = wanted
        self._estimator = FlowEstimator()

    def split(self, first: int, grays: list[np.ndarray]) -> Iterator[Interval]:
        """Intervals of frames ``first .. first + len(grays) - 1``, both ends being keys."""
        small = [to_chroma_grid(gray) for gray in grays]
        steps = [self._estimator.between(a, b) for a, b in pairwise(small)]
        stops = [0, *(n - first for n in sorted(self._wanted) if 0 < n - first < len(grays) - 1), len(grays) - 1]
        for a, b in pairwise(stops):
            yield from _Stretch(first, grays, small, steps).halve(a, b, self._config)


@dataclass(frozen=True)
class _Stretch:
    """The frames of one grid interval and the motion between them."""

    offset: int
    """Number of the first frame in the shot."""
    grays: list[np.ndarray]
    small: list[np.ndarray]
    """The same on the chroma grid."""
    steps: list[tuple[Path, Path]]
    """Paths between neighbours, forward and backward."""

    def halve(
        self,
        a: int,
        b: int,
        config: KeyConfig,
        to_first: tuple[Path, ...] | None = None,
        to_last: tuple[Path, ...] | None = None,
    ) -> Iterator[Interval]:
        """The interval of frames ``a .. b``, or those of its halves; paths to either end, where they are known."""
        to_first, to_last = to_first or self._to_first(a, b), to_last or self._to_last(a, b)
        if b - a < 2 * config.closest or _explained(to_first, to_last) >= config.covered:
            yield Interval(self.offset + a, self.offset + b, tuple(self.grays[a : b + 1]), to_first, to_last)
            return
        middle = (a + b) // 2
        yield from self.halve(a, middle, config, to_first=to_first[: middle - a + 1])
        yield from self.halve(middle, b, config, to_last=to_last[middle - a :])

    def _to_first(self, a: int, b: int) -> tuple[Path, ...]:
        """Chains of neighbouring steps from frames ``a .. b`` to ``a``, checked against the luma."""
        paths = [resting_path(self.small[a].shape)]
        for _, backward in self.steps[a:b]:
            paths.append(extend(paths[-1], backward))
        inner = zip(paths[1:], self.small[a + 1 : b + 1], strict=True)
        return paths[0], *(check_luma(path, gray, self.small[a]) for path, gray in inner)

    def _to_last(self, a: int, b: int) -> tuple[Path, ...]:
        """The same to ``b``."""
        paths = [resting_path(self.small[b].shape)]
        for forward, _ in reversed(self.steps[a:b]):
            paths.append(extend(paths[-1], forward))
        inner = zip(paths[:0:-1], self.small[a:b], strict=True)
        return *(check_luma(path, gray, self.small[b]) for path, gray in inner), paths[0]


def _explained(to_first: tuple[Path, ...], to_last: tuple[Path, ...]) -> float:
    """Share of the picture that either key explains, in the worst frame between them."""
    inner = zip(to_first[1:-1], to_last[1:-1], strict=True)
    return min((float(np.maximum(a.trust, b.trust).mean()) for a, b in inner), default=1.0)
