"""Batches by number: what batch n holds depends on the seed and n alone, so that resuming needs no state.

The CPU draws crops ahead of the step in threads. On a GPU whose memory holds the pictures, most are drawn there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vidcolor.model.pairs import Batch, PairSampler, ReferenceMix
from vidcolor.model.recipes.recipe import Pairs
from vidcolor.model.resident_pairs import ResidentPairs
from vidcolor.model.training.config import DataConfig
from vidcolor.model.training.data import TrainingData

_AHEAD = 4
_RESIDENT_BYTES = 7  # a pixel takes with its reduced copies


class Source(Protocol):
    """Where batches come from."""

    def draw(self, number: int, size: int, side: int) -> Batch | None:
        """What the CPU has to do for batch ``number``, in a thread."""

    def finish(self, drawn: Batch | None, number: int, size: int, side: int) -> Pairs:
        """The batch on the device."""


def open_source(data: TrainingData, config: DataConfig, mix: ReferenceMix, device: torch.device) -> Source:
    """The CPU's draws, or the device's where the pictures fit in half of its free memory."""
    sampler = PairSampler(
        data.stills, data.clips, data.neighbours, mix, config.seed, config.titles, config.disguised, data.listed,
        config.whole,
    )  # fmt: skip
    drawn = DrawnPairs(sampler, data.class_numbers, device)
    if device.type == "cuda" and config.resident:
        pixels = sum(image.shape[0] * image.shape[1] for image in _pictures(data))
        if _RESIDENT_BYTES * pixels < torch.cuda.mem_get_info(device)[0] / 2:
            return ResidentSource(data, config, mix, device, drawn)
    return drawn


def _pictures(data: TrainingData) -> list[np.ndarray]:
    return [*data.stills.images, *(frame for clip in data.clips for frame in clip)]


class DrawnPairs:
    """All pairs drawn on the CPU."""

    def __init__(self, sampler: PairSampler, class_numbers: np.ndarray, device: torch.device) -> None:
        self._sampler, self._classes, self._device = sampler, class_numbers, device

    def draw(self, number: int, size: int, side: int) -> Batch | None:
        return self._sampler.batch(number, size, side)

    def finish(self, drawn: Batch | None, number: int, size: int, side: int) -> Pairs:
        assert drawn is not None
        return to_device(drawn, self._classes[drawn.picture], self._device)


class ResidentSource:
    """Most pairs drawn on the device from resident pictures; the rest, with all that needs the CPU, on the CPU."""

    def __init__(
        self, data: TrainingData, config: DataConfig, mix: ReferenceMix, device: torch.device, drawn: DrawnPairs
    ) -> None:
        self._resident = ResidentPairs(
            data.stills, data.clips, data.neighbours, replace(mix, listed=0.0), config.seed, device, whole=config.whole
        )
        self._drawn, self._classes, self._device = drawn, data.class_numbers, device
        self._from_cpu = config.from_cpu

    def draw(self, number: int, size: int, side: int) -> Batch | None:
        count = self._cpu_count(size)
        return self._drawn.draw(number, count, side) if count else None

    def finish(self, drawn: Batch | None, number: int, size: int, side: int) -> Pairs:
        count = self._cpu_count(size)
        parts = [self._own(number, size - count, side)] if count < size else []
        if drawn is not None:
            parts.append(self._drawn.finish(drawn, number, count, side))
        return Pairs.join(parts)

    def _cpu_count(self, size: int) -> int:
        return round(self._from_cpu * size)

    def _own(self, number: int, size: int, side: int) -> Pairs:
        kind, targets, references = self._resident.views(number, size, side)
        pictures, device = self._resident.pictures, self._device
        still = np.where(targets.picture < len(self._classes) - 1, targets.picture, -1)
        half = (size, 1, side // 2, side // 2)
        return Pairs(
            pictures.draw(targets, side),
            pictures.draw(references, side),
            torch.from_numpy(kind).to(device),
            torch.from_numpy(self._classes[still]).to(device),
            torch.zeros(half, device=device).expand(-1, 3, -1, -1),
            torch.zeros(half, device=device),
            torch.zeros(size, dtype=torch.bool, device=device),
        )


def to_device(batch: Batch, classes: np.ndarray, device: torch.device) -> Pairs:
    """A batch of arrays as tensors on the device; ``classes`` (N,) int64."""
    return Pairs(
        _rgb(batch.target, device),
        _rgb(batch.reference, device),
        _moved(batch.kind, device),
        _moved(classes, device),
        _rgb(batch.moved, device),
        _moved(batch.trust, device).unsqueeze(1),
        _moved(batch.has_moved, device),
    )


def _moved(values: np.ndarray, device: torch.device) -> Tensor:
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def _rgb(images: np.ndarray, device: torch.device) -> Tensor:
    """(N, H, W, 3) uint8 to (N, 3, H, W) float in [0, 1]."""
    return _moved(images, device).permute(0, 3, 1, 2).float() / 255


def walk_batches(
    source: Source,
    config: DataConfig,
    batch_size: Callable[[int, int], int],
    steps: range,
    rank: int = 0,
    count: int = 1,
) -> Iterator[Pairs]:
    """The batches of ``steps`` for process ``rank`` of ``count``, each process its own, drawn ahead.

    ``batch_size``: pairs of a step's batch of crops of a side.
    """

    def shape(step: int) -> tuple[int, int, int]:
        side = config.sides[int(np.random.default_rng((config.seed, step)).integers(len(config.sides)))]
        return step * count + rank, batch_size(step, side), side

    with ThreadPoolExecutor(config.threads) as pool:
        pending = [pool.submit(source.draw, *shape(step)) for step in steps[:_AHEAD]]
        for place, step in enumerate(steps):
            drawn = pending.pop(0).result()
            if place + _AHEAD < len(steps):
                pending.append(pool.submit(source.draw, *shape(steps[place + _AHEAD])))
            yield source.finish(drawn, *shape(step))
