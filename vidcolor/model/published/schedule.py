"""The two stages in which the published network is trained.

Inferred, like the loss weights, from the first settings of a team that had the paper; the batch size of stage 2 is also
that of one of the authors' compiled training runs. How long each stage lasts, the optimiser and its learning rate are
not known: they are the trainer's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import nn

from vidcolor.model.published.losses import PublishedLossWeights
from vidcolor.model.published.network import Gray2ColorNet


@dataclass(frozen=True)
class Stage:
    """What one stage trains, and on how much at a time."""

    name: str
    """How a log names it."""
    with_reference: bool
    """False: the network is given no reference, M^k = 0, and the MCN with its class head learns alone."""
    batch: int
    """Samples of one optimizer step."""
    weights: PublishedLossWeights = field(default_factory=PublishedLossWeights)
    """Weights of the losses."""


MAIN_STAGE = Stage("main colorization network", False, 48, PublishedLossWeights(histogram=0.0))
"""Stage 1: the MCN, without reference and without histogram loss."""
WHOLE_STAGE = Stage("everything", True, 12)
"""Stage 2: all parts and all losses."""
STAGES = (MAIN_STAGE, WHOLE_STAGE)


def stage_parameters(network: Gray2ColorNet, stage: Stage) -> Iterator[nn.Parameter]:
    """The weights that a stage moves; the others get no gradient in it, and an optimizer of them would only idle."""
    return network.parameters() if stage.with_reference else network.main_parameters()
