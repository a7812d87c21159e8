"""The colour difference CIEDE2000."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_CHROMA_KNEE = 25.0**7


def ciede2000(lab: Tensor, other: Tensor) -> Tensor:
    """Return the CIEDE2000 difference of CIELAB colours (..., 3, H, W), pixel by pixel: (..., H, W).

    Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula" (2005), with kL = kC = kH = 1. Symmetric up to
    rounding; 0 for equal colours, about 1 for a difference that can just be seen.
    """
    lightness_1, a_1, b_1 = lab.unbind(-3)
    lightness_2, a_2, b_2 = other.unbind(-3)
    stretch = 1 + 0.5 * (1 - _chroma_share((torch.hypot(a_1, b_1) + torch.hypot(a_2, b_2)) / 2))
    chroma_1, chroma_2 = torch.hypot(stretch * a_1, b_1), torch.hypot(stretch * a_2, b_2)
    hue_1, hue_2 = torch.atan2(b_1, stretch * a_1), torch.atan2(b_2, stretch * a_2)
    chroma, hue = (chroma_1 + chroma_2) / 2, _mean_hue(hue_1, hue_2, chroma_1 * chroma_2)
    off_middle = ((lightness_1 + lightness_2) / 2 - 50) ** 2

    lightness_step = (lightness_2 - lightness_1) / (1 + 0.015 * off_middle / torch.sqrt(20 + off_middle))
    chroma_step = (chroma_2 - chroma_1) / (1 + 0.045 * chroma)
    hue_step = 2 * torch.sqrt(chroma_1 * chroma_2) * torch.sin(_hue_turn(hue_1, hue_2) / 2)
    hue_step = hue_step / (1 + 0.015 * chroma * _hue_weight(hue))
    square = lightness_step**2 + chroma_step**2 + hue_step**2 + _blue_rotation(chroma, hue) * chroma_step * hue_step
    return torch.sqrt(square.clamp_min(0))


def _chroma_share(chroma: Tensor) -> Tensor:
    """sqrt(C^7 / (C^7 + 25^7))."""
    seventh = chroma**7
    return torch.sqrt(seventh / (seventh + _CHROMA_KNEE))


def _hue_turn(hue_1: Tensor, hue_2: Tensor) -> Tensor:
    """Signed way from one hue to the other, the short way round, in [-pi, pi] radians."""
    turn = hue_2 - hue_1
    turn = torch.where(turn > math.pi, turn - 2 * math.pi, turn)
    return torch.where(turn < -math.pi, turn + 2 * math.pi, turn)


def _mean_hue(hue_1: Tensor, hue_2: Tensor, chroma_product: Tensor) -> Tensor:
    """Hue halfway between two, the short way round; where one colour is gray, the hue of the other."""
    return torch.where(chroma_product == 0, hue_1 + hue_2, hue_1 + _hue_turn(hue_1, hue_2) / 2)


def _hue_weight(hue: Tensor) -> Tensor:
    """Sharma's T."""
    degree = math.pi / 180
    return (
        1
        - 0.17 * torch.cos(hue - 30 * degree)
        + 0.24 * torch.cos(2 * hue)
        + 0.32 * torch.cos(3 * hue + 6 * degree)
        - 0.20 * torch.cos(4 * hue - 63 * degree)
    )


def _blue_rotation(chroma: Tensor, hue: Tensor) -> Tensor:
    """Sharma's R_T, which joins chroma and hue in the blues."""
    degrees = torch.rad2deg(hue) % 360
    angle = math.pi / 6 * torch.exp(-(((degrees - 275) / 25) ** 2))
    return -2 * _chroma_share(chroma) * torch.sin(2 * angle)
