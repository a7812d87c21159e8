"""What the years do to a print: scratches, dust, uneven fading. All take and give luma (N, 1, H, W) in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

_SCRATCHES = 3
_SPECKS = 8


def uniform(like: Tensor, low: float, high: float, generator: torch.Generator, count: int = 1) -> Tensor:
    """``count`` numbers for every picture of ``like``, (N, count, 1, 1) on its device, drawn on the CPU."""
    number = torch.rand((like.shape[0], count, 1, 1), generator=generator)
    return (low + (high - low) * number).to(like)


def on_some(
    luma: Tensor, share: float, effect: Callable[[Tensor, torch.Generator], Tensor], generator: torch.Generator
) -> Tensor:
    """``effect`` on each picture with probability ``share``; only these are computed."""
    chosen = torch.nonzero(torch.rand(len(luma), generator=generator) < share).flatten().to(luma.device)
    return luma.index_copy(0, chosen, effect(luma[chosen], generator)) if len(chosen) else luma


def scratched(luma: Tensor, generator: torch.Generator) -> Tensor:
    """Thin vertical lines, bright or dark, that wander a little and come and go along their way."""
    x, y = _axes(luma)

    def draw(low: float, high: float) -> Tensor:
        return uniform(luma, low, high, generator, _SCRATCHES)

    swing = draw(0, 0.015) * torch.sin(y * draw(1, 8) + draw(0, 2 * math.pi))
    path = draw(-1, 1) + draw(-0.03, 0.03) * y + swing  # (N, K, H, 1)
    width = draw(0.5, 1.1) * 2 / luma.shape[-1]
    broken = (torch.sin(y * draw(0.5, 6) + draw(0, 2 * math.pi)) + draw(-0.5, 1)).clamp(0, 1)
    present = (draw(0, 1) < 0.6).to(luma)
    strength = draw(0.15, 0.7) * present * broken
    value = (draw(0, 1) < 0.6).to(luma)
    cover = strength * torch.exp(-(((x - path) / width) ** 2))
    return _covered(luma, cover, value)


def speckled(luma: Tensor, generator: torch.Generator) -> Tensor:
    """Small specks and short fibres of dust, dark on a print and white from a negative."""
    x, y = _axes(luma)

    def draw(low: float, high: float) -> Tensor:
        return uniform(luma, low, high, generator, _SPECKS)

    across, along = x - draw(-1, 1), y - draw(-1, 1)
    angle, length = draw(0, math.pi), 1 + 3 * draw(0, 1) ** 3
    radius = (0.6 + 1.8 * draw(0, 1) ** 2) * 2 / min(luma.shape[-2:])
    turned = (across * angle.cos() + along * angle.sin()) / length, along * angle.cos() - across * angle.sin()
    distance = (turned[0] ** 2 + turned[1] ** 2).sqrt() / radius
    present = (draw(0, 1) < draw(0.1, 0.9)[:, :1]).to(luma)
    cover = present * draw(0.4, 0.95) * (1.7 - distance).clamp(0, 1)
    white = (uniform(luma, 0, 1, generator) < 0.6).to(luma)
    return _covered(luma, cover, white.expand_as(present))


def unevenly_faded(luma: Tensor, generator: torch.Generator) -> Tensor:
    """Darker towards the corners, and lighter and darker patches as of uneven development."""
    x, y = _axes(luma)
    x, y = x - uniform(luma, -0.4, 0.4, generator), y - uniform(luma, -0.4, 0.4, generator)
    vignette = 1 - uniform(luma, 0, 0.22, generator) * (x**2 + y**2)
    knots = torch.randn((len(luma), 2, 3, 3), generator=generator).to(luma)
    gain, lift = F.interpolate(knots, size=luma.shape[-2:], mode="bilinear", align_corners=True).split(1, dim=1)
    strength = uniform(luma, 0, 0.08, generator)
    return (luma * vignette * (1 + strength * gain) + 0.4 * strength * lift).clamp(0, 1)


def _axes(luma: Tensor) -> tuple[Tensor, Tensor]:
    """x (1, 1, 1, W) and y (1, 1, H, 1) from -1 to 1."""
    height, width = luma.shape[-2:]
    x = torch.linspace(-1, 1, width, device=luma.device, dtype=luma.dtype)
    y = torch.linspace(-1, 1, height, device=luma.device, dtype=luma.dtype)
    return x.view(1, 1, 1, width), y.view(1, 1, height, 1)


def _covered(luma: Tensor, cover: Tensor, value: Tensor) -> Tensor:
    """Laid over the picture: ``cover`` (N, K, H, W) in [0, 1], ``value`` (N, K, 1, 1) the luma of each."""
    total = cover.sum(1, keepdim=True)
    mean = (cover * value).sum(1, keepdim=True) / total.clamp_min(1e-6)
    return luma + total.clamp_max(1) * (mean - luma)
