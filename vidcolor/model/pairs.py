"""Training pairs: a target crop and a reference, as 8-bit RGB, drawn from a seed alone.

Where references come from (shares in :class:`ReferenceMix`): the target itself under a strong warp, another moment of
the same video, the nearest pictures of the same class, any picture, and none at all.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields

import cv2
import numpy as np

from vidcolor.model.image_sets import ImageSet
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


KINDS = tuple(kind.name for kind in fields(ReferenceMix))


@dataclass(frozen=True)
class Batch:
    """A batch of pairs of square crops."""

    target: np.ndarray
    """(N, S, S, 3) uint8 sRGB."""
    reference: np.ndarray
    """(N, S, S, 3) uint8 sRGB; unused where ``kind`` is ``nothing``."""
    kind: np.ndarray
    """(N,) index into KINDS."""


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
    ) -> None:
        """``neighbours`` (len(stills), k): indices of the nearest pictures, see :func:`neighbours_in_class`.

        ``titles``: share of targets that get a title; half as many get black bars.
        """
        shares = np.array([getattr(mix, kind) for kind in KINDS], float)
        if not clips:
            shares[KINDS.index("moment")] = 0
        self._stills, self._clips, self._neighbours = stills, clips, neighbours
        self._shares = shares / shares.sum()
        self._seed, self._titles = seed, titles

    def batch(self, number: int, size: int, side: int) -> Batch:
        """Batch ``number``: ``size`` pairs of ``side`` x ``side`` crops."""
        pairs = [self._pair(self._rng(number, item, 0), side) for item in range(size)]
        targets, references, kinds = zip(*pairs, strict=True)
        targets = [self._overlaid(target, self._rng(number, item, 1)) for item, target in enumerate(targets)]
        return Batch(np.stack(targets), np.stack(references), np.array(kinds))

    def _rng(self, number: int, item: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, number, item, purpose))

    def _overlaid(self, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Now and then a title or black bars, which the reference does not have."""
        luck = rng.random()
        if luck < self._titles:
            return with_title(target, rng)
        return with_bars(target, rng) if luck < 1.5 * self._titles else target

    def _pair(self, rng: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray, int]:
        kind = int(rng.choice(len(KINDS), p=self._shares))
        target, reference = self._pictures(rng, KINDS[kind])
        zoom = _zoom(rng, target, side)
        centre = rng.uniform(-1, 1, 2)
        crop = _crop(rng, target, side, zoom, centre, tilt=4, bend=0.0)
        if reference is None:
            return crop, np.zeros_like(crop), kind
        near = KINDS[kind] in ("itself", "moment")
        centre = np.clip(centre + rng.normal(0, 0.35, 2), -1, 1) if near else rng.uniform(-1, 1, 2)
        reference_zoom = zoom * np.exp(rng.uniform(-0.3, 0.3)) if near else _zoom(rng, reference, side)
        if near and rng.random() < 0.25:  # barely moved, as between the frames of a shot
            return crop, _crop(rng, reference, side, zoom, centre, tilt=1, bend=0.01, mirror=False), kind
        return crop, _crop(rng, reference, side, reference_zoom, centre, tilt=20, bend=rng.uniform(0, 0.05)), kind

    def _pictures(self, rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray | None]:
        if kind == "moment":
            clip = self._clips[rng.integers(len(self._clips))]
            first = int(rng.integers(len(clip)))
            second = int(np.clip(first + rng.integers(-40, 41), 0, len(clip) - 1))
            return clip[first], clip[second]
        index = int(rng.integers(len(self._stills)))
        target = self._stills.images[index]
        if kind == "itself":
            return target, target
        if kind == "alike":
            return target, self._stills.images[rng.choice(self._neighbours[index])]
        if kind == "stranger":
            return target, self._stills.images[rng.integers(len(self._stills))]
        return target, None


def _zoom(rng: np.random.Generator, picture: np.ndarray, side: int) -> float:
    """Source pixels a crop pixel spans: from a little enlarged to the whole picture."""
    widest = max(1.0, min(picture.shape[:2]) / side)
    return float(np.exp(rng.uniform(np.log(0.75), np.log(widest))))


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


def neighbours_in_class(descriptors: np.ndarray, labels: list[str], count: int = 5) -> np.ndarray:
    """For every picture the ``count`` most alike of its class, among all where its class has too few.

    ``descriptors`` (N, C), unit length. Returns (N, count) indices, never the picture itself.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        members[label].append(index)
    everyone = np.arange(len(labels))
    result = np.empty((len(labels), count), np.int64)
    for indices in members.values():
        group = np.array(indices)
        pool = group if len(group) > count else everyone
        similarity = descriptors[group] @ descriptors[pool].T
        similarity[group[:, None] == pool[None, :]] = -np.inf
        order = np.argsort(-similarity, axis=1)[:, :count]
        result[group] = np.resize(pool[order], (len(group), count)) if order.shape[1] < count else pool[order]
    return result
