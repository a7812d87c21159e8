"""The five losses of the published network, in named parts, and the discriminator's own.

Chi-square and total variation are computed as the authors' compiled code does. The weights, that the histogram is held
against the reference's, and binary cross-entropy for the GAN are the first choices of a team that had the paper; which
GAN loss the authors used is not known. That team divides pixel and variation terms by the batch size once more after
their mean; here each is a mean over the batch, so that the balance does not hang on the batch size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import soft_histogram
from vidcolor.model.layers import resize
from vidcolor.model.published.network import Colorization

GanMode = Literal["vanilla", "lsgan"]
"""``vanilla``: binary cross-entropy with logits; ``lsgan``: mean squared error (Mao et al. 2017)."""

_EPSILON = 2.22e-16


@dataclass(frozen=True)
class PublishedLossWeights:
    """Weights of the parts in the total."""

    pixel: float = 1000.0
    """Smooth L1 of a, b over 110, over the three scales."""
    gan: float = 0.1
    """How little the discriminator takes the output for a photograph; the full-size output alone."""
    histogram: float = 1.0
    """Chi-square distance of the output's soft histogram from the reference's, over the three scales."""
    classification: float = 1.0
    """Cross-entropy of the class head."""
    tv: float = 10.0
    """Total variation of the output, squared differences, over the three scales."""
    gan_mode: GanMode = "vanilla"
    """Kind of the GAN loss; the discriminator's must be the same."""


def published_loss(
    pred: Colorization,
    true_ab: Tensor,
    class_index: Tensor | None,
    fake_logits: Tensor | None,
    weights: PublishedLossWeights,
) -> dict[str, Tensor]:
    """Parts, unweighted, and their weighted ``total``, each a scalar: the generator's side.

    ``true_ab`` (N, 2, H, W), a, b over 110; ``class_index`` (N,) int64 in 0..999; ``fake_logits`` is what the
    discriminator says of the full-size output, of any shape. Where one of the two is None, or nobody had a reference,
    its part is left out.
    """
    parts = {
        "pixel": _summed(F.smooth_l1_loss(ab, resize(true_ab, ab)) for ab in pred.ab),
        "tv": _summed(total_variation(ab) for ab in pred.ab),
    }
    if pred.reference_histogram is not None:
        parts["histogram"] = _summed(_histogram_loss(ab, pred.reference_histogram, pred.present) for ab in pred.ab)
    if class_index is not None:
        parts["classification"] = F.cross_entropy(pred.class_logits.float(), class_index)
    if fake_logits is not None:
        parts["gan"] = gan_loss(fake_logits, True, weights.gan_mode)
    return {**parts, "total": _summed(getattr(weights, name) * part for name, part in parts.items())}


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor, mode: GanMode) -> Tensor:
    """The discriminator's side, a scalar: mean of its errors on photographs and on (detached) outputs."""
    return (gan_loss(real_logits, True, mode) + gan_loss(fake_logits, False, mode)) / 2


def gan_loss(logits: Tensor, real: bool, mode: GanMode) -> Tensor:
    """How far logits of any shape are from saying "real" (or "fake"), a scalar."""
    wanted = torch.full_like(logits, float(real), dtype=torch.float32)
    compare = F.binary_cross_entropy_with_logits if mode == "vanilla" else F.mse_loss
    return compare(logits.float(), wanted)


def chi_square(first: Tensor, second: Tensor) -> Tensor:
    """Distance of histograms (N, K), (N or 1, K): 2 * sum of (h1 - h2)^2 / (h1 + h2), (N,). At most 4 for sums of 1."""
    filled = (first > _EPSILON) | (second > _EPSILON)
    return 2 * (filled * (first - second).square() / (first + second + _EPSILON)).sum(1)


def total_variation(x: Tensor) -> Tensor:
    """Squared differences of neighbours of (N, C, H, W), a scalar: twice the sum of the two directions' means."""
    down = x[:, :, 1:] - x[:, :, :-1]
    across = x[..., 1:] - x[..., :-1]
    return 2 * (down.square().mean() + across.square().mean())


def _histogram_loss(ab: Tensor, reference_histogram: Tensor, present: Tensor) -> Tensor:
    with torch.autocast(ab.device.type, enabled=False):
        return (chi_square(soft_histogram(ab.float()), reference_histogram) * present).mean()


def _summed(parts: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(parts)).sum()
