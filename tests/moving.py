"""Moving pictures drawn for the tests of motion and chroma: textures whose true motion and colour are known."""

from __future__ import annotations

import cv2
import numpy as np


def texture(height: int, width: int, seed: int = 0, grain: float = 3.0) -> np.ndarray:
    """Smooth random gray, uint8, with detail of about ``grain`` pixels."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), grain)
    return np.clip(128 + 45 * soft / soft.std(), 0, 255).astype(np.uint8)


def pan(frames: int, height: int = 96, width: int = 128, step: float = 2.0, seed: int = 0) -> list[np.ndarray]:
    """A camera that moves to the right by ``step`` pixels a frame over one texture."""
    world = texture(height, width + int(step * frames) + 2, seed)
    return [_window(world, step * t, height, width) for t in range(frames)]


def pan_ab(frames: int, height: int = 48, width: int = 64, step: float = 1.0, seed: int = 1) -> list[np.ndarray]:
    """Chroma (2, h, w) of the same camera over a coloured world, at half the size."""
    worlds = [
        texture(height, width + int(step * frames) + 2, seed + c, 4.0).astype(np.float32) / 4 - 32 for c in (0, 1)
    ]
    return [np.stack([_window(world, step * t, height, width) for world in worlds]) for t in range(frames)]


def strangers(frames: int, height: int = 96, width: int = 128) -> list[np.ndarray]:
    """Pictures that have nothing to do with each other."""
    return [texture(height, width, 100 + t) for t in range(frames)]


def _window(world: np.ndarray, x: float, height: int, width: int) -> np.ndarray:
    move = np.array([[1, 0, x], [0, 1, 0]], np.float32)
    return cv2.warpAffine(world, move, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
