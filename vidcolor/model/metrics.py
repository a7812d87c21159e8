"""How near one picture's colours are to another's, and how rich and how steady they are.

Pure functions on numpy arrays; RGB pictures are (H, W, 3) in 0..255, uint8 or float, and are reckoned in floating point
(differences of uint8 would wrap). CIEDE2000 and flicker along motion have files of their own.
"""

from __future__ import annotations

import math
from collections import deque

import cv2
import numpy as np
import torch

from vidcolor.color import AB_SCALE, HISTOGRAM_BINS, soft_histogram

PSNR_CEILING = 100.0
"""Decibels of a picture without any error, so that a mean over frames stays finite."""

CDC_STEPS = (1, 2, 4)
"""Distances in frames at which colour distribution consistency compares."""

AUC_LIMIT = 150
"""Largest threshold, in CIELAB units, of the area under the accuracy curve."""

_SSIM_SIGMA, _SSIM_RADIUS = 1.5, 5
_PRIOR_SIGMA = 0.5  # bins, about the 5 CIELAB units by which Zhang et al. smooth the distribution of colours


def psnr(output: np.ndarray, truth: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in dB: 20 log10(255 / RMSE) over all pixels and channels, at most 100."""
    error = float(np.mean(np.square(np.asarray(output, np.float32) - np.asarray(truth, np.float32)), dtype=np.float64))
    return min(PSNR_CEILING, 10 * math.log10(255**2 / error)) if error > 0 else PSNR_CEILING


def ssim(output: np.ndarray, truth: np.ndarray) -> float:
    """Return the structural similarity of two RGB pictures, mean over channels and pixels; 1 where they are equal.

    Wang, Bovik, Sheikh and Simoncelli (2004): Gaussian window, sigma 1.5, 11 x 11, population covariance, data range
    255, K1 = 0.01, K2 = 0.03, the 5 pixels along the border left out. The same as scikit-image's
    ``structural_similarity(..., gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
    channel_axis=2)``. Pictures smaller than 11 pixels have no inner pixels: then their borders count.
    """
    x, y = np.asarray(output, np.float32), np.asarray(truth, np.float32)
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    variance_x, variance_y = _window_mean(x * x) - mean_x**2, _window_mean(y * y) - mean_y**2
    covariance = _window_mean(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    inner = similarity[_SSIM_RADIUS:-_SSIM_RADIUS, _SSIM_RADIUS:-_SSIM_RADIUS]
    return float(np.mean(inner if inner.size else similarity, dtype=np.float64))


def colourfulness(rgb: np.ndarray) -> float:
    """Return the colourfulness M3 of Hasler and Süsstrunk (2003), on signed opponents rg = R - G, yb = (R + G)/2 - B.

    0 for gray. Some code takes absolute values of the opponents first; those numbers are not comparable.
    """
    red, green, blue = (np.asarray(rgb[..., k], np.float32) for k in range(3))
    (rg_mean, rg_spread), (yb_mean, yb_spread) = (
        (float(np.mean(x, dtype=np.float64)), float(np.std(x, dtype=np.float64)))
        for x in (red - green, (red + green) / 2 - blue)
    )
    return math.hypot(rg_spread, yb_spread) + 0.3 * math.hypot(rg_mean, yb_mean)


def ab_rmse(output: np.ndarray, truth: np.ndarray) -> float:
    """Return the root mean square error of ab pictures (H, W, 2), over pixels and both channels, in CIELAB units."""
    difference = np.asarray(output, np.float64) - np.asarray(truth, np.float64)
    return math.sqrt(float(np.mean(np.square(difference))))


def ab_histogram(ab: np.ndarray) -> np.ndarray:
    """Return the 441-bin soft histogram of an ab picture (H, W, 2) in CIELAB units: (441,) float32, sums to 1."""
    planes = torch.from_numpy(np.ascontiguousarray(ab, np.float32)).permute(2, 0, 1)[None]
    histogram: np.ndarray = soft_histogram(planes / AB_SCALE)[0].numpy()
    return histogram


def histogram_similarity(output: np.ndarray, reference: np.ndarray) -> float:
    """Return HIS, the intersection of two histograms that each sum to 1, of any equal shape: 0 apart, 1 equal.

    Meant for the 441-bin soft histogram of ab of the output and of its reference (Lu et al. 2020).
    """
    return float(np.minimum(output, reference).sum(dtype=np.float64))


def area_under_accuracy(output: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return AuC of ab pictures (H, W, 2) in CIELAB units, in [0, 1] (Zhang, Isola and Efros 2016).

    The share of pixels whose ab lies within t of the truth's, averaged over t = 0, 1, ..., 150. ``weights`` (H, W),
    such as the inverse frequency of each pixel's colour, gives the class-balanced form.
    """
    return float(np.average(_thresholds_met(output, truth), weights=weights))


class BalancedAccuracy:
    """AuC over a set of pictures in which every colour of the truth counts alike, fed picture by picture.

    Zhang, Isola and Efros (2016): each pixel is weighted by the inverse of how frequent its true colour is. Here the
    frequency is the set's own, over the 441 bins of 11 CIELAB units, smoothed so that a handful of pixels of a colour
    that nothing else has does not decide the score. Gray, which most pixels nearly are, then scores low.
    """

    def __init__(self) -> None:
        self._met = np.zeros(HISTOGRAM_BINS**2)
        self._pixels = np.zeros(HISTOGRAM_BINS**2)

    def add(self, output: np.ndarray, truth: np.ndarray) -> None:
        """Take the next picture: ab of output and truth, (H, W, 2) in CIELAB units."""
        steps = (np.asarray(truth) / AB_SCALE + 1) * (HISTOGRAM_BINS - 1) / 2
        a, b = np.clip(np.rint(steps), 0, HISTOGRAM_BINS - 1).astype(np.intp).reshape(-1, 2).T
        bins = a * HISTOGRAM_BINS + b
        met = _thresholds_met(output, truth).ravel()
        self._met += np.bincount(bins, weights=met, minlength=HISTOGRAM_BINS**2)
        self._pixels += np.bincount(bins, minlength=HISTOGRAM_BINS**2)

    def value(self) -> float:
        """Return the measure over all pictures so far, in [0, 1]; 0 before the first."""
        grid = self._pixels.reshape(HISTOGRAM_BINS, HISTOGRAM_BINS)
        frequency = cv2.GaussianBlur(grid, (3, 3), _PRIOR_SIGMA, borderType=cv2.BORDER_CONSTANT).ravel()
        weights = np.divide(1.0, frequency, out=np.zeros_like(frequency), where=self._pixels > 0)
        total = float(weights @ self._pixels)
        return float(weights @ self._met) / total if total else 0.0


def rgb_histograms(rgb: np.ndarray) -> np.ndarray:
    """Return the distribution of each channel of a uint8 RGB picture: (3, 256) float64, rows sum to 1."""
    counts = [np.bincount(rgb[..., k].ravel(), minlength=256) for k in range(3)]
    return np.stack(counts) / (rgb.shape[0] * rgb.shape[1])


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the Jensen-Shannon divergence, natural logarithm, of distributions along the last axis."""
    middle = (p + q) / 2
    return (_kullback_leibler(p, middle) + _kullback_leibler(q, middle)) / 2


class DistributionConsistency:
    """Colour distribution consistency (CDC; Liu et al. 2021, TCVC), fed frame by frame.

    For each distance t of 1, 2 and 4 frames the mean Jensen-Shannon divergence of the R, G and B histograms of frames i
    and i + t; then the mean over distances and channels. Smaller is steadier, and gray is steadiest: read it beside the
    truth's own. Pairs across a cut are left out.
    """

    def __init__(self) -> None:
        self._recent: deque[np.ndarray] = deque(maxlen=max(CDC_STEPS))
        self._sums = dict.fromkeys(CDC_STEPS, 0.0)
        self._pairs = dict.fromkeys(CDC_STEPS, 0)

    def add(self, rgb: np.ndarray) -> None:
        """Take the next frame, (H, W, 3) uint8."""
        histograms = rgb_histograms(rgb)
        for step in CDC_STEPS:
            if step <= len(self._recent):
                self._sums[step] += float(jensen_shannon(self._recent[-step], histograms).mean())
                self._pairs[step] += 1
        self._recent.append(histograms)

    def cut(self) -> None:
        """Forget the frames before a cut."""
        self._recent.clear()

    def value(self) -> float:
        """Return the measure over all frames so far; 0 where no two frames could be compared."""
        means = [self._sums[step] / self._pairs[step] for step in CDC_STEPS if self._pairs[step]]
        return sum(means) / len(means) if means else 0.0


def _thresholds_met(output: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of the thresholds 0, 1, ..., 150 within which each pixel's ab (H, W, 2) lies: (H, W) in [0, 1]."""
    distance = np.linalg.norm(np.asarray(output, np.float64) - np.asarray(truth, np.float64), axis=-1)
    first_met = np.clip(np.ceil(distance), 0, AUC_LIMIT + 1)
    met: np.ndarray = (AUC_LIMIT + 1 - first_met) / (AUC_LIMIT + 1)
    return met


def _window_mean(x: np.ndarray) -> np.ndarray:
    size = (2 * _SSIM_RADIUS + 1, 2 * _SSIM_RADIUS + 1)
    return cv2.GaussianBlur(x, size, _SSIM_SIGMA, borderType=cv2.BORDER_REFLECT)


def _kullback_leibler(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    ratio = np.divide(p, q, out=np.ones_like(p), where=(p > 0) & (q > 0))
    return np.sum(p * np.log(ratio), axis=-1)
