"""Shots: drawn films with cuts at known frames, and everything that looks like a cut and is none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import real_clip
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.shots import ShotConfig, ShotDetector, detect_shots, small_gray
from vidcolor.types import ColorTags, FilmInfo

RATE = Fraction(24)
HEIGHT, WIDTH = 72, 128


def scene(seed: int, frames: int, pan: int = 0, rows: int = 9) -> np.ndarray:
    """A picture of its own for every seed, the camera moving ``pan`` pixels a frame: (frames, H, W) uint8.

    It is drawn from ``rows`` rows of random patches: of nine, about one pair in 500 looks alike by chance.
    """
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (rows, rows * 16 * 8 // 9), dtype=np.uint8)
    wide = cv2.resize(patches, (WIDTH * 8, HEIGHT), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, 3, (frames, HEIGHT, WIDTH))
    still = np.stack([wide[:, pan * i % (WIDTH * 7) :][:, :WIDTH] for i in range(frames)])
    return np.clip(40 + 0.6 * still + grain, 0, 255).astype(np.uint8)


def lit(film: np.ndarray, gain: float | np.ndarray, lift: float = 0.0) -> np.ndarray:
    """The same film under other light; ``gain`` for the whole or for every frame."""
    factor = np.broadcast_to(np.asarray(gain, float), (len(film),)).reshape(-1, 1, 1)
    return np.clip(film * factor + lift, 0, 255).astype(np.uint8)


def starts(*parts: np.ndarray, config: ShotConfig | None = None) -> list[int]:
    """Where the shots of a film of these parts start."""
    film = np.concatenate(parts)
    shots = detect_shots(film, RATE, config)
    assert [shot.start for shot in shots[1:]] == [shot.stop for shot in shots[:-1]]
    assert (shots[0].start, shots[-1].stop) == (0, len(film))
    assert [shot.index for shot in shots] == list(range(len(shots)))
    return [shot.start for shot in shots]


def test_cuts_are_found_at_their_frames() -> None:
    """Three shots, one of them with a moving camera."""
    assert starts(scene(1, 30), scene(2, 31, pan=3), scene(3, 29)) == [0, 30, 61]


@pytest.mark.parametrize("seed", [1, 3, 5, 7])
def test_a_cut_between_moving_cameras_is_found(seed: int) -> None:
    """It differs little more from the frame before than the frames of either shot do, but shows something else."""
    assert starts(scene(seed, 30, pan=4), scene(seed + 1, 30, pan=4)) == [0, 30]


def test_a_film_without_cuts_is_one_shot() -> None:
    """A still film, fast pans, and a single frame."""
    assert starts(scene(1, 48)) == [0]
    assert [starts(scene(1, 48, pan=pan)) for pan in (4, 9, 18, 24)] == [[0]] * 4
    assert starts(scene(1, 1)) == [0]
    assert starts(np.zeros((50, HEIGHT, WIDTH), np.uint8)) == [0]


def test_no_film_has_no_shots() -> None:
    """Nothing pushed, nothing found."""
    assert detect_shots([], RATE) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_stray_frames_at_either_end_are_shots(length: int) -> None:
    """A clip cut out a frame too late carries the next shot's first frame: no colour may cross there."""
    assert starts(scene(1, length), scene(2, 40), scene(3, length)) == [0, length, length + 40]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_flash_is_no_cut(length: int) -> None:
    """White for a few frames, wholly or nearly."""
    film = scene(1, 60, pan=1)
    for flash in (np.full_like(film[:length], 255), lit(film[20 : 20 + length], 1.5, 110.0)):
        assert starts(film[:20], flash, film[20 + length :]) == [0]


def test_dropped_out_frames_are_no_cut() -> None:
    """Black for two frames, then the same picture."""
    film = scene(1, 60)
    assert starts(film[:30], np.zeros_like(film[:2]), film[32:]) == [0]


def test_light_switched_on_is_no_cut() -> None:
    """The light stays, and so does the shot."""
    film = scene(1, 60)
    assert starts(lit(film[:30], 0.5), lit(film[30:], 1.3)) == [0]


def test_flicker_is_no_cut() -> None:
    """Every frame of an old film has its own exposure."""
    gains = 1 + np.random.default_rng(0).uniform(-0.25, 0.25, 100)
    assert starts(lit(scene(1, 100), gains)) == [0]


def test_a_cut_under_a_flash_is_found() -> None:
    """Another picture after the flash: one cut, not two."""
    assert len(starts(scene(1, 30), np.full((1, HEIGHT, WIDTH), 255, np.uint8), scene(2, 30))) == 2


@pytest.mark.parametrize("level", [0, 255])
def test_a_fade_is_cut_in_its_middle(level: int) -> None:
    """Out to black or white, and in again."""
    down, up = np.linspace(1, 0, 20), np.linspace(0, 1, 20)
    out, back = (
        lit(scene(seed, 20), gain, 0) if level == 0 else 255 - lit(255 - scene(seed, 20), gain, 0)
        for seed, gain in ((1, down), (2, up))
    )
    found = starts(scene(1, 30), out, np.full((10, HEIGHT, WIDTH), level, np.uint8), back, scene(2, 30))
    assert len(found) == 2
    assert 45 <= found[1] <= 65


def test_darkness_at_the_ends_is_no_shot() -> None:
    """A film that fades in at its start and out at its end."""
    film = scene(1, 80)
    gains = np.concatenate([np.zeros(10), np.linspace(0, 1, 10), np.ones(40), np.linspace(1, 0, 10), np.zeros(10)])
    assert starts(lit(film, gains)) == [0]


def test_a_dissolve_stays_in_one_shot_or_is_cut_once() -> None:
    """PySceneDetect does not look for dissolves; wherever one is cut, it is cut inside."""
    share = np.linspace(0, 1, 16)[:, None, None]
    blend = (scene(1, 16) * (1 - share) + scene(2, 16) * share).astype(np.uint8)
    found = starts(scene(1, 30), blend, scene(2, 30))
    assert all(30 <= start <= 46 for start in found[1:])


def test_of_two_near_cuts_the_stronger_stays() -> None:
    """A torn splice of one frame does not make a shot of its own in the midst of a film."""
    found = starts(scene(1, 30), scene(2, 2), scene(3, 30))
    assert len(found) == 2
    assert found[1] in (30, 32)
    assert starts(scene(1, 30), scene(2, 4), scene(3, 30), config=ShotConfig(min_length=0.1)) == [0, 30, 34]


def test_letterbox_bars_do_not_make_pictures_alike() -> None:
    """Two shots inside the same black bars are two shots."""
    film = np.concatenate([scene(1, 30), scene(2, 30)])
    film[:, :14] = film[:, -14:] = 0
    assert starts(film) == [0, 30]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(8, 30), min_size=1, max_size=6), st.integers(0, 1000))
def test_any_film_of_hard_cuts(lengths: list[int], seed: int) -> None:
    """Shots of any length from a third of a second on, with too much in them to look alike by chance."""
    parts = [scene(seed + 7 * index, length, pan=index % 3, rows=18) for index, length in enumerate(lengths)]
    assert starts(*parts) == [0, *np.cumsum(lengths)[:-1].tolist()]


def test_memory_does_not_grow_with_the_film() -> None:
    """Only the pictures within the length of a flash are held."""
    detector = ShotDetector(RATE)
    picture = scene(1, 1)[0]
    for _ in range(500):
        detector.push(picture.copy())
    assert len(detector._recent) < 20


def film_info(bit_depth: int, full_range: bool) -> FilmInfo:
    """A film of which only depth and range matter."""
    one = Fraction(1)
    return FilmInfo(
        *(Path("f"), 64, 48, "gray", bit_depth, full_range, False, ColorTags(1, 1, 1, 1), one, one, None, None, None),
        *(0, one, False, "raw", "raw", 0),
    )


@pytest.mark.parametrize("bit_depth", [8, 10, 12, 16])
@pytest.mark.parametrize("full_range", [True, False])
def test_small_gray_knows_depth_and_range(bit_depth: int, full_range: bool) -> None:
    """Black is 0 and white is 255, whatever the film's code values."""
    code = 2 ** (bit_depth - 8)
    black, white = (0, 2**bit_depth - 1) if full_range else (16 * code, 235 * code)
    luma = np.full((480, 640), black, np.uint8 if bit_depth == 8 else np.uint16)
    luma[:, 320:] = white
    small = small_gray(luma, film_info(bit_depth, full_range))
    assert small.shape == (192, 256)
    assert small.dtype == np.uint8
    assert (small[:, :127] == 0).all()
    assert (small[:, 129:] == 255).all()


def encode(path: Path, film: np.ndarray) -> None:
    """An x264 film of gray pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = film.shape[2], film.shape[1], "yuv420p"
        for picture in film:
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def shots_of(path: Path) -> list[int]:
    """The road of a real film: probe, decode, push, finish."""
    info = probe(path)
    detector = ShotDetector(info.frame_rate)
    with FilmReader(info) as reader:
        for frame in reader.frames():
            detector.push(small_gray(frame.luma, info))
    return [shot.start for shot in detector.finish()]


def test_an_encoded_film(tmp_path: Path) -> None:
    """Compression moves no cut."""
    encode(tmp_path / "film.mp4", np.concatenate([scene(1, 25), scene(2, 25, pan=2), scene(3, 25)]))
    assert shots_of(tmp_path / "film.mp4") == [0, 25, 50]


def test_a_real_film() -> None:
    """Cuts found by eye, nine in the midst of fast motion; an explosion that is none, two stray frames that are one."""
    path = real_clip("colour/tears_of_steel.webm")
    calm = [52, 158, 221, 309, 715, 788, 872, 1127, 1203, 1234, 1246, 1284, 1345, 1378, 1650, 1689]
    moving = [122, 901, 987, 1157, 1430, 1472, 1525, 1571, 1618]
    assert shots_of(path) == sorted([0, *calm, *moving])
