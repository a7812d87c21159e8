"""Faults of every kind that make a picture unfit for training, made from good pictures, each drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

CORRUPT, MONOCHROME, COLORS, BLURRY = "corrupt", "near_monochrome", "unusual_colors", "blurry"
Rng = np.random.Generator


def _jpeg(rgb: np.ndarray, quality: int = 90) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)[1].tobytes())


def _light(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 1) in 0..1."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None] / 255)


def _levels(picture: np.ndarray) -> np.ndarray:
    return np.asarray((picture * 255).clip(0, 255).round(), np.uint8)


def cut_short(rgb: np.ndarray, rng: Rng) -> bytes:
    """A file that ends early."""
    encoded = _jpeg(rgb) if rng.random() < 0.5 else bytes(cv2.imencode(".png", rgb)[1].tobytes())
    return encoded[: int(len(encoded) * rng.uniform(0.05, 0.98))]


def text(rgb: np.ndarray, rng: Rng) -> bytes:
    """A page of text with the name of a picture."""
    return b"<!doctype html><title>404 Not Found</title>" + rng.integers(32, 127, 400, dtype=np.uint8).tobytes()


def overwritten(rgb: np.ndarray, rng: Rng) -> bytes:
    """A block of 512 bytes within the pixels replaced by others."""
    encoded = bytearray(_jpeg(rgb, 95))
    begin = int(rng.integers(len(encoded) // 3, max(len(encoded) // 3 + 1, len(encoded) - 600)))
    encoded[begin : begin + 512] = rng.integers(0, 256, 512, dtype=np.uint8).tobytes()
    return bytes(encoded)


def gray(rgb: np.ndarray, rng: Rng) -> bytes:
    """Gray in three channels."""
    return _jpeg(_levels(np.repeat(_light(rgb), 3, axis=-1)), int(rng.integers(60, 96)))


def sepia(rgb: np.ndarray, rng: Rng) -> bytes:
    """Toned as old photographs are, more or less."""
    tone = np.array([1.07, 0.84, 0.62]) * rng.uniform(0.94, 1.06, 3)
    return _jpeg(_levels(_light(rgb) * tone), int(rng.integers(60, 96)))


def tinted(rgb: np.ndarray, rng: Rng) -> bytes:
    """Between black and one colour of any hue."""
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(0.3, 0.8), 1.0]]], np.float32)
    return _jpeg(_levels(_light(rgb) * cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)), int(rng.integers(60, 96)))


def poster(rgb: np.ndarray, rng: Rng) -> bytes:
    """Words and boxes on a plain ground, of the picture's size."""
    drawn = np.empty_like(rgb)
    drawn[:] = rng.integers(0, 256, 3)
    for _ in range(int(rng.integers(1, 4))):
        color, ink = ([int(value) for value in rng.integers(0, 256, 3)] for _ in range(2))
        left, top = (int(value) for value in rng.random(2) * np.array(rgb.shape[1::-1]))
        right, bottom = left + int(rng.integers(20, 100)), top + int(rng.integers(20, 60))
        cv2.rectangle(drawn, (left, top), (right, bottom), color, -1)
        cv2.putText(drawn, "SALE 50%", (left // 2, bottom), cv2.FONT_HERSHEY_DUPLEX, 1.2, ink, 2, cv2.LINE_AA)
    return _jpeg(drawn)


def false_color(rgb: np.ndarray, rng: Rng) -> bytes:
    """The colours of a scale, as of heat or depth."""
    scale = [cv2.COLORMAP_JET, cv2.COLORMAP_HSV, cv2.COLORMAP_TURBO, cv2.COLORMAP_RAINBOW][int(rng.integers(4))]
    return _jpeg(cv2.applyColorMap(_levels(_light(rgb)), scale)[..., ::-1])


def gaussian_blur(rgb: np.ndarray, rng: Rng) -> bytes:
    """Out of focus, by sigma 2 to 4 pixels."""
    return _jpeg(cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(2, 4))))


def motion_blur(rgb: np.ndarray, rng: Rng) -> bytes:
    """Moved by 11 to 21 pixels in any direction."""
    length = int(rng.integers(5, 11)) * 2 + 1
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.uniform(0, 180)), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return _jpeg(cv2.filter2D(rgb, -1, kernel / kernel.sum()))


def small(rgb: np.ndarray, rng: Rng) -> bytes:
    """A shorter side of 24 to 120 pixels."""
    scale = rng.uniform(24, 120) / min(rgb.shape[:2])
    return _jpeg(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def strip(rgb: np.ndarray, rng: Rng) -> bytes:
    """Three to eight times as long as high, or the other way."""
    height, width = rgb.shape[:2]
    lines = int(width / rng.uniform(3, 8))
    cut = rgb[height // 2 - min(lines, height) // 2 :][:lines]
    cut = cv2.resize(cut, None, fx=160 / len(cut), fy=160 / len(cut), interpolation=cv2.INTER_CUBIC)
    return _jpeg(cut if rng.random() < 0.5 else np.ascontiguousarray(cut.transpose(1, 0, 2)))


def encoded_again(rgb: np.ndarray, rng: Rng) -> bytes:
    """The same pixels as JPEG of quality 30 to 90."""
    return _jpeg(rgb, int(rng.integers(30, 91)))


def resized(rgb: np.ndarray, rng: Rng) -> bytes:
    """Half to one and a half times the size, the shorter side at least 128."""
    scale = max(rng.uniform(0.5, 1.5), 128 / min(rgb.shape[:2]))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return _jpeg(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=way))


def cropped(rgb: np.ndarray, rng: Rng) -> bytes:
    """Up to 4 % cut off every side."""
    height, width = rgb.shape[:2]
    top, bottom = (int(height * share) for share in rng.uniform(0, 0.04, 2))
    left, right = (int(width * share) for share in rng.uniform(0, 0.04, 2))
    return _jpeg(rgb[top : height - bottom, left : width - right])


FAULTS: dict[str, tuple[str, Callable[[np.ndarray, Rng], bytes]]] = {
    "cut short": (CORRUPT, cut_short),
    "text as .jpg": (CORRUPT, text),
    "bytes overwritten": (CORRUPT, overwritten),
    "gray": (MONOCHROME, gray),
    "sepia": (MONOCHROME, sepia),
    "tinted": (MONOCHROME, tinted),
    "poster": (COLORS, poster),
    "false colour": (COLORS, false_color),
    "gaussian blur": (BLURRY, gaussian_blur),
    "motion blur": (BLURRY, motion_blur),
    "small": ("too_small", small),
    "strip": ("odd_aspect", strip),
}
"""Name to the reason that should be told, and what makes it of a picture that is not in the set."""

COPIES: dict[str, tuple[str, Callable[[np.ndarray, Rng], bytes]]] = {
    "encoded again": ("near_duplicate", encoded_again),
    "resized": ("near_duplicate", resized),
    "cropped": ("near_duplicate", cropped),
}
"""The same for copies of pictures that are in the set; exact copies are made of the files."""
