"""Training pairs drawn on the device from resident pictures, by the same laws as on the CPU, from a seed alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from vidcolor.model.image_sets import ImageSet
from vidcolor.model.pair_lists import PairList
from vidcolor.model.pairs import FARTHEST, KINDS, ReferenceMix
from vidcolor.model.resident import ResidentPictures, Views


@dataclass(frozen=True)
class ResidentBatch:
    """A batch of pairs of square crops on the device."""

    target: Tensor
    """(N, 3, S, S) float sRGB in [0, 1]."""
    reference: Tensor
    """(N, 3, S, S) float sRGB in [0, 1]; unused where ``kind`` is ``nothing``."""
    kind: np.ndarray
    """(N,) index into KINDS."""
    picture: np.ndarray
    """(N,) int64: which still the target is of; -1 for frames of videos and pictures of pair lists."""


class ResidentPairs:
    """Draws the n-th batch of a seed, whatever was drawn before: resuming needs no state."""

    def __init__(
        self,
        stills: ImageSet,
        clips: list[list[np.ndarray]],
        neighbours: np.ndarray,
        mix: ReferenceMix,
        seed: int,
        device: torch.device,
        listed: PairList | None = None,
        whole: float = 0.0,
    ) -> None:
        """``neighbours`` (len(stills), k): indices of the nearest pictures. All pictures go to ``device``.

        ``whole``: share of targets that show as much of their picture as a square can.
        """
        frames = [frame for clip in clips for frame in clip]
        self.pictures = ResidentPictures([*stills.images, *frames, *(listed.images if listed else [])], device)
        """The stills, after them the frames of the clips, after them the pictures of the list."""
        self._stills, self._neighbours, self._seed = len(stills), neighbours, seed
        self._lengths = np.array([len(clip) for clip in clips], np.int64)
        self._starts = np.array(list(accumulate(self._lengths, initial=len(stills))), np.int64)[:-1]
        self._listed = None if listed is None else listed.pairs + len(stills) + len(frames)
        self._shares = mix.shares(bool(clips), listed is not None)
        self._whole = whole

    def batch(self, number: int, size: int, side: int) -> ResidentBatch:
        """Batch ``number``: ``size`` pairs of ``side`` x ``side`` crops, the same whatever the device."""
        kind, targets, references = self.views(number, size, side)
        still = np.where(targets.picture < self._stills, targets.picture, -1)
        return ResidentBatch(self.pictures.draw(targets, side), self.pictures.draw(references, side), kind, still)

    def views(self, number: int, size: int, side: int) -> tuple[np.ndarray, Views, Views]:
        """The kinds (N,) of batch ``number``, and what its targets and references show."""
        rng = np.random.default_rng((self._seed, number))
        kind = rng.choice(len(KINDS), size, p=self._shares)
        target, reference = self._pairs_of_pictures(rng, kind)
        zoom = np.where(rng.random(size) < self._whole, self._widest(target, side), self._zoom(rng, target, side))
        centre = rng.uniform(-1, 1, (size, 2))
        shown = Views(target, centre, zoom, _tilt(rng, 4, size), _mirror(rng, size), np.zeros((size, 5, 5, 2)))
        return kind, shown, self._reference_views(rng, kind, reference, shown, side)

    def _pairs_of_pictures(self, rng: np.random.Generator, kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = len(kind)
        target = rng.integers(self._stills, size=size)
        alike = self._neighbours[target, rng.integers(self._neighbours.shape[1], size=size)]
        stranger = rng.integers(self._stills, size=size)
        reference = np.select(
            [kind == KINDS.index("alike"), kind == KINDS.index("stranger")], [alike, stranger], target
        )
        moment = kind == KINDS.index("moment")
        if moment.any():
            target[moment], reference[moment] = self._moments(rng, int(moment.sum()))
        chosen = kind == KINDS.index("listed")
        if self._listed is not None:
            target[chosen], reference[chosen] = self._listed[rng.integers(len(self._listed), size=int(chosen.sum()))].T
        return target, reference

    def _moments(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Two frames of a clip, not too far from each other."""
        clip = rng.integers(len(self._lengths), size=count)
        first = rng.integers(self._lengths[clip])
        second = np.clip(first + rng.integers(-FARTHEST, FARTHEST + 1, count), 0, self._lengths[clip] - 1)
        return self._starts[clip] + first, self._starts[clip] + second

    def _reference_views(
        self, rng: np.random.Generator, kind: np.ndarray, picture: np.ndarray, target: Views, side: int
    ) -> Views:
        """Near the target's place in the same picture or clip, where every fourth barely moves; else anywhere."""
        size = len(kind)
        near = np.isin(kind, [KINDS.index("itself"), KINDS.index("moment")])
        barely = near & (rng.random(size) < 0.25)
        close = np.clip(target.centre + rng.normal(0, 0.35, (size, 2)), -1, 1)
        centre = np.where(near[:, None], close, rng.uniform(-1, 1, (size, 2)))
        zoom = target.zoom * np.exp(np.where(barely, 0, rng.uniform(-0.3, 0.3, size)))
        zoom = np.where(near, zoom, self._zoom(rng, picture, side))
        bend = np.where(barely, 0.01, rng.uniform(0, 0.05, size)) * side
        knots = rng.standard_normal((size, 5, 5, 2)) * bend[:, None, None, None]
        mirror = np.where(barely, 1.0, _mirror(rng, size))
        return Views(picture, centre, zoom, np.where(barely, 1, 20) * _tilt(rng, 1, size), mirror, knots)

    def _zoom(self, rng: np.random.Generator, picture: np.ndarray, side: int) -> np.ndarray:
        """Source pixels a crop pixel spans: from a little enlarged to the whole picture."""
        return np.exp(rng.uniform(np.log(0.75), np.log(self._widest(picture, side))))

    def _widest(self, picture: np.ndarray, side: int) -> np.ndarray:
        return np.maximum(1.0, self.pictures.sizes[picture].min(1) / side)


def _tilt(rng: np.random.Generator, degrees: float, size: int) -> np.ndarray:
    return np.deg2rad(rng.normal(0, degrees / 2, size))


def _mirror(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.where(rng.random(size) < 0.5, -1.0, 1.0)
