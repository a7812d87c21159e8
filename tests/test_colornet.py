"""ColorNet: the network as first built and its answers, what each switch changes, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from vidcolor.color import AB_SCALE, luma_to_lightness
from vidcolor.config import resolve
from vidcolor.model.automatic.checkerboard import flat_ripple
from vidcolor.model.automatic.colornet import ColorNet, ColorNetConfig
from vidcolor.model.checkpoint import load_network
from vidcolor.model.training.config import TrainConfig, TrainingConfig
from vidcolor.model.training.loop import train

CONFIGS = Path(__file__).parent.parent / "configs"
ORIGINAL = ColorNetConfig(flow="gray", down="max-pooling", up="transposed", scaling="shifted")
ANSWERS = {"flow": "lightness", "down": "strided", "up": "resize", "scaling": "symmetric"}


def small(config: ColorNetConfig, width: float = 1 / 16) -> ColorNet:
    """A share of the channels, with a head that says something."""
    torch.manual_seed(0)
    network = ColorNet(replace(config, width=width))
    torch.nn.init.normal_(network.head.weight, 0, 0.1)
    return network.eval()


def weights(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_first_network_has_31_million_weights() -> None:
    """Reckoned from its plan: levels of 64 to 1024 channels, biases only in the doublings and the head."""
    levels = (1, 64, 128, 256, 512, 1024)
    doubles = sum(9 * (a * b + b * b) + 4 * b for a, b in pairwise(levels))
    ups = sum(4 * a * b + b + 9 * (2 * b * b + b * b) + 4 * b for b, a in pairwise(levels[1:]))
    with torch.device("meta"):
        found = weights(ColorNet(ORIGINAL))
    assert found == doubles + ups + 64 * 2 + 2 == 31_036_546


@pytest.mark.parametrize("config", [ORIGINAL, ColorNetConfig()], ids=["original", "answered"])
@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 32)])
def test_any_size_is_coloured(config: ColorNetConfig, size: tuple[int, int]) -> None:
    """Sides are multiples of 32."""
    ab = small(config)(torch.rand(2, 1, *size) * 100)
    assert ab.shape == (2, 2, *size)
    assert bool(torch.isfinite(ab).all())


@pytest.mark.parametrize("switch", sorted(ANSWERS))
def test_every_switch_answers_alone(switch: str) -> None:
    """Another network from the same seed than the first one's, in this and nothing else."""
    answered = replace(ORIGINAL, **{switch: ANSWERS[switch]})
    lightness = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1)) * 100
    with torch.no_grad():
        assert not torch.allclose(small(answered)(lightness), small(ORIGINAL)(lightness), atol=1e-2)


def test_the_gray_flow_sees_codes_and_the_other_lightness() -> None:
    """A middle gray of code 0.5 has L* 53.4."""
    code = torch.full((1, 1, 32, 32), 0.5)
    seen = {}
    for config in (ORIGINAL, ColorNetConfig()):
        network = small(config)
        network.first.register_forward_pre_hook(lambda _, given, flow=config.flow: seen.update({flow: given[0]}))
        network(luma_to_lightness(code))
    torch.testing.assert_close(seen["gray"], code, atol=1e-5, rtol=0)
    torch.testing.assert_close(seen["lightness"], torch.full_like(code, 0.5339), atol=1e-3, rtol=0)


def test_the_shifted_answer_is_off_gray_and_without_a_bound() -> None:
    """An output of 0 stands for ab = -128; the symmetric one for gray, and it never leaves 110."""
    for config, nothing in ((ORIGINAL, -128.0), (ColorNetConfig(), 0.0)):
        network = small(config)
        torch.nn.init.zeros_(network.head.weight)
        with torch.no_grad():
            assert float(network(torch.full((1, 1, 32, 32), 50.0)).mean()) == nothing
            torch.nn.init.constant_(network.head.weight, 1e3)
            most = float(network(torch.rand(1, 1, 32, 32) * 100).abs().max())
        assert most <= AB_SCALE if nothing == 0 else most > 255


def test_resizing_leaves_no_checkerboard_of_even_gray() -> None:
    """Transposed convolutions do, whatever their weights."""
    transposed, resized = (small(replace(ColorNetConfig(), up=up), 1 / 8) for up in ("transposed", "resize"))
    assert flat_ripple(resized) < 1e-3
    assert flat_ripple(transposed) > 0.1


def test_a_new_answered_network_colours_gray() -> None:
    """Nothing learned is no colour."""
    network = ColorNet(ColorNetConfig(width=1 / 16)).eval().requires_grad_(False)
    assert float(network(torch.rand(1, 1, 32, 32) * 100).abs().max()) == 0


@pytest.mark.parametrize("width", [0, -1, 5])
def test_a_width_out_of_range_is_refused(width: float) -> None:
    """Before any network is built."""
    with pytest.raises(ValueError, match="width"):
        ColorNetConfig(width=width)


@pytest.mark.parametrize("switch", sorted(ANSWERS))
def test_the_small_configs_answer_one_fault_each(switch: str) -> None:
    """On true L*, in nothing else; the last answers all."""
    name = "lightness" if switch == "flow" else ANSWERS[switch]
    small, first, best = (
        replace(resolve(TrainConfig, CONFIGS / "automatic" / f"{each}.yaml"), training=TrainingConfig())
        for each in (f"colornet-{name}", "colornet-original", "colornet")
    )
    answered = {"flow": "lightness", switch: ANSWERS[switch]}
    assert small == replace(first, colornet=replace(first.colornet, **answered))
    assert best == replace(first, colornet=replace(first.colornet, **ANSWERS))


@pytest.mark.parametrize("name", ["colornet-original", "colornet"])
def test_training_lowers_the_error(pictures: Path, name: str) -> None:
    """By its config, and the weights file builds the same network again."""
    config = resolve(TrainConfig, CONFIGS / f"{name}.yaml", [
        f"data.images=[{pictures / 'train'}]", f"data.heldout=[{pictures / 'heldout'}]", "data.short_side=80",
        "data.sides=[64]", "data.heldout_side=64", "data.batch=1", "data.heldout_pairs=4", "data.threads=1",
        f"training.out={pictures / 'run'}", "training.steps=40", "training.learning_rate=5e-3", "training.warmup=2",
        "training.save_every=40", "training.precision=float32", "training.device=cpu", "training.ema=0.9",
        "colornet.width=0.07",
    ])  # fmt: skip
    losses: list[float] = []
    summary = train(config, lambda step, total, parts: losses.append(parts["total"]))
    assert summary is not None
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    network = load_network(Path(summary.weights))
    assert isinstance(network, ColorNet)
    assert network.config == config.colornet
