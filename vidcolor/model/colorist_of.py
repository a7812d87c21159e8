"""Which colorist goes with which network."""

from __future__ import annotations

from typing import Any

import torch

from vidcolor.errors import CheckpointError
from vidcolor.model.any_colorist import AnyColorist
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.checkpoint import Network
from vidcolor.model.colorist import Colorist
from vidcolor.model.published.network import Gray2ColorNet
from vidcolor.model.published_colorist import PublishedColorist


def colorist_of(network: Network, device: torch.device | str = "cpu", half: bool = False) -> AnyColorist[Any, Any]:
    """A network at work on ``device``; ``half``: in 16 bits wherever that is exact enough.

    Raises CheckpointError for a network that cannot follow references.
    """
    if isinstance(network, AutomaticNetwork):
        raise CheckpointError(f"{type(network).__name__} colours without references and cannot follow any")
    if isinstance(network, Gray2ColorNet):
        return PublishedColorist(network, device, half)
    return Colorist(network, device, half)
