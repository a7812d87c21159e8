"""A coloured film against its colour original: how near, how rich, how steady."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from vidcolor.color import rgb_to_lab
from vidcolor.errors import FilmError
from vidcolor.model.delta_e import ciede2000
from vidcolor.model.flicker import Motion, chroma_flicker, motion_between
from vidcolor.model.metrics import DistributionConsistency, colourfulness, psnr, ssim
from vidcolor.pipeline.read_rgb import Picture, read_rgb

MOTION_LINES = 256
"""Motion and flicker are measured on pictures of at most this many lines."""

CUT_RESIDUAL = 14.0
"""Mean difference, in 8-bit code values, of a gray picture and its follower brought back along the flow, above which
the two count as different shots: no motion explains the change."""

CUT_TRUSTED = 0.1
"""Share of the picture whose flow must hold forward and backward within a shot of so large a residual."""


@dataclass(frozen=True)
class ShotScore:
    """One stretch between two cuts of the original, as this measure sees cuts."""

    start: int
    stop: int
    psnr: float
    psnr_gray: float


@dataclass(frozen=True)
class Evaluation:
    """Means over frames, of 8-bit RGB reckoned in floating point. All decibels are capped at 100 a frame."""

    frames: int
    """Frames compared: as many as both films have."""
    frames_out: int
    frames_truth: int
    psnr: float
    """dB, RGB, of the output against the original."""
    psnr_gray: float
    """dB, RGB, of the original's own luma with neutral chroma: what leaving the film gray scores."""
    ssim: float
    """Gaussian window, sigma 1.5, population covariance, mean over R, G and B."""
    delta_e2000: float
    """Mean CIEDE2000 over pixels."""
    colourfulness: float
    """Hasler and Süsstrunk's M3 on signed opponents."""
    colourfulness_truth: float
    cdc: float
    """Colour distribution consistency: smaller is steadier; pairs across cuts are left out."""
    cdc_truth: float
    chroma_flicker: float
    """Mean change of ab along trusted motion from a frame to the next, CIELAB units; none across cuts."""
    chroma_flicker_truth: float
    shots: tuple[ShotScore, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and dictionaries under the names of the fields."""
        return asdict(self) | {"shots": [asdict(shot) for shot in self.shots]}


def evaluate(out: Path, truth: Path, on_progress: Callable[[int, int | None], None] | None = None) -> Evaluation:
    """Measure a coloured film against its colour original, frame by frame, in memory that does not grow with them.

    Where one film is longer, the frames that both have are compared; ``frames_out`` and ``frames_truth`` tell.
    ``on_progress`` is called with the frames done and None, for the number of frames is known only at the end.

    Raises FilmError where a film cannot be decoded or the two differ in size.
    """
    scores = _Scores()
    frames_out = frames_truth = 0
    for picture, original in zip_longest(read_rgb(out), read_rgb(truth)):
        frames_out += picture is not None
        frames_truth += original is not None
        if picture is None or original is None:
            continue
        if picture.rgb.shape != original.rgb.shape:
            raise FilmError(
                f"{out} is {_size(picture)} and {truth} is {_size(original)}; only films of the same size compare"
            )
        scores.add(picture, original)
        if on_progress:
            on_progress(scores.frames, None)
    return scores.evaluation(frames_out, frames_truth)


class _Scores:
    """Sums over the frames so far."""

    def __init__(self) -> None:
        self.frames = 0
        self._sums: dict[str, float] = {}
        self._cdc, self._cdc_truth = DistributionConsistency(), DistributionConsistency()
        self._flicker = _FlickerMeter()
        self._shots: list[ShotScore] = []

    def add(self, picture: Picture, original: Picture) -> None:
        lab, lab_truth = _lab(picture.rgb), _lab(original.rgb)
        scores = {
            "psnr": psnr(picture.rgb, original.rgb),
            "psnr_gray": psnr(original.gray[..., None], original.rgb),
            "ssim": ssim(picture.rgb, original.rgb),
            "delta_e2000": float(ciede2000(lab, lab_truth).mean()),
            "colourfulness": colourfulness(picture.rgb),
            "colourfulness_truth": colourfulness(original.rgb),
        }
        for name, value in scores.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        after_cut = self._flicker.add(original.gray, _small_ab(lab), _small_ab(lab_truth))
        if after_cut:
            self._cdc.cut()
            self._cdc_truth.cut()
        self._cdc.add(picture.rgb)
        self._cdc_truth.add(original.rgb)
        self._add_to_shot(after_cut, scores)
        self.frames += 1

    def _add_to_shot(self, after_cut: bool, scores: dict[str, float]) -> None:
        """Keep the running sums of the latest shot as its last entry."""
        if after_cut or not self._shots:
            self._shots.append(ShotScore(self.frames, self.frames, 0.0, 0.0))
        shot = self._shots[-1]
        self._shots[-1] = ShotScore(
            shot.start, self.frames + 1, shot.psnr + scores["psnr"], shot.psnr_gray + scores["psnr_gray"]
        )

    def evaluation(self, frames_out: int, frames_truth: int) -> Evaluation:
        flicker, flicker_truth = self._flicker.values()
        return Evaluation(
            frames=self.frames,
            frames_out=frames_out,
            frames_truth=frames_truth,
            cdc=self._cdc.value(),
            cdc_truth=self._cdc_truth.value(),
            chroma_flicker=flicker,
            chroma_flicker_truth=flicker_truth,
            shots=tuple(_mean_of(shot) for shot in self._shots),
            **{name: total / self.frames for name, total in self._sums.items()},
        )


class _FlickerMeter:
    """Chroma flicker of output and truth along the truth's motion, and the cuts it meets on the way."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._sums = np.zeros(2)
        self._pairs = 0

    def add(self, gray: np.ndarray, ab: np.ndarray, ab_truth: np.ndarray) -> bool:
        """Take the truth's gray and both films' ab at motion size; return whether a cut lies before this frame."""
        gray = cv2.resize(gray, ab.shape[1::-1], interpolation=cv2.INTER_AREA)
        last, self._last = self._last, (gray, ab, ab_truth)
        if last is None:
            return False
        motion = motion_between(last[0], gray)
        if _is_cut(motion):
            return True
        if motion.trusted.any():
            self._sums += chroma_flicker(last[1], ab, motion), chroma_flicker(last[2], ab_truth, motion)
            self._pairs += 1
        return False

    def values(self) -> Iterator[float]:
        """Mean over pairs of frames, of output and truth; 0 where no two frames could be compared."""
        return iter((self._sums / max(1, self._pairs)).tolist())


def _is_cut(motion: Motion) -> bool:
    return motion.residual > CUT_RESIDUAL and float(motion.trusted.mean()) < CUT_TRUSTED


def _lab(rgb: np.ndarray) -> torch.Tensor:
    """(H, W, 3) uint8 to CIELAB (3, H, W) float32."""
    return rgb_to_lab(torch.from_numpy(rgb).permute(2, 0, 1) / 255)


def _small_ab(lab: torch.Tensor) -> np.ndarray:
    """ab, (H, W, 2) float32, averaged down to at most ``MOTION_LINES`` lines."""
    ab = np.ascontiguousarray(lab[1:].permute(1, 2, 0).numpy())
    shrink = min(1.0, MOTION_LINES / min(ab.shape[:2]))
    size = (max(1, round(ab.shape[1] * shrink)), max(1, round(ab.shape[0] * shrink)))
    return cv2.resize(ab, size, interpolation=cv2.INTER_AREA)


def _mean_of(shot: ShotScore) -> ShotScore:
    length = shot.stop - shot.start
    return ShotScore(shot.start, shot.stop, shot.psnr / length, shot.psnr_gray / length)


def _size(picture: Picture) -> str:
    height, width = picture.gray.shape
    return f"{width}x{height}"
