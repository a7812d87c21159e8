"""Dissolves are drawn as mixtures of what either shot is coloured like, and recompute no more than they touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.config import resolve
from vidcolor.model.checkpoint import find_weights, load_network
from vidcolor.model.colorist import Colorist
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.manifest import load_manifest
from vidcolor.pipeline.match import MatchConfig
from vidcolor.pipeline.melt import melted_shares, mixed_planes
from vidcolor.pipeline.plan import Manifest, ShotEntry
from vidcolor.pipeline.plan_film import _samples
from vidcolor.pipeline.render import Renderer
from vidcolor.pipeline.run import run
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.pipeline.stretch import Part, RenderConfig, Source, film_stretches, stretch_digest, stretches
from vidcolor.pipeline.survey import survey_film
from vidcolor.types import Reference, Shot

SIZE = (96, 64)
SHOT, MELT = 30, 12
FRAMES = 3 * SHOT
CONFIG = resolve(PipelineConfig, None, ["encode.codec=ffv1", "colorize.lines=64"]).render


def picture(number: int, moment: float) -> np.ndarray:
    """One of three scenes, slowly moving: (64, 96, 3) uint8 sRGB."""
    rng = np.random.default_rng(number + 5)
    rgb = np.full((SIZE[1], SIZE[0], 3), ((190, 120, 90), (80, 130, 190), (120, 180, 90))[number], np.uint8)
    for _ in range(14):
        x, y, size = (int(v) for v in rng.integers((0, 0, 6), (96, 64, 16)))
        shade = np.array(((230, 60, 40), (30, 60, 160), (60, 120, 30))[number]) * rng.uniform(0.3, 1)
        cv2.rectangle(rgb, (int(x + moment / 4), y), (int(x + moment / 4) + size, y + size), shade.tolist(), -1)
    return rgb


def film_pictures() -> list[np.ndarray]:
    """Three shots; the first melts into the second, the third begins with a cut."""
    shots = [[picture(n, t).astype(float) for t in range(SHOT + MELT)] for n in range(3)]
    share = (np.arange(MELT) + 1) / (MELT + 1)
    first = shots[0][: SHOT - MELT // 2]
    mixed = [(1 - a) * p + a * q for a, p, q in zip(share, shots[0][len(first) :], shots[1], strict=False)]
    second = shots[1][MELT : MELT + SHOT - MELT // 2]
    return [np.rint(p).astype(np.uint8) for p in (*first, *mixed, *second, *shots[2][:SHOT])]


def write_gray(path: Path, pictures: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for rgb in pictures:
            gray = np.dstack([cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)] * 3)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(gray, format="rgb24")))
        film.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    info = probe(write_gray(tmp_path_factory.mktemp("film") / "film.mkv", film_pictures()))
    return Source(info, survey_film(info, ShotConfig()), "digest of the film")


REFERENCES = {f"{n}.png": Reference.of(f"{n}.png", picture(n, 3)) for n in range(3)}
FIRST, SECOND, THIRD = (ShotEntry(Shot(n, n * SHOT, (n + 1) * SHOT), (f"{n}.png",)) for n in range(3))


def plan(*entries: ShotEntry) -> Manifest:
    return Manifest("film.mkv", FRAMES, Fraction(24), "refs", entries)


MELTING = plan(FIRST, replace(SECOND, dissolve=MELT), THIRD)
Render = Callable[[Manifest], np.ndarray]


@pytest.fixture(scope="module")
def rendered(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., np.ndarray]:
    """A function that renders a manifest: chroma codes less 128 of all frames, (frames, 2, 32, 48) float."""
    colorist = Colorist(load_network(find_weights("gray2color-film")))
    folder = tmp_path_factory.mktemp("segments")

    def render(manifest: Manifest, config: RenderConfig = CONFIG) -> np.ndarray:
        renderer, planes, before = Renderer(source, REFERENCES, lambda: colorist, config), [], None
        pieces = film_stretches(manifest, config)
        for number, piece in enumerate(pieces):
            path = folder / f"{number}.segment"
            goes_on = number > 0 and piece.goes_on_from(pieces[number - 1])
            renderer.render(piece, path, before if goes_on else None)
            with av.open(str(path)) as film:
                planes += [frame.to_ndarray()[SIZE[1] :].reshape(2, 32, 48) for frame in film.decode(video=0)]
            before = path
        renderer.close()
        assert len(planes) == manifest.frames
        return np.stack(planes).astype(float) - 128

    return render


def steps(chroma: np.ndarray) -> np.ndarray:
    """Mean change of the chroma to the next frame."""
    return np.abs(np.diff(chroma, axis=0)).mean((1, 2, 3))


def test_the_survey_finds_the_dissolve(source: Source) -> None:
    """Where it is, and only that one."""
    [(start, length)] = source.survey.dissolves.items()
    assert abs(start - SHOT) <= 1
    assert abs(length - MELT) <= 3


def test_one_shot_s_colours_melt_into_the_other_s(rendered: Render) -> None:
    """Evenly, where a cut would jump; half-way they are half of either."""
    melting, cut = rendered(MELTING), rendered(plan(FIRST, SECOND, THIRD))
    zone = slice(SHOT - MELT // 2 - 2, SHOT + MELT // 2 + 1)
    jump = steps(cut)[SHOT - 1]
    assert steps(melting)[zone].max() < 0.35 * jump
    assert steps(melting)[2 * SHOT - 1] > 0.5 * jump  # the cut stays one
    before, after = melting[SHOT - MELT // 2 - 1], melting[SHOT + MELT // 2]
    half = melting[SHOT - 1 : SHOT + 1].mean(0)
    assert np.abs(half - (before + after) / 2).mean() < 0.25 * np.abs(after - before).mean()


def test_a_shot_that_stays_gray_melts_too(rendered: Render) -> None:
    """The colours go as the shot goes, and come as it comes."""
    for first, second, order in (
        (FIRST, replace(SECOND, keep_gray=True), 1),
        (replace(FIRST, keep_gray=True), SECOND, -1),
    ):
        strength = np.abs(rendered(plan(first, replace(second, dissolve=MELT), THIRD))).mean((1, 2, 3))[: 2 * SHOT]
        strength = strength[::order]
        zone = strength[SHOT - MELT // 2 - 1 : SHOT + MELT // 2 + 1]
        assert (strength[SHOT + MELT // 2 + 1 :] == 0).all()
        assert (np.diff(zone) <= 0.3).all()
        assert zone[MELT // 2] == pytest.approx(zone[0] / 2, rel=0.35)


def test_a_long_shot_melts_as_a_short_one(source: Source, rendered: Callable[..., np.ndarray]) -> None:
    """In one stretch or in several, the film is the same."""
    long = replace(SECOND, shot=Shot(1, SHOT, FRAMES), dissolve=MELT)
    short = replace(FIRST, shot=Shot(0, 0, SHOT))
    # the smallest stretch there may be is longer than this film, so a config that breaks its own rule is made
    broken = replace(CONFIG, colorize=object.__new__(type(CONFIG.colorize)))
    for name, value in vars(CONFIG.colorize).items():
        object.__setattr__(broken.colorize, name, 36 if name == "stretch" else value)
    manifest = plan(short, long)
    assert len(film_stretches(manifest, broken)) > len(film_stretches(manifest, CONFIG)) == 2
    assert np.abs(rendered(manifest, broken) - rendered(manifest)).max() <= 1


def digests(source: Source, manifest: Manifest) -> list[str]:
    pieces = film_stretches(manifest, CONFIG)
    return [stretch_digest(piece, source, REFERENCES, "model", CONFIG) for piece in pieces]


def test_a_mend_recomputes_both_sides_of_a_dissolve_and_no_more(source: Source) -> None:
    """What melts is part of both; what does not, of one."""
    whole = digests(source, MELTING)

    def changed(*entries: ShotEntry) -> list[bool]:
        return [a != b for a, b in zip(whole, digests(source, plan(*entries)), strict=True)]

    first, second, third = MELTING.entries
    for mend in ({"references": ("0.png", "1.png")}, {"saturation": 0.5}, {"keep_gray": True}, {"temperature": 9.0}):
        assert changed(replace(first, **mend), second, third) == [True, True, False]
        assert changed(first, replace(second, **mend), third) == [True, True, False]
        assert changed(first, second, replace(third, **mend)) == [False, False, True]
    assert changed(first, replace(second, dissolve=MELT + 1), third) == [True, True, False]
    assert changed(replace(first, flagged=True), second, third) == [False] * 3


def test_without_a_dissolve_everything_is_as_it_was(source: Source) -> None:
    """A shot by itself has the digest that it has in a film of cuts."""
    alone = [stretches(Part(entry), CONFIG)[0] for entry in (FIRST, SECOND, THIRD)]
    own = [stretch_digest(piece, source, REFERENCES, "model", CONFIG) for piece in alone]
    assert own == digests(source, plan(FIRST, SECOND, THIRD))
    assert not any(piece.before or piece.after for piece in film_stretches(plan(FIRST, SECOND, THIRD), CONFIG))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=2, max_size=5), st.data())
def test_stretches_tile_the_film_whatever_melts(lengths: list[int], data: st.DataObject) -> None:
    """And every shared frame is in the walk of both shots."""
    entries, start = [], 0
    for index, length in enumerate(lengths):
        most = min(lengths[index - 1], length) if index else 0
        entry = ShotEntry(Shot(index, start, start + length), dissolve=data.draw(st.integers(0, most)))
        entries.append(entry)
        start += length
    pieces = film_stretches(Manifest("f", start, Fraction(24), "r", tuple(entries)), CONFIG)
    assert [piece.start for piece in pieces] == [0, *(piece.stop for piece in pieces[:-1])]
    assert pieces[-1].stop == start
    for piece in pieces:
        part, walked = piece.part, piece.part.walked.shot
        assert 0 <= walked.start <= piece.start < piece.stop <= walked.stop <= start
        assert part.opened <= part.closes
        for other in (piece.before, piece.after):
            if other:
                shared = range(max(other.walked.shot.start, walked.start), min(other.walked.shot.stop, walked.stop))
                assert len(shared) == (part.opening if other is piece.before else part.closing)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.booleans(), st.integers(0, 99), st.floats(0, 3))
def test_the_share_is_measured(length: int, eased: bool, seed: int, grain: float) -> None:
    """Even or eased; rising always."""
    rng = np.random.default_rng(seed)
    share = np.linspace(0, 1, length + 2)
    share = (1 - np.cos(np.pi * share)) / 2 if eased else share
    first, last = rng.uniform(20, 230, (2, 9, 16))
    film = (1 - share[:, None, None]) * first + share[:, None, None] * last + rng.normal(0, grain, (length + 2, 9, 16))
    measured = melted_shares(np.clip(np.rint(film), 0, 255).astype(np.uint8))
    assert measured.shape == (length,)
    assert np.abs(measured - share[1:-1]).max() < 0.06
    assert (np.diff(measured) >= 0).all()


def test_where_nothing_can_be_measured_the_share_rises_evenly() -> None:
    """Two pictures alike, and pictures that have nothing to do with either."""
    even = np.linspace(0, 1, 10)[1:-1]
    same = np.full((10, 9, 16), 90, np.uint8)
    wild = np.random.default_rng(0).integers(0, 256, (10, 9, 16)).astype(np.uint8)
    for film in (same, wild):
        assert melted_shares(film) == pytest.approx(even, abs=1e-6)


def test_planes_mix_in_proportion() -> None:
    """Neither end changes a code; both depths."""
    for dtype, neutral in ((np.uint8, 128), (np.uint16, 512)):
        one, other = (np.full((4, 6), neutral + n, dtype) for n in (40, -20))
        for share, expected in ((0.0, 40), (0.5, 10), (1.0, -20)):
            cb, cr = mixed_planes((one, one), (other, one), share)
            assert cb.dtype == dtype
            assert (cb.astype(int) == neutral + expected).all()
            assert (cr == one).all()


def test_mixed_frames_have_no_vote(source: Source) -> None:
    """In matching, the nearest that show one shot alone vote in their place."""
    samples = MatchConfig(samples=SHOT, lines=64)
    shots = [Shot(0, 0, SHOT), Shot(1, SHOT, 2 * SHOT)]
    survey = replace(source.survey, dissolves={SHOT: MELT})
    for shot, (grays, _) in zip(shots, _samples(source.info, survey, shots, samples), strict=True):
        assert len(grays) == SHOT - MELT // 2
        clean = grays[0] if shot.index == 0 else grays[-1]
        steps = [np.abs(gray.astype(int) - clean).mean() for gray in grays]
        assert max(steps) < 25


def test_a_person_switches_a_dissolve_off(tmp_path: Path) -> None:
    """The manifest says what was found; 0 in its place computes both sides again, and a run more nothing."""
    film = write_gray(tmp_path / "film.mkv", film_pictures())
    refs = tmp_path / "refs"
    refs.mkdir()
    for number in range(3):
        cv2.imwrite(str(refs / f"{number}.png"), picture(number, 3)[..., ::-1])
    config = resolve(PipelineConfig, None, ["encode.codec=ffv1", "colorize.lines=64", "match.lines=64"])
    assert run(film, refs, config=config).shots_computed == 3
    path = tmp_path / "film.vidcolor" / "manifest.yaml"
    [dissolve] = [entry.dissolve for entry in load_manifest(path).entries if entry.dissolve]
    assert abs(dissolve - MELT) <= 3
    path.write_text(path.read_text().replace(f"dissolve: {dissolve}\n", "dissolve: 0\n"))
    assert run(film, refs, config=config).shots_computed == 2
    assert run(film, refs, config=config).shots_computed == 0
