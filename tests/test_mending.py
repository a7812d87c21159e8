"""What a person mends in a shot is seen in all of its frames, and recomputes only what it touches."""

from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from vidcolor.config import resolve
from vidcolor.model.checkpoint import find_weights, load_network
from vidcolor.model.colorist import Colorist
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.plan import Hint, ShotEntry
from vidcolor.pipeline.render import Renderer
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.pipeline.stretch import Part, Source, stretch_digest, stretches
from vidcolor.pipeline.survey import survey_film
from vidcolor.types import Reference, Shot

SIZE = (96, 64)
FRAMES = 14
CONFIG = resolve(PipelineConfig, None, ["encode.codec=ffv1", "colorize.lines=64"]).render
DISC, WALL = (0.5, 0.5), (0.1, 0.1)
"""Where two things lie in every frame; the disc moves little."""


def picture(moment, shade=0):
    """A dark disc before a lighter wall, (64, 96, 3) uint8 sRGB."""
    rgb = np.full((SIZE[1], SIZE[0], 3), (150, 165, 190), np.uint8)
    cv2.circle(rgb, (44 + moment // 2, 32), 16, (120, 70, 60), -1)
    grain = np.random.default_rng(3).integers(-4, 5, rgb.shape[:2])[..., None]
    return (rgb.astype(int) + grain + shade).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Two shots of the same set, the second a little darker, and their survey."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for shot in (0, 1):
            for moment in range(FRAMES):
                gray = cv2.cvtColor(picture(moment + 3 * shot, -12 * shot), cv2.COLOR_RGB2GRAY)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(np.dstack([gray] * 3), format="rgb24")))
        film.mux(stream.encode(None))
    info = probe(path)
    return Source(info, survey_film(info, ShotConfig()), "digest of the film")


@pytest.fixture(scope="module")
def references():
    still = np.ascontiguousarray(picture(20, 25)[:, ::-1])
    other = np.full((64, 96, 3), (90, 140, 60), np.uint8)
    other[20:50, 30:60] = (190, 120, 40)
    stills = {"set.png": still, "swapped.png": still[..., [2, 0, 1]], "other.png": other, "frame.png": picture(4)}
    return {name: Reference.of(name, np.ascontiguousarray(rgb)) for name, rgb in stills.items()}


@pytest.fixture(scope="module")
def rendered(source, references, tmp_path_factory):
    """A function that renders an entry: chroma codes less 128 of all its frames, (frames, 2, 32, 48) float."""
    colorist = Colorist(load_network(find_weights("gray2color-film")))
    renderer = Renderer(source, references, lambda: colorist, CONFIG)
    path = tmp_path_factory.mktemp("segments") / "one.segment"

    def render(entry, anchor=None):
        [stretch] = stretches(Part(entry, anchor), CONFIG)
        renderer.render(stretch, path)
        with av.open(str(path)) as film:
            planes = [frame.to_ndarray()[SIZE[1] :].reshape(2, 32, 48) for frame in film.decode(video=0)]
        return np.stack(planes).astype(float) - 128

    yield render
    renderer.close()


FIRST = ShotEntry(Shot(0, 0, FRAMES), ("set.png",))
SECOND = ShotEntry(Shot(1, FRAMES, 2 * FRAMES))


def at(chroma, place, frame):
    """Mean Cb and Cr around a place of a frame."""
    x, y = round(place[0] * 48), round(place[1] * 32)
    return chroma[frame, :, y - 2 : y + 3, x - 2 : x + 3].mean((1, 2))


def test_strength_leads_from_natural_colours_to_the_reference_s(rendered):
    full, half, none = (rendered(replace(FIRST, strength=strength)) for strength in (1.0, 0.5, 0.0))
    assert np.array_equal(none, rendered(replace(FIRST, references=())))
    assert np.abs(full - none).mean() > 2
    assert np.abs(half - (full + none) / 2).mean() < 0.35 * np.abs(full - none).mean()


def test_warmer_and_cooler(rendered):
    cool, plain, warm = (rendered(replace(FIRST, temperature=degree)).mean((0, 2, 3)) for degree in (-60.0, 0.0, 60.0))
    assert cool[0] - 2 > plain[0] > warm[0] + 2  # blue
    assert cool[1] + 1 < plain[1] < warm[1] - 1  # red


def test_the_heavier_reference_has_more_to_say(rendered):
    """Where both fit as well as each other, as two copies of one picture do that differ in colour alone."""
    names = ("set.png", "swapped.png")
    light, equal, heavy = (
        rendered(replace(FIRST, references=names, weights=weights)) for weights in ((1.0, 100.0), (), (100.0, 1.0))
    )
    alone = rendered(FIRST)
    assert np.abs(heavy - alone).mean() < np.abs(equal - alone).mean() < np.abs(light - alone).mean()


def test_a_hint_colours_its_thing_in_every_frame_and_nothing_else(rendered):
    plain = rendered(FIRST)
    hinted = rendered(replace(FIRST, hints=(Hint(8, *DISC, "#307030", 0.4),)))
    for frame in range(FRAMES):
        assert at(plain, DISC, frame)[1] > 5  # reddish
        assert at(hinted, DISC, frame)[1] < -3  # green
        assert np.abs(at(hinted, WALL, frame) - at(plain, WALL, frame)).max() < 3


def test_hints_in_several_frames_work_together(rendered):
    hints = (Hint(1, *DISC, "#307030", 0.4), Hint(6, 0.95, 0.5, "#808080", 0.05), Hint(12, *WALL, "#c08050", 1.0))
    hinted = rendered(replace(FIRST, hints=hints))
    for frame in range(FRAMES):
        assert at(hinted, DISC, frame)[1] < -3
        assert at(hinted, WALL, frame)[1] > 5


def test_a_tied_shot_follows_its_anchor_as_it_is_mended(rendered):
    """References, hints and grading of the anchor arrive in a shot that has none of its own."""
    natural, tied = rendered(SECOND), rendered(SECOND, FIRST)
    mended = replace(FIRST, hints=(Hint(1, *DISC, "#307030", 0.4),))
    green = rendered(SECOND, mended)
    assert np.abs(tied - rendered(FIRST)[: len(tied)]).mean() < 0.5 * np.abs(natural - rendered(FIRST)).mean()
    assert all(at(green, DISC, frame)[1] < at(tied, DISC, frame)[1] - 5 for frame in range(FRAMES))
    warm = rendered(SECOND, replace(FIRST, temperature=80.0))
    assert warm[:, 0].mean() < tied[:, 0].mean() - 2


def test_a_gray_anchor_is_nobody_s():
    """A shot that stays black and white has no colours to follow."""
    assert Part(SECOND, replace(FIRST, keep_gray=True)).followed is None


def digest(source, references, entry, anchor=None):
    [stretch] = stretches(Part(entry, anchor), CONFIG)
    return stretch_digest(stretch, source, references, "model", CONFIG)


MENDS = (
    {"references": ("other.png",)},
    {"references": ("set.png", "other.png")},
    {"saturation": 0.5},
    {"strength": 0.5},
    {"temperature": 20.0},
    {"hints": (Hint(3, *DISC, "#307030"),)},
    {"hints": (Hint(3, *DISC, "#307031"),)},
)


def test_every_mend_of_a_shot_or_of_its_anchor_is_another_segment(source, references):
    entries = [FIRST, *(replace(FIRST, **mend) for mend in MENDS), replace(FIRST, keep_gray=True)]
    own = {digest(source, references, entry) for entry in entries}
    tied = {digest(source, references, SECOND, entry) for entry in entries}
    assert len(own) == len(tied) == len(entries)


def test_what_changes_no_pixel_changes_no_digest(source, references):
    """The account of the choice, a flag, an anchor's number, weights in proportion, mends of a gray shot."""
    told = replace(FIRST, score=0.7, runner_up="x", explained=0.1, flagged=True)
    assert digest(source, references, told) == digest(source, references, FIRST)
    renumbered = replace(FIRST, shot=replace(FIRST.shot, index=7))
    assert digest(source, references, SECOND, renumbered) == digest(source, references, SECOND, FIRST)
    both = replace(FIRST, references=("set.png", "other.png"))
    weighted = {digest(source, references, replace(both, weights=weights)) for weights in ((1.0, 2.0), (4.0, 8.0))}
    assert len(weighted) == 1
    assert digest(source, references, both) not in weighted
    gray = replace(FIRST, keep_gray=True)
    assert digest(source, references, replace(gray, temperature=9.0)) == digest(source, references, gray)


def test_a_painted_frame_s_colours_give_way_to_strength_and_hints(rendered):
    painted = replace(FIRST, references=("frame.png",))
    assert np.array_equal(rendered(replace(painted, strength=0.0)), rendered(replace(FIRST, references=())))
    hinted = rendered(replace(painted, hints=(Hint(8, *DISC, "#307030", 0.4),)))
    assert all(at(hinted, DISC, frame)[1] < -3 for frame in range(FRAMES))
