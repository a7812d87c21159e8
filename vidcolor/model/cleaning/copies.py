"""Of pictures that are the same, one is kept: one that is fit, the largest, the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidcolor.model.cleaning.config import Thresholds
from vidcolor.model.cleaning.near_duplicates import distance, pairs_within
from vidcolor.model.cleaning.perceptual_hash import thumbnail_difference


@dataclass(frozen=True)
class Copies:
    """What is kept instead of each of N pictures."""

    kept: np.ndarray
    """(N,) int64 index; -1 for a picture that is no copy of a better one."""
    figure: np.ndarray
    """(N,) bits of the hash in which they differ, 0 for equal files; NaN for the others."""


def equal_files(table: np.ndarray, accused: np.ndarray) -> Copies:
    """Files that are equal byte for byte. ``accused`` (N,) bool: unfit for another reason, kept last."""
    order = _by_worth(table, accused)
    _, first, group = np.unique(table["digest"][order], return_index=True, return_inverse=True)
    kept = np.full(len(table), -1)
    kept[order] = np.where(first[group] == np.arange(len(order)), -1, order[first[group]])
    return Copies(kept, np.where(kept >= 0, 0.0, np.nan))


def same_pictures(
    table: np.ndarray,
    accused: np.ndarray,
    limits: Thresholds,
    on_progress: Callable[[int, int], None] | None = None,
) -> Copies:
    """Pictures that show the same, found by their hashes and confirmed by their thumbnails.

    A copy is named beside one that is kept, never beside one that is itself a copy: no chain of small differences
    joins pictures that differ. Equal files are one picture here.
    """
    chosen = _one_of_each_file(table, accused)
    kept = np.full(len(table), -1)
    for first, second in _sorted_pairs(table, chosen, limits, on_progress):
        if kept[chosen[first]] < 0 and kept[chosen[second]] < 0:
            kept[chosen[second]] = chosen[first]
    copy = kept >= 0
    figure = np.full(len(table), np.nan)
    figure[copy] = distance(table["hash"][copy], table["hash"][kept[copy]])
    return Copies(kept, figure)


def _sorted_pairs(
    table: np.ndarray, chosen: np.ndarray, limits: Thresholds, on_progress: Callable[[int, int], None] | None
) -> list[tuple[int, int]]:
    """Confirmed pairs (better, worse) of places in ``chosen``, by the better."""
    found = [np.zeros((0, 2), np.int64)]
    for block in pairs_within(table["hash"][chosen], limits.max_hash_distance or 0, on_progress):
        first, second = (table["thumbnail"][chosen[side]] for side in block.T)
        found.append(block[thumbnail_difference(first, second) <= limits.max_difference])
    pairs: list[tuple[int, int]] = np.unique(np.concatenate(found), axis=0).tolist()
    return pairs


def _one_of_each_file(table: np.ndarray, accused: np.ndarray) -> np.ndarray:
    """Indices of readable pictures, each file's bytes once, the best first."""
    order = _by_worth(table, accused)
    _, first = np.unique(table["digest"][order], return_index=True)
    chosen: np.ndarray = order[np.sort(first)]
    return chosen


def _by_worth(table: np.ndarray, accused: np.ndarray) -> np.ndarray:
    """Indices of readable pictures, the one rather kept first: fit, of many pixels, of many bytes, found early."""
    chosen = np.flatnonzero(table["readable"])
    pixels = table["width"][chosen].astype(np.int64) * table["height"][chosen]
    order: np.ndarray = chosen[np.lexsort((chosen, -table["bytes"][chosen], -pixels, accused[chosen]))]
    return order
