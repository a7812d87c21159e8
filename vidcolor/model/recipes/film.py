"""The recipe of the film network: every pair by its reference, film looks, frames before, an optional critic."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.model.decoder_stage import Propagated
from vidcolor.model.discriminator import PatchDiscriminator
from vidcolor.model.film_look import film_lightness, plain_lightness
from vidcolor.model.gray2color import Colorization, Consulted, FilmGray2ColorNet
from vidcolor.model.layers import resize
from vidcolor.model.losses import colorization_loss, critic_loss, fooling_loss, pixel_loss
from vidcolor.model.pairs import KINDS
from vidcolor.model.recipes.recipe import Answer, Judged, Pairs, ab_of, full_precision, with_precision
from vidcolor.model.simulated_motion import simulated_motion, worsened
from vidcolor.model.training.config import TrainConfig


class FilmObjective(nn.Module):
    """The network and the losses of its answers."""

    def __init__(self, network: FilmGray2ColorNet, config: TrainConfig) -> None:
        super().__init__()
        self.network = network
        self._data, self._precision, self._natural = config.data, config.training.precision, config.training.natural
        self._weights = config.loss if config.network.gate else replace(config.loss, gate=0.0)

    def forward(
        self, pairs: Pairs, step: int, generator: torch.Generator, critic: nn.Module | None
    ) -> tuple[dict[str, Tensor], Judged | None]:
        """Parts of the loss and ``total``; what the critic shall judge, where there is one."""
        with full_precision(pairs.target.device):
            true_ab, present = ab_of(pairs.target), pairs.kind != KINDS.index("nothing")
            look = film_lightness if self._data.film_look else _plain
            lightness = look(pairs.target, generator)
            if step < self._natural:
                return self._natural_loss(lightness, true_ab), None
            pred, palette = self._predict(pairs, lightness, true_ab, present, generator)
            follows = pairs.kind == KINDS.index("alike")
            parts = colorization_loss(pred, true_ab, present, self._weights, palette, follows)
            if critic is None:
                return parts, None
            fake_ab = full_size(pred, true_ab)
            with self._networks(lightness):
                logits = critic(lightness, fake_ab).float()
            parts["gan"] = fooling_loss(logits, self._weights.gan_mode)
            parts["total"] = parts["total"] + self._weights.gan * parts["gan"]
            return parts, Judged(lightness, fake_ab.detach(), true_ab)

    def _natural_loss(self, lightness: Tensor, true_ab: Tensor) -> dict[str, Tensor]:
        with self._networks(lightness):
            pred = self.network.natural(_channels_last(lightness)).float()
        loss = pixel_loss(pred, resize(true_ab, pred), self._weights)
        return {"natural": loss, "total": loss}

    def _predict(
        self, pairs: Pairs, lightness: Tensor, true_ab: Tensor, present: Tensor, generator: torch.Generator
    ) -> tuple[Colorization, Tensor]:
        """The answers, and the references' histograms (N, 441)."""
        # a region for each pass: weights cast without gradients must not be met again by a pass with them
        with self._networks(lightness):
            encoded = self.network.encode_reference(
                _channels_last(plain_lightness(pairs.reference)), ab_of(pairs.reference)
            )
        with self._networks(lightness):
            consulted = self.network.consult(_channels_last(lightness), encoded, present)
        before = self._frame_before(consulted, pairs, true_ab, generator)
        with self._networks(lightness):
            return self.network.decode(consulted, before), encoded.histogram

    @torch.no_grad()
    def _frame_before(
        self, consulted: Consulted, pairs: Pairs, true_ab: Tensor, generator: torch.Generator
    ) -> Propagated:
        """Colours of a frame before: along real motion where the pair has a video's, else along a simulated one."""
        with self._networks(true_ab):
            guessed = self.network.decode(consulted).ab[-1].float()
        brought = self._brought(guessed, pairs, true_ab, generator)
        with self._networks(true_ab):
            walked = self.network.decode(consulted, brought).ab[-1].float()
        # a walk goes on from its own answers: half of the guesses had a frame before themselves
        coin = torch.rand((len(guessed), 1, 1, 1), generator=generator).to(guessed.device) < 0.5
        return self._brought(torch.where(coin, walked, guessed), pairs, true_ab, generator)

    def _brought(self, guessed: Tensor, pairs: Pairs, true_ab: Tensor, generator: torch.Generator) -> Propagated:
        """True colours moved, real motion where there is one, and worsened by the ``guessed`` ones."""
        simulated = simulated_motion(F.avg_pool2d(true_ab, 2), guessed, self._shares(pairs.kind), generator)
        moved = Propagated(ab_of(pairs.moved), pairs.trust, simulated.present)
        real = worsened(moved, guessed, generator)
        is_real = pairs.has_moved[:, None, None, None]
        ab, trust = torch.where(is_real, real.ab, simulated.ab), torch.where(is_real, real.trust, simulated.trust)
        return Propagated(ab, trust, simulated.present)

    def _shares(self, kind: Tensor) -> Tensor:
        """How often each pair (N,) has a frame before: half as often where natural colours have to be learned."""
        share = torch.full(kind.shape, self._data.before, device=kind.device)
        close = (kind == KINDS.index("itself")) | (kind == KINDS.index("moment")) | (kind == KINDS.index("listed"))
        return torch.where(close, share, share / 2)

    def _networks(self, like: Tensor) -> torch.autocast:
        return with_precision(self._precision, like.device)


class FilmRecipe:
    """See :class:`vidcolor.model.recipes.recipe.Recipe`."""

    references: ClassVar[bool] = True
    betas = (0.9, 0.99)

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        chosen = config.network
        self._parts = {
            "gate": chosen.gate,
            "color_distribution": chosen.color_distribution,
            "refinement": chosen.refinement,
            "surroundings": chosen.surroundings,
        }
        self.network = FilmGray2ColorNet(**self._parts)
        if config.training.backbone:
            self.network.encoder.load_backbone(load_file(config.training.backbone))
        self.objective = FilmObjective(self.network, config)
        self.critic = PatchDiscriminator() if config.loss.gan else None

    def groups(self) -> list[dict[str, Any]]:
        """The encoder, which starts well, learns slowly and does not decay."""
        training = self._config.training
        encoder = list(self.network.encoder.parameters())
        chosen = {id(parameter) for parameter in encoder}
        rest = [parameter for parameter in self.network.parameters() if id(parameter) not in chosen]
        return [
            {"params": rest, "share": 1.0, "weight_decay": training.weight_decay},
            {"params": encoder, "share": training.encoder_rate, "weight_decay": 0.0},
        ]

    def prepare(self, step: int) -> None:
        """The encoder stays as it is for the first steps, where asked."""
        self.network.encoder.requires_grad_(step >= self._config.training.frozen)

    def batch_size(self, step: int, side: int) -> int:
        """As many pixels in every batch, twice as many where natural colours are learned alone."""
        count = self._config.data.batch * (2 if step < self._config.training.natural else 1)
        return max(1, round(count * (128 / side) ** 2))

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Hinge or least squares."""
        return critic_loss(real, fake, self._config.loss.gan_mode)

    @torch.no_grad()
    def answer(self, network: nn.Module, pairs: Pairs) -> Answer:
        """Without a frame before."""
        assert isinstance(network, FilmGray2ColorNet)
        present = pairs.kind != KINDS.index("nothing")
        with with_precision(self._config.training.precision, pairs.target.device):
            encoded = network.encode_reference(plain_lightness(pairs.reference), ab_of(pairs.reference))
            pred = network(_channels_last(plain_lightness(pairs.target)), encoded, present)
        return Answer(full_size(pred, pairs.target), pred.gate * present[:, None, None, None])

    def metadata(self) -> dict[str, str]:
        """Parts left out."""
        return {} if all(self._parts.values()) else {"settings": json.dumps(self._parts)}


def full_size(pred: Colorization, like: Tensor) -> Tensor:
    """The finest answer at the size of ``like``, as it is laid over the film."""
    return F.interpolate(pred.ab[-1].float(), size=like.shape[-2:], mode="bilinear", align_corners=False)


def _plain(rgb: Tensor, generator: torch.Generator) -> Tensor:
    return plain_lightness(rgb)


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
