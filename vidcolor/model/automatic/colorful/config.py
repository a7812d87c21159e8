"""What can be set of the network, the variations that were studied among it, and of its training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ColorfulConfig:
    """The network. The defaults are the published one."""

    layers: Literal["published", "pretrained"] = "published"
    """The paper's eight groups of convolutions, or MobileNetV2, which can start from ImageNet, with a decoder."""
    width: float = 1.0
    """Channels of the published layers, as a share of the paper's."""
    dilated: int = 2
    """Groups of dilated convolutions among them: conv5 and conv6; 0 or 1 for fewer layers."""
    stride: Literal[4, 8] = 4
    """Pixels to a place of the answer: 4 as published, 8 for a lower output resolution, without conv8's upsampling."""
    answer: Literal["classes", "values"] = "classes"
    """A distribution over 313 colours, or a*, b* themselves: regression, the paper's baseline."""
    temperature: float = 0.38
    """Of the annealed mean that makes colours of a distribution: 1 is its mean, dull; towards 0 its mode, spotty."""
    dropout: float = 0.0
    """Share of the channels before the answer that is left out in training."""

    def __post_init__(self) -> None:
        if self.layers == "pretrained" and (self.width, self.dilated) != (1.0, 2):
            raise ValueError("width and dilated are settings of the published layers alone")
        if not 0 < self.width <= 4 or not 0 <= self.dilated <= 2:
            raise ValueError("width lies above 0 and up to 4, dilated is 0, 1 or 2")
        if self.temperature <= 0 or not 0 <= self.dropout < 1:
            raise ValueError("temperature is above 0, dropout at least 0 and below 1")


@dataclass(frozen=True)
class ColorfulTraining:
    """The network and what its training alone has."""

    network: ColorfulConfig = field(default_factory=ColorfulConfig)
    """What to build."""
    uniform_share: float = 0.5
    """lambda of the class rebalancing: how far the rarity of a colour is held to be the same for all; 1: no
    rebalancing."""
    prior: str = ""
    """File of the frequency of each class, as scripts/measure_color_prior.py writes it; empty: the package's own."""

    def __post_init__(self) -> None:
        if not 0 < self.uniform_share <= 1:
            raise ValueError(f"uniform_share is above 0 and at most 1, got {self.uniform_share}")
