"""The optimizers that a network can be trained with."""

from __future__ import annotations

from typing import Any, Literal

from torch.optim import Adadelta, Adam, AdamW, Optimizer

Kind = Literal["adamw", "adam", "adadelta"]
"""``adamw``: weights decay beside the gradient (Loshchilov and Hutter 2019); ``adam``: decay is L2 regularisation, a
part of the gradient (Kingma and Ba 2015); ``adadelta``: without momentum (Zeiler 2012), decay as with ``adam``, usual
learning rate 1."""


def open_optimizer(kind: Kind, groups: list[dict[str, Any]], rate: float, betas: tuple[float, float]) -> Optimizer:
    """An optimizer of parameter groups, each with its ``weight_decay``."""
    if kind == "adadelta":
        return Adadelta(groups, lr=rate)
    return (AdamW if kind == "adamw" else Adam)(groups, lr=rate, betas=betas)
