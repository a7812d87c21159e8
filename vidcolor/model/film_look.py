"""Gray as film has it: the target's lightness in training is not always that of a desaturated photograph."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import luma_to_lightness


def plain_lightness(rgb: Tensor) -> Tensor:
    """sRGB (N, 3, H, W) in [0, 1] to L*/50 - 1 of its BT.601 luma, (N, 1, H, W)."""
    luma = torch.einsum("c,nchw->nhw", rgb.new_tensor((0.299, 0.587, 0.114)), rgb)
    return luma_to_lightness(luma).unsqueeze(1) / 50 - 1


def film_lightness(rgb: Tensor, generator: torch.Generator) -> Tensor:
    """Like :func:`plain_lightness`, after random spectral weights, contrast, fading, softness and grain."""
    luma = _spectral(rgb, generator)
    luma = _tone(luma, generator)
    luma = _soften(luma, generator)
    luma = luma + _grain(luma, generator)
    return luma_to_lightness(luma.clamp(0, 1)) / 50 - 1


def _uniform(like: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number per picture, (N, 1, 1, 1)."""
    number = torch.rand((like.shape[0], 1, 1, 1), generator=generator)
    return (low + (high - low) * number).to(like)


def _chance(like: Tensor, share: float, generator: torch.Generator) -> Tensor:
    return _uniform(like, 0, 1, generator) < share


def _spectral(rgb: Tensor, generator: torch.Generator) -> Tensor:
    """Half plain luma; else weights between panchromatic and red-blind orthochromatic stock."""
    plain = rgb.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)
    ortho = rgb.new_tensor((0.05, 0.55, 0.40)).view(1, 3, 1, 1)
    mix = _uniform(rgb, 0, 1, generator) * _chance(rgb, 0.4, generator)
    return (rgb * (plain + mix * (ortho - plain))).sum(1, keepdim=True)


def _tone(luma: Tensor, generator: torch.Generator) -> Tensor:
    """Gamma, and faded blacks and whites, on half of the pictures."""
    changed = luma.clamp_min(1e-4) ** torch.exp(_uniform(luma, -0.4, 0.4, generator))
    black, white = _uniform(luma, -0.05, 0.12, generator), _uniform(luma, 0.88, 1.05, generator)
    changed = (black + (white - black) * changed).clamp(0, 1)
    return torch.where(_chance(luma, 0.5, generator), changed, luma)


def _soften(luma: Tensor, generator: torch.Generator) -> Tensor:
    soft = F.avg_pool2d(F.pad(luma, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return torch.where(_chance(luma, 0.2, generator), soft, luma)


def _grain(luma: Tensor, generator: torch.Generator) -> Tensor:
    strength = _uniform(luma, 0.0, 0.05, generator) * _chance(luma, 0.35, generator)
    return torch.randn(luma.shape, generator=generator).to(luma) * strength
