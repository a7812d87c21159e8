"""Measures taken while frames stream by: laws on frames drawn here."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.errors import OutputError
from vidcolor.pipeline.measures import joined, load_measures, save_measures
from vidcolor.pipeline.observe import PAIRS, Observer, observed
from vidcolor.pipeline.shot_measures import drift, hellinger, leak, palette_of, shot_measures, thirds
from vidcolor.pipeline.small_picture import Lens, lens_of
from vidcolor.types import ColorTags, ColouredFrame, FilmInfo, Frame, Shot

HEIGHT, WIDTH = 72, 96
LENS = Lens((0, HEIGHT, 0, WIDTH), WIDTH / HEIGHT, 0, 1, 8, False)
RNG = np.random.default_rng(5)
PICTURE = cv2.GaussianBlur(RNG.integers(0, 255, (HEIGHT, WIDTH + 64), np.uint8), (0, 0), 3)
PICTURE = cv2.normalize(PICTURE, None, 60, 180, cv2.NORM_MINMAX)


def frame(number: int, cb: float, cr: float, moment: int = 0) -> ColouredFrame:
    """A frame of a panned picture in one colour, given as code values."""
    luma = np.ascontiguousarray(PICTURE[:, moment : moment + WIDTH])
    planes = (np.full((HEIGHT // 2, WIDTH // 2), round(value), np.uint8) for value in (cb, cr))
    return ColouredFrame(Frame(number, number, luma), *planes)


def measured(frames, start=0, shot=None, explain=None):
    observer = Observer(shot or Shot(0, start, start + len(frames)), start, start + len(frames), LENS, explain)
    for one in frames:
        observer.see(one)
    return observer.measures()


def numbers(own, before=None, palette=None):
    return shot_measures(own, before, palette)


def test_steady_colours_do_not_flicker_and_wavering_ones_do() -> None:
    """Whatever the picture does, only the chroma's own change counts."""
    steady = numbers(measured([frame(n, 110, 150, moment=n) for n in range(20)]))
    wavering = numbers(measured([frame(n, 110, 150 + 6 * (n % 2), moment=n) for n in range(20)]))
    assert steady.flicker < 0.3
    assert abs(steady.drift) < 0.05
    assert wavering.flicker > 2
    assert abs(wavering.drift) < 0.3


def test_one_jump_is_found_at_its_frame() -> None:
    """The frame before the largest change is told."""
    found = numbers(measured([frame(n, 110, 150 if n < 9 else 165) for n in range(20)]))
    assert found.worst_frame == 8
    assert found.flicker_worst > 5
    assert found.flicker < found.flicker_worst / 5


@given(st.floats(0.2, 0.9))
@settings(max_examples=4, deadline=None)
def test_a_fall_of_saturation_is_measured(rest: float) -> None:
    """Chroma that shrinks to a share of itself drifts by what is missing; backwards it rises by the same."""
    sizes = np.linspace(1, rest, 16)
    there = [frame(n, 128 - 40 * size, 128 + 30 * size) for n, size in enumerate(sizes)]
    back = [frame(n, 128 - 40 * size, 128 + 30 * size) for n, size in enumerate(sizes[::-1])]
    assert numbers(measured(there)).drift == pytest.approx(rest - 1, abs=0.12)
    assert numbers(measured(back)).drift == pytest.approx(1 - rest, abs=0.12)


def test_what_enters_the_picture_is_no_drift() -> None:
    """A pan from a gray thing to a coloured one changes the mean chroma, and is no fault."""
    frames = []
    for n in range(30):
        one = frame(n, 128, 128, moment=2 * n)
        cb, cr = one.cb.copy(), one.cr.copy()
        edge = max(0, WIDTH // 2 - n)  # the coloured thing stays where the picture is
        cb[:, edge:], cr[:, edge:] = 100, 155
        frames.append(ColouredFrame(one.frame, cb, cr))
    found = numbers(measured(frames))
    assert found.saturation[2] > 2 * found.saturation[0]
    assert abs(found.drift) < 0.2


def test_a_fade_to_black_is_neither_drift_nor_flicker_nor_leak() -> None:
    """Things lose chroma with their light."""

    def faded(number: int, light: float) -> ColouredFrame:
        one = frame(number, 128 - 30 * light, 128 + 30 * light)
        return ColouredFrame(
            Frame(number, number, (16 + (one.frame.luma - 16) * light).astype(np.uint8)), one.cb, one.cr
        )

    out = measured([faded(n, light) for n, light in enumerate(np.linspace(1, 0, 25))])
    back = measured([faded(25 + n, light) for n, light in enumerate(np.linspace(0, 1, 25))], 25)
    for found in (numbers(out), numbers(back, out)):
        assert abs(found.drift) < 0.05
        assert found.flicker_worst < 3
        assert found.leak == 0


def test_gray_patches_count_against_the_reference() -> None:
    """Half a picture left gray is half gray, and more so than a colourful reference."""
    one = frame(0, 100, 155)
    cb, cr = one.cb.copy(), one.cr.copy()
    cb[:, : WIDTH // 4], cr[:, : WIDTH // 4] = 128, 128
    own = measured([ColouredFrame(one.frame, cb, cr)])
    colourful = palette_of(np.full((40, 50, 3), (200, 60, 40), np.uint8))
    gray = palette_of(np.full((40, 50, 3), 120, np.uint8))
    assert own.gray == pytest.approx(0.5, abs=0.05)
    assert numbers(own, palette=colourful).gray_excess == pytest.approx(0.5, abs=0.05)
    assert numbers(own, palette=gray).gray_excess == 0


def test_the_leak_is_of_the_shot_before_and_not_of_ones_own() -> None:
    """A first frame in the colours of the shot before leaks; one in its own colours does not, whatever came before."""
    red, blue = (110, 165), (160, 110)
    before = measured([frame(n, *red) for n in range(14)])
    clean = measured([frame(14 + n, *blue) for n in range(14)], 14)
    leaking = measured([frame(14 + n, *(red if n < 2 else blue)) for n in range(14)], 14)
    assert numbers(clean, before).leak == 0
    assert numbers(leaking, before).leak > 0.9
    assert numbers(leaking).leak == 0
    assert numbers(measured([frame(14 + n, *red) for n in range(14)], 14), before).leak == 0


@given(st.floats(0, 1))
def test_the_leak_grows_with_the_share_of_the_colours_before(part: float) -> None:
    """From 0 to 1, halfway at 0.5 and below."""
    old, own = (np.full((9, 16, 3), value) for value in ((50.0, 0, 0), (50.0, 30, 30)))
    found = leak(old, part * old + (1 - part) * own, own)
    assert 0 <= found <= 1
    assert (found > 0) == (part > 0.5)


def test_the_histogram_distance_is_a_distance() -> None:
    """Nothing to itself, one to strangers, the same both ways."""
    red, blue = (palette_of(np.full((30, 40, 3), c, np.uint8)) for c in ((220, 30, 30), (30, 30, 220)))
    assert hellinger(red.histogram, red.histogram) == pytest.approx(0, abs=1e-3)
    assert hellinger(red.histogram, blue.histogram) == pytest.approx(1, abs=1e-3)
    mixed = (red.histogram + blue.histogram) / 2
    assert hellinger(red.histogram, mixed) == hellinger(mixed, red.histogram)


@pytest.mark.parametrize("length", [1, 2, 3, 33, 34, 200])
def test_any_length_is_measured_with_bounded_samples(length: int) -> None:
    """One frame, two, many; never more than the most."""
    own = measured([frame(n, 110, 150) for n in range(length)])
    assert len(own.samples) == min(max(1, length - 1), PAIRS)
    assert numbers(own).flicker < 0.1
    assert drift(own) == pytest.approx(0, abs=0.05)
    assert own.before.startswith(b"\xff\xd8")
    assert own.after.startswith(b"\xff\xd8")


def test_stretches_join_to_the_shot() -> None:
    """Two stretches tell what the whole tells, and the picture is the one whose stretch has the middle."""
    frames = [frame(n, 110, 150 + n) for n in range(30)]
    shot = Shot(0, 0, 30)
    first = measured(frames[:20], 0, shot)
    second = measured(frames[20:], 20, shot)
    whole, own = measured(frames), joined([first, second])
    assert not second.after
    assert own.after == whole.after
    assert numbers(own).drift == pytest.approx(numbers(whole).drift, abs=0.03)
    assert numbers(own).saturation == pytest.approx(numbers(whole).saturation, rel=0.05)
    assert (own.start, own.stop) == (0, 30)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Every value, with and without a map."""
    explain = lambda luma: np.linspace(0, 1, 12).reshape(3, 4)  # noqa: E731
    for explained in (explain, None):
        own = measured([frame(n, 110, 150) for n in range(5)], explain=explained)
        save_measures(tmp_path / "a.measures", own)
        read = load_measures(tmp_path / "a.measures")
        assert read is not None
        for name in own.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(read, name), getattr(own, name))


@given(st.binary(max_size=300), st.integers(0, 3000))
@settings(max_examples=30, deadline=None)
def test_a_damaged_file_says_nothing(tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int) -> None:
    """Neither an error nor half the truth."""
    path = tmp_path_factory.mktemp("damaged") / "a.measures"
    path.write_bytes(junk)
    assert load_measures(path) is None
    save_measures(path, measured([frame(0, 110, 150)]))
    whole = path.read_bytes()
    path.write_bytes(whole[: place % len(whole)])
    assert load_measures(path) is None
    assert load_measures(path.with_name("none")) is None


def test_the_generator_hands_all_on_and_writes_at_the_end(tmp_path: Path) -> None:
    """The same frames; the file only once they are all through; a disk that refuses stops the segment."""
    frames = [frame(n, 110, 150) for n in range(6)]
    path = tmp_path / "a.measures"
    seen = []
    for one in observed(iter(frames), Shot(0, 0, 6), 0, 6, LENS, path):
        assert not path.exists()
        seen.append(one)
    assert all(a is b for a, b in zip(seen, frames, strict=True))
    assert load_measures(path) is not None
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError):
        list(observed(iter(frames), Shot(0, 0, 6), 0, 6, LENS, tmp_path / "file" / "a.measures"))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_thirds_lie_between_the_extremes(values: list[float]) -> None:
    """Whatever the number of values."""
    assert all(min(values) - 1e-3 <= part <= max(values) + 1e-3 for part in thirds(np.array(values)))


def film(**changes: object) -> FilmInfo:
    about = {"path": Path("f.mkv"), "width": WIDTH, "height": HEIGHT, "pixel_format": "yuv420p", "bit_depth": 8}
    about |= {"full_range": False, "has_chroma": True, "color": ColorTags(1, 1, 1, 1), "time_base": Fraction(1, 24)}
    about |= {"frame_rate": Fraction(24), "start_pts": 0, "frames_expected": None, "duration": None, "rotation": 0}
    about |= {"sample_aspect_ratio": Fraction(1), "interlaced": False, "codec": "ffv1", "container": "matroska"}
    return FilmInfo(**{**about, "video_stream": 0, **changes})


@pytest.mark.parametrize("bit_depth", [8, 10, 12])
@pytest.mark.parametrize("full_range", [False, True])
def test_small_pictures_show_the_colours_that_were_encoded(bit_depth: int, full_range: bool) -> None:
    """Code values of a known colour at any depth and range come back as that colour."""
    unit, neutral = 1 << (bit_depth - 8), 1 << (bit_depth - 1)
    black, span, scale = (0, 256 * unit - 1, 2 * neutral - 1) if full_range else (16 * unit, 219 * unit, 224 * unit)
    r, g, b = 0.7, 0.4, 0.3
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    codes = (black + span * y, neutral + scale * (b - y) / 1.8556, neutral + scale * (r - y) / 1.5748)
    dtype = np.uint8 if bit_depth == 8 else np.uint16
    luma = np.full((HEIGHT, WIDTH), round(codes[0]), dtype)
    cb, cr = (np.full((HEIGHT // 2, WIDTH // 2), round(code), dtype) for code in codes[1:])
    lens = lens_of(film(bit_depth=bit_depth, full_range=full_range), (0, HEIGHT, 0, WIDTH))
    rgb = lens.rgb(ColouredFrame(Frame(0, 0, luma), cb, cr), (9, 12))
    assert np.abs(rgb - np.array([r, g, b])).max() < 0.01
    assert abs(int(lens.gray(luma, (9, 12))[0, 0]) - 255 * y) <= 1


def test_small_pictures_are_upright_in_true_shape_and_without_bars() -> None:
    """Rotation turns them, pixel shape widens them, black bars are left out."""
    lens = lens_of(film(rotation=90, sample_aspect_ratio=Fraction(2)), (12, 60, 0, WIDTH))
    assert lens.aspect == 4
    assert lens.gray(np.zeros((HEIGHT, WIDTH), np.uint8), lens.size(96)).shape == (96, 24)
    luma = np.zeros((HEIGHT, WIDTH), np.uint8)
    luma[12:60] = 235
    assert lens.gray(luma, lens.size(96)).min() == 255


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5), (17, 33), (8, 400), (300, 7), (49, 65)])
@pytest.mark.parametrize("factors", [(1, 1), (1, 2), (2, 2), (1, 4)])
def test_pictures_of_any_shape_are_measured(size: tuple[int, int], factors: tuple[int, int]) -> None:
    """Tiny, odd, long and narrow; chroma at full, half and quarter size."""
    height, width = size
    lens = lens_of(film(width=width, height=height), (0, height, 0, width))
    observer = Observer(Shot(0, 0, 3), 0, 3, lens)
    for number in range(3):
        luma = np.full(size, 120, np.uint8)
        planes = np.full((2, -(-height // factors[0]), -(-width // factors[1])), 140, np.uint8)
        observer.see(ColouredFrame(Frame(number, number, luma), *planes))
    found = observer.measures()
    assert found.saturation.min() > 5
    assert found.after.startswith(b"\xff\xd8")
    assert shot_measures(found, None, None).flicker < 0.1
