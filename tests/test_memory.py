"""Short of memory: batches shrink, colours stay; short of disk: a sentence beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import torch

from vidcolor.errors import MemoryShortError
from vidcolor.model.memory import is_out_of_memory
from vidcolor.pipeline.batches import Batches
from vidcolor.pipeline.room import shortage


class Batch:
    def __init__(self, grays: list[np.ndarray]) -> None:
        self.grays = grays

    def only(self, index: int) -> Self:
        return type(self)([self.grays[index]])


class SmallDevice:
    """A network on a device that holds so many pictures."""

    def __init__(self, holds: int, error: Exception) -> None:
        self.holds, self.error = holds, error
        self.asked: list[int] = []

    def consult(self, grays: list[np.ndarray], reference: Any) -> Batch:
        self.asked.append(len(grays))
        if len(grays) > self.holds:
            raise self.error
        return Batch(grays)


FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
GRAYS = [np.full((32, 64), number, np.uint8) for number in range(8)]


@pytest.mark.parametrize("error", [FULL, MemoryError(), RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling")])
@pytest.mark.parametrize("holds", [8, 5, 3, 1])
def test_a_batch_that_does_not_fit_is_halved(holds: int, error: Exception) -> None:
    """Every picture is consulted once, in order; the next batch is no larger than what went in."""
    device = SmallDevice(holds, error)
    batches = Batches()
    for _ in range(2):
        device.asked.clear()
        views = batches.consult(device, GRAYS, None)  # type: ignore[type-var]
        assert [int(view.grays[0][0, 0]) for view in views] == list(range(8))
    assert max(device.asked) <= holds


def test_not_even_one_picture() -> None:
    """One sentence with two ways out."""
    with pytest.raises(MemoryShortError, match=r"64x32.*colorize\.lines.*--device cpu"):
        Batches().consult(SmallDevice(0, FULL), GRAYS, None)  # type: ignore[type-var]


def test_other_errors_are_not_taken_for_it() -> None:
    """They go on as they are, at once."""
    device = SmallDevice(0, RuntimeError("sizes do not match"))
    with pytest.raises(RuntimeError, match="sizes"):
        Batches().consult(device, GRAYS, None)  # type: ignore[type-var]
    assert device.asked == [8]
    assert not is_out_of_memory(ValueError("out of memory"))


def test_the_network_gives_the_same_in_halves() -> None:
    """The network that ships, a batch of four against two of two."""
    from vidcolor.model.checkpoint import find_weights, load_network
    from vidcolor.model.colorist import Colorist

    colorist = Colorist(load_network(find_weights(None)))
    rng = np.random.default_rng(0)
    grays = [rng.integers(0, 255, (64, 96), dtype=np.uint8) for _ in range(4)]
    whole = Batches().consult(colorist, grays, None)
    halves = [view for start in (0, 2) for view in Batches().consult(colorist, grays[start : start + 2], None)]
    for one, other in zip(whole, halves, strict=True):
        difference = colorist.continue_from(one, None) - colorist.continue_from(other, None)
        assert np.abs(difference).max() < 1e-3


def test_a_disk_too_small_is_told_beforehand(tmp_path: Path) -> None:
    """What goes to the same disk is added up; a folder need not exist."""
    assert shortage({tmp_path: 1000.0, tmp_path / "not" / "yet": 1000.0}) == []
    [sentence] = shortage({tmp_path: 6e17, tmp_path / "not" / "yet": 6e17})
    assert "about 1200000000.0 GB will be needed" in sentence
    assert str(tmp_path) in sentence
