"""The network on its device, and how many threads it works with."""

from __future__ import annotations

import os
from typing import Any

import cv2
import torch

from vidcolor.errors import CheckpointError, FilmError
from vidcolor.model.any_colorist import AnyColorist
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.automatic_colorist import AutomaticColorist
from vidcolor.model.checkpoint import ModelInfo, Network, describe_weights, load_network
from vidcolor.model.chosen import ChosenModels
from vidcolor.model.colorist_of import colorist_of

_MOST_THREADS = 8
"""More find nothing to share in pictures of a few hundred lines."""


def network_threads() -> int:
    """Half of this machine's cores, since the encoder needs the rest, but no more than the network can use."""
    return max(1, min(_MOST_THREADS, (os.cpu_count() or 2) // 2))


def load_colorist(models: ChosenModels, device: str, half: bool | None, threads: int) -> AnyColorist[Any, Any]:
    """The networks that colour a film, ready to colour on ``device`` (``auto``, ``cpu`` or ``cuda[:N]``).

    half: compute in 16 bits; None where the device is a processor that has instructions for it.
    threads: of torch in this process, where the device is the processor.
    Raises FilmError where the machine has no such device, CheckpointError where the weights do not fit or are others
    than ``models`` says.
    """
    # OpenCV's flow would differ with the number of its threads, and idle threads only spin
    cv2.setNumThreads(1)
    place = _device(device)
    if place.type == "cpu":
        torch.set_num_threads(threads)
    half = _has_bfloat16(place) if half is None else half
    follower = colorist_of(_load(models.follower), place, half)
    if models.automatic is None:
        return follower
    network = _load(models.automatic)
    assert isinstance(network, AutomaticNetwork)
    return AutomaticColorist(network, follower, place, half)


def _load(weights: ModelInfo) -> Network:
    network = load_network(weights.path)
    if describe_weights(weights.path).digest != weights.digest:
        raise CheckpointError(f"{weights.path} was changed just now; run the same command again.")
    return network


def _has_bfloat16(place: torch.device) -> bool:
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch has no public name for it
    return place.type == "cpu" and asked is not None and bool(asked())


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise FilmError("There is no CUDA device on this machine; give --device cpu.")
    return torch.device(name)
