"""The loss of the film network, in named parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import AB_SCALE
from vidcolor.model.gray2color import Colorization
from vidcolor.model.layers import resize


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts in the total."""

    pixel: float = 1.0
    """Smooth L1 of a, b over the three scales and after upsampling to the target's size."""
    gate: float = 0.02
    """Binary cross-entropy of the gate against whether the carried colour is right."""
    beta: float = 0.05
    """Where smooth L1 turns from square to straight, in units of ab / 110."""
    vividness: float = 2.5
    """How much more a pixel of 40 or more CIELAB units of chroma counts than a neutral one: L1 alone grows dull."""
    tolerance: float = 12.0
    """Distance in CIELAB ab at which a carried colour counts 61 % right (the sigma of a Gaussian)."""


def colorization_loss(pred: Colorization, true_ab: Tensor, present: Tensor, weights: LossWeights) -> dict[str, Tensor]:
    """Parts and ``total``, each a scalar, of predictions against a, b over 110, shape (N, 2, H, W).

    ``present`` (N,): who had a reference; only there the gate is judged.
    """
    scales = (*pred.ab, F.interpolate(pred.ab[-1], size=true_ab.shape[-2:], mode="bilinear", align_corners=False))
    pixel = torch.stack([_pixel_loss(ab, resize(true_ab, ab), weights) for ab in scales]).mean()
    gate = _gate_loss(pred, true_ab, present, weights.tolerance / AB_SCALE)
    return {"pixel": pixel, "gate": gate, "total": weights.pixel * pixel + weights.gate * gate}


def _pixel_loss(pred_ab: Tensor, true_ab: Tensor, weights: LossWeights) -> Tensor:
    chroma = true_ab.square().sum(1, keepdim=True).sqrt()
    emphasis = 1 + weights.vividness * (chroma * (AB_SCALE / 40)).clamp_max(1)
    return (emphasis * F.smooth_l1_loss(pred_ab, true_ab, beta=weights.beta, reduction="none")).mean()


def _gate_loss(pred: Colorization, true_ab: Tensor, present: Tensor, tolerance: float) -> Tensor:
    error = (pred.carried_ab.detach() - resize(true_ab, pred.carried_ab)).square().sum(1, keepdim=True)
    right = torch.exp(-error / (2 * tolerance**2))
    loss = F.binary_cross_entropy_with_logits(pred.gate_logit, right, reduction="none").mean((1, 2, 3))
    return (loss * present).sum() / present.sum().clamp_min(1)
