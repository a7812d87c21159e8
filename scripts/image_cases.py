"""The cases of the image table: a picture to colour, and what it is given to follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from shot_references import clip_shots
from training_free import Features, WorkingPicture, working_picture

from vidcolor.model.colorist import gray_of
from vidcolor.model.image_sets import ImageSet
from vidcolor.model.metrics import colourfulness
from vidcolor.pipeline.decode import probe
from vidcolor.types import Shot

LEAST_COLOUR = 20.0
"""Colourfulness that a stranger must have, so that there is something to resist."""

CLIP_FRAMES = 300
MARGIN = 3
"""Frames beside a cut that no pair of moments uses: a dissolve, or a decoder that counts otherwise."""


@dataclass(frozen=True)
class Case:
    """One picture and its references."""

    name: str
    target: WorkingPicture = field(repr=False)
    references: tuple[WorkingPicture, ...] = field(repr=False)
    """The right one first; none where there is nothing to follow."""
    rest: tuple[slice, slice] | None = None
    """Rows and columns of the target, a part that the reference does not show; None for other cases."""


class PictureCases:
    """Cases made of a set of pictures: ``taxonomy`` has a builder for every kind, (index) to case or None."""

    def __init__(self, pictures: ImageSet, features: Features, seed: int = 0) -> None:
        self._pictures, self._features, self._seed = pictures, features, seed
        self._embedded: dict[int, np.ndarray] = {}
        self.taxonomy: dict[str, Callable[[int], Case | None]] = {
            "same picture": lambda index: self._case(index, self._pictures.images[index]),
            "warped": lambda index: self._case(index, self._warped(index)),
            "same class": self._same_class,
            "partial": self._partial,
            "distractor": lambda index: self._case(index, self._warped(index), self._stranger(index)),
            "gray": lambda index: self._case(index, np.repeat(gray_of(self._image(index))[..., None], 3, axis=-1)),
            "noise": self._noise,
            "stranger": lambda index: self._case(index, self._stranger(index)),
            "none": lambda index: self._case(index),
        }

    def _image(self, index: int) -> np.ndarray:
        return self._pictures.images[index]

    def _case(self, index: int, *references: np.ndarray, rest: tuple[slice, slice] | None = None) -> Case:
        followed = tuple(picture_of(reference) for reference in references)
        return Case(f"{index} {self._pictures.labels[index]}", picture_of(self._image(index)), followed, rest)

    def _rng(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, index))

    def _warped(self, index: int) -> np.ndarray:
        return warped(self._image(index), self._rng(index))

    def _same_class(self, index: int) -> Case | None:
        """The nearest of the class by what the gray pictures show."""
        label = self._pictures.labels[index]
        others = [k for k, other in enumerate(self._pictures.labels) if other == label and k != index]
        if not label or not others:
            return None
        nearest = max(others, key=lambda k: float(self._embedding(k) @ self._embedding(index)))
        return self._case(index, self._image(nearest))

    def _embedding(self, index: int) -> np.ndarray:
        if index not in self._embedded:
            self._embedded[index] = self._features.embed(picture_of(self._image(index)))
        return self._embedded[index]

    def _partial(self, index: int) -> Case:
        """A half or a quarter; the other half, left or right, holds what the reference lacks."""
        image, rng = self._image(index), self._rng(index)
        height, width = image.shape[:2]
        right, quarter, below = rng.random(3) < 0.5
        top = height // 2 * bool(quarter and below)
        rows = slice(top, top + height // 2) if quarter else slice(0, height)
        columns = slice(width // 2, width) if right else slice(0, width // 2)
        middle = picture_of(image).gray.shape[1] // 2
        rest = (slice(None), slice(0, middle) if right else slice(middle, None))
        return self._case(index, image[rows, columns], rest=rest)

    def _noise(self, index: int) -> Case:
        noise = self._rng(index).integers(0, 256, self._image(index).shape, dtype=np.uint8)
        return self._case(index, noise)

    def _stranger(self, index: int) -> np.ndarray:
        """A colourful picture of another group (the first part of the label), or of another class where groups lack."""
        rng, labels = self._rng(index), self._pictures.labels
        groups = [label.split("/")[0] for label in labels]
        for other in rng.permutation(len(labels)):
            apart = groups[other] != groups[index] or (len(set(groups)) == 1 and other != index)
            if apart and colourfulness(self._image(other)) >= LEAST_COLOUR:
                return self._image(other)
        raise SystemExit("there is no colourful picture of another group to serve as a stranger")


def picture_of(rgb: np.ndarray) -> WorkingPicture:
    """A still at the working size with its gray."""
    return working_picture(rgb, gray_of(rgb))


def warped(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same picture cropped, turned, bent and in half of the cases mirrored; of the same size."""
    height, width = rgb.shape[:2]
    share, angle = rng.uniform(0.7, 0.95), rng.uniform(-8, 8)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1 / share)
    turn[:, 2] += rng.uniform(-1, 1, 2) * (1 / share - 1) / 2 * (width, height)
    turned = cv2.warpAffine(rgb, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    bend = cv2.resize(rng.normal(0, 0.02 * height, (4, 4, 2)), (width, height), interpolation=cv2.INTER_CUBIC)
    place = (np.mgrid[:height, :width][::-1].transpose(1, 2, 0) + bend).astype(np.float32)
    bent = cv2.remap(turned, place[..., 0], place[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(bent[:, ::-1]) if rng.random() < 0.5 else bent


def moments(clips: Path, count: int, seed: int = 0) -> Iterator[Case]:
    """Yield about ``count`` cases of the same scene at another moment, 1 to 3 seconds away in the same shot."""
    files = sorted(path for path in clips.iterdir() if path.is_file())
    if not files:
        raise SystemExit(f"{clips}: there is no clip in this folder")
    shares = np.diff(np.linspace(0, count, len(files) + 1).round().astype(int))
    for number, (file, share) in enumerate(zip(files, shares, strict=True)):
        rate = float(probe(file).frame_rate)
        pairs = _pairs(clip_shots(file, CLIP_FRAMES), rate, int(share), np.random.default_rng((seed, number)))
        frames = _frames(file, {frame for pair in pairs for frame in pair})
        for target, reference in pairs:
            if target in frames and reference in frames:
                pictures = (picture_of(frames[target]), picture_of(frames[reference]))
                yield Case(f"{file.stem} {target} by {reference}", pictures[0], pictures[1:])


def _pairs(shots: Sequence[Shot], rate: float, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Target and reference frames, at least a second apart, from the shots that are long enough."""
    least = int(np.ceil(rate))
    fit = [(s.start + MARGIN, s.stop - MARGIN) for s in shots if len(s) > least + 2 * MARGIN]
    pairs = []
    for number in range(count if fit else 0):
        start, stop = fit[number % len(fit)]
        step = int(rng.integers(least, min(3 * least, stop - start - 1) + 1))
        first = int(rng.integers(start, stop - step))
        pairs.append((first, first + step) if rng.random() < 0.5 else (first + step, first))
    return pairs


def _frames(file: Path, wanted: set[int]) -> dict[int, np.ndarray]:
    """Some frames of a video by number, (H, W, 3) uint8 RGB; those that cannot be read are missing."""
    video, frames = cv2.VideoCapture(str(file)), {}
    for number in range(max(wanted, default=-1) + 1):
        if not video.grab():
            break
        if number in wanted:
            _, frame = video.retrieve()
            frames[number] = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    video.release()
    return frames
