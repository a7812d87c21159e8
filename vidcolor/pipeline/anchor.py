"""A coloured frame of the film as a still that other shots can follow."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from vidcolor.color import ab_to_cbcr, limit_to_gamut, ycbcr_to_rgb

_BT601 = 6
"""The matrix by which references are made gray again, see :func:`vidcolor.model.colorist.gray_of`."""


def upright_rgb(gray: np.ndarray, ab: np.ndarray, turns: int) -> np.ndarray:
    """sRGB (H, W, 3) uint8 of a frame whose gray, as the network sees it, is just ``gray``.

    gray: (H, W) uint8, working size. ab: (2, H/2, W/2) float32, CIELAB units. turns: quarter turns counter-clockwise
    that bring the picture upright. Colours out of gamut lose saturation.
    """
    height, width = gray.shape
    chroma = np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in ab])
    luma = torch.from_numpy(gray).float() / 255
    cbcr = limit_to_gamut(luma, ab_to_cbcr(luma, torch.from_numpy(chroma), _BT601), _BT601)
    rgb = ycbcr_to_rgb(luma, cbcr, _BT601).clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return np.ascontiguousarray(np.rot90(rgb, turns))
