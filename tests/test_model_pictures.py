"""The script that colours pictures for the Turing test: folders that fit it, the right names, nothing else changed."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.turing_pictures import draw_folder, names
from vidcolor.color import rgb_to_lab
from vidcolor.model.automatic.colornet import ColorNet
from vidcolor.model.checkpoint import save_network
from vidcolor.turing.material import find_material

SCRIPT = Path(__file__).parent.parent / "scripts" / "model_pictures.py"


def test_folders_for_the_turing_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photographs and coloured twins of the same lightness and sizes, by model; a strip with a row for each picture."""
    torch.manual_seed(0)
    save_network(ColorNet.build(width=0.0625), tmp_path / "net.safetensors", {"settings": '{"width": 0.0625}'})
    pictures, out, strip = draw_folder(tmp_path / "in", names(3), size=(96, 64)), tmp_path / "out", tmp_path / "s.png"
    words = [pictures, out, f"mine={tmp_path / 'net.safetensors'}", "--lines", "64", "--limit", "2", "--strip", strip]
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, words)])
    threads = torch.get_num_threads()
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    finally:
        torch.set_num_threads(threads)
    material = find_material(out / "real", [out / "mine"])
    assert (material.pictures, material.notices) == (("0000", "0001"), ())
    for name in material.pictures:
        real, fake = (Image.open(path) for path in (material.real[name], material.fakes["mine"][name]))
        assert np.corrcoef(lightness(real).ravel(), lightness(fake).ravel())[0, 1] > 0.98
        assert np.abs(np.asarray(real, int) - np.asarray(fake, int)).max() > 8
        assert real.size == (96, 64)
    assert Image.open(strip).height == 24 + 2 * 150


def lightness(picture: Image.Image) -> np.ndarray:
    return rgb_to_lab(torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255)[0].numpy()
