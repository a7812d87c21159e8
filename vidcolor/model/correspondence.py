"""Semantic assignment: which place of the reference a place of the target looks like, by the gray pictures alone.

After the semantic assignment and gated fusion modules of Gray2ColorNet (Lu et al. 2020), on a coarse grid of any size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.encoder import CHANNELS
from vidcolor.model.layers import centred_unit, joined_levels, resize

TOP_SIMILARITIES = 5
STATISTICS = TOP_SIMILARITIES + 4
"""Channels of :attr:`Carried.statistics`: the largest cosines, largest weight, entropy, spread of carried a and b."""

_ELEMENTS_AT_ONCE = (1 << 25, 1 << 21)
"""Of the similarity matrix, on a device and on a processor: 128 MiB in float32, and 8 MiB, which its cache holds."""
_MIDDLE = 0.75
"""Cosines around which bfloat16 is exact: of places that are alike."""
_PICTURES = 16
"""From so many pictures on torch hands 1 x 1 convolutions to oneDNN."""


class Descriptor(nn.Module):
    """Encoder features to one unit vector per place of the stride-8 grid.

    Every level is mean-centred over the picture and L2-normalised; square roots of softmax weights make the cosine of
    the joined vectors the weighted sum of the levels' cosines. A learned projection joins them under a learned balance.
    """

    def __init__(self, projected: int = 64) -> None:
        super().__init__()
        # strides 4, 8 and 16 already match unrelated pictures without training; 2 and 32 have to earn their place
        self.level_logits = nn.Parameter(torch.tensor([-3.0, 0.0, 0.0, 0.0, -1.0]))
        self.balance_logit = nn.Parameter(torch.tensor(-1.5))
        self.mix = nn.Conv2d(sum(CHANNELS), 96, 1)
        self.project = nn.Conv2d(96, projected, 3, padding=1)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Five encoder maps to (N, P, C) with P = H/8 * W/8 places in row order."""
        grid = features[2]
        levels = [centred_unit(resize(feature, grid).float()) for feature in features]
        projected = self.project(F.relu(self.mix(torch.cat(levels, dim=1)))).float()
        joined = joined_levels(levels, self.level_logits, centred_unit(projected), self.balance_logit)
        return joined.flatten(2).transpose(1, 2)


@dataclass(frozen=True)
class Carried:
    """What the correspondence brings from the reference to the target's stride-8 grid (h, w)."""

    values: Tensor
    """(N, V, h, w): the reference's values, averaged with the softmax weights. The first two are a, b over 110."""
    statistics: Tensor
    """(N, STATISTICS, h, w): how sure the match is, whatever the size of the reference."""
    match: Tensor
    """(N, h, w) int64: number of the reference's place that counts most."""


class Correspondence(nn.Module):
    """Softmax over all places of the reference of cosine / temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.tensor(math.log(0.02)))

    def forward(
        self, target: Tensor, keys: Tensor, values: Tensor, grid: tuple[int, int], prior: Tensor | None = None
    ) -> Carried:
        """Descriptors of the target (N, P, C), of the reference (N or 1, Q, C), its values (N or 1, Q, V).

        Several references are joined along Q. prior: (N or 1, Q), logarithm of how much each place has to say; None
        where all have the same. The target is walked in chunks, so that memory stays bounded.
        """
        rows = _ELEMENTS_AT_ONCE[target.device.type == "cpu"] // (target.shape[0] * keys.shape[1])
        chunk = max(_PICTURES, rows // _PICTURES * _PICTURES)
        half = target.device.type == "cpu" and torch.is_autocast_enabled("cpu") and not torch.is_grad_enabled()
        cosines = _CosinesInHalf(keys) if half else partial(_product, right=keys)
        with torch.autocast(target.device.type, enabled=False):
            parts = [self._carry(cosines(part), values, prior) for part in target.split(chunk, dim=1)]
        carried = torch.cat([part[0] for part in parts], dim=1)
        statistics = torch.cat([part[1] for part in parts], dim=1)
        match = torch.cat([part[2] for part in parts], dim=1).unflatten(1, grid)
        return Carried(_to_map(carried, grid), _to_map(statistics, grid), match)

    def _carry(self, similarity: Tensor, values: Tensor, prior: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        count = similarity.shape[2]
        top, places = similarity.topk(min(TOP_SIMILARITIES, count), dim=2)
        match = places[..., 0]
        top = F.pad(top, (0, TOP_SIMILARITIES - top.shape[2]), value=-1.0)
        # softmax by hand: its sum, its peak and its entropy come with it, and no place is walked twice
        sharpness = 1 / self.log_temperature.exp().clamp_min(0.005)
        if prior is None:
            logits = (similarity - top[..., :1]) * sharpness
        else:
            logits = similarity * sharpness + prior[:, None]
            largest, match = logits.max(2)
            logits = logits - largest[..., None]
        weights = logits.exp()
        moments = torch.cat((values, values[..., :2].square(), torch.ones_like(values[..., :1])), dim=2)
        summed = _product(weights, moments.transpose(1, 2))
        total = summed[..., -1:]
        carried = summed[..., : values.shape[2]] / total
        spread = (summed[..., -3:-1] / total - carried[..., :2].square()).clamp_min(0)
        entropy = (total.log() - (weights * logits).sum(2, keepdim=True) / total) / math.log(max(2, count))
        return carried, torch.cat((top, 1 / total, entropy, (spread + 1e-6).sqrt()), dim=2), match


class _CosinesInHalf:
    """(N, P, C) to their products with ``keys`` (N or 1, Q, C), (N, P, Q), from bfloat16, in half the time.

    It is summed in float32, but written with eight bits: less ``_MIDDLE``, lest those of alike places be a temperature
    apart. In one more channel that happens before anything is written.
    """

    def __init__(self, keys: Tensor) -> None:
        self._keys = F.pad(keys, (0, 1), value=-_MIDDLE).bfloat16().transpose(1, 2).contiguous()

    def __call__(self, target: Tensor) -> Tensor:
        return (F.pad(target, (0, 1), value=1.0).bfloat16() @ self._keys).float() + _MIDDLE


def _product(left: Tensor, right: Tensor) -> Tensor:
    """(N, P, C) and (N or 1, Q, C) to (N, P, Q).

    On a processor as a convolution of 16 pictures with 1 x 1 kernels, which torch hands to oneDNN: the matrix product,
    by MKL, takes twice as long on AMD's processors.
    """
    places = left.shape[0] * left.shape[1]
    if left.device.type != "cpu" or torch.is_grad_enabled() or right.shape[0] > 1 or places % _PICTURES:
        return left @ right.transpose(1, 2)
    pictures = left.reshape(_PICTURES, 1, -1, left.shape[2]).permute(0, 3, 1, 2)
    found = F.conv2d(pictures, right[0, :, :, None, None])
    return found.permute(0, 2, 3, 1).reshape(*left.shape[:2], -1)


def _to_map(places: Tensor, grid: tuple[int, int]) -> Tensor:
    return places.transpose(1, 2).unflatten(2, grid)
