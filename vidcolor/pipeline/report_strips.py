"""The film-wide plots of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from vidcolor.pipeline.attention import LOOK, LOOK_FIRST
from vidcolor.pipeline.plan import Manifest
from vidcolor.pipeline.report_plots import Bar, bars, plot, rule, time_axis
from vidcolor.pipeline.report_shot import ReportShot
from vidcolor.pipeline.report_terms import clock, count


def film_strips(shots: Sequence[ReportShot], manifest: Manifest) -> str:
    """Strips over the film's time, and the time itself."""
    needs = [(shot, shot.need.need / 100) for shot in shots]
    by_level = "".join(
        bars([_bar(s, h, manifest) for s, h in needs if s.need.level == level], level)
        for level in ("fine", "look", "first")
    )
    strips = [
        plot(
            "Need of attention",
            "0 to 100",
            _spread([100 * h for _, h in needs]),
            by_level + rule(LOOK / 100) + rule(LOOK_FIRST / 100),
        ),
    ]
    if any(shot.entry.references or shot.entry.flagged for shot in shots):
        scores = [(shot, shot.entry.score) for shot in shots]
        strips.append(_strip("Score of the reference", "0 to 1", scores, 1.0, manifest))
    measured = [(shot, shot.numbers) for shot in shots if shot.numbers is not None]
    if measured:
        strips.append(_strip("Flicker", "ab per frame", [(s, n.flicker) for s, n in measured], 3.0, manifest))
        strips.append(_strip("Saturation", "mean chroma", [(s, n.saturation[1]) for s, n in measured], 20.0, manifest))
    flags = [_bar(shot, 1.0, manifest) for shot in shots if shot.entry.flagged]
    if flags:
        number = count(len(flags), "shot")
        strips.append(plot("Flagged", number, number, bars(flags, "flag"), thin=True))
    times = [clock(round(manifest.frames * k / 4), manifest.rate) for k in range(5)]
    return "\n".join([*strips, time_axis(times)])


def _strip(
    name: str, unit: str, values: Sequence[tuple[ReportShot, float]], least_top: float, manifest: Manifest
) -> str:
    top = max([least_top, *(value for _, value in values)])
    note = unit if top == least_top == 1.0 else f"{unit}, to {math.ceil(top)}"
    drawn = bars([_bar(shot, value / top, manifest) for shot, value in values], "value")
    return plot(name, note, _spread([value for _, value in values]), drawn)


def _bar(shot: ReportShot, height: float, manifest: Manifest) -> Bar:
    return shot.entry.shot.start / manifest.frames, shot.entry.shot.stop / manifest.frames, height


def _spread(values: Sequence[float]) -> str:
    """Of values, in words for those who cannot see the plot."""
    return f"median {median(values):.2g}, from {min(values):.2g} to {max(values):.2g}" if values else "nothing measured"
