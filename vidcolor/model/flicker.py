"""How much chroma changes along the motion of the picture, where the motion can be trusted.

The measure: dense optical flow between the grays of two consecutive frames, forward and backward; the later frame's ab
brought back along the forward flow; the mean Euclidean distance in CIELAB units to the earlier frame's ab over all
pixels whose flow holds forward and backward. Output and truth are measured with the same flow and the same pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np


@dataclass(frozen=True)
class Motion:
    """How the picture moves from one frame to the next."""

    flow: np.ndarray = field(repr=False)
    """Shape (H, W, 2), float32: where a pixel of the earlier frame is found in the later one, in pixels (x, y)."""
    trusted: np.ndarray = field(repr=False)
    """Shape (H, W), bool: pixels seen in both frames, away from motion boundaries."""
    residual: float
    """Mean absolute difference, in 8-bit code values, of the earlier gray and the later one brought back to it."""


def dense_flow(gray: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Return the flow (H, W, 2), float32 pixels, from one gray picture (H, W) uint8 to a later one.

    Dense inverse search (Kroeger et al. 2016), OpenCV's fast preset. Pictures under 16 pixels are too small for its
    patches and count as still.
    """
    still = np.zeros((*gray.shape, 2), np.float32)
    if min(gray.shape) < 16:
        return still
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return search.calc(np.ascontiguousarray(gray), np.ascontiguousarray(later), still)


def motion_between(gray: np.ndarray, later: np.ndarray) -> Motion:
    """Return the motion between two gray pictures (H, W) uint8 of the same size."""
    forward, backward = dense_flow(gray, later), dense_flow(later, gray)
    residual = np.abs(gray.astype(np.float32) - warp_back(later.astype(np.float32), forward))
    return Motion(forward, trusted_pixels(forward, backward), float(residual.mean()))


def warp_back(later: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return a later picture (H, W[, C]) float32 as seen from the earlier frame: its value at x + flow(x), bilinear."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(later, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def trusted_pixels(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """Return where flow holds, (H, W) bool: inside the picture, not occluded, not at a motion boundary.

    The tests and constants of Sundaram, Brox and Keutzer (2010): forward and backward flow cancel up to 1 % of their
    squared lengths plus 0.5; and the squared gradient of the flow stays under 1 % of its squared length plus 0.002.
    """
    returned = warp_back(backward, forward)
    length, returned_length = np.square(forward).sum(-1), np.square(returned).sum(-1)
    occluded = np.square(forward + returned).sum(-1) > 0.01 * (length + returned_length) + 0.5
    steepness = sum(np.square(step).sum(-1) for step in _forward_differences(forward))
    return _lands_inside(forward) & ~occluded & (steepness <= 0.01 * length + 0.002)


def chroma_flicker(ab: np.ndarray, later_ab: np.ndarray, motion: Motion) -> float:
    """Return the mean distance, CIELAB units, of ab (H, W, 2) float32 to the later ab brought back to it.

    Over trusted pixels alone; not a number where there are none.
    """
    if not motion.trusted.any():
        return float("nan")
    distance = np.linalg.norm(warp_back(later_ab, motion.flow) - ab, axis=-1)
    return float(distance[motion.trusted].mean(dtype=np.float64))


def _forward_differences(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences to the right and lower neighbour, 0 at the far border, each (H, W, 2)."""
    right = np.diff(flow, axis=1, append=flow[:, -1:])
    below = np.diff(flow, axis=0, append=flow[-1:])
    return right, below


def _lands_inside(flow: np.ndarray) -> np.ndarray:
    height, width = flow.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
