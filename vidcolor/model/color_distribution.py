"""What the film network knows of a reference's colours besides where they lie: a code of them, and their histogram."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.color import HISTOGRAM_BINS


class ColorCode(nn.Module):
    """The reference's L, a, b at half size to a code of its colours on the stride-8 grid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, stride=2, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, lab: Tensor) -> Tensor:
        return self.second(F.relu(self.first(lab)))


class ColorDistribution(nn.Module):
    """The reference's 441-bin histogram to one vector per fused scale."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.absent = nn.Parameter(torch.zeros(HISTOGRAM_BINS**2))
        self.trunk = nn.Sequential(nn.Linear(HISTOGRAM_BINS**2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
        self.branches = nn.ModuleList(nn.Linear(128, width) for width in widths)

    def forward(self, histogram: Tensor, present: Tensor) -> list[Tensor]:
        """(N, 441) and whether there is a reference (N,) to vectors (N, width, 1, 1)."""
        # square roots spread the few large and many small bins; a learned stand-in speaks where no reference is
        described = torch.where(present[:, None], histogram.sqrt(), self.absent)
        hidden = self.trunk(described)
        return [branch(hidden)[:, :, None, None] for branch in self.branches]


class NoColorDistribution(nn.Module):
    """In place of :class:`ColorDistribution`: nothing is told of the reference's histogram."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self._widths = tuple(widths)

    def forward(self, histogram: Tensor, present: Tensor) -> list[Tensor]:
        return [histogram.new_zeros((len(present), width, 1, 1)) for width in self._widths]
