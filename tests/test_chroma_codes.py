from __future__ import annotations

import numpy as np
import pytest
import torch

from vidcolor.color import rgb_to_lab, rgb_to_ycbcr
from vidcolor.pipeline.chroma_codes import chroma_codes


@pytest.mark.parametrize("matrix", [1, 6, 9])
def test_colours_come_back_within_one_code(matrix: int) -> None:
    rgb = torch.from_numpy(np.random.default_rng(0).random((3, 120, 200)).astype(np.float32))
    luma, cbcr = rgb_to_ycbcr(rgb, matrix)
    mine = chroma_codes(luma.numpy(), rgb_to_lab(rgb)[1:].numpy(), matrix).transpose(2, 0, 1)
    difference = np.abs(mine - cbcr.numpy()) * 255
    assert difference.max() < 1
    assert difference.mean() < 0.01


def test_gray_is_gray() -> None:
    luma = np.linspace(-0.1, 1.1, 100, dtype=np.float32)[None]
    assert np.abs(chroma_codes(luma, np.zeros((2, 1, 100), np.float32), 1)).max() < 1e-4
