"""One shot in the report: in plain values, for the page's script and its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from vidcolor.pipeline.attention import Attention
from vidcolor.pipeline.manifest_text import entry_text, timecode
from vidcolor.pipeline.measures import Measures
from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.report_pictures import PictureSize, ratio_of, stored, stored_map
from vidcolor.pipeline.report_terms import LEVELS, clock
from vidcolor.pipeline.shot_measures import ShotMeasures

POINTS = 32
"""Most points of a line along one shot."""


@dataclass(frozen=True)
class ReportShot:
    """What is known of one shot."""

    entry: ShotEntry
    own: Measures | None
    numbers: ShotMeasures | None
    need: Attention
    before: bytes
    after: bytes


def plain_shot(shot: ReportShot, rate: Fraction, names: Sequence[str]) -> dict[str, Any]:
    """What the page's script sorts, finds and shows, in plain values."""
    entry, numbers = shot.entry, shot.numbers
    place = {name: number for number, name in enumerate(names)}
    found: dict[str, Any] = {
        "shot": entry.shot.index,
        "start": entry.shot.start,
        "stop": entry.shot.stop,
        "time": f"{timecode(entry.shot.start, rate)} to {timecode(entry.shot.stop, rate)}",
        "need": shot.need.need,
        "level": shot.need.level,
        "reasons": shot.need.reasons,
        "flagged": entry.flagged,
        "references": [place[name] for name in entry.references],
        "runnerUp": None if entry.runner_up is None else place[entry.runner_up],
        "runnerUpScore": round(entry.runner_up_score, 3),
        **match_numbers(entry),
        "instead": _instead(entry),
    }
    if numbers is not None:
        found |= plain_numbers(numbers)
    return found


def match_numbers(entry: ShotEntry) -> dict[str, float | None]:
    """How well references fit and what they explain; None where nobody looked for any."""
    if not (entry.references or entry.flagged):
        return {"score": None, "explained": None}
    return {"score": round(entry.score, 3), "explained": round(entry.explained, 3)}


def plain_numbers(numbers: ShotMeasures) -> dict[str, Any]:
    """Measures under the keys of :data:`vidcolor.pipeline.report_terms.MEASURES`."""
    first, middle, last = numbers.saturation
    return {
        "flicker": round(numbers.flicker, 2),
        "jump": round(numbers.flicker_worst, 2),
        "leak": round(numbers.leak, 3),
        "drift": round(numbers.drift, 3),
        "saturationFirst": round(first, 1),
        "saturation": round(middle, 1),
        "saturationLast": round(last, 1),
        "gray": round(numbers.gray, 3),
        "limited": round(numbers.limited, 3),
        "distance": None if numbers.distance is None else round(numbers.distance, 3),
    }


def _instead(entry: ShotEntry) -> str:
    """What a shot without references follows."""
    if entry.keep_gray:
        return "It stays black and white, as the manifest asks."
    if entry.tied_to is not None:
        return f"It follows the colours of shot {entry.tied_to}."
    if entry.hints:
        return "It follows a person's colour points."
    return f"{'None fits: it' if entry.flagged else 'It'} has the most natural colours the model can give."


def card(shot: ReportShot, rate: Fraction) -> dict[str, Any]:
    """What a shot's card says."""
    level = shot.need.level
    return {
        "shot": shot.entry.shot.index,
        "need": shot.need.need,
        "level": level,
        "word": "" if level == "fine" else f"{LEVELS[level]} · {shot.need.need}",
        "time": clock(shot.entry.shot.start, rate),
        "reasons": shot.need.reasons,
    }


def shot_data(shot: ReportShot, rate: Fraction, size: PictureSize) -> dict[str, Any]:
    """What is shown of a shot alone."""
    data: dict[str, Any] = {
        "ratio": ratio_of(shot.before),
        "before": stored(shot.before, size),
        "after": stored(shot.after, size),
        "entry": entry_text(shot.entry, rate),
    }
    if shot.own is not None:
        data |= {"flicker": _line(shot.own.flicker), "saturation": _line(shot.own.saturation)}
        if shot.own.explained is not None:
            data["map"] = stored_map(shot.own.explained)
    return data


def _line(values: np.ndarray) -> list[float]:
    """(n,) values by at most `POINTS` of them: the largest of each part, so that no jump is lost."""
    parts = np.array_split(np.nan_to_num(values), min(len(values), POINTS))
    return [round(float(part.max()), 1) for part in parts]
