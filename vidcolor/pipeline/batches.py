"""Asking the network for several pictures at once: as many as the memory of its device holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidcolor.errors import MemoryShortError
from vidcolor.model.any_colorist import AnyColorist, ReferenceT, TargetsT
from vidcolor.model.memory import free_memory, is_out_of_memory


class Batches:
    """Remembers how many pictures fit.

    Where a batch does not fit into memory it is halved, and later ones are no larger: a batch of eight gives what eight
    of one do.
    """

    def __init__(self) -> None:
        self._largest: int | None = None

    def consult(
        self,
        colorist: AnyColorist[ReferenceT, TargetsT],
        grays: Sequence[np.ndarray],
        reference: ReferenceT | None,
    ) -> list[TargetsT]:
        """What :meth:`AnyColorist.continue_from` needs of each gray picture (h, w) uint8, all of one size.

        Raises MemoryShortError where not even one fits.
        """
        views: list[TargetsT] = []
        while len(views) < len(grays):
            batch = grays[len(views) :][: self._largest]
            if (together := _try(colorist, batch, reference)) is not None:
                views += [together.only(number) for number in range(len(batch))]
                continue
            free_memory()  # after the failed attempt has let go of its tensors
            if len(batch) == 1:
                height, width = batch[0].shape
                raise MemoryShortError(
                    f"the memory does not hold one picture of {width}x{height}; run again with a smaller "
                    "--set colorize.lines=..., or with --device cpu"
                )
            self._largest = len(batch) // 2
        return views


def _try(
    colorist: AnyColorist[ReferenceT, TargetsT], grays: Sequence[np.ndarray], reference: ReferenceT | None
) -> TargetsT | None:
    """The batch consulted; None where it does not fit into memory."""
    try:
        return colorist.consult(grays, reference)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return None
