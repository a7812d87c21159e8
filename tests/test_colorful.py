"""Colorful Image Colorization: its classes, their weights, its layers and variations, and its training."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from vidcolor.cli import main
from vidcolor.color import luma_to_lightness, rgb_to_lab
from vidcolor.config import resolve
from vidcolor.errors import CheckpointError, TrainingError
from vidcolor.model.automatic.colorful.bins import CENTRES, annealed_mean, centres, encode
from vidcolor.model.automatic.colorful.config import ColorfulConfig, ColorfulTraining
from vidcolor.model.automatic.colorful.network import Colorful
from vidcolor.model.automatic.colorful.rebalancing import class_weights, load_prior, save_prior, smoothed
from vidcolor.model.checkpoint import find_weights, load_network, save_network
from vidcolor.model.colorist_of import colorist_of
from vidcolor.model.pairs import KINDS
from vidcolor.model.recipes.choose import choose_recipe
from vidcolor.model.recipes.colorful import ColorfulLoss, ColorfulRecipe
from vidcolor.model.recipes.recipe import NO_CLASS, Pairs
from vidcolor.model.training.config import TrainConfig
from vidcolor.model.training.loop import train
from vidcolor.model.training.state import BEST, save_best

CONFIGS = Path(__file__).parent.parent / "configs"
SMALL = ColorfulConfig(width=0.0625)
PUBLISHED = 32_235_385


# ------------------------------------------------------------------------------------------------- the classes


def test_there_are_313_classes_on_a_grid_of_ten():
    assert len(set(CENTRES)) == 313
    assert CENTRES[0] == (-90, 50)
    assert CENTRES[-1] == (100, 0)
    assert list(CENTRES) == sorted(CENTRES)
    assert all(a % 10 == b % 10 == 0 for a, b in CENTRES)
    per_a = [sum(a == each for a, _ in CENTRES) for each in range(-90, 101, 10)]
    assert per_a == [5, 8, 10, 12, 14, 15, 16, 16, 17, 18, 18, 18, 19, 20, 19, 20, 20, 19, 19, 10]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-86, 98), st.floats(-107, 94)), min_size=4, max_size=4))
def test_a_colour_is_told_by_its_five_nearest_classes(colours):
    ab = torch.tensor(colours).T.reshape(1, 2, 2, 2)
    numbers, shares = encode(ab, centres())
    assert numbers.shape == shares.shape == (1, 5, 2, 2)
    assert torch.allclose(shares.sum(1), torch.ones(1, 2, 2))
    assert (shares.diff(dim=1) <= 1e-6).all()
    distance = np.linalg.norm(np.array(CENTRES)[None] - np.array(colours)[:, None], axis=2)
    for place, row in enumerate(distance):
        found = numbers[0, :, place // 2, place % 2].tolist()
        assert np.allclose(row[found], np.sort(row)[:5], atol=1e-2)
        weights = np.exp(-(row[found] ** 2) / 50 + row.min() ** 2 / 50)
        assert np.allclose(shares[0, :, place // 2, place % 2], weights / weights.sum(), atol=1e-3)


def test_the_annealed_mean_lies_between_mean_and_mode():
    bins = centres()
    logits = torch.randn((1, 313, 3, 3), generator=torch.Generator().manual_seed(0)) * 3
    mean = torch.einsum("nkhw,kc->nchw", logits.softmax(1), bins)
    mode = bins[logits.argmax(1)].permute(0, 3, 1, 2)
    assert torch.allclose(annealed_mean(logits, bins, 1.0), mean, atol=1e-3)
    assert torch.allclose(annealed_mean(logits, bins, 1e-3), mode, atol=0.5)
    sharp = annealed_mean(logits, bins, 0.38)
    assert ((sharp - mode).norm(dim=1) < (mean - mode).norm(dim=1)).float().mean() > 0.9


# ------------------------------------------------------------------------------------------------- rebalancing


def test_frequencies_are_smoothed_in_the_plane_of_colours_not_along_the_list():
    last_of_row = CENTRES.index((-90, 90))
    alone = torch.zeros(313)
    alone[last_of_row] = 1
    spread = smoothed(alone)
    assert spread.sum() == pytest.approx(1)
    assert spread[last_of_row + 1] < 1e-6  # the next of the list, far off in colour
    assert spread[CENTRES.index((-80, 90))] == pytest.approx(float(spread[CENTRES.index((-90, 80))]))
    assert spread[CENTRES.index((-80, 90))] / spread[last_of_row] == pytest.approx(np.exp(-2), rel=1e-4)


def test_rare_colours_count_more_and_a_pixel_counts_one_on_average():
    prior = load_prior()
    assert prior.sum() == pytest.approx(1)
    weights = class_weights(prior, 0.5)
    assert (smoothed(prior) * weights).sum() == pytest.approx(1)
    assert weights[CENTRES.index((0, 0))] == weights.min()
    assert weights[CENTRES.index((90, -100))] > 50 * weights.min()
    assert torch.allclose(class_weights(prior, 1.0), torch.ones(313))


def test_most_of_photographs_is_nearly_gray():
    prior = load_prior()
    near = torch.tensor([abs(a) <= 10 and abs(b) <= 10 for a, b in CENTRES])
    assert 0.4 < prior[near].sum() < 0.9
    a, b = (prior @ centres()).tolist()
    assert 0 < a < 10 < b + 5 < 20  # a warm gray


def test_a_prior_is_written_and_read_and_a_broken_one_gets_a_sentence(tmp_path):
    counts = torch.arange(313) + 1.0
    save_prior(counts, tmp_path / "prior.txt", "a drawing")
    assert torch.allclose(load_prior(tmp_path / "prior.txt"), counts / counts.sum())
    (tmp_path / "short.txt").write_text("0 0 1\n")
    (tmp_path / "words.txt").write_text("what is this\n")
    for name in ("short.txt", "words.txt", "missing.txt"):
        with pytest.raises(TrainingError, match=r"^colorful\.prior: .*" + name):
            load_prior(tmp_path / name)


# ------------------------------------------------------------------------------------------------- the network


def test_the_published_network_has_the_published_number_of_weights():
    plan = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), *[(256, 256)] * 2, (256, 512), *[(512, 512)] * 11]
    of_groups = sum(9 * inputs * outputs + outputs for inputs, outputs in plan)
    norms = 2 * (64 + 128 + 256 + 4 * 512)
    upper = 16 * 512 * 256 + 256 + 2 * (9 * 256 * 256 + 256)
    assert of_groups + norms + upper + 256 * 313 + 313 == PUBLISHED
    with torch.device("meta"):
        network = Colorful(ColorfulConfig())
    assert sum(weight.numel() for weight in network.parameters()) == PUBLISHED


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        replace(SMALL, dilated=0),
        replace(SMALL, stride=8),
        replace(SMALL, answer="values"),
        replace(SMALL, dropout=0.5),
        ColorfulConfig(layers="pretrained"),
        ColorfulConfig(layers="pretrained", stride=8),
    ],
    ids=str,
)
def test_every_variation_colours_pictures_alone_as_in_batches_and_comes_back_from_its_file(config, tmp_path):
    torch.manual_seed(1)
    network = Colorful(config).eval()
    torch.nn.init.normal_(network.head.weight, std=0.3)
    lightness = torch.rand(2, 1, 64, 96) * 100
    with torch.inference_mode():
        ab = network(lightness)
        assert network.answer(lightness).shape[-2:] == (64 // config.stride, 96 // config.stride)
        assert ab.shape == (2, 2, 64, 96)
        assert ab.dtype == torch.float32
        assert ab.std() > 0.1
        assert torch.allclose(network(lightness[1:])[0], ab[1], atol=1e-2)
        save_network(network, tmp_path / "mine.safetensors", {"settings": json.dumps(network.settings())}, half=False)
        again = load_network(tmp_path / "mine.safetensors")
        assert isinstance(again, Colorful)
        assert again.config == config
        assert torch.equal(again(lightness), ab)


def test_settings_that_fit_nothing_are_refused(tmp_path):
    for values in ({"width": 0}, {"dilated": 3}, {"temperature": 0}, {"dropout": 1}):
        with pytest.raises(ValueError, match=r"lies above|is above"):
            ColorfulConfig(**values)
    with pytest.raises(ValueError, match="published layers alone"):
        ColorfulConfig(layers="pretrained", width=0.5)
    with pytest.raises(ValueError, match="uniform_share"):
        ColorfulTraining(uniform_share=0)
    save_network(Colorful(SMALL), tmp_path / "wrong.safetensors", {"settings": json.dumps({"width": -1})})
    with pytest.raises(CheckpointError, match="does not fit the network colorful"):
        load_network(tmp_path / "wrong.safetensors")


# ------------------------------------------------------------------------------------------------- the loss


def told(ab, count=1):
    """A picture of one colour, (count, 2, 32, 32)."""
    return torch.tensor(ab, dtype=torch.float32).view(1, 2, 1, 1).expand(count, 2, 32, 32)


def test_the_loss_is_the_weighted_cross_entropy_of_the_soft_encoding():
    torch.manual_seed(2)
    network = Colorful(SMALL).eval()
    loss = ColorfulLoss(network, ColorfulTraining())
    lightness = torch.rand(1, 1, 32, 32) * 100
    numbers, shares = encode(told((60, 40))[..., :1, :1], centres())
    logits = network.answer(lightness).log_softmax(1)
    expected = -sum(shares[0, k, 0, 0] * logits[:, numbers[0, k, 0, 0]].mean() for k in range(5))
    expected = expected * class_weights(load_prior(), 0.5)[CENTRES.index((60, 40))]
    assert loss(lightness, told((60, 40)), 0)["total"].item() == pytest.approx(expected.item(), rel=1e-4)
    plain = ColorfulLoss(network, ColorfulTraining(uniform_share=1))
    assert plain(lightness, told((60, 40)), 0)["total"] < loss(lightness, told((60, 40)), 0)["total"]


@pytest.mark.parametrize("answer", ["classes", "values"])
def test_gray_pictures_teach_nothing(answer):
    loss = ColorfulLoss(Colorful(replace(SMALL, answer=answer)).eval(), ColorfulTraining())
    lightness = torch.rand(1, 1, 32, 32) * 100
    assert loss(lightness, told((4, -4)), 0)["total"] == 0
    assert loss(lightness, told((6, 0)), 0)["total"] > 0


def test_a_network_learns_that_dark_is_red_and_light_is_blue():
    torch.manual_seed(3)
    network = Colorful(SMALL)
    loss = ColorfulLoss(network, ColorfulTraining())
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    lightness = torch.cat((torch.full((2, 1, 32, 32), 20.0), torch.full((2, 1, 32, 32), 80.0)))
    lightness = lightness + torch.randn(lightness.shape)
    true_ab = torch.cat((told((60, 40), 2), told((10, -50), 2)))
    for step in range(80):
        loss(lightness, true_ab, step)["total"].backward()
        optimizer.step()
        optimizer.zero_grad()
    ab = network.train()(lightness).mean((2, 3))
    assert torch.allclose(ab, true_ab.mean((2, 3)), atol=12)


# ------------------------------------------------------------------------------------------------- training


@pytest.fixture
def folders(tmp_path):
    """Red discs on gray grounds, to train on and held out."""
    for name, seeds in (("train", range(8)), ("heldout", range(50, 54))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            rng = np.random.default_rng(seed)
            picture = np.full((72, 96, 3), rng.integers(60, 200), np.uint8)
            x, y, size = (int(value) for value in rng.integers((20, 20, 10), (70, 50, 25)))
            cv2.circle(picture, (x, y), size, (30, 40, 200), -1)
            cv2.imwrite(str(tmp_path / name / f"{seed}.png"), picture)
    return tmp_path


def config_of(folders, out, *overrides):
    given = [
        f"data.images=[{folders / 'train'}]", f"data.heldout=[{folders / 'heldout'}]", f"training.out={folders / out}",
        "data.batch=2", "data.sides=[64]", "data.heldout_pairs=4", "data.heldout_side=64", "training.device=cpu",
        "training.steps=6", "training.save_every=3", "training.precision=float32", "colorful.network.width=0.0625",
    ]  # fmt: skip
    return resolve(TrainConfig, CONFIGS / "automatic" / "colorful.yaml", [*given, *overrides])


def test_the_command_trains_it_without_references(folders, capsys):
    out = folders / "run"
    given = [
        f"data.images=[{folders / 'train'}]", f"data.heldout=[{folders / 'heldout'}]", f"training.out={out}",
        "data.batch=16", "data.sides=[64]", "training.steps=40", "training.warmup=4", "training.log_every=10",
        "data.heldout_side=64", "colorful.network.width=0.0625",
    ]  # fmt: skip
    words = [word for each in given for word in ("--set", each)]
    assert main(["train", str(CONFIGS / "automatic" / "colorful.yaml"), "--device", "cpu", "--json", *words]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["finished"]
    assert set(summary["heldout"]) == {"nothing_rmse", "nothing_chroma", "nothing_gate", "score"}
    losses = [json.loads(line)["loss"]["classes"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0]
    network = load_network(Path(summary["weights"]))
    assert isinstance(network, Colorful)
    assert network.config.width == 0.0625
    sheet = cv2.imread(str(sorted((out / "sheets").iterdir())[-1]))
    assert sheet.shape[1] == 3 * 64  # gray, answer, truth: there is no reference to show
    with pytest.raises(CheckpointError, match="without references"):
        colorist_of(network)


def test_a_stopped_run_goes_on_with_the_statistics_of_its_batch_norms(folders):
    whole = train(config_of(folders, "whole"))

    def stop(step, steps, parts):
        if step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config_of(folders, "parts"), stop)
    parts = train(config_of(folders, "parts"))
    first, second = (load_network(Path(summary.weights)).state_dict() for summary in (whole, parts))
    assert any("running_var" in name for name in first)
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def test_the_average_has_the_running_statistics_of_what_it_averages(folders):
    train(config_of(folders, "run", "training.ema=0"))
    saved = torch.load(folders / "run" / "last.pt", weights_only=True)
    for name, value in saved["network"].items():
        assert torch.allclose(value, saved["average"][name]), name


def test_the_last_weights_are_kept_where_asked(tmp_path):
    """The best otherwise, whatever came later."""
    network = Colorful(SMALL)
    state = SimpleNamespace(best=math.inf, step=1, average=network, recipe=SimpleNamespace(metadata=dict))
    biases = []
    for bias, score, keep in ((1, 10.0, "best"), (2, 20.0, "best"), (3, 30.0, "last")):
        torch.nn.init.constant_(network.head.bias, bias)
        save_best(state, score, tmp_path, keep)
        biases.append(load_file(tmp_path / BEST)["head.bias"][0].item())
    assert biases == [1, 1, 3]
    assert state.best == 10


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "adadelta"])
def test_every_optimizer_trains_it(folders, optimizer):
    train(config_of(folders, optimizer, f"training.optimizer={optimizer}", "training.weight_decay=0.1"))
    saved = torch.load(folders / optimizer / "last.pt", weights_only=True)["optimizer"]
    expected = {"square_avg", "acc_delta"} if optimizer == "adadelta" else {"exp_avg", "exp_avg_sq"}
    assert expected <= set(saved["state"][0])
    assert saved["param_groups"][0]["weight_decay"] == 0.1
    assert saved["param_groups"][0].get("decoupled_weight_decay", False) == (optimizer == "adamw")


def test_the_encoder_starts_from_the_film_network_or_from_nothing_else(tmp_path):
    film = find_weights("gray2color-film")
    settings = ["network.name=colorful", "colorful.network.layers=pretrained"]
    recipe = choose_recipe(resolve(TrainConfig, None, [*settings, f"training.backbone={film}"]))
    encoder = load_network(film).encoder.state_dict()
    for name, value in recipe.network.layers.encoder.state_dict().items():
        assert torch.equal(value, encoder[name]), name
    slow = recipe.groups()[1]
    assert slow["share"] < 1
    assert len(slow["params"]) == len(list(recipe.network.layers.encoder.parameters()))
    save_network(Colorful(SMALL), tmp_path / "other.safetensors", {})
    with pytest.raises(TrainingError, match=r"^training\.backbone: .*other\.safetensors holds neither"):
        choose_recipe(resolve(TrainConfig, None, [*settings, f"training.backbone={tmp_path / 'other.safetensors'}"]))


def test_the_objective_sees_true_lightness():
    """Black is 0, white is 100, a gray is the L* of its luma."""
    recipe = ColorfulRecipe(resolve(TrainConfig, None, ["network.name=colorful", "colorful.network.width=0.0625"]))
    seen = []
    recipe.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    rgb = torch.tensor([0.0, 0.5, 1.0]).view(3, 1, 1, 1).expand(3, 3, 32, 32)
    nothing = torch.zeros(3, 1, 16, 16)
    kinds = torch.full((3,), KINDS.index("nothing"))
    pairs = Pairs(rgb, rgb, kinds, torch.full((3,), NO_CLASS), nothing, nothing, torch.zeros(3, dtype=torch.bool))
    assert recipe.answer(recipe.network.eval(), pairs).ab.shape == (3, 2, 32, 32)
    assert torch.allclose(seen[0][:, 0, 0, 0], torch.tensor([0.0, 53.39, 100.0]), atol=0.01)


@pytest.mark.parametrize("path", sorted((CONFIGS / "automatic").glob("colorful*.yaml")), ids=lambda path: path.stem)
def test_every_small_config_is_a_variation_of_the_first_in_one_thing(path):
    base = resolve(TrainConfig, CONFIGS / "automatic" / "colorful.yaml")
    config = resolve(TrainConfig, path)
    choose_recipe(config)
    assert config.data == base.data
    changed = [
        config.colorful.network != base.colorful.network,
        config.colorful.uniform_share != base.colorful.uniform_share,
        config.training.optimizer != base.training.optimizer,
        config.training.weight_decay != base.training.weight_decay,
    ]
    assert sum(changed) == (path.stem != "colorful")


# ------------------------------------------------------------------------------------------------- what ships


def test_the_weights_that_ship_are_small_and_colour_photographs_better_than_gray_and_than_one_colour_does():
    path = find_weights("colorful")
    assert path.stat().st_size <= 8_000_000
    network = load_network(path)
    errors = []
    for still in sorted((CONFIGS.parent / "samples" / "refs").iterdir()):
        rgb = cv2.resize(cv2.imread(str(still))[..., ::-1], (192, 160), interpolation=cv2.INTER_AREA)
        lab = rgb_to_lab(torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None] / 255)
        luma = torch.from_numpy(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)) / 255
        with torch.inference_mode():
            ab = network(luma_to_lightness(luma)[None, None])
        mean = (load_prior() @ centres()).view(1, 2, 1, 1).expand_as(ab)
        errors.append([(answer - lab[:, 1:]).square().mean().item() for answer in (ab, mean, torch.zeros_like(ab))])
    ours, of_mean, of_gray = np.sqrt(np.mean(errors, axis=0))
    assert ours < 0.9 * of_mean < 0.9 * of_gray


def test_rebalancing_is_taken_back_from_the_biases(monkeypatch):
    monkeypatch.syspath_prepend(str(CONFIGS.parent / "scripts"))
    from finish_colorful import calm

    torch.manual_seed(5)
    network = Colorful(SMALL).eval()
    lightness = torch.rand(1, 1, 32, 32) * 100
    with torch.inference_mode():
        before = network.answer(lightness).softmax(1)
        calm(network, 1.0, 0.5)
        after = network.answer(lightness).softmax(1)
    weights = class_weights(load_prior(), 0.5).view(1, -1, 1, 1)
    natural = before / weights
    assert torch.allclose(after, natural / natural.sum(1, keepdim=True), atol=1e-5)
