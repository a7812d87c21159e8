"""Training: the loop in the order of the method. Pairs are drawn on the CPU, everything else runs on the device."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import AB_SCALE, rgb_to_lab
from vidcolor.errors import TrainingError
from vidcolor.model.checkpoint import save_network
from vidcolor.model.film_look import film_lightness, plain_lightness
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.model.image_sets import ImageSet, load_clips, load_images
from vidcolor.model.losses import LossWeights, colorization_loss
from vidcolor.model.pairs import KINDS, Batch, PairSampler, ReferenceMix, neighbours_in_class


@dataclass(frozen=True)
class DataConfig:
    """What to train on."""

    images: tuple[str, ...] = ()
    """Tar shards and folders of colour images."""
    clips: tuple[str, ...] = ()
    """Colour videos, or folders of them, for pairs of moments."""
    heldout: tuple[str, ...] = ()
    """Tar shards and folders never trained on; the best checkpoint is chosen by them."""
    short_side: int = 256
    """Pictures are held in memory with this short side, in pixels."""
    sides: tuple[int, ...] = (128, 160, 192, 224)
    """Side of the square crops, one drawn per batch; multiples of 32."""
    batch: int = 16
    """Pairs of a batch of 128 x 128 crops; larger crops make proportionally smaller batches."""
    titles: float = 0.06
    """Share of targets that get a title; half as many get black bars."""
    seed: int = 0
    """Of every random draw."""


@dataclass(frozen=True)
class TrainingConfig:
    """How to train."""

    out: str = "runs/gray2color-film"
    """Folder of checkpoints, log and the finished weights. An interrupted run found there goes on."""
    backbone: str = ""
    """ImageNet weights the encoder starts from, or empty for random ones."""
    steps: int = 6000
    """Length of the schedule in optimizer steps."""
    max_minutes: float = 0.0
    """Stop, resumable, after so many minutes of this call; 0 for no limit."""
    learning_rate: float = 8e-4
    """Peak learning rate; linear warm-up, then a cosine to zero."""
    encoder_rate: float = 0.15
    """The encoder learns at this share of the learning rate."""
    warmup: int = 200
    """Steps of linear warm-up."""
    frozen: int = 0
    """First steps during which the encoder is not yet trained."""
    weight_decay: float = 0.01
    """Of AdamW."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.998
    """Decay of the moving average of the weights, which is what ships."""
    precision: str = "bfloat16"
    """bfloat16 or float32 for the forward pass."""
    device: str = "auto"
    """auto, cpu or cuda[:N]."""
    save_every: int = 250
    """Steps between checkpoints and held-out measurements."""


@dataclass(frozen=True)
class TrainConfig:
    """A whole training run; the sections are those of a YAML file in ``configs/``."""

    data: DataConfig = field(default_factory=DataConfig)
    mix: ReferenceMix = field(default_factory=ReferenceMix)
    loss: LossWeights = field(default_factory=LossWeights)
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True)
class TrainSummary:
    """What a call of :func:`train` came to."""

    steps: int
    """Optimizer steps done in all."""
    finished: bool
    """True where the schedule was walked to its end."""
    heldout: dict[str, float]
    """The last held-out measurement."""
    weights: str
    """Path of the half-precision weights (moving average)."""

    def to_json(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass
class _State:
    """All that must survive an interruption."""

    network: FilmGray2ColorNet
    average: FilmGray2ColorNet
    optimizer: torch.optim.Optimizer
    step: int = 0
    best: float = math.inf


def train(config: TrainConfig, on_progress: Callable[[int, int, dict[str, float]], None] | None = None) -> TrainSummary:
    """Train the film network from ``config``; go on where an earlier call in the same folder stopped.

    Raises TrainingError for missing data, and when the loss is no longer finite (the last good checkpoint stays).
    """
    out, device = Path(config.training.out), _device(config.training.device)
    stills, clips, heldout = _load_data(config.data)
    state = _initial_state(config.training, device)
    sampler = PairSampler(
        stills, clips, _neighbours(state, stills, device), config.mix, config.data.seed, config.data.titles
    )
    fixed = PairSampler(heldout, [], _neighbours(state, heldout, device), _HELDOUT_MIX, seed=1)
    _resume(state, out / "last.pt", device)
    out.mkdir(parents=True, exist_ok=True)
    began, scores = time.monotonic(), {}
    for batch in _batches(sampler, config.data, state.step, config.training.steps):
        parts = _step(state, batch, config, device)
        if on_progress:
            on_progress(state.step, config.training.steps, parts)
        out_of_time = 0 < config.training.max_minutes * 60 < time.monotonic() - began
        if state.step % config.training.save_every == 0 or out_of_time or state.step == config.training.steps:
            scores = _measure(state.average, fixed, config, device)
            _save(state, scores, parts, config, out)
        if out_of_time:
            break
    return TrainSummary(state.step, state.step >= config.training.steps, scores, str(out / "best.safetensors"))


_HELDOUT_MIX = ReferenceMix(itself=1, moment=0, alike=1, stranger=0, nothing=1)


def _device(name: str) -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else torch.device(name)


def _load_data(config: DataConfig) -> tuple[ImageSet, list[list[np.ndarray]], ImageSet]:
    if not config.images or not config.heldout:
        raise TrainingError("give data.images and data.heldout: folders of images or tar shards")
    stills = load_images([Path(source) for source in config.images], config.short_side)
    clips = load_clips([Path(source) for source in config.clips], config.short_side)
    return stills, clips, load_images([Path(source) for source in config.heldout], config.short_side)


def _initial_state(config: TrainingConfig, device: torch.device) -> _State:
    torch.manual_seed(0)
    network = FilmGray2ColorNet()
    if config.backbone:
        network.encoder.load_backbone(load_file(config.backbone))
    average = FilmGray2ColorNet().requires_grad_(False)
    average.load_state_dict(network.state_dict())
    for each in (network, average):
        each.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    encoder = list(network.encoder.parameters())
    chosen = {id(parameter) for parameter in encoder}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in chosen]
    groups = [
        {"params": rest, "share": 1.0, "weight_decay": config.weight_decay},
        {"params": encoder, "share": config.encoder_rate, "weight_decay": 0.0},
    ]
    return _State(network, average, torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99)))


def _resume(state: _State, checkpoint: Path, device: torch.device) -> None:
    if not checkpoint.is_file():
        return
    saved = torch.load(checkpoint, map_location=device, weights_only=True)
    state.network.load_state_dict(saved["network"])
    state.average.load_state_dict(saved["average"])
    state.optimizer.load_state_dict(saved["optimizer"])
    state.step, state.best = saved["step"], saved["best"]


@torch.no_grad()
def _neighbours(state: _State, stills: ImageSet, device: torch.device) -> np.ndarray:
    """Nearest pictures of the same class by the untrained encoder's coarsest features of the gray picture."""
    network = FilmGray2ColorNet().to(device)
    network.encoder.load_state_dict(state.network.encoder.state_dict())
    descriptors = []
    for start in range(0, len(stills), 32):
        squares = [_square(image, 96) for image in stills.images[start : start + 32]]
        lightness = plain_lightness(_to_rgb(np.stack(squares), device))
        with torch.autocast(device.type, torch.bfloat16):
            features = network.encoder(lightness)[-1]
        descriptors.append(features.float().mean((2, 3)).cpu())
    joined = torch.cat(descriptors)
    unit = F.normalize(joined - joined.mean(0), dim=1).numpy()
    return neighbours_in_class(unit, stills.labels)


def _square(image: np.ndarray, side: int) -> np.ndarray:
    rows = np.linspace(0, image.shape[0] - 1, side).round().astype(int)
    columns = np.linspace(0, image.shape[1] - 1, side).round().astype(int)
    return image[rows[:, None], columns]


def _to_rgb(images: np.ndarray, device: torch.device) -> Tensor:
    """(N, H, W, 3) uint8 to (N, 3, H, W) float in [0, 1], on the device."""
    tensor = torch.from_numpy(images).to(device, non_blocking=True)
    return tensor.permute(0, 3, 1, 2).float() / 255


def _batches(sampler: PairSampler, data: DataConfig, start: int, stop: int) -> Iterator[Batch]:
    """Batches ``start`` to ``stop``, drawn ahead in threads."""

    def draw(number: int) -> Batch:
        side = data.sides[int(np.random.default_rng((data.seed, number)).integers(len(data.sides)))]
        return sampler.batch(number, max(1, round(data.batch * (128 / side) ** 2)), side)

    ahead = 4
    with ThreadPoolExecutor(2) as pool:
        pending = [pool.submit(draw, number) for number in range(start, min(start + ahead, stop))]
        for number in range(start + ahead, stop + ahead):
            yield pending.pop(0).result()
            if number < stop:
                pending.append(pool.submit(draw, number))


def _step(state: _State, batch: Batch, config: TrainConfig, device: torch.device) -> dict[str, float]:
    """One optimizer step; returns the loss's parts."""
    training = config.training
    _set_rates(state, training)
    generator = torch.Generator().manual_seed(config.data.seed * 1_000_003 + state.step)
    state.network.train()
    parts = _losses(state.network, batch, config, device, generator)
    if not torch.isfinite(parts["total"]):
        raise TrainingError(
            f"the loss is no longer finite at step {state.step}: lower training.learning_rate and start again "
            f"from the last good checkpoint in {training.out}"
        )
    state.optimizer.zero_grad(set_to_none=True)
    parts["total"].backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), training.clip)
    state.optimizer.step()
    state.step += 1
    _average(state, min(training.ema, state.step / (state.step + 10)))
    return {name: float(part.detach()) for name, part in parts.items()}


def _set_rates(state: _State, config: TrainingConfig) -> None:
    state.network.encoder.requires_grad_(state.step >= config.frozen)
    warm = min(1.0, (state.step + 1) / max(1, config.warmup))
    rate = config.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * state.step / config.steps))
    for group in state.optimizer.param_groups:
        group["lr"] = rate * group["share"]


def _losses(
    network: FilmGray2ColorNet,
    batch: Batch,
    config: TrainConfig,
    device: torch.device,
    generator: torch.Generator | None,
) -> dict[str, Tensor]:
    """The loss's parts; the target looks like film where a generator is given, else like a gray photograph."""
    target, reference = _to_rgb(batch.target, device), _to_rgb(batch.reference, device)
    true_ab = rgb_to_lab(target)[:, 1:] / AB_SCALE
    reference_ab = rgb_to_lab(reference)[:, 1:] / AB_SCALE
    lightness = film_lightness(target, generator) if generator else plain_lightness(target)
    present = torch.from_numpy(batch.kind != KINDS.index("nothing")).to(device)
    bf16 = config.training.precision == "bfloat16"
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        encoded = network.encode_reference(_channels_last(plain_lightness(reference)), reference_ab)
        pred = network(_channels_last(lightness), encoded, present)
    parts = colorization_loss(pred, true_ab, present, config.loss)
    if generator is None:
        parts["saturation"] = _mean_chroma(pred.ab[-1]) / _mean_chroma(true_ab)
    return parts


def _mean_chroma(ab: Tensor) -> Tensor:
    return ab.square().sum(1).sqrt().mean()


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _average(state: _State, decay: float) -> None:
    for average, weight in zip(state.average.parameters(), state.network.parameters(), strict=True):
        average.lerp_(weight, 1 - decay)


@torch.no_grad()
def _measure(
    network: FilmGray2ColorNet, sampler: PairSampler, config: TrainConfig, device: torch.device
) -> dict[str, float]:
    """By kind of reference, mean parts of the loss over fixed held-out pairs, and the share of the truth's chroma."""
    network.eval()
    groups: dict[str, list[dict[str, float]]] = {}
    for number in range(8):
        batch = sampler.batch(number, 24, 160)
        for kind in ("itself", "alike", "nothing"):
            chosen = batch.kind == KINDS.index(kind)
            part = Batch(batch.target[chosen], batch.reference[chosen], batch.kind[chosen])
            if len(part.kind):
                losses = _losses(network, part, config, device, generator=None)
                groups.setdefault(kind, []).append({name: float(value) for name, value in losses.items()})
    return {
        f"{kind}_{name}": float(np.mean([row[name] for row in rows]))
        for kind, rows in groups.items()
        for name in ("pixel", "gate", "saturation")
    }


def _save(state: _State, scores: dict[str, float], parts: dict[str, float], config: TrainConfig, out: Path) -> None:
    """The resumable checkpoint, the log, and the moving average where it is the best so far on held-out pairs."""
    score = float(np.mean([value for name, value in scores.items() if name.endswith("_pixel")]))
    if score < state.best:
        state.best = score
        save_network(state.average, out / "best.safetensors", {"steps": str(state.step), "licence": "Apache-2.0"})
    partial = out / "last.pt.partial"
    torch.save(
        {
            "network": state.network.state_dict(),
            "average": state.average.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "step": state.step,
            "best": state.best,
        },
        partial,
    )
    partial.replace(out / "last.pt")
    with (out / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": state.step, **parts, **scores}) + "\n")
