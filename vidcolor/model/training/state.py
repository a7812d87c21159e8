"""All that must survive an interruption, and how it is written and taken up."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torch.optim import AdamW, Optimizer

from vidcolor.errors import TrainingError
from vidcolor.model.checkpoint import save_network
from vidcolor.model.recipes.recipe import Recipe
from vidcolor.model.training.config import TrainingConfig
from vidcolor.model.training.optimizers import open_optimizer
from vidcolor.model.training.processes import Processes

LAST = "last.pt"
"""The checkpoint that a run goes on from."""
BEST = "best.safetensors"
"""The moving average that was best on held-out pairs."""
_CRITIC_BETAS = (0.5, 0.999)


@dataclass
class State:
    """A run between two steps."""

    recipe: Recipe
    average: nn.Module
    """Moving average of the network's weights."""
    objective: nn.Module
    """The recipe's, wrapped for the processes."""
    optimizer: Optimizer
    critic: nn.Module | None
    """The recipe's, wrapped for the processes."""
    critic_optimizer: Optimizer | None
    step: int = 0
    best: float = math.inf


def first_state(recipe: Recipe, config: TrainingConfig, processes: Processes) -> State:
    """Before the first step: initial weights, or those of ``config.start``, on the device."""
    if config.start:
        load_what_fits(recipe.network, Path(config.start))
    for module in (recipe.objective, recipe.critic):
        if module is not None:
            module.to(processes.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(recipe.network).requires_grad_(False)
    stepper = open_optimizer(config.optimizer, recipe.groups(), config.learning_rate, recipe.betas)
    objective, optimizer = processes.prepare(recipe.objective, stepper)
    if recipe.critic is None:
        return State(recipe, average, objective, optimizer, None, None)
    of_critic = [{"params": list(recipe.critic.parameters()), "share": 1.0}]
    critic_optimizer = AdamW(of_critic, lr=config.critic_rate, betas=_CRITIC_BETAS, weight_decay=0.0)
    return State(recipe, average, objective, optimizer, *processes.prepare(recipe.critic, critic_optimizer))


def load_what_fits(network: nn.Module, path: Path) -> None:
    """Weights whose name and shape fit; the others keep their values. Raises TrainingError where none fits."""
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"training.start: {path} is no safetensors file: {error}") from error
    own = network.state_dict()
    fitting = {name: value.float() for name, value in tensors.items() if name in own and value.shape == own[name].shape}
    if not fitting:
        raise TrainingError(f"training.start: nothing in {path} fits the network")
    network.load_state_dict(fitting, strict=False)


def resume(state: State, out: Path, processes: Processes) -> None:
    """Take up the checkpoint in ``out``, where there is one. Raises TrainingError where it is of another network."""
    path = out / LAST
    if not path.is_file():
        return
    try:
        saved = torch.load(path, map_location=processes.device, weights_only=True)
        for name, part in _parts(state).items():
            part.load_state_dict(saved[name])
    except (RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"{path} does not fit these settings: set training.out to a new folder, or restore the settings it had"
        ) from error
    processes.load_state(saved["processes"])
    state.step, state.best = saved["step"], saved["best"]


def save(state: State, out: Path, processes: Processes) -> None:
    """Write the checkpoint; a run killed meanwhile finds the one before."""
    parts = {name: part.state_dict() for name, part in _parts(state).items()}
    partial = out / f"{LAST}.partial"
    torch.save({**parts, "step": state.step, "best": state.best, "processes": processes.state()}, partial)
    partial.replace(out / LAST)


def save_best(state: State, score: float, out: Path, keep: Literal["best", "last"] = "best") -> None:
    """Write the average's weights where ``score``, the less the better, is the best so far, or with ``last`` always."""
    if score < state.best or keep == "last":
        state.best = min(score, state.best)
        save_network(state.average, out / BEST, {"steps": str(state.step), **state.recipe.metadata()})


def is_finite(module: nn.Module) -> bool:
    """Whether all weights are numbers."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in module.parameters())


def _parts(state: State) -> dict[str, Any]:
    """What has a state of its own, by its name in the checkpoint."""
    parts: dict[str, Any] = {
        "network": state.recipe.network,
        "average": state.average,
        "optimizer": state.optimizer,
        "critic": state.recipe.critic,
        "critic_optimizer": state.critic_optimizer,
    }
    return {name: part for name, part in parts.items() if part is not None}


@torch.no_grad()
def update_average(state: State, decay: float) -> None:
    """Move the average towards the weights; faster in the first steps, when they are far from anything.

    Running statistics of batch norms move along, so that they belong to the averaged weights; counts are taken over.
    """
    keep = min(decay, state.step / (state.step + 10))
    for average, weight in zip(state.average.parameters(), state.recipe.network.parameters(), strict=True):
        average.lerp_(weight, 1 - keep)
    for kept, value in zip(state.average.buffers(), state.recipe.network.buffers(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(value, 1 - keep)
        else:
            kept.copy_(value)
