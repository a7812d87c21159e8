"""A network that colours without references at work on pictures, and beside it one that follows what it coloured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch

from vidcolor.color import AB_SCALE, luma_to_lightness
from vidcolor.model.any_colorist import AnyColorist, Before, Likeness, Seen
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.colorist import working_size

LINES = 160
"""Short side, in pixels, at which the network sees pictures. It learned on small ones and knows things by their size:
larger ones get stronger colours, and stains."""


@dataclass(frozen=True)
class Targets:
    """A batch of pictures for either network."""

    chroma: np.ndarray | None = field(repr=False)
    """(N, 2, h/2, w/2) float32, CIELAB units, where no reference is followed: nothing is left to do."""
    followed: Any = field(repr=False)
    """What the follower makes of pictures that have a reference."""

    def only(self, index: int) -> Targets:
        """The batch's picture ``index`` as a batch of one."""
        one = None if self.chroma is None else self.chroma[index : index + 1]
        return Targets(one, None if self.followed is None else self.followed.only(index))


class AutomaticColorist:
    """Colours what has no reference by the one network, and leaves references to the other. Holds no state of any film.

    So a frame coloured automatically can be the reference of a shot, which knows no difference.
    """

    def __init__(
        self,
        network: AutomaticNetwork[Any],
        follower: AnyColorist[Any, Any],
        device: torch.device | str = "cpu",
        half: bool = False,
    ) -> None:
        """``half``: the network computes in bfloat16 on a CPU, float16 on a GPU, wherever that is exact enough."""
        self._device = torch.device(device)
        self._network = network.to(self._device).eval()
        self._follower = follower
        self._half = half

    @property
    def at_once(self) -> int:
        """As many as the follower takes: it sees every key frame, the network a few of a shot."""
        return self._follower.at_once

    def encode(self, rgb: np.ndarray, lines: int) -> Any:
        """What the follower needs of a reference (H, W, 3) uint8 sRGB, seen with ``lines`` on its short side."""
        return self._follower.encode(rgb, lines)

    def join(self, references: Sequence[Any], weights: Sequence[float] | None = None) -> Any:
        """Several references as one, as the follower has it."""
        return self._follower.join(references, weights)

    def colorize(self, grays: Sequence[np.ndarray], reference: Any) -> np.ndarray:
        """Chroma of gray pictures (h, w) uint8 of one size: (N, 2, h/2, w/2) float32, CIELAB units."""
        if reference is not None:
            return self._follower.colorize(grays, reference)
        return np.stack([self._natural(gray) for gray in grays])  # one by one: no batch changes an answer

    def consult(self, grays: Sequence[np.ndarray], reference: Any) -> Targets:
        """What :meth:`continue_from` needs of gray pictures (h, w) uint8 of one size."""
        if reference is None:
            return Targets(self.colorize(grays, None), None)
        return Targets(None, self._follower.consult(grays, reference))

    def continue_from(self, target: Targets, before: Before | None) -> np.ndarray:
        """Chroma of one consulted picture, (2, h/2, w/2) float32; a frame before has a say where one is followed."""
        if target.chroma is not None:
            return target.chroma[0]
        return self._follower.continue_from(target.followed, before)

    def see(self, gray: np.ndarray) -> Seen:
        """Look at a gray picture (h, w) uint8 with the follower's eyes."""
        return self._follower.see(gray)

    def compare(self, seen: Seen, reference: Any) -> Likeness:
        """Dense comparison of a gray picture with a reference by the follower."""
        return self._follower.compare(seen, reference)

    @torch.inference_mode()
    def _natural(self, gray: np.ndarray) -> np.ndarray:
        """The network's chroma of one gray picture (h, w) uint8: (2, h/2, w/2) float32, CIELAB units."""
        height, width = gray.shape
        rows, columns = working_size(width, height, min(LINES, height, width))
        seen = cv2.resize(gray, (columns, rows), interpolation=cv2.INTER_AREA)
        codes = torch.from_numpy(seen).to(self._device)[None, None].float()
        kind = torch.bfloat16 if self._device.type == "cpu" else torch.float16
        with torch.autocast(self._device.type, kind, enabled=self._half):
            ab = self._network(luma_to_lightness(codes / 255))[0]
        found = ab.float().clamp(-AB_SCALE, AB_SCALE).cpu().numpy()
        half_size = width // 2, height // 2
        return np.stack([cv2.resize(plane, half_size, interpolation=cv2.INTER_LINEAR) for plane in found])
