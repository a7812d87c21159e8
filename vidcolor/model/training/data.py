"""The pictures, videos and lists of a run, with classes and neighbours, read once before the first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from vidcolor.errors import TrainingError
from vidcolor.model.encoder import Encoder
from vidcolor.model.film_look import plain_lightness
from vidcolor.model.image_sets import ImageSet, load_clips, load_images
from vidcolor.model.neighbours import neighbours_in_class
from vidcolor.model.pair_lists import PairList, load_pair_list
from vidcolor.model.pairs import ReferenceMix
from vidcolor.model.pseudo_labels import with_pseudo_labels
from vidcolor.model.recipes.recipe import NO_CLASS
from vidcolor.model.training.config import DataConfig

_CLASSES = 1000  # of the published network's head
_SIDE = 96  # of the squares by which neighbours are found


@dataclass(frozen=True)
class TrainingData:
    """All that batches are drawn from."""

    stills: ImageSet
    clips: list[list[np.ndarray]]
    listed: PairList | None
    neighbours: np.ndarray
    """(len(stills), k): indices of the nearest stills."""
    class_numbers: np.ndarray
    """(len(stills) + 1,) int64: class of each still, NO_CLASS where unknown, as for the last, which stands for none."""


def load_data(config: DataConfig, mix: ReferenceMix, backbone: str, device: torch.device) -> TrainingData:
    """What to train on. Raises TrainingError where there are no pictures, or more classes than can be told apart."""
    if not config.images or not config.heldout:
        raise TrainingError("give data.images and data.heldout: folders of images or tar shards")
    stills = _with_classes(load_images([Path(source) for source in config.images], config.short_side), config,
                           backbone, device)  # fmt: skip
    clips = load_clips([Path(source) for source in config.clips], config.short_side)
    lists = [load_pair_list(Path(source), config.short_side) for source in config.pairs]
    neighbours = find_neighbours(stills, config, mix, backbone, device)
    return TrainingData(stills, clips, _joined(lists), neighbours, class_numbers(stills.labels))


def load_heldout(
    config: DataConfig, mix: ReferenceMix, backbone: str, device: torch.device
) -> tuple[ImageSet, np.ndarray]:
    """The held-out stills and their neighbours."""
    stills = load_images([Path(source) for source in config.heldout], config.short_side)
    return stills, find_neighbours(stills, config, mix, backbone, device)


def _with_classes(stills: ImageSet, config: DataConfig, backbone: str, device: torch.device) -> ImageSet:
    if config.classes == "none":
        return ImageSet(stills.images, [""] * len(stills))
    if config.classes == "labels" or all(stills.labels):
        return stills
    if not backbone:
        raise TrainingError("data.classes=backbone needs training.backbone: the ImageNet weights with their classifier")
    return with_pseudo_labels(stills, load_file(backbone), device)


def class_numbers(labels: Sequence[str]) -> np.ndarray:
    """(len(labels) + 1,) int64, see :class:`TrainingData`. The most frequent classes get numbers, the others none."""
    names, counts = np.unique([label for label in labels if label], return_counts=True)
    kept = sorted(names[np.argsort(-counts, kind="stable")[:_CLASSES]])
    numbers = {name: number for number, name in enumerate(kept)}
    return np.array([*(numbers.get(label, NO_CLASS) for label in labels), NO_CLASS], np.int64)


def _joined(lists: list[PairList]) -> PairList | None:
    """Several lists as one."""
    if not lists:
        return None
    starts = np.cumsum([0, *(len(each.images) for each in lists)])
    pairs = [each.pairs + start for each, start in zip(lists, starts[:-1], strict=True)]
    return PairList([image for each in lists for image in each.images], np.concatenate(pairs))


@torch.no_grad()
def find_neighbours(
    stills: ImageSet, config: DataConfig, mix: ReferenceMix, backbone: str, device: torch.device
) -> np.ndarray:
    """Nearest pictures by the backbone's coarsest features of the gray picture: (len(stills), k) indices.

    Without references nobody asks for them: then each picture is its own."""
    if mix.alone:
        return np.arange(len(stills))[:, None]
    torch.manual_seed(0)
    encoder = Encoder()
    if backbone:
        encoder.load_backbone(load_file(backbone))
    encoder.to(device)
    chunks = [stills.images[start : start + 32] for start in range(0, len(stills), 32)]
    joined = torch.cat([_descriptors(encoder, chunk, device) for chunk in chunks])
    unit = F.normalize(joined - joined.mean(0), dim=1).numpy()
    labels = stills.labels if config.neighbours == "class" else [""] * len(stills)
    return neighbours_in_class(unit, labels, device=device)


def _descriptors(encoder: Encoder, images: Sequence[np.ndarray], device: torch.device) -> Tensor:
    squares = np.stack([cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for image in images])
    rgb = torch.from_numpy(squares).to(device).permute(0, 3, 1, 2).float() / 255
    with torch.autocast(device.type, torch.bfloat16):
        features = encoder(plain_lightness(rgb))[-1]
    return features.float().mean((2, 3)).cpu()
