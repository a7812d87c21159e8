"""The held-out score: plain errors in CIELAB over pairs that never change, whatever the weights of the losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vidcolor.color import AB_SCALE
from vidcolor.model.image_sets import ImageSet
from vidcolor.model.pairs import KINDS, Batch, PairSampler, ReferenceMix
from vidcolor.model.recipes.recipe import NO_CLASS, Answer, Pairs, Recipe, ab_of
from vidcolor.model.training.batches import to_device
from vidcolor.model.training.config import TrainConfig

_MIX = ReferenceMix(itself=1, moment=0, alike=1, stranger=0.5, nothing=1)
_AT_ONCE = 24


def draw_heldout(stills: ImageSet, neighbours: np.ndarray, config: TrainConfig) -> list[Batch]:
    """The fixed pairs; all without a reference where training has none."""
    sampler = PairSampler(stills, [], neighbours, config.mix if config.mix.alone else _MIX, seed=1)
    count, side = config.data.heldout_pairs, config.data.heldout_side
    sizes = [min(_AT_ONCE, count - start) for start in range(0, count, _AT_ONCE)]
    return [sampler.batch(number, size, side) for number, size in enumerate(sizes)]


def measure(
    recipe: Recipe, network: torch.nn.Module, heldout: Sequence[Batch], device: torch.device
) -> dict[str, float]:
    """``KIND_rmse`` (CIELAB ab), ``KIND_chroma`` (mean chroma as a share of the truth's) and ``KIND_gate``, for every
    kind of reference there is, and ``score``: the mean of the first. ``network`` is the recipe's or its average."""
    network.eval()
    rows = [row for batch in heldout for row in _rows(recipe, network, batch, device)]
    by_kind = {kind: [row[1:] for row in rows if row[0] == number] for number, kind in enumerate(KINDS)}
    scores: dict[str, float] = {}
    for kind, found in by_kind.items():
        if found:
            squared, chroma, true_chroma, gate = np.mean(found, axis=0)
            scores[f"{kind}_rmse"] = float(np.sqrt(squared))
            scores[f"{kind}_chroma"] = float(chroma / max(true_chroma, 1e-6))
            scores[f"{kind}_gate"] = float(gate)
    return {**scores, "score": float(np.mean([value for name, value in scores.items() if name.endswith("_rmse")]))}


def _rows(
    recipe: Recipe, network: torch.nn.Module, batch: Batch, device: torch.device
) -> list[tuple[float, float, float, float, float]]:
    """For every pair its kind, mean square error of ab, mean chroma, the truth's, mean gate."""
    pairs, answer = answer_batch(recipe, network, batch, device)
    true_ab, ab = ab_of(pairs.target) * AB_SCALE, answer.ab * AB_SCALE
    columns = (
        pairs.kind.float(),
        (ab - true_ab).square().mean((1, 2, 3)),
        ab.square().sum(1).sqrt().mean((1, 2)),
        true_ab.square().sum(1).sqrt().mean((1, 2)),
        answer.gate.mean((1, 2, 3)),
    )
    return [tuple(row) for row in torch.stack(columns, dim=1).cpu().tolist()]


def answer_batch(recipe: Recipe, network: torch.nn.Module, batch: Batch, device: torch.device) -> tuple[Pairs, Answer]:
    """Held-out pairs on the device and the network's answer."""
    pairs = to_device(batch, np.full(len(batch.kind), NO_CLASS, np.int64), device)
    return pairs, recipe.answer(network, pairs)
