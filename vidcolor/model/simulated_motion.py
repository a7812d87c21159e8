"""What motion would bring from a frame before, simulated on still pictures: the right colours, moved a little amiss,
sometimes hidden and replaced by others, sometimes no better than the network's own guess; and a trust that mostly, not
always, tells which."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.model.decoder_stage import Propagated

_HIDDEN = 0.25
"""Share of pictures whose hidden places are trusted all the same."""


def simulated_motion(
    true_ab: Tensor, guessed_ab: Tensor, share: float | Tensor, generator: torch.Generator
) -> Propagated:
    """Colours as a frame before would give them to targets whose a, b over 110 are ``true_ab`` (N, 2, h, w).

    guessed_ab: (N, 2, h, w), what the network says of the targets by itself: a frame before was coloured no better.
    share: of targets that have a frame before at all; one number, or one for each (N,).
    """
    hidden = _blobs(true_ab, generator)
    gap = _misplacement(true_ab, hidden, generator)
    source = true_ab + _guessed_share(true_ab, generator) * (guessed_ab - true_ab)
    ab = F.grid_sample(source, _grid(gap), padding_mode="border", align_corners=False)
    believed = torch.exp(-gap.square().sum(1, keepdim=True) / 8)
    deceived = _each(true_ab, generator) < _HIDDEN
    doubt = 1 - hidden * (~deceived) * (1 - 0.2 * _each(true_ab, generator))
    trust = torch.where(deceived, torch.ones_like(believed), believed) * doubt * (1 - 0.7 * _each(true_ab, generator))
    present = _each(true_ab, generator).flatten() < share
    return Propagated(ab, trust, present)


def worsened(moved: Propagated, guessed_ab: Tensor, generator: torch.Generator) -> Propagated:
    """Real motion of true colours, with errors of colour such as the network's own guess has, on some."""
    ab = moved.ab + _guessed_share(moved.ab, generator) * (guessed_ab - moved.ab)
    return Propagated(ab, moved.trust, moved.present)


def _each(like: Tensor, generator: torch.Generator) -> Tensor:
    """One uniform number in [0, 1] per picture, (N, 1, 1, 1)."""
    return torch.rand((like.shape[0], 1, 1, 1), generator=generator).to(like.device)


def _smooth_noise(like: Tensor, channels: int, knots: int, generator: torch.Generator) -> Tensor:
    """Unit normal at ``knots`` x ``knots`` places, smooth between them: (N, channels, h, w)."""
    noise = torch.randn((like.shape[0], channels, knots, knots), generator=generator).to(like.device)
    return F.interpolate(noise, size=like.shape[-2:], mode="bicubic", align_corners=False)


def _guessed_share(like: Tensor, generator: torch.Generator) -> Tensor:
    """How far the colours are a guess, (N, 1, h, w) in [0, 1]: not at all, wholly, or in places, a third each."""
    lot = _each(like, generator)
    places = torch.sigmoid(4 * _smooth_noise(like, 1, 4, generator))
    return torch.where(lot < 0.33, torch.zeros_like(places), torch.where(lot < 0.66, torch.ones_like(places), places))


def _blobs(like: Tensor, generator: torch.Generator) -> Tensor:
    """Hidden places, (N, 1, h, w) in [0, 1]: none on half of the pictures, up to two fifths on the others."""
    level = 0.3 + 1.7 * _each(like, generator)
    places = torch.sigmoid(12 * (_smooth_noise(like, 1, 6, generator) - level))
    return places * (_each(like, generator) < 0.5)


def _misplacement(like: Tensor, hidden: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 2, h, w) in pixels: a fraction to a few everywhere, far away where something else lay before."""
    size = torch.exp(-1.6 + 2.4 * _each(like, generator))  # 0.2 to 2.2 pixels
    near = size * _smooth_noise(like, 2, 8, generator)
    far = 0.12 * like.shape[-1] * (_smooth_noise(like, 2, 2, generator) + _smooth_noise(like, 2, 1, generator))
    return near + hidden * far


def _grid(gap: Tensor) -> Tensor:
    """Where to look, as grid_sample takes it: (N, h, w, 2)."""
    count, _, height, width = gap.shape
    identity = torch.eye(2, 3, device=gap.device).expand(count, 2, 3)
    rest = F.affine_grid(identity, [count, 1, height, width], align_corners=False)
    return rest + gap.permute(0, 2, 3, 1) * gap.new_tensor((2 / width, 2 / height))
