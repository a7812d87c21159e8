"""The arithmetic of LPIPS, with random weights: vidcolor.model.lpips."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from vidcolor.errors import CheckpointError
from vidcolor.model.lpips import Lpips, load_lpips


def _alexnet(seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights under the names of the published ones; the layers' weighing is never negative."""
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    torch.manual_seed(seed)
    state = {}
    for number, (outputs, inputs, kernel) in shapes.items():
        state[f"features.{number}.weight"] = torch.randn(outputs, inputs, kernel, kernel) / kernel / inputs**0.5
        state[f"features.{number}.bias"] = torch.randn(outputs) / 10
    for index, (outputs, _, _) in enumerate(shapes.values()):
        state[f"lin{index}.model.1.weight"] = torch.rand(1, outputs, 1, 1)
    return state


@pytest.fixture(scope="module")
def lpips(tmp_path_factory) -> Lpips:
    file = tmp_path_factory.mktemp("lpips") / "alex.safetensors"
    save_file(_alexnet(), file)
    return load_lpips(file)


@given(st.integers(0, 10**6), st.integers(32, 70), st.integers(32, 70))
@settings(max_examples=10, deadline=None)
def test_lpips_is_nothing_for_equal_pictures_and_else_positive_and_symmetric(lpips, seed, height, width):
    one, other = np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    assert lpips.between(one, one) == 0
    assert lpips.between(one, other) > 0
    assert lpips.between(one, other) == pytest.approx(lpips.between(other, one), rel=1e-5)
    assert lpips.between(one, one // 2 + other // 2) < lpips.between(one, other)


def test_lpips_adds_the_weighed_differences_of_unit_features(lpips):
    """The first layer alone, written out: the other layers' weighing set to nothing."""
    state = _alexnet()
    first = Lpips()
    first.load_state_dict(lpips.state_dict())
    for weigh in first.weighings[1:]:
        torch.nn.init.zeros_(weigh.weight)
    one, other = torch.rand(2, 1, 3, 64, 48) * 2 - 1
    layers = []
    for picture in (one, other):
        shift, scale = (torch.tensor(x)[None, :, None, None] for x in ((-0.03, -0.088, -0.188), (0.458, 0.448, 0.45)))
        x = torch.conv2d((picture - shift) / scale, state["features.0.weight"], state["features.0.bias"], 4, 2).relu()
        layers.append(x / x.square().sum(1, keepdim=True).sqrt())
    expected = (state["lin0.model.1.weight"] * (layers[0] - layers[1]) ** 2).sum(1).mean()
    assert first(one, other).item() == pytest.approx(expected.item(), rel=1e-4)


def test_lpips_reads_both_namings_and_both_kinds_of_file(lpips, tmp_path):
    slices = {0: 1, 3: 2, 6: 3, 8: 4, 10: 5}
    whole = {
        f"net.slice{slices[int(name.split('.')[1])]}.{name.removeprefix('features.')}"
        if "features" in name
        else name: x
        for name, x in _alexnet().items()
    } | {"scaling_layer.shift": torch.zeros(1, 3, 1, 1), "features.12.weight": torch.zeros(1)}
    torch.save(whole, tmp_path / "whole.pth")
    for name, tensor in load_lpips(tmp_path / "whole.pth").state_dict().items():
        assert torch.equal(tensor, lpips.state_dict()[name])


def test_lpips_says_what_a_wrong_file_lacks(tmp_path):
    (tmp_path / "text.pth").write_text("no weights")
    half = {name: x for name, x in _alexnet().items() if name.startswith("features")}
    save_file(half, tmp_path / "half.safetensors")
    with pytest.raises(CheckpointError, match=r"text\.pth cannot be read"):
        load_lpips(tmp_path / "text.pth")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_lpips(tmp_path / "lost.safetensors")
    with pytest.raises(CheckpointError, match="lin0 to lin4"):
        load_lpips(tmp_path / "half.safetensors")


def test_lpips_refuses_pictures_that_vanish_on_the_way(lpips):
    with pytest.raises(ValueError, match="32 pixels"):
        lpips.between(np.zeros((31, 60, 3)), np.zeros((31, 60, 3)))
