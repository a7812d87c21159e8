"""The recipe of Gray2ColorNet as published: the MCN alone, then everything against the discriminator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from vidcolor.errors import TrainingError
from vidcolor.model.discriminator import PatchDiscriminator
from vidcolor.model.film_look import plain_lightness
from vidcolor.model.pairs import KINDS
from vidcolor.model.published.losses import discriminator_loss, published_loss
from vidcolor.model.published.network import Colorization, Gray2ColorNet
from vidcolor.model.published.reference import fit_reference
from vidcolor.model.published.schedule import MAIN_STAGE, WHOLE_STAGE, Stage
from vidcolor.model.recipes.recipe import NO_CLASS, Answer, Judged, Pairs, ab_of, full_precision, with_precision
from vidcolor.model.training.config import TrainConfig


class PublishedObjective(nn.Module):
    """The network and the five losses of its answers."""

    def __init__(self, network: Gray2ColorNet, config: TrainConfig) -> None:
        super().__init__()
        self.network = network
        self._precision = config.training.precision
        self._main_steps = round(config.published.main_share * config.training.steps)
        weights = config.published.loss
        self._main = replace(MAIN_STAGE, batch=config.published.main_batch, weights=replace(weights, histogram=0.0))
        self._whole = replace(WHOLE_STAGE, batch=config.published.whole_batch, weights=weights)

    def stage(self, step: int) -> Stage:
        """The stage that a step belongs to."""
        return self._main if step < self._main_steps else self._whole

    def forward(
        self, pairs: Pairs, step: int, generator: torch.Generator, critic: nn.Module | None
    ) -> tuple[dict[str, Tensor], Judged | None]:
        """Parts of the loss and ``total``; in stage 2 what the critic shall judge."""
        stage = self.stage(step)
        with full_precision(pairs.target.device):
            lightness, true_ab = plain_lightness(pairs.target), ab_of(pairs.target)
            pred = predict(self.network, pairs, lightness, stage.with_reference, self._precision)
            classes = pairs.classes if bool((pairs.classes != NO_CLASS).any()) else None
            if critic is None or not stage.with_reference:
                return published_loss(pred, true_ab, classes, None, stage.weights), None
            with with_precision(self._precision, lightness.device):
                logits = critic(lightness, pred.ab[-1])
            parts = published_loss(pred, true_ab, classes, logits.float(), stage.weights)
            return parts, Judged(lightness, pred.ab[-1].detach(), true_ab)


class PublishedRecipe:
    """See :class:`vidcolor.model.recipes.recipe.Recipe`."""

    references: ClassVar[bool] = True
    betas = (0.5, 0.999)

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        if not (config.network.gate and config.network.color_distribution):
            raise TrainingError("network.gate and network.color_distribution can be left out of gray2color-film alone")
        self.network = Gray2ColorNet()
        self.objective = PublishedObjective(self.network, config)
        self.critic = PatchDiscriminator() if config.published.loss.gan else None

    def groups(self) -> list[dict[str, Any]]:
        """All parameters alike; those without a gradient in stage 1 are passed over by the optimizer."""
        decay = self._config.training.weight_decay
        return [{"params": list(self.network.parameters()), "share": 1.0, "weight_decay": decay}]

    def prepare(self, step: int) -> None:
        """Stage 1 leaves the GCFN out of the computation, and so needs nothing frozen."""

    def batch_size(self, step: int, side: int) -> int:
        """The stage's, for crops of 128 pixels."""
        return max(1, round(self.objective.stage(step).batch * (128 / side) ** 2))

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Of the same kind as the network's GAN loss."""
        return discriminator_loss(real, fake, self._config.published.loss.gan_mode)

    @torch.no_grad()
    def answer(self, network: nn.Module, pairs: Pairs) -> Answer:
        """With references, in stage 1 too, where they do not help yet."""
        assert isinstance(network, Gray2ColorNet)
        lightness = plain_lightness(pairs.target)
        pred = predict(network, pairs, lightness, True, self._config.training.precision)
        return Answer(pred.ab[-1].float(), pred.gate.float())

    def metadata(self) -> dict[str, str]:
        """Built without settings."""
        return {}


def predict(
    network: Gray2ColorNet, pairs: Pairs, lightness: Tensor, with_reference: bool, precision: str
) -> Colorization:
    """The network's answer, by references of 128 x 128 or by none."""
    present = pairs.kind != KINDS.index("nothing")
    reference = fit_reference(pairs.reference) if with_reference else None
    with with_precision(precision, lightness.device):
        encoded = None if reference is None else network.encode_reference(*reference)
        return network(lightness, encoded, present)
