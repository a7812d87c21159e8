"""Colours of wide-gamut and high-dynamic-range video as sRGB, for pictures whose colours are followed.

Numbers are those of ITU-T H.273. Nothing on the way to an output passes through here.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vidcolor.color import linear_to_srgb, srgb_to_linear

PQ, HLG = 16, 18
"""TransferCharacteristics of SMPTE ST 2084 and of ARIB STD-B67 (both ITU-R BT.2100)."""

TO_BT709 = {
    9: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    12: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
"""Linear light of BT.2020 (9, ITU-R BT.2087) and of Display P3 (12, SMPTE EG 432-1) to that of BT.709, all D65."""

_WHITE = 203.0  # cd/m2 of diffuse white (ITU-R BT.2408)
_KNEE = 0.75


def is_plain(primaries: int, transfer: int) -> bool:
    """True where colours are sRGB's as far as anybody can tell, and stay as they are."""
    return primaries not in TO_BT709 and transfer not in (PQ, HLG)


def wide_to_srgb(rgb: Tensor, primaries: int, transfer: int) -> Tensor:
    """R'G'B' in [0, 1], shape (3, H, W), of video with these tags to sRGB in [0, 1].

    Light above diffuse white is compressed, its hue kept; colours out of gamut are clipped.
    """
    linear = _linear(rgb, transfer)
    if primaries in TO_BT709:
        linear = torch.einsum("ij,jhw->ihw", linear.new_tensor(TO_BT709[primaries]), linear)
    linear = linear.clamp_min(0)
    if transfer in (PQ, HLG):
        linear = _tone_mapped(linear)
    return linear_to_srgb(linear).clamp(0, 1)


def _linear(rgb: Tensor, transfer: int) -> Tensor:
    """Linear light, 1 for diffuse white."""
    if transfer == PQ:
        root = rgb.clamp(0, 1) ** (32 / 2523)
        light = ((root - 107 / 128).clamp_min(0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)
        return light * (10000 / _WHITE)
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = torch.where(rgb <= 0.5, rgb.clamp_min(0) ** 2 / 3, (torch.exp((rgb - c) / a) + b) / 12)
        brightness = torch.einsum("i,ihw->hw", scene.new_tensor((0.2627, 0.6780, 0.0593)), scene)
        return scene * brightness.clamp_min(1e-6) ** 0.2 * (1000 / _WHITE)  # on a display of 1000 cd/m2
    return srgb_to_linear(rgb)


def _tone_mapped(linear: Tensor) -> Tensor:
    """Light from the knee upwards bent to end at 1, by the largest channel, so that hue stays."""
    largest = linear.amax(0, keepdim=True).clamp_min(1e-6)
    over = (largest - _KNEE).clamp_min(0) / (1 - _KNEE)
    bent = torch.where(largest <= _KNEE, largest, _KNEE + (1 - _KNEE) * over / (1 + over))
    return linear * (bent / largest)
