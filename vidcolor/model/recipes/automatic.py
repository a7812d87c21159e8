"""The recipe that all networks without a reference share: whole pictures, no critic, a loss of the network's own."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from vidcolor.color import AB_SCALE
from vidcolor.errors import TrainingError
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.film_look import film_lightness, plain_lightness
from vidcolor.model.recipes.recipe import Answer, Judged, Pairs, ab_of, full_precision, with_precision
from vidcolor.model.training.config import TrainConfig


class AutomaticLoss(nn.Module):
    """A network and the losses of its answers."""

    def __init__(self, network: AutomaticNetwork[Any]) -> None:
        super().__init__()
        self.network = network

    def forward(self, lightness: Tensor, true_ab: Tensor, step: int) -> dict[str, Tensor]:
        """Parts of the loss and ``total``, each a float32 scalar.

        lightness: L* (N, 1, S, S) in [0, 100]; true_ab: a*, b* in CIELAB units, (N, 2, S, S). It is called where
        convolutions run in the precision of the training: what the network gives is to be made float32.
        """
        raise NotImplementedError


class AutomaticObjective(nn.Module):
    """The loss of the targets of a batch, whose references are passed over."""

    def __init__(self, loss: AutomaticLoss, config: TrainConfig) -> None:
        super().__init__()
        self.loss = loss
        self._look = film_lightness if config.data.film_look else None
        self._precision = config.training.precision

    def forward(
        self, pairs: Pairs, step: int, generator: torch.Generator, critic: nn.Module | None
    ) -> tuple[dict[str, Tensor], Judged | None]:
        """Parts of the loss and ``total``; there is nothing to judge."""
        device = pairs.target.device
        with full_precision(device):
            true_ab = ab_of(pairs.target) * AB_SCALE
            seen = plain_lightness(pairs.target) if self._look is None else self._look(pairs.target, generator)
        with with_precision(self._precision, device):
            return self.loss(_true_scale(seen), true_ab, step), None


class AutomaticRecipe:
    """See :class:`vidcolor.model.recipes.recipe.Recipe`. A network's own recipe gives its loss."""

    references: ClassVar[bool] = False
    betas = (0.9, 0.99)
    critic = None

    def __init__(self, config: TrainConfig, loss: AutomaticLoss) -> None:
        if not (config.network.gate and config.network.color_distribution):
            raise TrainingError("network.gate and network.color_distribution can be left out of gray2color-film alone")
        self._config = config
        self.network = loss.network
        self.objective = AutomaticObjective(loss, config)

    def groups(self) -> list[dict[str, Any]]:
        """All parameters alike."""
        decay = self._config.training.weight_decay
        return [{"params": list(self.network.parameters()), "share": 1.0, "weight_decay": decay}]

    def prepare(self, step: int) -> None:
        """Nothing is frozen."""

    def batch_size(self, step: int, side: int) -> int:
        """As many pixels in every batch."""
        return max(1, round(self._config.data.batch * (128 / side) ** 2))

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """There is no critic."""
        raise NotImplementedError

    @torch.no_grad()
    def answer(self, network: nn.Module, pairs: Pairs) -> Answer:
        """No reference, no gate."""
        lightness = _true_scale(plain_lightness(pairs.target))
        with with_precision(self._config.training.precision, lightness.device):
            ab = network(lightness)
        return Answer(ab.float() / AB_SCALE, lightness.new_zeros((len(lightness), 1, 1, 1)))

    def metadata(self) -> dict[str, str]:
        """The network's config."""
        return {"settings": json.dumps(self.network.settings())}


def _true_scale(lightness: Tensor) -> Tensor:
    """L*/50 - 1 to L*, in the memory format of the convolutions."""
    return ((lightness + 1) * 50).contiguous(memory_format=torch.channels_last)
