"""One process or many: the loop speaks to either in the same words. Many are Accelerate's business."""

from __future__ import annotations

import os
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vidcolor.errors import TrainingError


class Processes(Protocol):
    """The processes that train together, seen from one of them."""

    device: torch.device
    """Where this one computes."""
    rank: int
    """Its number; 0 alone writes files and speaks."""
    count: int
    """How many there are."""

    def prepare(self, module: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        """Wrap a module, whose gradients shall be the mean over all processes, and its optimizer."""

    def backward(self, loss: Tensor, optimizer: Optimizer) -> None:
        """Leave the loss's gradient, unscaled, in the parameters."""

    def worst(self, values: Tensor) -> Tensor:
        """The largest of each value (N,) over all processes, which all of them learn."""

    def wait(self) -> None:
        """Until all have come here."""

    def state(self) -> dict[str, Any]:
        """What of this must survive an interruption."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up :meth:`state`."""


def open_processes(device: str, precision: str) -> Processes:
    """The processes of this run: one, or as many as ``accelerate launch`` (or torchrun) has started.

    Raises TrainingError where Accelerate is needed and missing.
    """
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if not several and precision != "float16":
        return Alone(device)
    try:
        from accelerate import Accelerator, DistributedDataParallelKwargs
    except ImportError as error:
        raise TrainingError("several processes, and float16, need Accelerate: pip install 'vidcolor[train]'") from error
    # stages and frozen parts leave parameters unused
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    scaled = "fp16" if precision == "float16" else "no"  # other precisions are chosen by the recipe
    return Many(Accelerator(mixed_precision=scaled, cpu=device == "cpu", kwargs_handlers=[unused]))


class Alone:
    """A single process: nothing to agree upon."""

    rank = 0
    count = 1

    def __init__(self, device: str) -> None:
        automatic = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(automatic if device == "auto" else device)

    def prepare(self, module: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        return module, optimizer

    def backward(self, loss: Tensor, optimizer: Optimizer) -> None:
        loss.backward()

    def worst(self, values: Tensor) -> Tensor:
        return values

    def wait(self) -> None:
        return

    def state(self) -> dict[str, Any]:
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        return


class Many:
    """Processes that Accelerate joins; it also scales gradients for float16."""

    def __init__(self, accelerator: Any) -> None:
        self._accelerator = accelerator
        self.device: torch.device = accelerator.device
        self.rank: int = accelerator.process_index
        self.count: int = accelerator.num_processes

    def prepare(self, module: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        wrapped, stepper = self._accelerator.prepare(module, optimizer)
        return wrapped, stepper

    def backward(self, loss: Tensor, optimizer: Optimizer) -> None:
        self._accelerator.backward(loss)
        self._accelerator.unscale_gradients(optimizer)

    def worst(self, values: Tensor) -> Tensor:
        gathered: Tensor = self._accelerator.gather(values.to(self.device).unsqueeze(0))
        return gathered.amax(0)

    def wait(self) -> None:
        self._accelerator.wait_for_everyone()

    def state(self) -> dict[str, Any]:
        scaler = self._accelerator.scaler
        return {} if scaler is None else {"scaler": scaler.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        if "scaler" in state:
            self._accelerator.scaler.load_state_dict(state["scaler"])
