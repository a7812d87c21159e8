"""What every network at work on a film can be asked, whichever it is: all that the pipeline knows of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

import numpy as np


@dataclass(frozen=True)
class Likeness:
    """How well a reference fits a gray picture."""

    gate: float
    """Mean of the network's gate: the share of the picture for which the carried colour is likely right."""
    similarity: float
    """Mean over the picture of the best cosine, -1 to 1."""
    explained: np.ndarray = field(repr=False)
    """(h, w) float32 in [0, 1]: the gate on the stride-8 grid."""


@dataclass(frozen=True)
class Seen:
    """A gray picture that a network has looked at once, to be compared with any number of references."""

    descriptor: np.ndarray = field(repr=False)
    """Unit length: semantics of its whole, places forgotten."""
    places: Any = field(repr=False)
    """What dense comparison needs, which the network that saw it alone can read."""


@dataclass(frozen=True)
class Before:
    """Colours of a frame coloured before, brought along the motion to the picture that shall go on from it."""

    ab: np.ndarray = field(repr=False)
    """(2, h/2, w/2) float32, CIELAB units."""
    trust: np.ndarray = field(repr=False)
    """(h/2, w/2) float32 in [0, 1]: how far the motion is believed."""
    say: float = 1.0
    """How much they have to say, 0 to 1; the rest is what the picture would be without them."""


class TargetBatch(Protocol):
    """A batch of gray pictures, made ready by one network for :meth:`AnyColorist.continue_from`."""

    def only(self, index: int) -> Self:
        """The batch's picture ``index`` as a batch of one."""


ReferenceT = TypeVar("ReferenceT")
"""A reference, encoded by one network, which alone can read it."""
TargetsT = TypeVar("TargetsT", bound=TargetBatch)


class AnyColorist(Protocol[ReferenceT, TargetsT]):
    """A network on a device. Holds no state of any film.

    Gray pictures are (h, w) uint8, sides multiples of 32; chroma is float32 in CIELAB units, at half their size.
    """

    @property
    def at_once(self) -> int:
        """How many pictures to consult at once, so that the device has enough to do and nobody waits for nothing."""

    def encode(self, rgb: np.ndarray, lines: int) -> ReferenceT:
        """What the network needs of a reference (H, W, 3) uint8 sRGB, seen with ``lines`` on its short side."""

    def join(self, references: Sequence[ReferenceT], weights: Sequence[float] | None = None) -> ReferenceT:
        """One or several encoded references, the best first, as one to follow.

        weights: how much each has to say, above 0; None where all have the same.
        """

    def colorize(self, grays: Sequence[np.ndarray], reference: ReferenceT | None) -> np.ndarray:
        """Chroma of gray pictures of one size, (N, 2, h/2, w/2); the most natural one without a reference."""

    def consult(self, grays: Sequence[np.ndarray], reference: ReferenceT | None) -> TargetsT:
        """What :meth:`continue_from` needs of gray pictures of one size."""

    def continue_from(self, target: TargetsT, before: Before | None) -> np.ndarray:
        """Chroma of one consulted picture, (2, h/2, w/2), that goes on from a frame coloured before, where it can.

        before: None where the picture is the first.
        """

    def see(self, gray: np.ndarray) -> Seen:
        """Look at a gray picture, for :meth:`compare` and by its global descriptor."""

    def compare(self, seen: Seen, reference: ReferenceT) -> Likeness:
        """Dense comparison of a gray picture with a reference, both by their gray alone."""
