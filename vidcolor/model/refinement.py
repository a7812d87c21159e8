"""The match looked at once more on the stride-4 grid, in a small window around the place to which the coarse one leads.

A correspondence on the stride-8 grid tells which thing is which and blurs what is smaller than a cell; one on the whole
stride-4 grid would cost sixteen times as much. Coarse-to-fine search in windows is that of pyramidal matching (as in
LoFTR's fine level, Sun et al., CVPR 2021, section 3.4), here with a softmax over the window that carries colours. Only
how these differ from the matched place's own is taken: the coarse match, which may be the mean of many places and of
several references, keeps the say over the colour itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.encoder import CHANNELS
from vidcolor.model.layers import centred_unit, joined_levels, resize

WINDOW = 6
"""Side of the window in fine cells: the four of the matched place, and two more on every side."""
CODE = 16
"""Channels of the learned code of the reference's colours."""
REFINED = 2 + CODE + 3 + 1
"""Channels of :attr:`Refined.described`."""

_LEVELS = 3
_SURENESS = 3  # largest cosine, largest weight, entropy
_CENTRE = [row * WINDOW + column for row in (2, 3) for column in (2, 3)]  # the matched place's own cells
_AT_ONCE = 256  # coarse places: 4 MB of descriptors, which a cache holds


@dataclass(frozen=True)
class FinePlaces:
    """What the refinement needs of one or several references."""

    keys: Tensor
    """(N, F, C): unit descriptors of the places of their stride-4 grids."""
    values: Tensor
    """(N, F, 2 + CODE): their a, b over 110, and the learned code of their colours."""
    windows: Tensor
    """(Q, WINDOW**2) int64: for every place of their stride-8 grids the fine places around it."""

    @staticmethod
    def join(places: Sequence[FinePlaces]) -> FinePlaces:
        """Those of several references as one, in their order."""
        counts = [each.keys.shape[1] for each in places]
        starts = [sum(counts[:number]) for number in range(len(counts))]
        return FinePlaces(
            torch.cat([each.keys for each in places], dim=1),
            torch.cat([each.values for each in places], dim=1),
            torch.cat([each.windows + start for each, start in zip(places, starts, strict=True)]),
        )


@dataclass(frozen=True)
class Refined:
    """What the refinement brings from the reference to the target's stride-4 grid."""

    ab: Tensor
    """(N, 2, H/4, W/4) over 110: the coarse match's colours, with the fine one's detail as far as it is believed."""
    described: Tensor
    """(N, REFINED, H/4, W/4): what the fine match carries, how sure it is, and how far it is believed."""


class FineDescriptor(nn.Module):
    """Encoder features of strides 2, 4 and 8 to one unit vector per place of the stride-4 grid.

    Like :class:`vidcolor.model.correspondence.Descriptor`; what is large has been found already.
    """

    def __init__(self, projected: int = 24) -> None:
        super().__init__()
        self.level_logits = nn.Parameter(torch.tensor([-2.0, 0.0, 0.0]))
        self.balance_logit = nn.Parameter(torch.tensor(-2.0))
        self.project = nn.Conv2d(sum(CHANNELS[:_LEVELS]), projected, 3, padding=1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Encoder maps of strides 2, 4, 8 (and more) to (N, C, H/4, W/4)."""
        levels = [centred_unit(resize(feature, features[1]).float()) for feature in features[:_LEVELS]]
        projected = centred_unit(self.project(torch.cat(levels, dim=1)).float())
        return joined_levels(levels, self.level_logits, projected, self.balance_logit)


class Refinement(nn.Module):
    """Colours of the fine places in the window around the matched one, by a softmax of cosine / temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptor = FineDescriptor()
        self.color_code = nn.Conv2d(3, CODE, 3, stride=2, padding=1)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(0.05)))
        self.belief = nn.Sequential(nn.Conv2d(_SURENESS + 5, 16, 1), nn.ReLU(), nn.Conv2d(16, 1, 3, padding=1))

    def places(self, features: Sequence[Tensor], lab: Tensor) -> FinePlaces:
        """Encoder maps of references and their L*/50 - 1 and a, b over 110 at half size (N, 3, H/2, W/2)."""
        ab = F.avg_pool2d(lab[:, 1:], 2).float()
        values = torch.cat((ab, F.relu(self.color_code(lab)).float()), dim=1)
        keys = self.descriptor(features)
        windows = _windows(keys.shape[2], keys.shape[3]).to(keys.device)
        return FinePlaces(keys.flatten(2).transpose(1, 2), values.flatten(2).transpose(1, 2), windows)

    def forward(
        self, features: Sequence[Tensor], match: Tensor, places: FinePlaces, coarse: Tensor, gate: Tensor
    ) -> Refined:
        """Refine a batch of targets by one reference for all or one each.

        features: the targets' encoder maps. match: (N, H/8, W/8) int64, the reference's place that each place looks
        like. coarse: (N, 2, H/8, W/8), the a, b over 110 that the correspondence has carried. gate: (N, 1, H/8, W/8).
        """
        fine = _as_map(self._found(_by_cell(self.descriptor(features)), match.flatten(1), places), match.shape[1])
        nearest = F.interpolate(coarse, size=fine.shape[2:])
        fine = torch.cat((nearest + fine[:, :2], fine[:, 2:]), dim=1)
        before = resize(coarse, fine)
        change = fine[:, :2] - before
        told = torch.cat((fine[:, -_SURENESS:], change, change.abs(), resize(gate.float(), fine)), dim=1)
        belief = torch.sigmoid(self.belief(told).float())
        return Refined(before + belief * change, torch.cat((fine, belief), dim=1))

    def _found(self, queries: Tensor, match: Tensor, places: FinePlaces) -> Tensor:
        """(N, P, 4, C) at places that look like (N, P) of the reference's: (N, P, 4, 2 + CODE + 3)."""
        keys, values = (each.expand(len(match), -1, -1) for each in (places.keys, places.values))
        return torch.stack(
            [self._look(*each) for each in zip(queries, places.windows[match], keys, values, strict=True)]
        )

    def _look(self, query: Tensor, windows: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """One target: (P, 4, C) looks in (P, WINDOW**2) of (F, C) and (F, 2 + CODE): (P, 4, 2 + CODE + 3).

        The first two are how a, b differ from those of the matched place.
        """
        parts = zip(query.split(_AT_ONCE), windows.split(_AT_ONCE), strict=True)
        with torch.autocast(query.device.type, enabled=False):
            return torch.cat([self._carry(q, keys[window], values[window]) for q, window in parts])

    def _carry(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        similarity = query @ keys.transpose(1, 2)
        top = similarity.amax(2, keepdim=True)
        logits = (similarity - top) / self.log_temperature.exp().clamp_min(0.005)
        weights = logits.exp()
        total = weights.sum(2, keepdim=True)
        entropy = (total.log() - (weights * logits).sum(2, keepdim=True) / total) / math.log(WINDOW**2)
        carried = weights @ values / total
        detail = carried[..., :2] - values[:, _CENTRE, :2].mean(1, keepdim=True)
        return torch.cat((detail, carried[..., 2:], top, 1 / total, entropy), dim=2)


@lru_cache(maxsize=16)
def _windows(height: int, width: int) -> Tensor:
    """For every place of the grid of half the sides: the numbers of the places in the window around it."""
    margin = (WINDOW - 2) // 2
    numbers = torch.arange(height * width, dtype=torch.float64).view(1, 1, height, width)
    padded = F.pad(numbers, (margin,) * 4, mode="replicate")
    return F.unfold(padded, WINDOW, stride=2)[0].T.long().contiguous()


def _by_cell(x: Tensor) -> Tensor:
    """(N, C, 2h, 2w) to (N, h * w, 4, C): the four fine cells of each coarse one."""
    batch, channels, height, width = x.shape
    cells = x.view(batch, channels, height // 2, 2, width // 2, 2)
    return cells.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, 4, channels)


def _as_map(x: Tensor, rows: int) -> Tensor:
    """(N, h * w, 4, C) to (N, C, 2h, 2w), the way back of :func:`_by_cell`."""
    batch, places, _, channels = x.shape
    cells = x.view(batch, rows, places // rows, 2, 2, channels)
    return cells.permute(0, 5, 1, 3, 2, 4).reshape(batch, channels, 2 * rows, 2 * (places // rows))
