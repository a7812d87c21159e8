"""Whether what a film says about itself arrived in its copy: how to show it, its colours, chapters and metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from vidcolor.pipeline.film_file import open_film
from vidcolor.pipeline.metadata import film_metadata
from vidcolor.pipeline.side_data import MasteringDisplay, read_side_data
from vidcolor.types import FilmInfo

if TYPE_CHECKING:
    from av.container.core import Chapter

UNSPECIFIED = 2
"""The value that says nothing, in AVColorSpace, AVColorPrimaries and AVColorTransferCharacteristic."""
LIGHT_TOLERANCE = Fraction(1, 5000)
"""By which the numbers of a mastering display may differ, since codecs count in units of their own."""
CHAPTER_TICK = Fraction(1, 1000)
"""Seconds by which a chapter may move; containers count chapters in milliseconds."""


@dataclass(frozen=True)
class TagCopies:
    """One truth value for each thing that a film says about its pictures as a whole."""

    size_kept: bool
    rotation_kept: bool
    sample_aspect_ratio_kept: bool
    """To the pixel: Matroska keeps the width of the shown picture, in whole pixels, and not the ratio."""
    color_range_kept: bool
    color_tags_kept: bool
    """Matrix, primaries and transfer, each where the film states it; some codecs cannot leave one unstated."""
    light_kept: bool
    """Mastering display (SMPTE ST 2086) and light levels (CTA-861.3), where the film states them."""
    chapters_kept: bool
    metadata_kept: bool
    metadata_lost: list[str]
    """Keys of the film's metadata whose values are not in the copy."""

    def lost(self) -> list[str]:
        """What was not kept, by name."""
        metadata = [f"metadata ({', '.join(self.metadata_lost)})"] if not self.metadata_kept else []
        return [*self._lost_tags(), *metadata]

    def _lost_tags(self) -> list[str]:
        named = {
            "picture size": self.size_kept,
            "rotation": self.rotation_kept,
            "sample aspect ratio": self.sample_aspect_ratio_kept,
            "colour range": self.color_range_kept,
            "colour tags": self.color_tags_kept,
            "HDR light metadata": self.light_kept,
            "chapters": self.chapters_kept,
        }
        return [name for name, kept in named.items() if not kept]

    def broken(self) -> list[str]:
        """One sentence for everything that was not kept."""
        sentences = [f"The film's {name} did not arrive in the copy." for name in self._lost_tags()]
        if not self.metadata_kept:
            sentences.append(f"Metadata did not arrive in the copy: {', '.join(self.metadata_lost)}.")
        return sentences


def compare_tags(film: FilmInfo, out: FilmInfo) -> TagCopies:
    """Compare what two films say about themselves."""
    chapters, metadata = _chapters_and_metadata(film.path)
    out_chapters, out_metadata = _chapters_and_metadata(out.path)
    lost = [key for key, value in metadata.items() if not _same_text(value, out_metadata.get(key, ""))]
    return TagCopies(
        size_kept=(film.width, film.height) == (out.width, out.height),
        rotation_kept=film.rotation == out.rotation,
        sample_aspect_ratio_kept=_same_shape(film, out),
        color_range_kept=film.full_range == out.full_range,
        color_tags_kept=_same_colors(film, out),
        light_kept=_same_light(film, out),
        chapters_kept=_same_chapters(chapters, out_chapters),
        metadata_kept=not lost,
        metadata_lost=lost,
    )


def _same_shape(film: FilmInfo, out: FilmInfo) -> bool:
    return abs(film.sample_aspect_ratio - out.sample_aspect_ratio) * film.width < 1


def _same_colors(film: FilmInfo, out: FilmInfo) -> bool:
    stated = (film.color.matrix, film.color.primaries, film.color.transfer)
    found = (out.color.matrix, out.color.primaries, out.color.transfer)
    return all(one in (other, UNSPECIFIED) for one, other in zip(stated, found, strict=True))


def _same_light(film: FilmInfo, out: FilmInfo) -> bool:
    """Equal where stated, to the units that codecs count in: 1/50000 of a chromaticity, 1/10000 cd/m2."""
    stated = read_side_data(film)
    if stated.mastering is None and stated.light_levels is None:
        return True
    found = read_side_data(out)
    if stated.light_levels not in (None, found.light_levels):
        return False
    if stated.mastering is None or found.mastering is None:
        return stated.mastering is None
    pairs = zip(_numbers(stated.mastering), _numbers(found.mastering), strict=True)
    return all(abs(one - other) <= LIGHT_TOLERANCE * max(Fraction(1), one) for one, other in pairs)


def _numbers(display: MasteringDisplay) -> list[Fraction]:
    points = (display.red, display.green, display.blue, display.white)
    return [*(coordinate for point in points for coordinate in point), display.least, display.greatest]


def _same_text(one: str, other: str) -> bool:
    """Equal, or the same date or place in another spelling: containers differ in how they write them."""
    if one == other:
        return True
    dates = [re.sub(r"\D", "", text)[:14] for text in (one, other)]
    places = [[float(number) for number in re.findall(r"[+-]\d+(?:\.\d+)?", text)] for text in (one, other)]
    return (len(dates[0]) == 14 and dates[0] == dates[1]) or (len(places[0]) > 1 and places[0] == places[1])


def _chapters_and_metadata(path: Path) -> tuple[list[Chapter], dict[str, str]]:
    with open_film(path) as container:
        metadata = {key.lower(): value for key, value in film_metadata(container.metadata).items() if value}
        return container.chapters(), metadata


def _same_chapters(chapters: list[Chapter], others: list[Chapter]) -> bool:
    if len(chapters) != len(others):
        return False
    return all(_same_chapter(one, other) for one, other in zip(chapters, others, strict=True))


def _same_chapter(one: Chapter, other: Chapter) -> bool:
    tick, other_tick = one["time_base"] or Fraction(1), other["time_base"] or Fraction(1)
    moved = (one["start"] * tick - other["start"] * other_tick, one["end"] * tick - other["end"] * other_tick)
    same_title = one["metadata"].get("title") == other["metadata"].get("title")
    return same_title and all(abs(seconds) <= CHAPTER_TICK for seconds in moved)
