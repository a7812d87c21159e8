"""Training pairs: a target crop and a reference, as 8-bit RGB, drawn from a seed alone.

Where references come from (shares in :class:`ReferenceMix`): the target itself under a strong warp, another moment of
the same video, the nearest pictures of the same class, any picture, none at all, and what a pair list names.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np

from vidcolor.model.frame_motion import motion_brings
from vidcolor.model.image_sets import ImageSet
from vidcolor.model.pair_lists import PairList
from vidcolor.model.thin_plate import disguised
from vidcolor.model.titles import with_bars, with_title


@dataclass(frozen=True)
class ReferenceMix:
    """Share of each kind of reference; they are scaled to sum to one."""

    itself: float = 0.5
    """The target's own picture, other crop, affine and smooth warp, often mirrored."""
    moment: float = 0.2
    """Another moment of the same colour video."""
    alike: float = 0.14
    """One of the nearest pictures of the same class."""
    stranger: float = 0.08
    """Any other picture: little must be taken from it."""
    nothing: float = 0.08
    """No reference: the natural colours."""
    listed: float = 0.2
    """What a pair list names, beside the others; without a list none."""

    def __post_init__(self) -> None:
        shares = [getattr(self, each.name) for each in fields(self)]
        if min(shares) < 0 or sum(shares[:-1]) <= 0:
            raise ValueError(f"shares must not be negative, and one of them above 0, got {shares}")

    def shares(self, clips: bool, listed: bool) -> np.ndarray:
        """(len(KINDS),) that sum to one; nothing for moments without clips, nor for pair lists where there are none."""
        possible = {"moment": clips, "listed": listed}
        shares = np.array([getattr(self, kind) * possible.get(kind, True) for kind in KINDS], float)
        return shares / shares.sum()

    @property
    def alone(self) -> bool:
        """Whether no target has a reference."""
        return self.nothing == sum(getattr(self, each.name) for each in fields(self))


KINDS = tuple(kind.name for kind in fields(ReferenceMix))

NATURAL = ReferenceMix(itself=0, moment=0, alike=0, stranger=0, nothing=1, listed=0)
"""No references at all."""

FARTHEST = 40
"""Frames held of a clip that target and reference lie apart, at most."""


@dataclass(frozen=True)
class Batch:
    """A batch of pairs of square crops."""

    target: np.ndarray
    """(N, S, S, 3) uint8 sRGB."""
    reference: np.ndarray
    """(N, S, S, 3) uint8 sRGB; unused where ``kind`` is ``nothing``."""
    kind: np.ndarray
    """(N,) index into KINDS."""
    picture: np.ndarray
    """(N,) int64: which still the target is of; -1 for frames of videos and pictures of pair lists."""
    moved: np.ndarray
    """(N, S/2, S/2, 3) uint8 sRGB: a frame before the target, brought to it along its motion; 0 where there is none."""
    trust: np.ndarray
    """(N, S/2, S/2) float32 in [0, 1]: how far that motion is believed."""
    has_moved: np.ndarray
    """(N,) bool: True where there is a frame before, which is on moments of a video alone."""

    def only(self, chosen: np.ndarray) -> Batch:
        """The pairs where ``chosen`` (N,) bool."""
        return Batch(*(getattr(self, each.name)[chosen] for each in fields(self)))


@dataclass(frozen=True)
class _Pair:
    """One pair, as :class:`Batch` has many."""

    target: np.ndarray
    reference: np.ndarray
    kind: int
    picture: int
    moved: np.ndarray
    trust: np.ndarray
    has_moved: bool


class PairSampler:
    """Draws the n-th batch of a seed, whatever was drawn before: resuming needs no state."""

    def __init__(
        self,
        stills: ImageSet,
        clips: list[list[np.ndarray]],
        neighbours: np.ndarray,
        mix: ReferenceMix,
        seed: int,
        titles: float = 0.0,
        disguised: float = 0.0,
        listed: PairList | None = None,
        whole: float = 0.0,
    ) -> None:
        """``neighbours`` (len(stills), k): indices of the nearest pictures.

        ``titles``: share of targets that get a title; half as many get black bars. ``disguised``: share of references
        of the target itself that get a thin-plate warp, another tone and noise. ``whole``: share of targets that show
        as much of their picture as a square can.
        """
        self._stills, self._clips, self._neighbours, self._listed = stills, clips, neighbours, listed
        self._shares = mix.shares(bool(clips), listed is not None)
        self._seed, self._titles, self._disguised, self._whole = seed, titles, disguised, whole

    def batch(self, number: int, size: int, side: int) -> Batch:
        """Batch ``number``: ``size`` pairs of ``side`` x ``side`` crops."""
        pairs = [self._pair(self._rng(number, item, 0), side) for item in range(size)]
        targets = [self._overlaid(pair.target, self._rng(number, item, 1)) for item, pair in enumerate(pairs)]
        rest = ([getattr(pair, each.name) for pair in pairs] for each in fields(Batch)[1:])
        return Batch(np.stack(targets), *(np.stack(values) for values in rest))

    def _rng(self, number: int, item: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, number, item, purpose))

    def _overlaid(self, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Now and then a title or black bars, which the reference does not have."""
        luck = rng.random()
        if luck < self._titles:
            return with_title(target, rng)
        return with_bars(target, rng) if luck < 1.5 * self._titles else target

    def _pair(self, rng: np.random.Generator, side: int) -> _Pair:
        kind = int(rng.choice(len(KINDS), p=self._shares))
        if KINDS[kind] == "moment":
            return self._moment(rng, side, kind)
        number, target, reference = self._pictures(rng, KINDS[kind])
        zoom = self._zoom(rng, target, side)
        centre = rng.uniform(-1, 1, 2)
        crop = _crop(rng, target, side, zoom, centre, tilt=4, bend=0.0)
        if reference is None:
            return _without_motion(crop, np.zeros_like(crop), kind, number)
        if KINDS[kind] == "itself":
            return _without_motion(crop, self._itself(rng, reference, side, zoom, centre), kind, number)
        elsewhere = _crop(rng, reference, side, _zoom(rng, reference, side), rng.uniform(-1, 1, 2), 20, _bend(rng))
        return _without_motion(crop, elsewhere, kind, number)

    def _itself(
        self, rng: np.random.Generator, picture: np.ndarray, side: int, zoom: float, centre: np.ndarray
    ) -> np.ndarray:
        """The target's own picture as a reference, some of them disguised."""
        crop = _nearby(rng, picture, side, zoom, centre)
        return disguised(crop, rng) if rng.random() < self._disguised else crop

    def _moment(self, rng: np.random.Generator, side: int, kind: int) -> _Pair:
        """A frame of a video, a reference from another moment of it, and a frame shortly before or after."""
        clip = self._clips[rng.integers(len(self._clips))]
        first = int(rng.integers(len(clip)))
        second = int(np.clip(first + rng.integers(-FARTHEST, FARTHEST + 1), 0, len(clip) - 1))
        zoom, centre, seed = self._zoom(rng, clip[first], side), rng.uniform(-1, 1, 2), int(rng.integers(1 << 31))
        before = int(np.clip(first + rng.integers(1, 5) * rng.choice((-1, 1)), 0, len(clip) - 1))
        step = 1 if before > first else -1
        frames = [
            _crop(np.random.default_rng(seed), clip[n], side, zoom, centre, tilt=4, bend=0.0)
            for n in range(first, before + step, step)
        ]
        reference = _nearby(rng, clip[second], side, zoom, centre)
        return _Pair(frames[0], reference, kind, -1, *motion_brings(frames), has_moved=len(frames) > 1)

    def _zoom(self, rng: np.random.Generator, picture: np.ndarray, side: int) -> float:
        """Source pixels that a pixel of the target's crop spans."""
        return _widest(picture, side) if self._whole and rng.random() < self._whole else _zoom(rng, picture, side)

    def _pictures(self, rng: np.random.Generator, kind: str) -> tuple[int, np.ndarray, np.ndarray | None]:
        """Number of the target's still, or -1, target and reference."""
        if kind == "listed" and self._listed is not None:
            first, second = self._listed.pairs[rng.integers(len(self._listed))]
            return -1, self._listed.images[first], self._listed.images[second]
        index = int(rng.integers(len(self._stills)))
        target = self._stills.images[index]
        if kind == "itself":
            return index, target, target
        if kind == "alike":
            return index, target, self._stills.images[rng.choice(self._neighbours[index])]
        if kind == "stranger":
            return index, target, self._stills.images[rng.integers(len(self._stills))]
        return index, target, None


def _without_motion(target: np.ndarray, reference: np.ndarray, kind: int, picture: int) -> _Pair:
    half = target.shape[0] // 2
    moved, trust = np.zeros((half, half, 3), np.uint8), np.zeros((half, half), np.float32)
    return _Pair(target, reference, kind, picture, moved, trust, has_moved=False)


def _nearby(rng: np.random.Generator, picture: np.ndarray, side: int, zoom: float, centre: np.ndarray) -> np.ndarray:
    """A reference crop around the same place; every fourth has barely moved, as between the frames of a shot."""
    centre = np.clip(centre + rng.normal(0, 0.35, 2), -1, 1)
    if rng.random() < 0.25:
        return _crop(rng, picture, side, zoom, centre, tilt=1, bend=0.01, mirror=False)
    return _crop(rng, picture, side, zoom * np.exp(rng.uniform(-0.3, 0.3)), centre, tilt=20, bend=_bend(rng))


def _bend(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, 0.05))


def _zoom(rng: np.random.Generator, picture: np.ndarray, side: int) -> float:
    """Source pixels a crop pixel spans: from a little enlarged to the whole picture."""
    return float(np.exp(rng.uniform(np.log(0.75), np.log(_widest(picture, side)))))


def _widest(picture: np.ndarray, side: int) -> float:
    return max(1.0, min(picture.shape[:2]) / side)


def _crop(
    rng: np.random.Generator, picture: np.ndarray, side: int, zoom: float, centre: np.ndarray,
    tilt: float, bend: float, mirror: bool | None = None,
) -> np.ndarray:  # fmt: skip
    """A square view: ``centre`` in [-1, 1] of the room there is, tilt in degrees (1 sigma half of it), smooth bend."""
    height, width = picture.shape[:2]
    angle = np.deg2rad(rng.normal(0, tilt / 2))
    mirrored = -1.0 if (rng.random() < 0.5 if mirror is None else mirror) else 1.0
    room = np.maximum(0, np.array([width, height]) - zoom * side) / 2
    middle = np.array([width, height]) / 2 + centre * room
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).astype(np.float32) - (side - 1) / 2
    if bend:
        knots = rng.normal(0, bend * side, (5, 5, 2)).astype(np.float32)
        grid += cv2.resize(knots, (side, side), interpolation=cv2.INTER_CUBIC)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirrored, 1.0])
    where = (grid @ (zoom * turn.T) + middle - 0.5).astype(np.float32)
    source, where = _prefiltered(picture, where, zoom)
    x, y = np.ascontiguousarray(where[..., 0]), np.ascontiguousarray(where[..., 1])
    return cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _prefiltered(picture: np.ndarray, where: np.ndarray, zoom: float) -> tuple[np.ndarray, np.ndarray]:
    """Area-average before a strong reduction, so that the crop does not alias."""
    if zoom < 1.3:
        return picture, where
    size = (round(picture.shape[1] / zoom), round(picture.shape[0] / zoom))
    factors = np.array([size[0] / picture.shape[1], size[1] / picture.shape[0]], np.float32)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (where + 0.5) * factors - 0.5
