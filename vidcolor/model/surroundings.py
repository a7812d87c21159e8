"""What surrounds a place tells what it is: a gray plane is a road below houses and a sky above them.

Every place of the coarsest grid looks at all others (Vaswani et al., "Attention Is All You Need", 2017, section 3, with
the norms before the layers), knowing where in the picture each lies. Iizuka et al. ("Let there be Color!", SIGGRAPH
2016, section 3.2) give every place one vector of the whole picture to the same end.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.layers import zeroed

_HEADS = 4
_LAYERS = 2
_FREQUENCIES = (0.25, 0.5, 1.0)  # periods over the picture's height and width


class Surroundings(nn.Module):
    """A map of features (N, C, h, w) to what all of it says of each place (N, width, h, w); starts as 0."""

    def __init__(self, channels: int, width: int) -> None:
        """``width``: a multiple of 4."""
        super().__init__()
        self.first = nn.Conv2d(channels, width, 1)
        self.place = nn.Linear(4 * len(_FREQUENCIES), width)
        self.layers = nn.Sequential(*(_Exchange(width) for _ in range(_LAYERS)))
        self.last = zeroed(nn.Conv2d(width, width, 1))

    def forward(self, feature: Tensor) -> Tensor:
        rows, columns = feature.shape[-2:]
        places = self.first(feature).flatten(2).transpose(1, 2) + self.place(_places(rows, columns).to(feature.device))
        told = self.layers(places).transpose(1, 2)
        return self.last(told.unflatten(2, (rows, columns)))


class _Exchange(nn.Module):
    """Attention of all places to all, then a layer of each on its own: (N, P, width) to the same shape."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attend = nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.gather = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        asked = self.ask(self.attend(x)).unflatten(2, (3, _HEADS, -1))
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        told = F.scaled_dot_product_attention(query, key, value)
        x = x + self.gather(told.transpose(1, 2).flatten(2))
        return x + self.think(x)


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # whoever asks first: others learn from the same
def _places(rows: int, columns: int) -> Tensor:
    """Sines and cosines of where the cells' centres lie in the picture, -1 to 1: (rows * columns, 12)."""
    y, x = ((torch.arange(count) + 0.5) * 2 / count - 1 for count in (rows, columns))
    angles = torch.stack(torch.meshgrid(y, x, indexing="ij"), -1).view(-1, 2, 1) * math.pi * torch.tensor(_FREQUENCIES)
    return torch.cat((angles.sin(), angles.cos()), 2).flatten(1)
