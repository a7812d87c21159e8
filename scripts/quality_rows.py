"""The rows of the quality table: what is known of each clip, printed, kept in a file, and taken from an earlier one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

TRAINING_FREE = ("gray", "mean", "features", "flow")
COLUMNS = (*TRAINING_FREE, "vidcolor")
FULL_SIZE = ("full", "gray", "ssim", "dE00", "cf/true", "flicker/true")

PROTOTYPE = {
    "bedroom": {"gray": 29.63, "mean": 29.99, "features": 35.20, "flow": 31.62, "vidcolor": 36.62},
    "dog": {"gray": 24.10, "mean": 26.39, "features": 34.54, "flow": 32.29, "vidcolor": 36.01},
    "kitten": {"gray": 23.72, "mean": 25.86, "features": 30.50, "flow": 30.35, "vidcolor": 33.46},
    "flower": {"gray": 17.08, "mean": 20.25, "features": 25.95, "flow": 26.86, "vidcolor": 27.41},
    "basketball": {"gray": 17.11, "mean": 19.37, "features": 26.15, "flow": 22.75, "vidcolor": 28.61},
}
"""A small earlier network with flow, measured likewise from each shot's first frame, its features on the grid of
stride 4: the figures to beat."""


@dataclass
class Row:
    """What is known of one clip."""

    clip: str
    reference: str
    """How references were given: ``first``, ``away`` or ``strangers``."""
    seconds: float | None
    """Least distance in time from the reference; None where the next frame counts already."""
    grid: int
    """Stride of the features column's grid."""
    frames: int
    """Frames looked at."""
    shots: int
    judged_shots: int
    """Shots long enough to be judged."""
    psnr: dict[str, float] = field(default_factory=dict)
    """Mean dB over the judged frames at the working size, by column."""
    right: int | None = None
    """Shots that follow their own reference; None where vidcolor did not run."""
    strangers: int | None = None
    """Shots that follow a stranger."""
    full_size: dict[str, Any] | None = None
    """What `vidcolor evaluate` says of all frames."""

    @property
    def lead(self) -> float:
        """How far vidcolor lies above the best training-free column, in dB; not a number where either is missing."""
        rivals = [self.psnr[name] for name in TRAINING_FREE if name in self.psnr]
        return self.psnr["vidcolor"] - max(rivals) if rivals and "vidcolor" in self.psnr else np.nan

    def ratio(self, name: str) -> float:
        """A figure of the full size over the truth's own; not a number where there is none."""
        truth = self.full_size[f"{name}_truth"] if self.full_size else 0.0
        return self.full_size[name] / truth if self.full_size and truth else np.nan

    def reuse(self, earlier: Sequence[dict[str, Any]]) -> bool:
        """Take the training-free columns of an earlier run of the same kind; return whether there was one."""
        for row in earlier:
            if self._same_kind(row) and all(name in row["psnr"] for name in TRAINING_FREE):
                self.psnr.update({name: row["psnr"][name] for name in TRAINING_FREE})
                return True
        return False

    def _same_kind(self, row: dict[str, Any]) -> bool:
        # strangers do not matter to the training-free columns, which are told the right reference
        names = ("clip", "seconds", "grid", "frames", "shots", "judged_shots")
        return all(row[name] == getattr(self, name) for name in names)


def load_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file that `save_rows` wrote."""
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return rows
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path}: no figures of an earlier run of this script ({error})") from error


def save_rows(path: Path, rows: Sequence[Row], settings: dict[str, Any]) -> None:
    """Write all figures, their means, and what they were measured with."""
    plain = [{**asdict(row), "lead": _or_none(row.lead)} for row in rows]
    mean = _means(rows)
    means = {**mean.psnr, "lead": _or_none(_mean_lead(rows)), **{k: _or_none(v) for k, v in _ratios(rows).items()}}
    path.write_text(json.dumps({"settings": settings, "mean": means, "rows": plain}, indent=1), encoding="utf-8")


def print_header(full_size: bool) -> None:
    """Print the names of the columns."""
    names = [*COLUMNS, "lead", "right", *(FULL_SIZE if full_size else ())]
    print(f"{'clip':18}{'shots':>6}{'frames':>7}" + "".join(f"{name:>13}" for name in names), flush=True)


def print_row(row: Row) -> None:
    """Print one clip, and beneath it the prototype's figures where it was measured on this clip."""
    print(_line(row, row.lead) + _chosen(row) + _full_size(row), flush=True)
    if row.clip in PROTOTYPE and row.reference == "first":
        prototype = Row("  prototype", "first", None, 4, row.frames, row.shots, row.shots, PROTOTYPE[row.clip])
        above = row.psnr.get("vidcolor", np.nan) - PROTOTYPE[row.clip]["vidcolor"]
        print(f"{_line(prototype, prototype.lead)}   vidcolor above it by {above:+.2f}", flush=True)


def print_means(rows: Sequence[Row]) -> None:
    """Print the means over clips and on how many of them vidcolor leads."""
    mean, ratios = _means(rows), _ratios(rows)
    line = _line(mean, _mean_lead(rows)) + _chosen(mean)
    if any(row.full_size for row in rows):
        line += f"{'':52}{ratios['colourfulness']:13.2f}{ratios['chroma_flicker']:13.2f}"
    print(line)
    leads = [row.lead for row in rows if not np.isnan(row.lead)]
    if leads:
        print(f"vidcolor leads on {sum(lead > 0 for lead in leads)} of {len(leads)} clips, least {min(leads):+.2f} dB")


def _line(row: Row, lead: float) -> str:
    figures = [*(row.psnr.get(name, np.nan) for name in COLUMNS), lead]
    return f"{row.clip:18}{row.judged_shots:6}{row.frames:7}" + "".join(f"{figure:13.2f}" for figure in figures)


def _chosen(row: Row) -> str:
    if row.right is None:
        return f"{'-':>13}"
    lost = f" ({row.strangers} str)" if row.strangers else ""
    return f"{f'{row.right}/{row.shots}{lost}':>13}"


def _full_size(row: Row) -> str:
    if row.full_size is None:
        return ""
    names = ("psnr", "psnr_gray", "ssim", "delta_e2000")
    figures = [*(row.full_size[name] for name in names), row.ratio("colourfulness"), row.ratio("chroma_flicker")]
    return "".join(f"{figure:13.3f}" if name == "ssim" else f"{figure:13.2f}" for name, figure in zip(
        FULL_SIZE, figures, strict=True
    ))  # fmt: skip


def _means(rows: Sequence[Row]) -> Row:
    """Means of the columns, sums of what is counted."""
    mean = Row("mean", rows[0].reference, rows[0].seconds, rows[0].grid, 0, 0, 0)
    mean.frames, mean.shots = sum(row.frames for row in rows), sum(row.shots for row in rows)
    mean.judged_shots = sum(row.judged_shots for row in rows)
    for name in COLUMNS:
        values = [row.psnr[name] for row in rows if name in row.psnr]
        if values:
            mean.psnr[name] = float(np.mean(values))
    if any(row.right is not None for row in rows):
        mean.right, mean.strangers = sum(row.right or 0 for row in rows), sum(row.strangers or 0 for row in rows)
    return mean


def _mean_lead(rows: Sequence[Row]) -> float:
    leads = [row.lead for row in rows if not np.isnan(row.lead)]
    return float(np.mean(leads)) if leads else np.nan


def _ratios(rows: Sequence[Row]) -> dict[str, float]:
    """Means over clips of the ratios to the truth's own."""
    found = {name: [row.ratio(name) for row in rows] for name in ("colourfulness", "chroma_flicker")}
    kept = {name: [value for value in values if not np.isnan(value)] for name, values in found.items()}
    return {name: float(np.mean(values)) if values else np.nan for name, values in kept.items()}


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
