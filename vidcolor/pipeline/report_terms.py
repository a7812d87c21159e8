"""What the report calls its numbers, and how it explains them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from vidcolor.pipeline.manifest_text import timecode

LEVELS = {"first": "look first", "look": "look", "fine": "fine"}
"""Words for the levels of :class:`vidcolor.pipeline.attention.Attention`."""


def _measure(key: str, name: str, shown_as: str, unit: str = "", worse: float | None = None) -> dict[str, Any]:
    """``worse``: from where the number is marked; negative where it is low values that are bad."""
    return {"key": key, "name": name, "format": shown_as, "unit": unit, "worse": worse}


MEASURES = (
    _measure("need", "Need of attention", "whole", "0 to 100", 60),
    _measure("score", "Score of the reference", "two", "0 to 1", -0.4),
    _measure("explained", "Explained by the references", "percent", worse=-0.35),
    _measure("flicker", "Flicker", "two", "change of ab per frame along the motion", 2.0),
    _measure("jump", "Largest jump", "one", "the same, of the worst pair of frames", 10.0),
    _measure("leak", "Leak across the cut", "percent", "colours of the shot before in the first frame", 0.45),
    _measure("saturationFirst", "Saturation, first third", "one", "mean chroma"),
    _measure("saturation", "Saturation, middle", "one"),
    _measure("saturationLast", "Saturation, last third", "one"),
    _measure("drift", "Drift of saturation", "signed", "of what stays in the picture", 0.4),
    _measure("gray", "Almost gray", "percent", "of what is neither dark nor white"),
    _measure("distance", "Distance to the reference", "two", "of the histograms of ab, 0 to 1", 0.85),
    _measure("limited", "At the limit of saturation", "percent", worse=0.2),
)
"""The rows of a shot's table: key, name, unit, format, and from where a number is marked."""

EXPLANATIONS = (
    (
        "Need of attention",
        "One number from 0 to 100 from all that follows: every worry has a strength and a weight, and one grave worry "
        "is enough. From 60 look first, from 30 look. It says where to look, not that something is wrong.",
    ),
    (
        "Score, explained",
        "How well the chosen reference fits, by the gray picture alone, and the share of the picture whose colours it "
        "can tell. The tint over a picture shows, for its middle frame, what it cannot.",
    ),
    (
        "Flicker, largest jump",
        "How far colours change from one frame to the next where the motion of the picture can be followed, in CIELAB "
        "units; below 1 it is not seen. Up to 20 pairs of frames of a shot are compared.",
    ),
    (
        "Leak across the cut",
        "How much nearer the first frame's colours are to the last frame before the cut than to its own shot half a "
        "second later: 100 % where the old colours stand in the new shot, 0 % where they do not.",
    ),
    (
        "Saturation and its drift",
        "Mean chroma of the first, middle and last third. The drift follows things along the motion: what enters or "
        "leaves the picture does not count.",
    ),
    (
        "Almost gray",
        "The share of the picture, neither dark nor white, with a chroma below 4. It counts where it is larger than in "
        "the references.",
    ),
    (
        "Distance to the reference",
        "Hellinger distance of the histograms of colours of the shot and of its references: 0 the same colours in the "
        "same shares, 1 none in common. A reference with much else in it is far even where all is well.",
    ),
    (
        "At the limit of saturation",
        "The share of the picture whose colour was held back, because no colour of that brightness is stronger.",
    ),
)
"""Terms of the report and their meaning, for those who read it."""


def clock(frame: int, rate: Fraction) -> str:
    """The time at which a frame begins, to the second."""
    return timecode(frame, rate).split(".")[0]


def count(number: int, thing: str) -> str:
    """A number of things in words."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
