"""Which weights colour a film: those that follow references, and those that colour what has none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from vidcolor.errors import CheckpointError
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.checkpoint import NETWORKS, ModelInfo, describe_weights, find_weights

FILM = "film"
"""In place of a model's name: what follows references also colours without any."""


@dataclass(frozen=True)
class ChosenModels:
    """The weights that colour one film."""

    follower: ModelInfo
    """Of the network that follows references, automatic key frames among them."""
    automatic: ModelInfo | None = None
    """Of the network that colours these; None where the follower does."""
    takes_references: bool = True
    """False where a person asked for a model that knows none."""

    @property
    def asked_as(self) -> str:
        """What ``--model`` takes."""
        asked = self.follower if self.takes_references or self.automatic is None else self.automatic
        return asked.asked_as

    @property
    def files(self) -> tuple[ModelInfo, ...]:
        """All of them."""
        return (self.follower,) if self.automatic is None else (self.follower, self.automatic)

    @property
    def digest(self) -> str:
        """SHA-256 of the weights; part of every segment's digest."""
        if self.automatic is None:
            return self.follower.digest
        return hashlib.sha256(f"{self.follower.digest} {self.automatic.digest}".encode()).hexdigest()

    def moved(self, place: Callable[[ModelInfo], ModelInfo]) -> ChosenModels:
        """The same weights as ``place`` has them."""
        automatic = None if self.automatic is None else place(self.automatic)
        return replace(self, follower=place(self.follower), automatic=automatic)


def choose_models(model: str | None, automatic: str = FILM) -> ChosenModels:
    """The weights of ``--model`` (None: the usual ones), and of the setting that names who colours without references.

    A model that takes no references, given as ``model``, colours the key frames; the usual one follows them.
    Raises CheckpointError where there is no such model, or ``automatic`` names one that needs references.
    """
    asked = describe_weights(find_weights(model))
    if is_automatic(asked):
        return ChosenModels(describe_weights(find_weights(None)), asked, takes_references=False)
    if automatic == FILM:
        return ChosenModels(asked)
    natural = describe_weights(find_weights(automatic))
    if not is_automatic(natural):
        raise CheckpointError(
            f"{automatic} follows references: colorize.automatic takes a model that colours without any, or {FILM}"
        )
    return ChosenModels(asked, natural)


def is_automatic(info: ModelInfo) -> bool:
    """True for weights of a network that colours without references."""
    return issubclass(NETWORKS[info.network], AutomaticNetwork)
