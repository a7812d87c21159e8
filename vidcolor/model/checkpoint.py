"""Weights and what they are, in one safetensors file; and the list of those that ship."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vidcolor.errors import CheckpointError
from vidcolor.model.automatic.colorful.network import Colorful
from vidcolor.model.automatic.colornet import ColorNet
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.automatic.recolor import Recolor
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.model.published.network import Gray2ColorNet

WEIGHTS_FOLDER = Path(__file__).parent.parent / "weights"
DEFAULT_MODEL = "gray2color-film"

Network = FilmGray2ColorNet | Gray2ColorNet | AutomaticNetwork[Any]
NETWORKS: dict[str, type[Network]] = {
    "gray2color-film": FilmGray2ColorNet,
    "gray2color": Gray2ColorNet,
    "colorful": Colorful,
    "recolor": Recolor,
    "colornet": ColorNet,
}
"""Every network that can be trained and chosen; a weights file names its own."""


@dataclass(frozen=True)
class ModelInfo:
    """What a weights file says of itself."""

    name: str
    """How ``--model`` names it."""
    network: str
    """Which network its weights belong to."""
    path: Path
    parameters: int
    """Number of weights."""
    licence: str
    quality: dict[str, float]
    """Measured scores, by name."""
    digest: str
    """SHA-256 of the file; part of every segment's digest."""

    @property
    def asked_as(self) -> str:
        """What ``--model`` takes: the name of a model that ships, the absolute path of any other."""
        return self.name if self.path.parent == WEIGHTS_FOLDER else str(self.path.resolve())

    def to_json(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {**asdict(self), "path": str(self.path)}


def build_network(name: str, settings: dict[str, Any]) -> Network:
    """A new network of :data:`NETWORKS`; ``settings`` as a weights file holds them. Raises TypeError or ValueError for
    settings that it has not."""
    kind = NETWORKS[name]
    return kind.build(**settings) if issubclass(kind, AutomaticNetwork) else kind(**settings)


def network_name(network: nn.Module) -> str:
    """What :data:`NETWORKS` calls the network's class. Raises ValueError for a class that is not there."""
    for name, kind in NETWORKS.items():
        if type(network) is kind:
            return name
    raise ValueError(f"{type(network).__name__} is none of {', '.join(kind.__name__ for kind in NETWORKS.values())}")


def save_network(network: nn.Module, path: Path, metadata: dict[str, str], half: bool = True) -> None:
    """Write the weights, in half precision unless told otherwise, with ``metadata`` (values are texts).

    The file says which of :data:`NETWORKS` it belongs to; ``metadata["settings"]`` holds the arguments of its class as
    JSON where they are not the usual ones. Raises ValueError for a network that is none of them.
    """
    kind = torch.float16 if half else torch.float32
    tensors = {name: _plain(value, kind) for name, value in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, {**metadata, "network": network_name(network)})
    partial.replace(path)


def _plain(value: Tensor, kind: torch.dtype) -> Tensor:
    """A tensor as it is written: real numbers as ``kind``, counts as they are."""
    return value.detach().to("cpu", kind if value.is_floating_point() else value.dtype).contiguous()


def find_weights(model: str | None) -> Path:
    """The file of a shipped model's name, or of a path. Raises CheckpointError where there is neither."""
    name = model or DEFAULT_MODEL
    shipped = WEIGHTS_FOLDER / f"{name}.safetensors"
    if shipped.is_file():
        return shipped
    if Path(name).is_file():
        return Path(name)
    if name in NETWORKS:
        raise CheckpointError(
            f"no weights of {name} ship: train it with 'vidcolor train {training_config(name)}', or give --model the "
            "path of a .safetensors file that holds its weights"
        )
    known = ", ".join(info.name for info in shipped_models())
    raise CheckpointError(f"no model or weights file {name!r}: give the path of a .safetensors file, or one of {known}")


def training_config(network: str) -> str:
    """Where the settings of a network's training lie, seen from the repository's root."""
    return f"configs/{network}.yaml"


def describe_weights(path: Path) -> ModelInfo:
    """Read what a weights file says of itself. Raises CheckpointError where it is none of ours."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            parameters = sum(_size(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is no safetensors file: {error}") from error
    if metadata.get("network") not in NETWORKS:
        raise CheckpointError(f"{path} holds no weights of {', '.join(NETWORKS)}")
    return ModelInfo(
        name=path.stem,
        network=metadata["network"],
        path=path,
        parameters=parameters,
        licence=metadata.get("licence", "not stated"),
        quality=json.loads(metadata.get("quality", "{}")),
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _size(shape: list[int]) -> int:
    product = 1
    for side in shape:
        product *= side
    return product


def load_network(path: Path, device: torch.device | str = "cpu") -> Network:
    """The network of a weights file, in float32, ready to colour. Raises CheckpointError where it does not fit."""
    info = describe_weights(path)
    with safe_open(path, "pt") as file:
        settings = json.loads((file.metadata() or {}).get("settings", "{}"))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    state = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
    try:
        with torch.device("meta"):  # no weights are drawn only to be replaced
            network = build_network(info.network, settings)
        network.load_state_dict(state, assign=True)
    except (RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not fit the network {info.network}: {error}") from error
    return network.to(device).eval()


def shipped_models() -> list[ModelInfo]:
    """All models of the package that come with weights, by name."""
    return [describe_weights(path) for path in sorted(WEIGHTS_FOLDER.glob("*.safetensors"))]
