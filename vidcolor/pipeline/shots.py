"""Frames to shots: PySceneDetect judges our own decoded luma, so that there is one numbering of the frames."""

from __future__ import annotations

from bisect import bisect, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ThresholdDetector

from vidcolor.pipeline.dissolves import Dissolve, DissolveFinder
from vidcolor.pipeline.likeness import likeness, tiny
from vidcolor.types import FilmInfo, Shot

_SMALL_WIDTH = 256
"""PySceneDetect's own working width: its thresholds were found at it."""


@dataclass(frozen=True)
class ShotConfig:
    """Where a film is cut into shots."""

    threshold: float = 3.0
    """How many times more than its neighbours a frame must differ from the one before to begin a shot."""
    min_difference: float = 15.0
    """Mean difference in 8-bit gray levels below which nothing is a cut."""
    window: int = 2
    """Frames on either side that make up the neighbourhood."""
    min_length: float = 0.2
    """Seconds between two cuts; of two nearer ones the stronger stays."""
    flash: float = 0.2
    """Seconds: a picture that comes back after no more than this was broken by a flash, not by a cut."""
    same_picture: float = 0.4
    """Correlation (0 to 1) of the edges of two pictures from which on they show the same thing, only lit otherwise."""
    black: float = 10.0
    """Mean gray level (0 to 255) of a fade to black; the shot changes in its middle. 0 looks for none."""
    white: float = 248.0
    """Mean gray level of a fade to white. 256 looks for none."""
    dissolve: float = 3.0
    """Seconds of the longest dissolve that is looked for; the shot changes in its middle. 0 looks for none."""

    def __post_init__(self) -> None:
        if self.threshold <= 1:
            raise ValueError(f"threshold must be above 1, got {self.threshold}")
        if self.window < 1:
            raise ValueError(f"window must be at least 1 frame, got {self.window}")
        if min(self.min_difference, self.min_length, self.flash, self.dissolve) < 0:
            raise ValueError("min_difference, min_length, flash and dissolve must not be negative")
        if not 0 <= self.black < self.white <= 256:
            raise ValueError(f"0 <= black < white <= 256 must hold, got {self.black} and {self.white}")
        if not 0 < self.same_picture <= 1:
            raise ValueError(f"same_picture must lie in 0 to 1, got {self.same_picture}")


_IN_MOTION = 0.53
"""Share of `ShotConfig.threshold` that is enough for a cut where the edges show another picture: in fast motion all
frames differ from the ones before, and a cut among them stands out by less."""
_OTHER_PICTURE = 0.25
"""Correlation of the edges below which two pictures show something else; the same, however blurred, has 0.3."""

_LONGEST_DISSOLVE = 240
"""Frames beyond which no dissolve is looked for, whatever the film's rate: the memory for it is bounded."""


@dataclass(frozen=True)
class _Cut:
    """A frame that may begin a shot."""

    frame: int
    strength: float
    """Gray levels by which it differs from the frame before; 0 for the middle of a fade."""
    reach: int = 0
    """Frames on either side that belong to the same change: half the length of a fade."""


def detect_shots(grays: Iterable[np.ndarray], rate: Fraction, config: ShotConfig | None = None) -> list[Shot]:
    """The shots of a film from its small gray pictures in order (see `ShotDetector`); they tile it."""
    detector = ShotDetector(rate, config)
    for gray in grays:
        detector.push(gray)
    return detector.finish()


def small_gray(luma: np.ndarray, film: FilmInfo) -> np.ndarray:
    """Reduce a luma plane by area to at most 256 pixels of width.

    ``luma`` has shape (H, W), uint8 or uint16, at the film's depth and range; the answer is (h, w), uint8, 0 black and
    255 white.
    """
    height, width = luma.shape
    scale = min(1.0, _SMALL_WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    code = 2.0 ** (film.bit_depth - 8)
    black, white = (0.0, 256.0 * code - 1.0) if film.full_range else (16.0 * code, 235.0 * code)
    return np.clip(np.rint((small - black) * (255.0 / (white - black))), 0, 255).astype(np.uint8)


class ShotDetector:
    """Finds the shots of one film from small gray pictures pushed in order; its memory does not grow with the film.

    Cuts are PySceneDetect's AdaptiveDetector's, less flashes and changes of light; fades its ThresholdDetector's;
    dissolves our own.
    """

    def __init__(self, rate: Fraction, config: ShotConfig | None = None) -> None:
        """``rate`` is the film's frames per second; it turns the seconds of ``config`` into frames."""
        self._config = config or ShotConfig()
        self._rate = rate if rate > 0 else Fraction(24)
        self._flash_frames = round(self._config.flash * self._rate)
        self._wait = max(self._flash_frames, self._config.window)
        self._cut_detector = AdaptiveDetector(
            adaptive_threshold=_IN_MOTION * self._config.threshold,
            min_scene_len=0,
            window_width=self._config.window,
            min_content_val=self._config.min_difference,
            luma_only=True,
        )
        methods = ThresholdDetector.Method
        self._fade_detectors = (
            ThresholdDetector(self._config.black, min_scene_len=0, method=methods.FLOOR),
            ThresholdDetector(self._config.white, min_scene_len=0, method=methods.CEILING),
        )
        longest = min(round(self._config.dissolve * self._rate), _LONGEST_DISSOLVE)
        self._dissolve_finder = DissolveFinder(longest)
        self._frames = 0
        kept = max(self._wait + self._flash_frames, 2 * self._config.window) + 2
        self._recent: deque[np.ndarray] = deque(maxlen=kept)
        self._pending: list[_Cut] = []
        self._cuts: list[_Cut] = []

    def push(self, gray: np.ndarray) -> None:
        """Take the next picture: shape (h, w), uint8, as `small_gray` makes it, the same size for the whole film."""
        if self._frames == 0:
            self._pad(gray, 0)
        self._recent.append(gray)
        self._frames += 1
        self._look_for_cut(gray, self._frames - 1 + self._config.window)
        self._look_for_fade(gray, self._frames - 1)
        self._dissolve_finder.push(gray)
        self._settle(self._frames - self._wait)

    def finish(self) -> list[Shot]:
        """The shots of all that was pushed; they tile it. A film without cuts is one shot, no film is no shot."""
        if self._frames == 0:
            return []
        self._pad(self._recent[-1], self._frames + self._config.window)
        self._settle(self._frames)
        cuts = _with_dissolves(self._cuts, self._dissolve_finder.finish())
        bounds = [0, *_spaced(cuts, max(1, round(self._config.min_length * self._rate))), self._frames]
        return [Shot(index, start, stop) for index, (start, stop) in enumerate(pairwise(bounds))]

    def dissolves(self, shots: Sequence[Shot]) -> dict[int, int]:
        """Of the shots that :meth:`finish` gave: first frame of each that begins in a dissolve, to its length."""
        found = {dissolve.middle: dissolve.length for dissolve in self._dissolve_finder.found}
        return {shot.start: found[shot.start] for shot in shots if shot.start in found}

    def _pad(self, gray: np.ndarray, number: int) -> None:
        """Show the first and the last picture ``window`` times more, or cuts near the film's ends go unseen.

        The detector's numbers therefore run ``window`` ahead of ours.
        """
        for step in range(self._config.window):
            self._look_for_cut(gray, number + step)

    def _look_for_cut(self, gray: np.ndarray, number: int) -> None:
        """Let PySceneDetect judge a picture; it tells a cut ``window`` frames late."""
        color = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
        for found in self._cut_detector.process_frame(self._timecode(number), color):
            cut = _Cut(found.frame_num - self._config.window, self._step(found.frame_num - self._config.window))
            if self._stands_out(cut):
                self._pending.append(cut)

    def _stands_out(self, cut: _Cut) -> bool:
        """True where a frame differs far more than its neighbours do; or clearly more, and shows other edges."""
        window = range(1, self._config.window + 1)
        near = [cut.frame + sign * by for by in window for sign in (-1, 1)]
        steps = [self._step(frame) for frame in near if 0 < frame < self._frames]
        if cut.strength * len(near) >= self._config.threshold * sum(steps):
            return True
        if cut.strength * len(steps) < _IN_MOTION * self._config.threshold * sum(steps):
            return False
        before, at = (tiny(self._picture(frame)) for frame in (cut.frame - 1, cut.frame))
        return likeness(before, at) < _OTHER_PICTURE

    def _step(self, frame: int) -> float:
        """Gray levels by which a frame differs from the one before."""
        return _difference(self._picture(frame - 1), self._picture(frame))

    def _look_for_fade(self, gray: np.ndarray, frame: int) -> None:
        """Let PySceneDetect look for the end of a fade. Darkness before the first picture is no shot of its own."""
        for detector in self._fade_detectors:
            dark_since = detector.last_fade["frame"]
            for found in detector.process_frame(self._timecode(frame), gray):
                if dark_since.frame_num > 0:
                    self._pending.append(_Cut(found.frame_num, 0.0, (frame - dark_since.frame_num) // 2 + 2))

    def _timecode(self, number: int) -> FrameTimecode:
        return FrameTimecode(number, fps=self._rate)

    def _picture(self, frame: int) -> np.ndarray:
        """One of the recent pictures by the number of its frame."""
        return self._recent[frame - self._frames]

    def _settle(self, before: int) -> None:
        """Decide on the cuts before a frame: all that could show them to be flashes has been seen."""
        self._cuts += [cut for cut in self._pending if cut.frame < before and not self._is_light(cut.frame)]
        self._pending = [cut for cut in self._pending if cut.frame >= before]

    def _is_light(self, frame: int) -> bool:
        """True where a picture from before comes back within the length of a flash: the light changed, not the shot."""
        first = max(self._frames - len(self._recent), 0)
        before = range(max(first, frame - 1 - self._flash_frames), frame)
        after = range(max(first, frame), min(frame + self._flash_frames + 1, self._frames))
        near = [(a, b) for a in before for b in after if b - a <= self._flash_frames + 1]
        seen = {number: tiny(self._picture(number)) for number in {*before, *after}}
        return any(likeness(seen[a], seen[b]) >= self._config.same_picture for a, b in near)


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of two pictures in gray levels."""
    return float(cv2.absdiff(a, b).mean())


def _with_dissolves(cuts: list[_Cut], dissolves: list[Dissolve]) -> list[_Cut]:
    """The cuts with one in the middle of each dissolve; what was taken for a cut within it is none."""
    hard = [cut for cut in cuts if all(not d.start - 2 <= cut.frame <= d.stop + 2 for d in dissolves)]
    return hard + [_Cut(d.middle, np.inf, d.length // 2) for d in dissolves]


def _spaced(cuts: list[_Cut], min_frames: int) -> list[int]:
    """The frames of the cuts in order, the weaker of two near ones left out."""
    kept: list[int] = []
    for cut in sorted(cuts, key=lambda cut: (-cut.strength, cut.frame)):
        room = max(min_frames, cut.reach)
        place = bisect(kept, cut.frame)
        neighbours = kept[max(0, place - 1) : place + 1]
        if cut.frame > 0 and all(abs(cut.frame - other) >= room for other in neighbours):
            insort(kept, cut.frame)
    return kept
