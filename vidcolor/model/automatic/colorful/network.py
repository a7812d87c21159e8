"""The network: a distribution over colours for every place, and its annealed mean as the answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.color import AB_SCALE
from vidcolor.model.automatic.colorful.bins import annealed_mean, centres
from vidcolor.model.automatic.colorful.config import ColorfulConfig
from vidcolor.model.automatic.colorful.pretrained import PretrainedLayers
from vidcolor.model.automatic.colorful.published import PublishedLayers
from vidcolor.model.automatic.network import AutomaticNetwork


class Colorful(AutomaticNetwork[ColorfulConfig]):
    """Zhang, Isola and Efros (2016), and its variations."""

    config_type = ColorfulConfig
    bins: Tensor

    def __init__(self, config: ColorfulConfig) -> None:
        super().__init__(config)
        self.register_buffer("bins", centres())
        self.layers = PublishedLayers(config) if config.layers == "published" else PretrainedLayers(config)
        self.dropout = nn.Dropout2d(config.dropout)
        self.head = nn.Conv2d(self.layers.channels, len(self.bins) if config.answer == "classes" else 2, 1)
        nn.init.uniform_(self.head.weight, -0.02, 0.02)  # at first every class is as likely
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def answer(self, lightness: Tensor) -> Tensor:
        """L* (N, 1, H, W) to what the loss speaks of, float32 at the answer's stride: logits (N, 313, h, w), or with
        ``values`` a*, b* in CIELAB units (N, 2, h, w)."""
        raw: Tensor = self.head(self.dropout(self.layers(lightness / 100 - 0.5))).float()
        return raw if self.config.answer == "classes" else raw * AB_SCALE

    def forward(self, lightness: Tensor) -> Tensor:
        answer = self.answer(lightness)
        if self.config.answer == "classes":
            with torch.autocast(answer.device.type, enabled=False):
                answer = annealed_mean(answer, self.bins, self.config.temperature)
        return F.interpolate(answer, size=lightness.shape[-2:], mode="bilinear", align_corners=False)
