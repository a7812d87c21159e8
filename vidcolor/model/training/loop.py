"""The training loop, in the order of the method, for every network of the package."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vidcolor.errors import TrainingError
from vidcolor.model.pairs import NATURAL, Batch
from vidcolor.model.recipes.choose import choose_recipe, follows_references
from vidcolor.model.recipes.recipe import Judged, Pairs, with_precision
from vidcolor.model.training.batches import open_source, walk_batches
from vidcolor.model.training.config import TrainConfig, TrainingConfig, TrainSummary
from vidcolor.model.training.data import load_data, load_heldout
from vidcolor.model.training.heldout import draw_heldout, measure
from vidcolor.model.training.journal import Journal, Stopwatch
from vidcolor.model.training.processes import Processes, open_processes
from vidcolor.model.training.sheets import draw_sheet, write_sheet
from vidcolor.model.training.state import (
    BEST,
    State,
    first_state,
    is_finite,
    resume,
    save,
    save_best,
    update_average,
)

OnProgress = Callable[[int, int, dict[str, float]], None]
"""Called after every step with its number, how many there are, and the parts of its loss."""


def train(config: TrainConfig, on_progress: OnProgress | None = None) -> TrainSummary | None:
    """Train the network that ``config`` names; go on where an earlier call in the same folder stopped.

    Of several processes the first alone speaks and writes; the others return None.
    Raises TrainingError for missing data, and when the loss is no longer finite (the last good checkpoint stays).
    """
    config = config if follows_references(config) else replace(config, mix=NATURAL)
    training, began = config.training, time.monotonic()
    processes = open_processes(training.device, training.precision)
    data = load_data(config.data, config.mix, training.backbone, processes.device)
    heldout = draw_heldout(*load_heldout(config.data, config.mix, training.backbone, processes.device), config)
    torch.manual_seed(config.data.seed)
    state = first_state(choose_recipe(config), training, processes)
    out = Path(training.out)
    resume(state, out, processes)
    keeper = _Keeper(config, state, heldout, processes) if processes.rank == 0 else None
    source = open_source(data, config.data, config.mix, processes.device)
    steps = range(state.step, training.steps)
    batches = walk_batches(source, config.data, state.recipe.batch_size, steps, processes.rank, processes.count)
    stopwatch, stop = Stopwatch(), False
    for pairs in stopwatch.watch(batches):
        out_of_time = 0 < training.max_minutes * 60 < time.monotonic() - began
        parts, stop = _step(state, pairs, config, processes, out_of_time)
        due = stop or state.step % training.save_every == 0 or state.step == training.steps
        if keeper is not None:
            if on_progress:
                on_progress(state.step, training.steps, parts)
            keeper.note(parts, stopwatch, due)
        if due:
            processes.wait()
        if stop:
            break
    return None if keeper is None else keeper.summary()


class _Keeper:
    """The first process's chores: log, held-out score, sheets, checkpoints."""

    def __init__(self, config: TrainConfig, state: State, heldout: Sequence[Batch], processes: Processes) -> None:
        self._config, self._state, self._heldout, self._processes = config, state, heldout, processes
        self._out = Path(config.training.out)
        self._out.mkdir(parents=True, exist_ok=True)
        (self._out / "settings.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
        self._journal = Journal(self._out, state.step, config.training.tensorboard)
        self._scores: dict[str, float] = {}

    def note(self, parts: dict[str, float], stopwatch: Stopwatch, due: bool) -> None:
        """After every step: a line now and then, and where ``due`` a checkpoint with all that belongs to it."""
        step, training = self._state.step, self._config.training
        self._journal.add(parts)
        if not due and step % training.log_every:
            return
        speed = stopwatch.speed(self._processes.count)
        if due:
            self._look()
        rate = training.learning_rate * _share(step - 1, training)
        self._journal.write(step, rate, speed, self._scores if due else None)
        if due:  # after the line: a run killed in between writes it again
            save_best(self._state, self._scores["score"], self._out, training.keep)
            save(self._state, self._out, self._processes)
        stopwatch.restart()

    def _look(self) -> None:
        """Measure the average on held-out pairs, and draw its sheet."""
        state, device = self._state, self._processes.device
        if not is_finite(state.recipe.network):
            raise _not_finite(state.step, self._config.training)
        self._scores = measure(state.recipe, state.average, self._heldout, device)
        sheet = draw_sheet(state.recipe, state.average, self._heldout, device)
        write_sheet(sheet, self._out / "sheets" / f"{state.step:07d}.png")
        self._journal.show(state.step, sheet)

    def summary(self) -> TrainSummary:
        """At the end of the call."""
        self._journal.close()
        state = self._state
        finished = state.step >= self._config.training.steps
        return TrainSummary(state.step, finished, self._scores, str(self._out / BEST))


def _step(
    state: State, pairs: Pairs, config: TrainConfig, processes: Processes, out_of_time: bool
) -> tuple[dict[str, float], bool]:
    """One step of the network and, where there is one, of the critic: the parts of the loss, and whether to stop."""
    training = config.training
    _set_rates(state, training)
    number = state.step * processes.count + processes.rank
    generator = torch.Generator().manual_seed(config.data.seed * 1_000_003 + number)
    parts, judged = _losses(state, pairs, generator)
    failed, stop = processes.worst(torch.tensor([not torch.isfinite(parts["total"]), out_of_time]).float()).tolist()
    if failed:
        raise _not_finite(state.step, training)
    norm = _descend(parts["total"], state.optimizer, state.recipe.network, training.clip, processes)
    if not torch.isfinite(norm) and training.precision != "float16":  # whose scaler passes such steps over
        raise _not_finite(state.step, training)
    if judged is not None:
        parts["critic"] = _train_critic(state, judged, config, processes)
    state.step += 1
    update_average(state, training.ema)
    names, values = list(parts), torch.stack([part.detach().float() for part in parts.values()]).tolist()
    return dict(zip(names, values, strict=True)), bool(stop)


def _losses(state: State, pairs: Pairs, generator: torch.Generator) -> tuple[dict[str, Tensor], Judged | None]:
    """The network's losses, the critic held still."""
    recipe = state.recipe
    recipe.network.train()
    recipe.prepare(state.step)
    if recipe.critic is not None:
        recipe.critic.requires_grad_(False)
    parts, judged = state.objective(pairs, state.step, generator, recipe.critic)
    return parts, judged


def _train_critic(state: State, judged: Judged, config: TrainConfig, processes: Processes) -> Tensor:
    """Photographs and answers in one pass of the critic, and its step; its loss."""
    recipe = state.recipe
    critic, optimizer = recipe.critic, state.critic_optimizer
    assert critic is not None
    assert state.critic is not None
    assert optimizer is not None
    critic.requires_grad_(True)
    lightness = torch.cat((judged.lightness, judged.lightness))
    with with_precision(config.training.precision, lightness.device):
        logits = state.critic(lightness, torch.cat((judged.true_ab, judged.fake_ab)))
    real, fake = logits.float().chunk(2)
    loss = recipe.critic_loss(real, fake)
    _descend(loss, optimizer, critic, config.training.clip, processes)
    return loss


def _descend(loss: Tensor, optimizer: Optimizer, module: nn.Module, clip: float, processes: Processes) -> Tensor:
    """Gradient, clipped to ``clip``, and step; the gradient's norm."""
    processes.backward(loss, optimizer)
    norm = torch.nn.utils.clip_grad_norm_(module.parameters(), clip or math.inf)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return norm


def _set_rates(state: State, training: TrainingConfig) -> None:
    share = _share(state.step, training)
    rates = [(state.optimizer, training.learning_rate), (state.critic_optimizer, training.critic_rate)]
    for optimizer, peak in rates:
        for group in optimizer.param_groups if optimizer is not None else ():
            group["lr"] = peak * share * group["share"]


def _share(step: int, training: TrainingConfig) -> float:
    """Of the peak learning rate: linear warm-up, then a cosine to zero."""
    warm = min(1.0, (step + 1) / max(1, training.warmup))
    return warm * 0.5 * (1 + math.cos(math.pi * step / training.steps))


def _not_finite(step: int, training: TrainingConfig) -> TrainingError:
    return TrainingError(
        f"the loss is no longer finite at step {step}: lower training.learning_rate and start again "
        f"from the last good checkpoint in {training.out}"
    )
