"""Recolor: both parts, what the second leaves of the first alone, any size, and that each learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vidcolor.config import resolve
from vidcolor.errors import TrainingError
from vidcolor.model.automatic.gray_features import GrayFeatures
from vidcolor.model.automatic.recolor import Recolor, RecolorConfig
from vidcolor.model.automatic.residual_network import ResidualNetwork
from vidcolor.model.checkpoint import load_network
from vidcolor.model.recipes.regression import RegressionLoss
from vidcolor.model.training.config import TrainConfig
from vidcolor.model.training.loop import train

CONFIGS = Path(__file__).parent.parent / "configs"
GENERATOR = RecolorConfig(refinement=False, width=0.125)
REFINED = RecolorConfig(refinement=True, width=0.125, blocks=2)


def weights(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_residual_network_is_the_published_one() -> None:
    """11 689 512 weights, less the classifier's and those of two of three input channels."""
    with torch.device("meta"):
        assert weights(ResidualNetwork(stages=4)) == 11_689_512 - 513_000 - 2 * 64 * 49
        assert weights(ResidualNetwork(stages=2)) == 64 * 49 + 128 + 147_968 + 525_568


def test_the_parts_have_their_weights() -> None:
    """At full width; a sixteenth of the weights, about, at a quarter."""
    with torch.device("meta"):
        generator, refined = Recolor(RecolorConfig(refinement=False)), Recolor(RecolorConfig())
        quarter = Recolor(RecolorConfig(width=0.25))
    assert weights(generator) == 811_570
    assert weights(refined) == 3_844_404
    assert weights(refined) / 17 < weights(quarter) < weights(refined) / 15


@pytest.mark.parametrize("encoder", ["resnet18", "mobilenetv2"])
@pytest.mark.parametrize("stride", [4, 8, 16, 32])
def test_features_lie_on_their_grid(encoder: str, stride: int) -> None:
    """Of either network."""
    features = GrayFeatures(encoder, stride, 0.125).eval()  # type: ignore[arg-type]
    assert features(torch.zeros(1, 1, 64, 96)).shape == (1, features.channels, 64 // stride, 96 // stride)


@pytest.mark.parametrize("encoder", ["resnet18", "mobilenetv2"])
@pytest.mark.parametrize("size", [(32, 32), (224, 224), (64, 160)])
def test_any_size_is_coloured(encoder: str, size: tuple[int, int]) -> None:
    """The generator answers at a quarter of the size, 56 of 224; the refinement at the whole."""
    lightness = torch.rand(1, 1, *size) * 100
    for refinement, scale in ((False, 4), (True, 1)):
        network = Recolor(RecolorConfig(refinement, encoder, blocks=1, width=0.125)).eval()  # type: ignore[arg-type]
        with torch.no_grad():
            assert network.regress(lightness).shape == (1, 2, size[0] // scale, size[1] // scale)
            assert network(lightness).shape == (1, 2, *size)


def test_an_answer_stays_within_the_scale() -> None:
    """And what has learned nothing is gray."""
    network = Recolor(REFINED).eval()
    lightness = torch.rand(1, 1, 64, 64) * 100
    assert network.refinement is not None
    with torch.no_grad():
        assert float(network(lightness).abs().max()) == 0
        torch.nn.init.constant_(network.refinement.head.weight, 1e3)
        assert 0 < float(network(lightness).abs().max()) <= 110


def test_the_generator_stays_as_it_is_while_it_is_refined() -> None:
    """Neither weights nor running statistics move, in training mode too."""
    torch.manual_seed(0)
    network = Recolor(REFINED)
    torch.nn.init.normal_(network.generator.head.weight, 0, 1)
    torch.nn.init.normal_(network.refinement.head.weight, 0, 1e-3)  # type: ignore[union-attr]
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    moving = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(moving, lr=1e-2)
    loss = RegressionLoss(network)
    for _ in range(2):
        loss(torch.rand(2, 1, 64, 64) * 100, torch.randn(2, 2, 64, 64) * 20, 0)["total"].backward()
        optimizer.step()
        optimizer.zero_grad()
    moved = {name.split(".")[0] for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"refinement"}
    assert not network.generator.training
    assert Recolor(GENERATOR).train().generator.training


def test_the_loss_of_the_generator_is_taken_at_its_own_size() -> None:
    """A truth that alternates faster than the answer can averages to gray, which it met."""
    stripes = torch.tensor([40.0, -40.0]).repeat(32).expand(1, 2, 64, 64)
    lightness = torch.full((1, 1, 64, 64), 50.0)
    small, whole = (
        RegressionLoss(Recolor(config).eval().requires_grad_(False))(lightness, stripes, 0)
        for config in (GENERATOR, REFINED)
    )
    assert float(small["total"]) == pytest.approx(0, abs=1e-9)
    assert float(whole["total"]) == pytest.approx((40 / 110) ** 2, rel=1e-5)


def test_imagenet_weights_start_what_is_to_be_trained() -> None:
    """The refinement's eyes, not those of the generator, which has been trained."""
    network = Recolor(RecolorConfig(True, "mobilenetv2", 1, 0.125))
    source = GrayFeatures("mobilenetv2", 4).network.state_dict()
    tensors = {
        "block00.conv.weight": torch.rand(32, 3, 3, 3),
        "block00.conv.bias": torch.rand(32),
        **{
            f"block{int(name.split('.')[1]) + 1:02d}.{name.split('.')[2]}.{name.split('.')[3]}": torch.rand(value.shape)
            for name, value in source.items()
            if name.startswith("blocks.")
        },
    }
    before = network.generator.features.network.stem.weight.clone()  # type: ignore[union-attr, operator]
    network.load_backbone(tensors)
    stem = tensors["block00.conv.weight"].sum(1, keepdim=True)
    assert torch.equal(network.refinement.features.network.stem.weight, stem)  # type: ignore[union-attr]
    assert torch.equal(network.generator.features.network.stem.weight, before)  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize("wrong", [{"width": 0}, {"width": 9}, {"blocks": 0}])
def test_a_config_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    """Before any network is built."""
    with pytest.raises(ValueError, match="width"):
        RecolorConfig(**wrong)  # type: ignore[arg-type]


def settings(pictures: Path, name: str, *more: str) -> TrainConfig:
    """A shipped config, made small."""
    return resolve(TrainConfig, CONFIGS / f"{name}.yaml", [
        f"data.images=[{pictures / 'train'}]", f"data.heldout=[{pictures / 'heldout'}]", "data.short_side=80",
        "data.sides=[64]", "data.heldout_side=64", "data.batch=1", "data.heldout_pairs=4", "data.threads=1",
        f"training.out={pictures / name}", "training.steps=40", "training.learning_rate=5e-3", "training.warmup=2",
        "training.save_every=20", "training.precision=float32", "training.device=cpu", "training.ema=0.9",
        "recolor.width=0.125", "recolor.blocks=2", *more,
    ])  # fmt: skip


def test_both_parts_are_trained_one_after_the_other(pictures: Path) -> None:
    """Each lowers its loss, and the generator comes out of the second part as it went in."""
    finished = []
    for name, more in (("recolor-generator", ()), ("recolor", (f"training.start={pictures}/recolor-generator/best.safetensors",))):  # fmt: skip # noqa: E501
        losses: list[float] = []
        summary = train(settings(pictures, name, *more), lambda step, total, parts, to=losses: to.append(parts["mse"]))
        assert summary is not None
        assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
        finished.append(load_network(Path(summary.weights)))
    assert isinstance(finished[1], Recolor)
    before, after = (network.generator.state_dict() for network in finished)  # type: ignore[union-attr]
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize(
    ("change", "said"),
    [("training.start=", "give the weights of a trained generator"), ("recolor.width=0.25", "no generator of these")],
)
def test_a_refinement_needs_its_generator(pictures: Path, change: str, said: str) -> None:
    """None at all, or one of another width."""
    train(settings(pictures, "recolor-generator", "training.steps=1", "training.save_every=1"))
    start = f"training.start={pictures}/recolor-generator/best.safetensors"
    with pytest.raises(TrainingError, match=said):
        train(settings(pictures, "recolor", start, change))
