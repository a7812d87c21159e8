"""What motion brings to a frame of a video from another frame of it, as the walk over a film finds it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from vidcolor.flow import FlowEstimator, carry, check_luma, extend, resting_path, to_chroma_grid


def motion_brings(frames: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The last of consecutive frames (H, W, 3), uint8 sRGB, brought to the first along the motion between neighbours.

    Returns it on the chroma grid, (H/2, W/2, 3) uint8, and the motion's trust, (H/2, W/2) float32 in [0, 1]. One frame
    alone stays where it is.
    """
    grays = [to_chroma_grid(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)) for frame in frames]
    estimator = FlowEstimator()
    path = resting_path(grays[0].shape)
    # from the far end inward: a path to the last frame, extended by the step that leads to where it starts
    for here, there in reversed(list(pairwise(grays))):
        path = extend(path, estimator.between(here, there)[0])
    path = check_luma(path, grays[0], grays[-1])
    height, width = grays[-1].shape
    last = cv2.resize(frames[-1], (width, height), interpolation=cv2.INTER_AREA)
    return carry(last, path), path.trust
