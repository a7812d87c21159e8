"""Make the sample: a short film in black and white, its colour original, reference stills, and what belongs to what.

Every picture is a photograph that ships inside the scikit-image wheel (samples/NOTICE.md names them); the sound is
synthesised here. The colour original is encoded first; the black-and-white film is made from its decoded luma, frame
by frame, with neutral chroma, so that a coloured film can be measured against the original.

    python scripts/make_sample.py [--folder samples]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import skimage
import yaml

WIDTH, HEIGHT, RATE = 640, 360, 24
SOUND_RATE = 44100
TITLE, TITLE_FRAMES = "A SAMPLE FILM", 40
BT709 = 1


@dataclass(frozen=True)
class View:
    """What the camera sees of a photograph: a rectangle of the film's shape, turned about its centre."""

    x: float
    """Centre, in pixels of the photograph."""
    y: float
    width: float
    """Width in pixels of the photograph; the height follows from the film's shape."""
    angle: float = 0.0
    """Degrees, counter-clockwise."""

    def toward(self, other: View, t: float) -> View:
        """The view between this one (t = 0) and ``other`` (t = 1)."""
        mix = [(1 - t) * a + t * b for a, b in zip(_values(self), _values(other), strict=True)]
        return View(*mix)


@dataclass(frozen=True)
class ShotPlan:
    """One shot of the film: a camera move over a photograph."""

    photograph: str
    reference: str
    frames: int
    first: View
    last: View
    fade_in: int = 0
    """Frames until the picture has come up from black."""
    fade_out: int = 0
    bars: int = 0
    """Height in pixels of the black bars above and below."""


SHOTS = (
    ShotPlan("rocket.jpg", "launch_pad.jpg", 60, View(318, 242, 600), View(322, 222, 520, 0.6), fade_in=18),
    ShotPlan("astronaut.png", "astronaut_mirrored.jpg", 52, View(236, 170, 420, -0.5), View(226, 132, 330, 0.5)),
    ShotPlan("coffee.png", "coffee_tilted.jpg", 48, View(270, 190, 400, 3), View(335, 205, 470, -2)),
    ShotPlan("motorcycle_left.png", "motorcycle_right.jpg", 64, View(305, 275, 560), View(440, 265, 590), fade_out=14),
    ShotPlan("chelsea.png", "cat.jpg", 56, View(240, 140, 400, -1), View(222, 132, 330, 1), fade_in=12, bars=44),
    ShotPlan("astronaut.png", "astronaut_mirrored.jpg", 44, View(350, 190, 320), View(340, 330, 330, -1)),
    ShotPlan("motorcycle_left.png", "motorcycle_right.jpg", 44, View(420, 205, 400, 1), View(360, 255, 440, -1)),
    ShotPlan("rocket.jpg", "launch_pad.jpg", 48, View(330, 275, 420), View(300, 245, 540), fade_out=20),
)

CHORDS = ((220, 277, 330), (247, 294, 370), (196, 247, 294), (165, 208, 247))
"""Hertz; each shot takes the next."""


@dataclass(frozen=True)
class Still:
    """How a reference is made from a photograph, so that it is no frame of the film."""

    name: str
    photograph: str
    crop: tuple[int, int, int, int]
    """x, y, width, height in the photograph."""
    size: tuple[int, int]
    """Width and height of the still."""
    mirrored: bool = False
    angle: float = 0.0
    gamma: float = 1.0
    """Exposure: above 1 darker, below 1 brighter."""


STILLS = (
    Still("launch_pad.jpg", "rocket.jpg", (40, 30, 580, 390), (522, 351), mirrored=True, gamma=1.12),
    Still("astronaut_mirrored.jpg", "astronaut.png", (0, 0, 512, 500), (470, 459), mirrored=True, gamma=0.9),
    Still("coffee_tilted.jpg", "coffee.png", (50, 30, 490, 350), (560, 400), angle=9, gamma=1.1),
    Still("motorcycle_right.jpg", "motorcycle_right.png", (0, 0, 741, 500), (690, 466)),
    Still("cat.jpg", "chelsea.png", (10, 0, 430, 296), (500, 344), mirrored=True, gamma=0.88),
)
STRANGERS = (
    Still("retina.jpg", "retina.jpg", (0, 0, 1411, 1411), (480, 480)),
    Still("tissue.png", "ihc.png", (40, 40, 440, 330), (360, 270)),
)


def main() -> None:
    """Write the whole sample into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent / "samples")
    folder = parser.parse_args().folder
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    sound = synthesise_sound()
    write_film(folder / "film_colour.mp4", colour_frames(), sound, crf=18)
    write_film(folder / "film.mp4", gray_frames(folder / "film_colour.mp4"), sound, crf=16)
    for still in STILLS + STRANGERS:
        quality = [cv2.IMWRITE_JPEG_QUALITY, 93] if still.name.endswith(".jpg") else []
        cv2.imwrite(str(folder / "refs" / still.name), make_still(still), quality)
    (folder / "expected.yaml").write_text(expected(), encoding="utf-8")


def photograph(name: str) -> np.ndarray:
    """Return a photograph of scikit-image's wheel, (H, W, 3) uint8 BGR."""
    path = Path(skimage.__file__).parent / "data" / name
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{path}: not there; this scikit-image ships without its photographs")
    return picture


def make_still(still: Still) -> np.ndarray:
    """Return a reference still, (H, W, 3) uint8 BGR."""
    x, y, width, height = still.crop
    turn = cv2.getRotationMatrix2D((x + width / 2, y + height / 2), still.angle, 1.0)
    picture = photograph(still.photograph)
    picture = cv2.warpAffine(picture, turn, picture.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    picture = cv2.resize(picture[y : y + height, x : x + width], still.size, interpolation=cv2.INTER_AREA)
    exposed = 255 * (picture / 255.0) ** still.gamma
    return np.rint(exposed[:, ::-1] if still.mirrored else exposed).astype(np.uint8)


def colour_frames() -> Iterator[av.VideoFrame]:
    """Yield the frames of the colour original: BT.709, limited range, yuv420p."""
    for number, plan in enumerate(SHOTS):
        source = photograph(plan.photograph)
        for t in range(plan.frames):
            picture = film_picture(plan, source, t)
            if number == 0:
                _draw_title(picture, t)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            yield frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")


def film_picture(plan: ShotPlan, source: np.ndarray, t: int) -> np.ndarray:
    """Return frame ``t`` of a shot over its photograph ``source``, both (H, W, 3) uint8 BGR."""
    along = t / (plan.frames - 1)
    view = plan.first.toward(plan.last, along * along * (3 - 2 * along))
    picture = _look(source, view)
    picture = np.rint(picture * _light(plan, t)).astype(np.uint8)
    if plan.bars:
        picture[: plan.bars] = picture[-plan.bars :] = 0
    return picture


def gray_frames(colour: Path) -> Iterator[av.VideoFrame]:
    """Yield the decoded frames of a film with their luma as it is and neutral chroma."""
    with av.open(str(colour)) as container:
        for frame in container.decode(video=0):
            planes = frame.to_ndarray()
            planes[frame.height :] = 128
            yield av.VideoFrame.from_ndarray(planes, format="yuv420p")


def synthesise_sound() -> np.ndarray:
    """Return the sound track, (samples,) float32: a soft chord for each shot, struck at its cut."""
    parts = []
    for number, plan in enumerate(SHOTS):
        seconds = np.arange(plan.frames * SOUND_RATE // RATE) / SOUND_RATE
        chord = sum(np.sin(2 * np.pi * hertz * seconds) for hertz in CHORDS[number % len(CHORDS)])
        parts.append(chord * np.exp(-1.5 * seconds) * np.minimum(1, seconds * 60) / 8)
    return np.concatenate(parts).astype(np.float32)


def write_film(path: Path, frames: Iterator[av.VideoFrame], sound: np.ndarray, crf: int) -> None:
    """Encode frames (yuv420p, BT.709) and sound as H.264 and AAC in MP4; one thread, so that the bytes repeat."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", RATE, options={"crf": str(crf), "preset": "slower", "threads": "1"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, RATE)
        context = video.codec_context
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, BT709, BT709, BT709
        audio = container.add_stream("aac", SOUND_RATE, layout="mono", bit_rate=64000)
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for start in range(0, len(sound), 1024):
            container.mux(audio.encode(_sound_frame(sound, start)))
        container.mux(audio.encode(None))


def expected() -> str:
    """Return the text of ``expected.yaml``: which reference every shot of the film should get."""
    shots, start = [], 0
    for plan in SHOTS:
        shots.append({"start": start, "stop": start + plan.frames, "reference": plan.reference})
        start += plan.frames
    strangers = [still.name for still in STRANGERS]
    content = {"film": "film.mp4", "frames": start, "shots": shots, "strangers": strangers}
    return "# Half-open frames of every shot, and the reference that shows the same.\n" + yaml.safe_dump(
        content, sort_keys=False
    )


def _values(view: View) -> tuple[float, float, float, float]:
    return view.x, view.y, view.width, view.angle


def _look(source: np.ndarray, view: View) -> np.ndarray:
    """Return the film-sized picture, float in 0..255, of a view on a photograph."""
    matrix = cv2.getRotationMatrix2D((view.x, view.y), view.angle, WIDTH / view.width)
    matrix[:, 2] += np.array([WIDTH / 2 - view.x, HEIGHT / 2 - view.y])
    return cv2.warpAffine(source, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def _light(plan: ShotPlan, t: int) -> float:
    """Return 0 (black) to 1: fades begin after, and end before, two black frames."""
    rising = (t - 1) / plan.fade_in if plan.fade_in else 1.0
    falling = (plan.frames - 2 - t) / plan.fade_out if plan.fade_out else 1.0
    return min(1.0, max(0.0, min(rising, falling)))


def _draw_title(picture: np.ndarray, t: int) -> None:
    """Draw the title in white; it goes out over its last 12 frames."""
    strength = min(1.0, t / 12, max(0.0, (TITLE_FRAMES - t) / 12))
    if strength <= 0:
        return
    letters = np.zeros((HEIGHT, WIDTH), np.uint8)
    (width, _), _ = cv2.getTextSize(TITLE, cv2.FONT_HERSHEY_TRIPLEX, 1.3, 2)
    at = ((WIDTH - width) // 2, 90)
    cv2.putText(letters, TITLE, at, cv2.FONT_HERSHEY_TRIPLEX, 1.3, 255, 2, cv2.LINE_AA)
    cover = strength * letters[..., None] / 255.0
    picture[:] = np.rint(picture * (1 - cover) + 240 * cover).astype(np.uint8)


def _sound_frame(sound: np.ndarray, start: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
    return frame


if __name__ == "__main__":
    main()
