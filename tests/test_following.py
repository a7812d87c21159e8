"""The next stretch is begun while the encoder still works on this one: same segments, nothing left running."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import draw

from vidcolor.config import resolve
from vidcolor.errors import FilmError
from vidcolor.model.colorist import Colorist
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.render import Renderer
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.pipeline.stretch import Part, Source, Stretch
from vidcolor.pipeline.survey import survey_film
from vidcolor.types import Reference, Shot

CONFIG = resolve(PipelineConfig, None, ["encode.codec=ffv1", "colorize.lines=64", "keys.interval=4"]).render
BOUNDS = (0, 13, 14, 25, 40)
"""Shots of unlike length, one of a single frame."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = draw(tmp_path_factory.mktemp("film") / "film.mkv", frames=BOUNDS[-1], size=(96, 64), codec="libx264")
    info = probe(path)
    return Source(info, survey_film(info, ShotConfig()), "digest of the film")


@pytest.fixture(scope="module")
def references() -> dict[str, Reference]:
    colours = np.random.default_rng(0).integers(0, 255, (2, 64, 96, 3)).astype(np.uint8)
    return {name: Reference.of(name, rgb) for name, rgb in zip(("a.png", "b.png"), colours, strict=True)}


@pytest.fixture(scope="module")
def colorist() -> Colorist:
    return Colorist(FilmGray2ColorNet())


def the_stretches() -> list[Stretch]:
    """Shots that follow this or that reference; one stays black and white; one is tied to the first."""
    shots = [Shot(n, a, b) for n, (a, b) in enumerate(pairwise(BOUNDS))]
    entries = [ShotEntry(shot, (("a.png", "b.png")[shot.index % 2],)) for shot in shots]
    entries[1] = replace(entries[1], keep_gray=True)
    anchors = {3: entries[0]}
    return [Stretch(Part(e, anchors.get(e.shot.index)), e.shot.start, e.shot.stop) for e in entries]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 2)])
def test_a_stretch_that_was_begun_early_is_the_same(
    source: Source, references: dict[str, Reference], colorist: Colorist, tmp_path: Path, order: tuple[int, ...]
) -> None:
    stretches = the_stretches()
    chosen = [(stretches[n], tmp_path / f"{n}.segment") for n in order]
    for mode in ("apart", "following"):
        renderer = Renderer(source, references, lambda: colorist, CONFIG)
        for (stretch, path), after in zip(chosen, [*chosen[1:], None], strict=True):
            renderer.render(stretch, path, following=after if mode == "following" else None)
            path.rename(path.with_suffix(f".{mode}"))
        renderer.close()
    for _, path in chosen:
        assert path.with_suffix(".apart").read_bytes() == path.with_suffix(".following").read_bytes()


def test_what_was_begun_and_is_not_wanted_ends(
    source: Source, references: dict[str, Reference], colorist: Colorist, tmp_path: Path
) -> None:
    """Another stretch is asked for, or none."""
    first, _, third, fourth = the_stretches()
    before = threading.active_count()
    renderer = Renderer(source, references, lambda: colorist, CONFIG)
    renderer.render(first, tmp_path / "a", following=(third, tmp_path / "c"))
    renderer.render(fourth, tmp_path / "d", following=(third, tmp_path / "c"))
    renderer.close()
    assert threading.active_count() == before
    assert sorted(path.name for path in tmp_path.glob("?")) == ["a", "d"]


def test_what_goes_wrong_in_it_is_told_when_its_turn_comes(
    source: Source, references: dict[str, Reference], colorist: Colorist, tmp_path: Path
) -> None:
    first, *_, last = the_stretches()
    beyond = replace(last, part=replace(last.part, entry=replace(last.entry, shot=Shot(3, 25, 60))), stop=60)
    renderer = Renderer(source, references, lambda: colorist, CONFIG)
    renderer.render(first, tmp_path / "a", following=(beyond, tmp_path / "b"))
    with pytest.raises(FilmError, match="no longer be read"):
        renderer.render(beyond, tmp_path / "b")
    renderer.close()
    assert [path.name for path in tmp_path.glob("?")] == ["a"]
