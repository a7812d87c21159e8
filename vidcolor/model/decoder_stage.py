"""One scale of the film network's decoder, and the colours of a frame before that it may follow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.layers import ResidualBlock, resize, zeroed
from vidcolor.model.refinement import REFINED, Refined

_PROPAGATED_CHANNELS = 6
"""The propagated a, b, their difference from the carried ones, the motion's trust, the gate."""


@dataclass(frozen=True)
class Propagated:
    """Colours of a frame coloured before, brought to the target along the motion between the two."""

    ab: Tensor
    """(N, 2, h, w) over 110, of any size."""
    trust: Tensor
    """(N, 1, h, w) in [0, 1]: how far the motion is believed; even where it is not, the colours may be right."""
    present: Tensor
    """(N,) bool: False for a target that has no frame before it."""


class DecoderStage(nn.Module):
    """One scale of the MCN: what comes from below, the encoder's features, the fused reference; and its heads."""

    def __init__(self, below: int, lateral: int, carried: int, width: int, blocks: int, refined: bool = False) -> None:
        super().__init__()
        self.from_below = nn.Conv2d(below, width, 1)
        self.lateral = nn.Conv2d(lateral, width, 1)
        self.from_carried = nn.Conv2d(carried, width, 1)
        self.from_refined = zeroed(nn.Conv2d(REFINED, width, 1)) if refined else None
        self.from_propagated = zeroed(nn.Conv2d(_PROPAGATED_CHANNELS, width, 3, padding=1))
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.head = zeroed(nn.Conv2d(width, 2, 3, padding=1))
        self.share = zeroed(nn.Conv2d(width, 1, 3, padding=1))

    def forward(
        self,
        x: Tensor,
        feature: Tensor,
        carried: Tensor,
        refined: Refined | None,
        gate: Tensor,
        gain: Tensor,
        color: Tensor,
        propagated: Propagated | None,
    ) -> tuple[Tensor, Tensor]:
        """Features of the stage below, the encoder's at this stride, carried values, what the refinement makes of
        them, gate, gain, colour vector, colours of a frame before: to this stage's features and its a, b over 110."""
        gate, carried = resize(gate, feature), resize(carried, feature)
        if refined is not None:
            carried = torch.cat((resize(refined.ab, feature), carried[:, 2:]), dim=1)
        told = self.from_carried(carried)
        if refined is not None and self.from_refined is not None:
            told = told + self.from_refined(resize(refined.described, feature))
        x = resize(self.from_below(x), feature) + self.lateral(feature) + gate * told + (1 - gate) * color
        base = gate.float() * carried[:, :2].float()
        gain = gain + (1 - gain) * gate.detach().float()  # the gate learns from what is right alone
        if propagated is None:
            x = self.blocks(F.relu(self.mix(F.relu(x, inplace=True)), inplace=True))
            return x, gain * self.head(x).float() + base
        present = propagated.present[:, None, None, None].float()
        before, trust = resize(propagated.ab, feature), resize(propagated.trust, feature)
        described = torch.cat((before, before - base, trust, gate.float()), dim=1) * present
        x = x + self.from_propagated(described) * present
        x = self.blocks(F.relu(self.mix(F.relu(x, inplace=True)), inplace=True))
        share = torch.sigmoid(self.share(x).float()) * present
        return x, gain * self.head(x).float() + base + share * (before - base)
