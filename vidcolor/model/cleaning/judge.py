"""The tests that a picture must pass, each with one threshold; what fails, and by which figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidcolor.model.cleaning.config import Thresholds
from vidcolor.model.cleaning.copies import Copies, equal_files, same_pictures

CORRUPT, SMALL, ASPECT, MONOCHROME = "corrupt", "too_small", "odd_aspect", "near_monochrome"
COLORS, BLURRY, DUPLICATE, NEAR_DUPLICATE = "unusual_colors", "blurry", "duplicate", "near_duplicate"
REASONS = (CORRUPT, SMALL, ASPECT, MONOCHROME, COLORS, BLURRY, DUPLICATE, NEAR_DUPLICATE)
"""In the order in which they are told."""

_FLAT = 0.65
"""Share of flat pixels from which a picture is taken to be drawn; the smoothest skies have somewhat more."""


@dataclass(frozen=True)
class Verdict:
    """What one test says of all pictures (N of them)."""

    reason: str
    """One of REASONS."""
    setting: str | None
    """The threshold's name in the settings; None for what cannot be set."""
    threshold: float | bool | None
    failed: np.ndarray
    """(N,) bool."""
    figure: np.ndarray
    """(N,) what was measured; NaN where there is nothing to tell."""
    excess: np.ndarray
    """(N,) how far beyond the threshold; the least are the doubtful ones."""
    kept: np.ndarray | None = None
    """(N,) int64, of copies: the picture that is kept instead, -1 for none."""


def judge(
    table: np.ndarray, thresholds: Thresholds, on_progress: Callable[[int, int], None] | None = None
) -> list[Verdict]:
    """Every test's verdict on a table of `build_table`. ``on_progress`` follows the search for near-duplicates."""
    nothing = np.full(len(table), np.nan)
    unreadable = (table["offset"] >= 0) & ~table["readable"]
    alone = [Verdict(CORRUPT, None, None, unreadable, nothing, nothing), *_alone(table, thresholds)]
    accused = np.logical_or.reduce([verdict.failed for verdict in alone])
    copies = []
    if thresholds.duplicates:
        found = equal_files(table, accused)
        copies.append(_of_copies(DUPLICATE, "duplicates", True, found))
        accused |= found.kept >= 0
    if thresholds.max_hash_distance is not None:
        found = same_pictures(table, accused, thresholds, on_progress)
        copies.append(_of_copies(NEAR_DUPLICATE, "max_hash_distance", thresholds.max_hash_distance, found))
    return [*alone, *copies]


def _alone(table: np.ndarray, limits: Thresholds) -> list[Verdict]:
    """The tests of a picture by itself."""
    sides = np.sort(np.stack((table["width"], table["height"])), axis=0).astype(float)
    sides[:, ~table["readable"]] = np.nan
    aspect = sides[1] / np.maximum(sides[0], 1)
    one_hue = np.where(table["stray"] < limits.max_stray, table["hue_spread"], np.nan)
    drawn = np.where(table["flat"] > _FLAT, table["colors"], np.nan)
    return [
        _at_least(SMALL, "min_side", limits.min_side, sides[0]),
        _at_most(ASPECT, "max_aspect", limits.max_aspect, aspect),
        _at_least(MONOCHROME, "min_chroma", limits.min_chroma, table["chroma"]),
        _at_least(MONOCHROME, "min_hue_spread", limits.min_hue_spread, one_hue),
        _at_least(COLORS, "min_colors", limits.min_colors, table["colors"]),
        _at_least(COLORS, "min_colors_flat", limits.min_colors_flat, drawn),
        _at_most(COLORS, "max_chroma", limits.max_chroma, table["chroma"]),
        _at_most(BLURRY, "max_blur", limits.max_blur, table["blur"]),
    ]


def _at_least(reason: str, setting: str, limit: float | None, figure: np.ndarray) -> Verdict:
    excess = (np.nan if limit is None else limit) - figure
    return Verdict(reason, setting, limit, excess > 0, figure, excess)


def _at_most(reason: str, setting: str, limit: float | None, figure: np.ndarray) -> Verdict:
    excess = figure - (np.nan if limit is None else limit)
    return Verdict(reason, setting, limit, excess > 0, figure, excess)


def _of_copies(reason: str, setting: str, limit: float | bool, copies: Copies) -> Verdict:
    return Verdict(reason, setting, limit, copies.kept >= 0, copies.figure, -copies.figure, copies.kept)
