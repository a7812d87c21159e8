"""Dense motion between frames of one shot: where each pixel of one frame lies in another, and how far to trust it.

Everything here lives on the chroma grid: half the working size, the grid on which the network gives its colours. Flow
found there with patches down to the finest level is as exact as flow at the working size and costs a third of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

PATCH_STRIDE = 5
"""Pixels between the patches of the search, 8 wide: a third faster than 4, for less than 0.1 dB of carried colour."""

AGREEMENT_RELATIVE, AGREEMENT_PIXELS = 0.04, 2.0
"""Squared forward-backward gap, relative to the squared motion and in square pixels, at which trust falls to 1/e.

Four times as lenient as the occlusion test of Sundaram et al. (ECCV 2010), because trust multiplies along a chain.
"""

PHOTOMETRIC_SCALE = 0.05
"""Difference of luma, in [0, 1], at which trust falls to 1/e on a film without grain."""

DETAIL_SIZE = 15
"""Width in pixels of the neighbourhood whose mean brightness is taken off before luma is compared."""


@dataclass(frozen=True)
class Path:
    """Where every pixel of a frame lies in another frame."""

    position: np.ndarray = field(repr=False)
    """Shape (h, w, 2), float32: x and y in pixels of the other frame, as ``cv2.remap`` reads them."""
    trust: np.ndarray = field(repr=False)
    """Shape (h, w), float32 in [0, 1]: 0 where the pixel is hidden, outside, or the motion is not believed."""


def to_chroma_grid(gray: np.ndarray) -> np.ndarray:
    """Halve a working-size gray (H, W), uint8, by area averaging: (H // 2, W // 2), uint8."""
    height, width = gray.shape
    return cv2.resize(gray, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)


def resting_path(shape: tuple[int, ...]) -> Path:
    """The path of a frame (h, w) to itself, fully trusted."""
    height, width = shape
    return Path(_own_places(height, width), np.ones((height, width), np.float32))


@lru_cache(maxsize=8)
def _own_places(height: int, width: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    places = np.dstack((x, y))
    places.flags.writeable = False  # shared
    return places


class FlowEstimator:
    """Dense inverse search (Kroeger et al., ECCV 2016) between neighbours, in both directions.

    Holds working buffers only, so the result never depends on what was asked before; one per thread.
    """

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._search.setFinestScale(0)
        self._search.setPatchStride(PATCH_STRIDE)

    def between(
        self, earlier: np.ndarray, later: np.ndarray, guess: tuple[np.ndarray, np.ndarray] | None = None
    ) -> tuple[Path, Path]:
        """Paths (earlier to later, later to earlier) of two grays (h, w), uint8, of one size.

        guess: positions (h, w, 2) of both paths, where the search begins; None where it begins at rest.
        """
        rest = resting_path(earlier.shape).position
        if min(earlier.shape) < 16:  # smaller than two patches: nothing to search in
            still = Path(rest, np.ones(earlier.shape, np.float32))
            return still, still
        ahead, back = guess or (rest, rest)
        forward = self._search.calc(earlier, later, ahead - rest)
        backward = self._search.calc(later, earlier, back - rest)
        return _believe(forward, backward, rest), _believe(backward, forward, rest)


def extend(path: Path, step: Path) -> Path:
    """Chain: ``step`` leads from frame A to B and ``path`` from B to C; the answer leads from A to C."""
    return Path(carry(path.position, step), carry(path.trust, step) * step.trust)


def carry(image: np.ndarray, path: Path) -> np.ndarray:
    """Bring an image (h, w) or (h, w, C) of the frame that ``path`` leads to back to the frame it starts from.

    Bilinear; beyond the edge the nearest pixel. The dtype stays.
    """
    return _look_up(image, path.position)


def _look_up(image: np.ndarray, position: np.ndarray) -> np.ndarray:
    # the second map must be None: OpenCV 5 takes an empty array for one and reads beyond it
    return cv2.remap(image, position, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]


def check_luma(path: Path, here: np.ndarray, there: np.ndarray) -> Path:
    """Lower the trust of a path where what it brings does not look like what is here.

    here, there: grays (h, w), uint8, of the frames where the path starts and where it leads. Compared without their
    local mean, so that a flicker of the lamp costs no trust; and against the film's own grain, which is the median
    difference.
    """
    difference = _detail(carry(there, path)) - _detail(here)
    size = cv2.blur(np.abs(difference), (3, 3))
    scale = PHOTOMETRIC_SCALE + float(np.median(size))
    return Path(path.position, path.trust * np.exp(-((size / scale) ** 2)))


def _detail(gray: np.ndarray) -> np.ndarray:
    luma = gray.astype(np.float32) * np.float32(1 / 255)
    return luma - cv2.blur(luma, (DETAIL_SIZE, DETAIL_SIZE))


def _believe(flow: np.ndarray, reverse: np.ndarray, rest: np.ndarray) -> Path:
    """Turn a flow into a path, trusted where the flow back leads home and inside the picture."""
    position = rest + flow
    back = _look_up(reverse, position)
    gap = _squared_length(flow + back)
    motion = _squared_length(flow) + _squared_length(back)
    trust = np.exp(-gap / (AGREEMENT_RELATIVE * motion + AGREEMENT_PIXELS))
    height, width = trust.shape
    x, y = cv2.split(position)
    inside = (x > -1) & (x < width) & (y > -1) & (y < height)
    return Path(position, trust * inside)


def _squared_length(vectors: np.ndarray) -> np.ndarray:
    x, y = cv2.split(vectors)
    return x * x + y * y
