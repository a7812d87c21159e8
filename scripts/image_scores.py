"""Colour the cases of the image table in every way, and reckon how well it was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import cv2
import numpy as np
from image_cases import Case
from training_free import LINES, Features, Gray, MeanChroma, Yardstick, with_true_lightness

from vidcolor.model.any_colorist import AnyColorist
from vidcolor.model.evaluate_images import ImageScore, ab_of, score_image
from vidcolor.model.metrics import BalancedAccuracy, ab_histogram, histogram_similarity

COLUMNS = ("gray", "mean", "features", "vidcolor")
FIGURES = ("psnr", "ab_rmse", "his", "colourfulness_ratio", "delta_e2000", "auc", "auc_balanced")


class Painter:
    """All ways to colour a case."""

    def __init__(self, colorist: AnyColorist[Any, Any], features: Features) -> None:
        self._colorist = colorist
        self._yardsticks: dict[str, Yardstick] = {"gray": Gray(), "mean": MeanChroma(), "features": features}

    def paint(self, case: Case) -> dict[str, np.ndarray]:
        """Return ab (H, W, 2) float32 by column; where nothing is followed, gray and vidcolor alone."""
        painted = {}
        for name, yardstick in self._yardsticks.items():
            if case.references or name == "gray":
                yardstick.start(*case.references)
                painted[name] = np.asarray(yardstick.colour(case.target), np.float32)
        encoded = [self._colorist.encode(reference.rgb, LINES) for reference in case.references]
        painted["vidcolor"] = self._colour(case, self._colorist.join(encoded) if encoded else None)
        return painted

    def natural(self, case: Case) -> np.ndarray:
        """Return the ab (H, W, 2) that vidcolor gives without a reference."""
        return self._colour(case, None)

    def _colour(self, case: Case, reference: Any) -> np.ndarray:
        half = self._colorist.colorize([case.target.gray], reference)[0].transpose(1, 2, 0)
        return cv2.resize(half, case.target.gray.shape[::-1], interpolation=cv2.INTER_LINEAR)


@dataclass
class Tally:
    """The scores of one way over the pictures of one case."""

    scores: list[ImageScore] = field(default_factory=list)
    _balanced: BalancedAccuracy = field(default_factory=BalancedAccuracy)

    def add(self, case: Case, ab: np.ndarray, region: tuple[slice, slice] = (slice(None), slice(None))) -> None:
        """Take a case's colours, or a part of its picture."""
        output, truth = with_true_lightness(ab, case.target)[region], case.target.rgb[region]
        reference = case.references[0].rgb if case.references else None
        self.scores.append(score_image(case.name, output, truth, reference, None))
        self._balanced.add(ab_of(output), ab_of(truth))

    def figures(self) -> dict[str, float | None]:
        """Return the figures of the table: means, and colourfulness over the truth's."""
        rows = [asdict(score) for score in self.scores]
        means: dict[str, float | None] = {
            name: float(np.mean([row[name] for row in rows]))
            for name, value in rows[0].items()
            if isinstance(value, float)
        }
        colour, truth = (sum(row[name] for row in rows) for name in ("colourfulness", "colourfulness_truth"))
        return {"his": None, **means, "colourfulness_ratio": colour / truth, "auc_balanced": self._balanced.value()}


class Resistance:
    """Whether a picture with an unrelated reference stays near natural colours or goes over to the stranger's.

    Natural is what vidcolor gives without a reference; the stranger's colours are mean chroma and features alone.
    Distances are means of the Euclidean distance of ab, in CIELAB units.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []

    def add(self, case: Case, painted: Mapping[str, np.ndarray], natural: np.ndarray) -> None:
        """Take a case whose reference is a stranger."""
        ours, taken = painted["vidcolor"], ("mean", "features")
        histogram = ab_histogram(ours)
        self._rows.append(
            {
                "to natural": _distance(ours, natural),
                **{f"to {name}": _distance(ours, painted[name]) for name in taken},
                **{f"natural to {name}": _distance(natural, painted[name]) for name in taken},
                "HIS with natural": histogram_similarity(histogram, ab_histogram(natural)),
                **{f"HIS with {name}": histogram_similarity(histogram, ab_histogram(painted[name])) for name in taken},
                "HIS with the stranger": histogram_similarity(histogram, ab_histogram(case.references[0].ab)),
                "nearer to natural than to either": float(
                    _distance(ours, natural) < min(_distance(ours, painted[name]) for name in taken)
                ),
            }
        )

    def figures(self) -> dict[str, float]:
        """Return the means over the cases; none before the first."""
        return {name: float(np.mean([row[name] for row in self._rows])) for name in self._rows[0]} if self._rows else {}


def as_rgb(case: Case, ab: np.ndarray) -> np.ndarray:
    """The case's picture in these colours, (H, W, 3) uint8."""
    return np.rint(with_true_lightness(ab, case.target)).astype(np.uint8)


def _distance(ab: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(ab - other, axis=-1).mean())
