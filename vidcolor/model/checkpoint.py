"""Weights and what they are, in one safetensors file; and the list of those that ship."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from vidcolor.errors import CheckpointError
from vidcolor.model.gray2color import FilmGray2ColorNet

WEIGHTS_FOLDER = Path(__file__).parent.parent / "weights"
DEFAULT_MODEL = "gray2color-film"
NETWORKS = {"gray2color-film": FilmGray2ColorNet}


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


def save_network(network: FilmGray2ColorNet, path: Path, metadata: dict[str, str], half: bool = True) -> None:
    """Write the weights, in half precision unless told otherwise, with ``metadata`` (values are texts)."""
    kind = torch.float16 if half else torch.float32
    tensors = {name: value.detach().to("cpu", kind).contiguous() for name, value in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, {"network": DEFAULT_MODEL, **metadata})
    partial.replace(path)


def find_weights(model: str | None) -> Path:
    """The file of a shipped model's name, or of a path. Raises CheckpointError where there is neither."""
    name = model or DEFAULT_MODEL
    shipped = WEIGHTS_FOLDER / f"{name}.safetensors"
    if shipped.is_file():
        return shipped
    if Path(name).is_file():
        return Path(name)
    known = ", ".join(info.name for info in shipped_models())
    raise CheckpointError(f"no model or weights file {name!r}: give the path of a .safetensors file, or one of {known}")


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


def load_network(path: Path, device: torch.device | str = "cpu") -> FilmGray2ColorNet:
    """The network of a weights file, in float32, ready to colour. Raises CheckpointError where it does not fit."""
    info = describe_weights(path)
    network = NETWORKS[info.network]()
    with safe_open(path, "pt") as file:
        state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not fit the network {info.network}: {error}") from error
    return network.to(device).eval()


def shipped_models() -> list[ModelInfo]:
    """All models of the package, by name."""
    return [describe_weights(path) for path in sorted(WEIGHTS_FOLDER.glob("*.safetensors"))]
