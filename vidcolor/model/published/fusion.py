"""Gated fusion (GCFN): where the assignment is trusted its colours count, elsewhere the colour distribution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.published.assignment import Scales
from vidcolor.model.published.encoder import every_second

_HIDDEN = 1024


class Gate(nn.Module):
    """Omega: one place's raw cosines with all places of the reference, as channels, to how far they are trusted.

    Its input channels are the reference's places, so that the size of the reference is part of the weights.
    """

    def __init__(self, places: int) -> None:
        super().__init__()
        self.hidden = nn.Conv1d(places, _HIDDEN, 1)
        self.confidence = nn.Conv1d(_HIDDEN, 1, 1)

    def forward(self, cosines: Tensor) -> Tensor:
        """(N, places, P) to (N, 1, P) in [0, 1]."""
        return torch.sigmoid(self.confidence(F.relu(self.hidden(cosines))))


def gated_fusion(assigned: Scales, distribution: Scales, gate: Tensor) -> Scales:
    """M^k = F_S^k * Omega^k + F_RH^k * (1 - Omega^k) for k = 1, 2, 3; ``gate`` is Omega^3, (N, 1, H/2, W/2)."""
    middle = every_second(gate)
    gates = (every_second(middle), middle, gate)
    coarse, middle, fine = (
        aligned * omega + spread * (1 - omega)
        for aligned, spread, omega in zip(assigned, distribution, gates, strict=True)
    )
    return coarse, middle, fine
