"""A folder of coloured pictures against their colour originals: how near, how rich, how like the references."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from vidcolor.color import rgb_to_lab
from vidcolor.errors import ImagesError
from vidcolor.model.delta_e import ciede2000
from vidcolor.model.lpips import SMALLEST_SIDE, Lpips
from vidcolor.model.metrics import (
    BalancedAccuracy,
    ab_histogram,
    ab_rmse,
    area_under_accuracy,
    colourfulness,
    histogram_similarity,
    psnr,
    ssim,
)
from vidcolor.model.picture_folders import pictures_by_name


@dataclass(frozen=True)
class ImageScore:
    """Figures of one picture, of 8-bit RGB reckoned in floating point."""

    name: str
    """Path relative to the folder of originals."""
    psnr: float
    """dB, RGB, at most 100."""
    ssim: float
    """Gaussian window, sigma 1.5, population covariance, mean over R, G and B."""
    ab_rmse: float
    """Root mean square error of a* and b*, CIELAB units."""
    delta_e2000: float
    """Mean CIEDE2000 over pixels."""
    auc: float
    """Area under the accuracy curve of ab, thresholds 0 to 150, all pixels alike."""
    colourfulness: float
    """Hasler and Süsstrunk's M3 on signed opponents."""
    colourfulness_truth: float
    colourfulness_distance: float
    """Absolute difference of the two."""
    his: float | None = None
    """Intersection of the 441-bin soft ab histograms of output and reference; None without references."""
    lpips: float | None = None
    """Perceptual distance, AlexNet 0.1; None without its weights."""


@dataclass(frozen=True)
class ImageSetEvaluation:
    """The pictures' figures, their means, and what only a whole set has."""

    pictures: tuple[ImageScore, ...]
    auc_balanced: float
    """AuC in which every colour of the set counts alike."""
    left_out: tuple[str, ...]
    """A sentence for every figure that is missing, with what it needs."""

    def means(self) -> dict[str, float]:
        """Return the means over pictures by name; figures left out are not among them."""
        rows = [asdict(picture) for picture in self.pictures]
        names = [name for name, value in rows[0].items() if isinstance(value, float)]
        return {name: float(np.mean([row[name] for row in rows])) for name in names}

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and dictionaries: the number of images, means, and every picture's figures."""
        pictures = [{k: v for k, v in asdict(picture).items() if v is not None} for picture in self.pictures]
        return {
            "images": len(self.pictures),
            **self.means(),
            "auc_balanced": self.auc_balanced,
            "left_out": list(self.left_out),
            "pictures": pictures,
        }


def evaluate_images(
    out: Path,
    truth: Path,
    references: Path | None = None,
    lpips: Lpips | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> ImageSetEvaluation:
    """Measure coloured pictures against their originals, picture by picture.

    Folders are searched with those in them; pictures belong together whose paths are equal but for the suffix.
    ``references``: a folder of the reference of each, of any size, for HIS. ``lpips``: see `load_lpips`.

    Raises ImagesError where a folder or picture is missing, unreadable, or of another size than its original.
    """
    truths, outputs = _pictures(truth), _pictures(out)
    followed = None if references is None else _pictures(references)
    _check_names(outputs, out, truths, truth)
    if followed is not None and references is not None:
        _check_names(followed, references, truths, truth, spare=True)
    scores: list[ImageScore] = []
    balanced = BalancedAccuracy()
    for done, (stem, path) in enumerate(truths.items(), start=1):
        output, original = _read_pair(outputs[stem], path, lpips)
        reference = None if followed is None else _read(followed[stem])
        name = path.relative_to(truth).as_posix()
        scores.append(score_image(name, output, original, reference, lpips))
        balanced.add(ab_of(output), ab_of(original))
        if on_progress:
            on_progress(done, len(truths))
    return ImageSetEvaluation(tuple(scores), balanced.value(), tuple(_left_out(references, lpips)))


def score_image(
    name: str, output: np.ndarray, truth: np.ndarray, reference: np.ndarray | None, lpips: Lpips | None
) -> ImageScore:
    """Measure one picture: RGB (H, W, 3) in 0..255, uint8 or float; the reference may be of any size."""
    lab, lab_truth = _lab(output), _lab(truth)
    ab, ab_truth = _ab(lab), _ab(lab_truth)
    colour, colour_truth = colourfulness(output), colourfulness(truth)
    return ImageScore(
        name=name,
        psnr=psnr(output, truth),
        ssim=ssim(output, truth),
        ab_rmse=ab_rmse(ab, ab_truth),
        delta_e2000=float(ciede2000(lab, lab_truth).mean()),
        auc=area_under_accuracy(ab, ab_truth),
        colourfulness=colour,
        colourfulness_truth=colour_truth,
        colourfulness_distance=math.fabs(colour - colour_truth),
        his=None if reference is None else histogram_similarity(ab_histogram(ab), ab_histogram(ab_of(reference))),
        lpips=None if lpips is None else lpips.between(output, truth),
    )


def ab_of(rgb: np.ndarray) -> np.ndarray:
    """a*, b* of an RGB picture (H, W, 3) in 0..255: (H, W, 2) float32, CIELAB units."""
    return _ab(_lab(rgb))


def _lab(rgb: np.ndarray) -> torch.Tensor:
    return rgb_to_lab(torch.from_numpy(np.asarray(rgb, np.float32)).permute(2, 0, 1) / 255)


def _ab(lab: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(lab[1:].permute(1, 2, 0).numpy())


def _pictures(folder: Path) -> dict[str, Path]:
    """The pictures of a folder and those in it, by their path without the suffix, in order."""
    if not folder.is_dir():
        raise ImagesError(f"{folder} is no folder of pictures; give two films or two folders of pictures")
    return pictures_by_name(folder)


def _check_names(
    given: dict[str, Path], folder: Path, truths: dict[str, Path], truth: Path, spare: bool = False
) -> None:
    """Every original has its partner; unless ``spare`` pictures may be there too, every partner its original."""
    missing = sorted(truths.keys() - given.keys())
    extra = [] if spare else sorted(given.keys() - truths.keys())
    for names, lacking, having in ((missing, folder, truth), (extra, truth, folder)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ImagesError(f"{lacking} lacks {names[0]}{more} of {having}; both need pictures of the same names")


def _read_pair(out: Path, truth: Path, lpips: Lpips | None) -> tuple[np.ndarray, np.ndarray]:
    output, original = _read(out), _read(truth)
    if output.shape != original.shape:
        raise ImagesError(f"{out} is {_size(output)} and {truth} is {_size(original)}; sizes must be equal")
    if lpips is not None and min(original.shape[:2]) < SMALLEST_SIDE:
        raise ImagesError(
            f"{truth} is {_size(original)}; LPIPS needs {SMALLEST_SIDE} pixels a side: leave it or the picture out"
        )
    return output, original


def _read(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 sRGB."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise ImagesError(f"{path} cannot be read ({error.strerror})") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None:
        raise ImagesError(f"{path} cannot be read as a picture; it may be broken")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"


def _left_out(references: Path | None, lpips: Lpips | None) -> list[str]:
    sentences = []
    if lpips is None:
        sentences.append("LPIPS is left out: its weights are not given (--lpips FILE)")
    if references is None:
        sentences.append("HIS is left out: the references are not given (--references FOLDER)")
    return sentences
