"""What a recipe gives the training loop."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from vidcolor.color import AB_SCALE, rgb_to_lab

NO_CLASS = -100
"""Class number of a picture whose class is not known; cross-entropy passes it over."""


@dataclass(frozen=True)
class Pairs:
    """A batch of training pairs on the device, square crops of S pixels."""

    target: Tensor
    """(N, 3, S, S) float sRGB in [0, 1]."""
    reference: Tensor
    """(N, 3, S, S) float sRGB in [0, 1]; unused where ``kind`` is ``nothing``."""
    kind: Tensor
    """(N,) int64, index into KINDS."""
    classes: Tensor
    """(N,) int64, class of the target, NO_CLASS where unknown."""
    moved: Tensor
    """(N, 3, S/2, S/2) float sRGB: a frame before the target, brought to it along its motion; 0 where none is."""
    trust: Tensor
    """(N, 1, S/2, S/2) in [0, 1]: how far that motion is believed."""
    has_moved: Tensor
    """(N,) bool: True where there is a frame before, which is on moments of a video alone."""

    def __len__(self) -> int:
        return len(self.target)

    def only(self, chosen: Tensor) -> Pairs:
        """The pairs where ``chosen`` (N,) bool."""
        return Pairs(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @staticmethod
    def join(parts: list[Pairs]) -> Pairs:
        """Several batches of crops of one size as one."""
        return Pairs(*(torch.cat([getattr(part, each.name) for part in parts]) for each in fields(Pairs)))


class Judged(NamedTuple):
    """What the discriminator is shown, all at the targets' size; no gradient flows back from here."""

    lightness: Tensor
    """(N, 1, S, S): L*/50 - 1 of the targets."""
    fake_ab: Tensor
    """(N, 2, S, S): the network's a, b over 110."""
    true_ab: Tensor
    """(N, 2, S, S): the photographs' own."""


class Answer(NamedTuple):
    """How a network colours held-out targets."""

    ab: Tensor
    """(N, 2, S, S): a, b over 110 at the targets' size."""
    gate: Tensor
    """(N, 1, h, w) in [0, 1]: how far the reference's colours are trusted."""


class Recipe(Protocol):
    """One network's way of being trained."""

    references: ClassVar[bool]
    """Whether the network follows references; without, pairs have none, and need no neighbours."""

    @property
    def network(self) -> nn.Module:
        """What is trained, averaged and saved."""

    @property
    def objective(self) -> nn.Module:
        """Holds the network. Called with (pairs, step, generator, critic) it gives the losses of a batch, ``total``
        among them, and what the critic shall judge, or None. One module, one call: processes can join on it."""

    @property
    def critic(self) -> nn.Module | None:
        """The discriminator, where one is trained: (lightness, ab) to logits."""

    @property
    def betas(self) -> tuple[float, float]:
        """Of the network's Adam."""

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups of the optimizer; ``share`` is the learning rate as a share of the schedule's."""

    def prepare(self, step: int) -> None:
        """Freeze and thaw what this step does not move and does."""

    def batch_size(self, step: int, side: int) -> int:
        """Pairs of this step's batch of crops of ``side`` pixels."""

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminator's own loss of its logits on photographs and on outputs."""

    def answer(self, network: nn.Module, pairs: Pairs) -> Answer:
        """What ``network`` (the trained one or its average) makes of plain gray targets."""

    def metadata(self) -> dict[str, str]:
        """What the weights file says of the network besides its name: how to build it."""


def ab_of(rgb: Tensor) -> Tensor:
    """a, b over 110 of sRGB (N, 3, H, W) in [0, 1]: (N, 2, H, W)."""
    return rgb_to_lab(rgb)[:, 1:] / AB_SCALE


def with_precision(precision: str, device: torch.device) -> torch.autocast:
    """A region whose convolutions and products run in ``precision``."""
    kind = torch.float16 if precision == "float16" else torch.bfloat16
    return torch.autocast(device.type, kind, enabled=precision != "float32")


def full_precision(device: torch.device) -> torch.autocast:
    """A region without autocast, whatever is around it."""
    return torch.autocast(device.type, enabled=False)
