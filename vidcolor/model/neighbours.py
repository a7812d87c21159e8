"""Which pictures are most alike, by descriptors of an encoder, within a class and where no class is known.

They serve as references in training, so a copy of the picture (cosine above ``COPY``) is not taken for one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vidcolor.errors import TrainingError

COPY = 0.98
"""Cosine above which two pictures count as copies of each other."""

_SIMILARITIES = 1 << 24
# similarities held at once: 64 MB, whatever the number of pictures


def neighbours_in_class(
    descriptors: np.ndarray, labels: list[str], count: int = 5, device: torch.device | None = None
) -> np.ndarray:
    """For every picture the ``count`` most alike of its class; where that has too few, then the most alike of all.

    ``descriptors`` (N, C) float, unit length; ``labels`` N names of classes, ``""`` where unknown: any picture may
    then be the neighbour. Similarities are computed in chunks on ``device`` (the CPU by default). Returns (N, count)
    int64 indices, best first, never the picture itself, and a copy of it only where there is nothing but copies;
    where fewer than ``count`` pictures fit they are repeated.
    Raises TrainingError where there is but one picture.
    """
    if len(labels) < 2:
        raise TrainingError("a set of one picture has no neighbours: give at least two pictures")
    vectors = torch.from_numpy(np.ascontiguousarray(descriptors, np.float32)).to(device or torch.device("cpu"))
    classes = _classes(labels).to(vectors.device)
    result = torch.full((len(labels), count), -1, dtype=torch.int64, device=vectors.device)
    for group in _groups(classes):
        if len(group) > count:
            result[group] = _nearest(vectors, classes, group, group, count, COPY)
    everyone = torch.arange(len(labels), device=vectors.device)
    short = (result < 0).any(1).nonzero().flatten()
    result[short] = _nearest(vectors, classes, short, everyone, count, COPY)
    lonely = (result < 0).all(1).nonzero().flatten()
    result[lonely] = _nearest(vectors, classes, lonely, everyone, count, np.inf)
    return _repeated(result).cpu().numpy()


def _classes(labels: list[str]) -> Tensor:
    """A number for every class, -1 for none."""
    names = {name: number for number, name in enumerate(sorted(set(labels) - {""}))}
    return torch.tensor([names.get(label, -1) for label in labels])


def _groups(classes: Tensor) -> list[Tensor]:
    """The pictures of each class; those without one are in no group."""
    order = torch.argsort(classes, stable=True)
    known = order[classes[order] >= 0]
    return list(torch.split(known, torch.unique(classes[known], return_counts=True)[1].tolist()))


def _nearest(vectors: Tensor, classes: Tensor, rows: Tensor, pool: Tensor, count: int, copy: float) -> Tensor:
    """(len(rows), count) members of ``pool``, those of the same class first, -1 where no more fit.

    ``pool`` ascends and has all of ``rows`` among its members.
    """
    chosen = torch.full((len(rows), count), -1, dtype=torch.int64, device=vectors.device)
    candidates, kept = vectors[pool], min(count, len(pool))
    for some in torch.arange(len(rows), device=vectors.device).split(max(1, _SIMILARITIES // len(pool))):
        numbers = rows[some]
        score = vectors[numbers] @ candidates.T
        score.masked_fill_(score > copy, -torch.inf)
        score.scatter_(1, torch.searchsorted(pool, numbers)[:, None], -torch.inf)
        if (known := classes[numbers] >= 0).any():
            score += 4 * ((classes[numbers, None] == classes[pool]) & known[:, None])
        best, places = score.topk(kept, dim=1)
        chosen[some, :kept] = pool[places].masked_fill(best == -torch.inf, -1)
    return chosen


def _repeated(chosen: Tensor) -> Tensor:
    """Every row's found neighbours, which come first, once more in place of those not found."""
    found = (chosen >= 0).sum(1, keepdim=True)
    return chosen.gather(1, torch.arange(chosen.shape[1], device=chosen.device) % found)
