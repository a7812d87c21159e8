"""How far the film network trusts the colours that a correspondence carries."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from vidcolor.model.correspondence import STATISTICS


class Gate(nn.Module):
    """Statistics of the match to the log odds that the carried colour is right."""

    def __init__(self) -> None:
        super().__init__()
        last = nn.Conv2d(32, 1, 3, padding=1)
        nn.init.ones_(cast(Tensor, last.bias))
        self.layers = nn.Sequential(
            nn.Conv2d(STATISTICS, 32, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), last
        )

    def forward(self, statistics: Tensor) -> Tensor:
        return self.layers(statistics)


class OpenGate(nn.Module):
    """In place of :class:`Gate`: the carried colour is trusted everywhere."""

    def forward(self, statistics: Tensor) -> Tensor:
        return statistics.new_full((len(statistics), 1, *statistics.shape[-2:]), 20.0)  # its sigmoid is 1 in float32
