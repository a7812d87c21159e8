"""The recipe of Colorful Image Colorization: cross-entropy with rare colours counting more, or plain L2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vidcolor.color import AB_SCALE
from vidcolor.errors import TrainingError
from vidcolor.model.automatic.colorful.bins import encode
from vidcolor.model.automatic.colorful.config import ColorfulTraining
from vidcolor.model.automatic.colorful.network import Colorful
from vidcolor.model.automatic.colorful.pretrained import PretrainedLayers
from vidcolor.model.automatic.colorful.rebalancing import class_weights, load_prior
from vidcolor.model.encoder import Encoder
from vidcolor.model.layers import resize
from vidcolor.model.recipes.automatic import AutomaticLoss, AutomaticRecipe
from vidcolor.model.recipes.recipe import full_precision
from vidcolor.model.training.config import TrainConfig

_OF_FILM = "encoder."
_GRAY = 5.0
"""A picture all of whose |a*| and |b*| are at most this teaches no colour (as released)."""


class ColorfulLoss(AutomaticLoss):
    """The paper's equation 2 with the weights of equation 4, or equation 1."""

    weights: Tensor

    def __init__(self, network: Colorful, training: ColorfulTraining) -> None:
        super().__init__(network)
        self._colorful = network
        prior = load_prior(Path(training.prior) if training.prior else None)
        self.register_buffer("weights", class_weights(prior, training.uniform_share))

    def forward(self, lightness: Tensor, true_ab: Tensor, step: int) -> dict[str, Tensor]:
        answer = self._colorful.answer(lightness)
        with full_precision(answer.device):
            coloured = (true_ab.abs() > _GRAY).flatten(1).any(1)[:, None, None]
            small = resize(true_ab, answer)
            by_class = self._colorful.config.answer == "classes"
            errors = self._cross_entropy(answer, small) if by_class else _half_squares(answer, small)
            total = (errors * coloured).mean()
        return {"classes" if by_class else "values": total, "total": total}

    def _cross_entropy(self, logits: Tensor, ab: Tensor) -> Tensor:
        """(N, h, w): of the soft encoding, each place weighted by its nearest class."""
        numbers, shares = encode(ab, self._colorful.bins)
        told = torch.log_softmax(logits, dim=1).gather(1, numbers)
        return -(shares * told).sum(1) * self.weights[numbers[:, 0]]


def _half_squares(answer: Tensor, ab: Tensor) -> Tensor:
    """(N, h, w): half the squared distance, of ab / 110."""
    return ((answer - ab) / AB_SCALE).square().sum(1) / 2


def _start(encoder: Encoder, path: Path) -> None:
    """From ImageNet weights, or from the encoder of a film network's weights file, which knows gray pictures already.
    Raises TrainingError where the file holds neither."""
    try:
        tensors = load_file(path)
        own = {name.removeprefix(_OF_FILM): value for name, value in tensors.items() if name.startswith(_OF_FILM)}
        if own:
            encoder.load_state_dict({name: value.float() for name, value in own.items()})
        else:
            encoder.load_backbone(tensors)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise TrainingError(
            f"training.backbone: {path} holds neither ImageNet weights of MobileNetV2 nor those of gray2color-film"
        ) from error


class ColorfulRecipe(AutomaticRecipe):
    """See :class:`vidcolor.model.recipes.recipe.Recipe`."""

    def __init__(self, config: TrainConfig) -> None:
        network = Colorful(config.colorful.network)
        super().__init__(config, ColorfulLoss(network, config.colorful))
        self._pretrained = network.layers if isinstance(network.layers, PretrainedLayers) else None
        if self._pretrained is not None and config.training.backbone:
            _start(self._pretrained.encoder, Path(config.training.backbone))

    def groups(self) -> list[dict[str, Any]]:
        """An encoder that starts from ImageNet learns slowly and does not decay."""
        if self._pretrained is None:
            return super().groups()
        training = self._config.training
        encoder = list(self._pretrained.encoder.parameters())
        chosen = {id(parameter) for parameter in encoder}
        rest = [parameter for parameter in self.network.parameters() if id(parameter) not in chosen]
        return [
            {"params": rest, "share": 1.0, "weight_decay": training.weight_decay},
            {"params": encoder, "share": training.encoder_rate, "weight_decay": 0.0},
        ]
