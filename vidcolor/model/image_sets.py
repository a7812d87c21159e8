"""Colour pictures to train on, in memory as 8-bit RGB: tar shards, folders, lists, and frames of colour video."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from vidcolor.errors import TrainingError
from vidcolor.model.image_lists import read_image_list

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class ImageSet:
    """Pictures with the name of their class."""

    images: list[np.ndarray]
    """Each (H, W, 3) uint8 sRGB, its short side at most what was asked for."""
    labels: list[str]
    """The class of each; ``""`` where none is known."""

    def __len__(self) -> int:
        return len(self.images)


def load_images(sources: Sequence[Path], short_side: int, workers: int = 2) -> ImageSet:
    """All images of tar shards (WebDataset layout), folders (class subfolders or flat) and lists, in a fixed order.

    Lists are text files, see `read_image_list`.

    Undecodable files are left out. Raises TrainingError where a source is missing or no image is found.
    """
    images: list[np.ndarray] = []
    labels: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        for batch in _in_batches(_encoded_images(sources), 256):
            decoded = pool.map(lambda item: _decode(item[0], short_side), batch)
            for image, (_, label) in zip(decoded, batch, strict=True):
                if image is not None:
                    images.append(image)
                    labels.append(label)
    if not images:
        raise TrainingError(
            f"no image found in {', '.join(map(str, sources))}: give folders of images, tar shards or lists"
        )
    return ImageSet(images, labels)


def load_image(path: Path, short_side: int) -> np.ndarray:
    """One picture, (H, W, 3) uint8 sRGB, its short side at most ``short_side``.

    Raises TrainingError where it is missing or cannot be decoded.
    """
    try:
        image = _decode(path.read_bytes(), short_side)
    except OSError as error:
        raise TrainingError(f"the image {path} cannot be read: {error.strerror}") from error
    if image is None:
        raise TrainingError(f"{path} cannot be decoded as an image")
    return image


def _in_batches(items: Iterable[tuple[bytes, str]], size: int) -> Iterator[list[tuple[bytes, str]]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _encoded_images(sources: Sequence[Path]) -> Iterator[tuple[bytes, str]]:
    for source in sources:
        if source.is_dir():
            yield from _from_folder(source)
        elif source.suffix == ".tar" and source.is_file():
            yield from _from_shard(source)
        elif source.suffix == ".txt" and source.is_file():
            yield from read_image_list(source)
        else:
            raise TrainingError(f"{source} is neither a folder of images nor a tar shard nor a list (.txt) of images")


def _from_folder(folder: Path) -> Iterator[tuple[bytes, str]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
            label = path.parent.relative_to(folder).as_posix()
            yield path.read_bytes(), "" if label == "." else label


def _from_shard(shard: Path) -> Iterator[tuple[bytes, str]]:
    """Members of one sample share a stem: the image, and its class as ``.cls`` text before or after it."""
    pending: dict[str, bytes | str] = {}
    with tarfile.open(shard) as tar:
        for member in tar:
            stem, _, suffix = member.name.rpartition(".")
            file = tar.extractfile(member)
            if file is None or not stem:
                continue
            partner = pending.pop(stem, None)
            if f".{suffix.lower()}" in IMAGE_SUFFIXES:
                if isinstance(partner, str):
                    yield file.read(), partner
                else:
                    pending[stem] = file.read()
            elif suffix == "cls":
                label = file.read().decode().strip()
                if isinstance(partner, bytes):
                    yield partner, label
                else:
                    pending[stem] = label
    yield from ((image, "") for image in pending.values() if isinstance(image, bytes))


def _decode(encoded: bytes, short_side: int) -> np.ndarray | None:
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR) if encoded else None
    return None if image is None else _reduced(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), short_side)


def _reduced(image: np.ndarray, short_side: int) -> np.ndarray:
    scale = short_side / min(image.shape[:2])
    if scale >= 1:
        return image
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def load_clips(paths: Sequence[Path], short_side: int, every: int = 3, most: int = 120) -> list[list[np.ndarray]]:
    """Frames of colour videos, (H, W, 3) uint8 sRGB: every n-th, up to ``most`` a clip. Folders are searched.

    Raises TrainingError where a video cannot be opened.
    """
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return [_read_clip(file, short_side, every, most) for file in files]


def _read_clip(path: Path, short_side: int, every: int, most: int) -> list[np.ndarray]:
    video = cv2.VideoCapture(str(path))
    if not video.isOpened():
        raise TrainingError(f"{path} cannot be opened as a video")
    frames: list[np.ndarray] = []
    number = 0
    while len(frames) < most:
        alive = video.grab()
        if not alive:
            break
        if number % every == 0:
            _, frame = video.retrieve()
            frames.append(_reduced(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), short_side))
        number += 1
    video.release()
    return frames
