"""The marks a block codec leaves: an 8 x 8 cosine transform whose coefficients are rounded, coarser where finer."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

_BLOCK = 8


def quantised(luma: Tensor, generator: torch.Generator) -> Tensor:
    """Luma (N, 1, H, W) in [0, 1] after a rough round trip through a block codec.

    Coefficients are rounded as at JPEG qualities of about 90 down to 35: to steps of 3 to 22 of 255 for the mean of a
    block, growing to eight times that for its finest pattern. The grid of blocks starts anywhere, since a crop does.
    """
    height, width = luma.shape[-2:]
    left, top = (int(n) for n in torch.randint(0, _BLOCK, (2,), generator=generator))
    right, bottom = -(left + width) % _BLOCK, -(top + height) % _BLOCK
    padded = F.pad(luma, (left, right, top, bottom), mode="replicate")
    luck = torch.rand((len(luma), 1, 1, 1, 1), generator=generator).to(luma)
    coarse = _rounded(_blocks(padded), 3 * (22 / 3) ** luck / 255 * _growth().to(luma))
    whole = _whole(coarse, padded.shape[-2:])
    return whole[..., top : top + height, left : left + width]


def _rounded(blocks: Tensor, step: Tensor) -> Tensor:
    """Blocks (..., 8, 8) with their coefficients rounded to multiples of ``step``."""
    transform = _cosines().to(blocks)
    coefficients = transform @ blocks @ transform.T
    return transform.T @ ((coefficients / step).round() * step) @ transform


def _cosines() -> Tensor:
    """The orthonormal DCT-II, (8, 8): row k is the pattern of frequency k."""
    k, n = torch.meshgrid(torch.arange(_BLOCK), torch.arange(_BLOCK), indexing="ij")
    matrix = torch.cos(math.pi * (2 * n + 1) * k / (2 * _BLOCK)) * math.sqrt(2 / _BLOCK)
    return torch.cat([matrix[:1] / math.sqrt(2), matrix[1:]])


def _growth() -> Tensor:
    """How much coarser each coefficient is rounded than the mean, (8, 8) from 1 to 8."""
    along = torch.arange(_BLOCK, dtype=torch.float32)
    return 1 + (along[:, None] + along[None, :]) / 2


def _blocks(luma: Tensor) -> Tensor:
    """(N, 1, H, W), sides multiples of 8, to (N, H/8, W/8, 8, 8)."""
    return luma[:, 0].unfold(1, _BLOCK, _BLOCK).unfold(2, _BLOCK, _BLOCK)


def _whole(blocks: Tensor, size: torch.Size) -> Tensor:
    """The inverse of :func:`_blocks`."""
    return blocks.transpose(2, 3).reshape(len(blocks), 1, *size)
