"""The loss of the film network, in named parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import AB_SCALE, soft_histogram
from vidcolor.model.gray2color import Colorization
from vidcolor.model.layers import resize
from vidcolor.model.published.losses import chi_square, discriminator_loss, gan_loss

FilmGanMode = Literal["hinge", "lsgan"]
"""``hinge``: margins (Lim and Ye 2017); ``lsgan``: mean squared error (Mao et al. 2017)."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts in the total."""

    pixel: float = 1.0
    """Smooth L1 of a, b over the three scales and after upsampling to the target's size."""
    gate: float = 0.02
    """Binary cross-entropy of the gate against whether the carried colour is right."""
    histogram: float = 0.002
    """Chi-square of the ab histograms of prediction and truth, summed over the three scales (Lu et al. 2020)."""
    palette: float = 0.0
    """Chi-square of the ab histograms of prediction and reference, where the reference is another picture of the same
    kind: its colours come over more, though the truth has others, also to places that the reference does not show."""
    gan: float = 0.0
    """How little the discriminator takes the answer, at the target's size, for a photograph; 0: there is none."""
    gan_mode: FilmGanMode = "hinge"
    """Kind of that loss, of both sides."""
    beta: float = 0.05
    """Where smooth L1 turns from square to straight, in units of ab / 110."""
    vividness: float = 2.5
    """How much more a pixel of 40 or more CIELAB units of chroma counts than a neutral one: L1 alone grows dull."""
    tolerance: float = 12.0
    """Distance in CIELAB ab at which a carried colour counts 61 % right (the sigma of a Gaussian)."""


def colorization_loss(
    pred: Colorization,
    true_ab: Tensor,
    present: Tensor,
    weights: LossWeights,
    palette: Tensor | None = None,
    follows: Tensor | None = None,
) -> dict[str, Tensor]:
    """Parts and ``total``, each a scalar, of predictions against a, b over 110, shape (N, 2, H, W).

    ``present`` (N,): who had a reference; only there the gate is judged. ``palette`` (N, 441): the references'
    histograms, and ``follows`` (N,) bool: whose answer shall have it.
    """
    scales = (*pred.ab, F.interpolate(pred.ab[-1], size=true_ab.shape[-2:], mode="bilinear", align_corners=False))
    pixel = torch.stack([pixel_loss(ab, resize(true_ab, ab), weights) for ab in scales]).mean()
    gate = _gate_loss(pred, true_ab, present, weights.tolerance / AB_SCALE)
    parts = {"pixel": pixel, "gate": gate}
    total = weights.pixel * pixel + weights.gate * gate
    if weights.histogram:
        parts["histogram"] = torch.stack([_histogram_loss(ab, resize(true_ab, ab)) for ab in pred.ab]).sum()
        total = total + weights.histogram * parts["histogram"]
    if weights.palette and palette is not None and follows is not None:
        apart = chi_square(soft_histogram(pred.ab[-1]), palette.float())
        parts["palette"] = (apart * follows).sum() / len(follows)
        total = total + weights.palette * parts["palette"]
    return {**parts, "total": total}


def fooling_loss(fake_logits: Tensor, mode: FilmGanMode) -> Tensor:
    """The network's side of the GAN, a scalar, from what the discriminator says of its answers."""
    return -fake_logits.mean() if mode == "hinge" else gan_loss(fake_logits, True, mode)


def critic_loss(real_logits: Tensor, fake_logits: Tensor, mode: FilmGanMode) -> Tensor:
    """The discriminator's side, a scalar: mean of its errors on photographs and on answers."""
    if mode == "hinge":
        return (F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()) / 2
    return discriminator_loss(real_logits, fake_logits, mode)


def _histogram_loss(pred_ab: Tensor, true_ab: Tensor) -> Tensor:
    return chi_square(soft_histogram(pred_ab), soft_histogram(true_ab)).mean()


def pixel_loss(pred_ab: Tensor, true_ab: Tensor, weights: LossWeights) -> Tensor:
    """Smooth L1 of a, b over 110, (N, 2, h, w), a scalar; vivid pixels count more."""
    chroma = true_ab.square().sum(1, keepdim=True).sqrt()
    emphasis = 1 + weights.vividness * (chroma * (AB_SCALE / 40)).clamp_max(1)
    return (emphasis * F.smooth_l1_loss(pred_ab, true_ab, beta=weights.beta, reduction="none")).mean()


def _gate_loss(pred: Colorization, true_ab: Tensor, present: Tensor, tolerance: float) -> Tensor:
    error = (pred.carried_ab.detach() - resize(true_ab, pred.carried_ab)).square().sum(1, keepdim=True)
    right = torch.exp(-error / (2 * tolerance**2))
    loss = F.binary_cross_entropy_with_logits(pred.gate_logit, right, reduction="none").mean((1, 2, 3))
    return (loss * present).sum() / present.sum().clamp_min(1)
