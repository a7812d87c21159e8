"""Training: the loss falls, an interrupted run goes on as if it had not been, bad data get a sentence."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vidcolor.config import resolve
from vidcolor.errors import TrainingError
from vidcolor.model.checkpoint import load_network, save_network
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.model.image_sets import ImageSet, load_clips, load_images
from vidcolor.model.losses import LossWeights
from vidcolor.model.pair_lists import PairList
from vidcolor.model.pairs import KINDS, NATURAL, PairSampler, ReferenceMix
from vidcolor.model.recipes.film import FilmRecipe
from vidcolor.model.recipes.published import PublishedRecipe
from vidcolor.model.recipes.recipe import NO_CLASS, Pairs
from vidcolor.model.training.batches import DrawnPairs, ResidentSource, open_source, walk_batches
from vidcolor.model.training.config import DataConfig, NetworkConfig, PublishedConfig, TrainConfig, TrainingConfig
from vidcolor.model.training.data import TrainingData, class_numbers
from vidcolor.model.training.journal import Journal
from vidcolor.model.training.loop import train
from vidcolor.model.training.state import load_what_fits

CONFIGS = Path(__file__).parent.parent / "configs"
CPU = torch.device("cpu")


def drawn_picture(seed):
    """Coloured discs on a coloured ground: round things are red, square things are blue."""
    rng = np.random.default_rng(seed)
    picture = np.full((96, 128, 3), rng.integers(60, 200), np.uint8)
    for _ in range(6):
        x, y, size = (int(value) for value in rng.integers((0, 0, 8), (128, 96, 25)))
        cv2.circle(picture, (x, y), size, (200, 40, 30), -1)
        x, y = (int(value) for value in rng.integers((0, 0), (128, 96)))
        cv2.rectangle(picture, (x, y), (x + size, y + size), (30, 60, 200), -1)
    return picture


@pytest.fixture
def folders(tmp_path):
    for name, seeds in (("train", range(12)), ("heldout", range(100, 106))):
        for seed in seeds:
            folder = tmp_path / name / ("even" if seed % 2 == 0 else "odd")
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{seed}.png"), drawn_picture(seed)[..., ::-1])
    return tmp_path


def small_config(folders, out, steps=6, **training):
    data = DataConfig(
        (str(folders / "train"),), (), (), (str(folders / "heldout"),), short_side=96, sides=(64,), batch=1,
        heldout_pairs=4, heldout_side=64,
    )  # fmt: skip
    training = {"save_every": 3, "log_every": 1, "warmup": 2, "learning_rate": 2e-3, **training}
    fixed = TrainingConfig(out=str(folders / out), steps=steps, precision="float32", device="cpu", **training)
    return TrainConfig(data=data, training=fixed)


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def command(folders, out, *settings):
    """The command line of a run on the drawn pictures."""
    given = (
        f"data.images=[{folders / 'train'}]", f"data.heldout=[{folders / 'heldout'}]", f"training.out={folders / out}",
        *settings,
    )  # fmt: skip
    return ["train", str(CONFIGS / "smoke.yaml"), "--json", *(word for each in given for word in ("--set", each))]


def run_alone(*words, **options):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words], check=True, capture_output=True, text=True, env=environment, **options
    )


def test_the_smoke_config_lowers_the_loss(folders):
    """Through the real command, on pictures it never saw as well."""
    summary = json.loads(run_alone("vidcolor", *command(folders, "run")).stdout)
    log = log_of(folders / "run")
    assert summary["finished"]
    assert log[-1]["loss"]["total"] < 0.9 * log[0]["loss"]["total"]
    first, last = (line["heldout"]["score"] for line in log if "heldout" in line)
    assert last < first
    assert all(line["samples_per_s"] > 0 and 0 <= line["waiting"] <= 1 for line in log)
    assert Path(summary["weights"]).is_file()
    sheet = cv2.imread(str(folders / "run" / "sheets" / "0000024.png"))
    assert sheet.shape[1] == 4 * 64


SHORT = ("data.batch=1", "data.heldout_pairs=4", "training.steps=6", "training.save_every=3", "training.log_every=1")


def test_a_killed_run_goes_on_as_if_it_had_not_been(folders):
    """The same losses to the last bit, and a log in which no step stands twice."""
    run_alone("vidcolor", *command(folders, "whole", *SHORT))
    words = [sys.executable, "-m", "vidcolor", *command(folders, "cut", *SHORT)]
    victim = subprocess.Popen(words, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    log = folders / "cut" / "log.jsonl"
    while victim.poll() is None and not (log.is_file() and len(log.read_text().splitlines()) >= 4):
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    run_alone("vidcolor", *command(folders, "cut", *SHORT))
    whole, cut = log_of(folders / "whole"), log_of(folders / "cut")
    assert [line["step"] for line in cut] == list(range(1, 7))
    assert [line["loss"] for line in cut] == [line["loss"] for line in whole]
    assert cut[-1]["heldout"] == whole[-1]["heldout"]


def test_natural_colours_are_learned_first_where_asked(folders):
    """Then alone, and from twice as many pictures: what follows references stays as it is until its turn comes."""
    config = small_config(folders, "run", steps=4, natural=2, warmup=0)
    seen = {}
    train(config, lambda step, total, found: seen.update({step: found}))
    assert [sorted(seen[step]) for step in (1, 2)] == [["natural", "total"]] * 2
    assert [sorted(seen[step]) for step in (3, 4)] == [["gate", "histogram", "pixel", "total"]] * 2
    recipe = FilmRecipe(config)
    assert recipe.batch_size(1, 128) == 2 * recipe.batch_size(2, 128)


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(folders):
    """With the discriminator, whose state counts too."""
    gan = LossWeights(gan=0.1)
    whole, parts = {}, {}
    train(replace(small_config(folders, "whole"), loss=gan), lambda step, total, found: whole.update({step: found}))

    def stop_midway(step, total, found):
        parts[step] = found
        if step == 4 and not (folders / "cut" / "again").exists():
            raise KeyboardInterrupt

    cut = replace(small_config(folders, "cut"), loss=gan)
    with pytest.raises(KeyboardInterrupt):
        train(cut, stop_midway)
    (folders / "cut" / "again").touch()
    train(cut, stop_midway)
    assert parts == whole
    assert {"gan", "critic", "histogram"} <= whole[1].keys()


def test_two_processes_train_together(folders):
    """Accelerate joins them; the first alone writes and speaks."""
    pytest.importorskip("accelerate")
    launch = ("torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "vidcolor")
    alone = run_alone(*launch, *command(folders, "both", *SHORT, "training.steps=2", "loss.gan=0.1"), timeout=120)
    assert json.loads(alone.stdout)["finished"]
    assert [line["step"] for line in log_of(folders / "both")] == [1, 2]


def test_a_time_limit_stops_resumably(folders):
    summary = train(small_config(folders, "short", 1000, max_minutes=1e-6))
    assert not summary.finished
    assert summary.steps == 1
    assert (folders / "short" / "last.pt").is_file()


def test_a_loss_that_is_not_finite_stops_with_a_sentence(folders):
    """And the last good checkpoint can be gone on from."""
    train(small_config(folders, "wild", 3))
    with pytest.raises(TrainingError, match="no longer finite"):
        train(small_config(folders, "wild", 6, learning_rate=float("inf")))
    summary = train(small_config(folders, "wild", 4))
    assert summary.steps == 4
    assert np.isfinite(summary.heldout["score"])


def test_another_network_s_checkpoint_gets_a_sentence(folders):
    train(small_config(folders, "run", 1))
    with pytest.raises(TrainingError, match=r"set training\.out to a new folder"):
        train(replace(small_config(folders, "run", 2), network=NetworkConfig(gate=False)))


def test_a_missing_package_gets_a_sentence(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TrainingError, match="TensorBoard: pip install"):
        Journal(folders, 0, tensorboard=True)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TrainingError, match="Accelerate: pip install"):
        train(small_config(folders, "run"))


def test_training_starts_from_what_fits(tmp_path):
    """What the file lacks keeps its initial values."""
    source, network = FilmGray2ColorNet(), FilmGray2ColorNet()
    untouched = network.gate.layers[0].weight.clone()
    save_network(FilmGray2ColorNet(gate=False), tmp_path / "start.safetensors", {}, half=False)
    load_what_fits(network, tmp_path / "start.safetensors")
    assert torch.equal(network.gate.layers[0].weight, untouched)
    save_network(source, tmp_path / "whole.safetensors", {}, half=False)
    load_what_fits(network, tmp_path / "whole.safetensors")
    assert torch.equal(network.gate.layers[0].weight, source.gate.layers[0].weight)
    (tmp_path / "none").write_text("no weights")
    with pytest.raises(TrainingError, match=r"training\.start"):
        load_what_fits(network, tmp_path / "none")


@pytest.mark.parametrize("left_out", ["gate", "color_distribution"])
def test_a_network_without_a_part_is_saved_and_built_again(tmp_path, left_out):
    recipe = FilmRecipe(TrainConfig(network=NetworkConfig(**{left_out: False})))
    parts, _ = recipe.objective(some_pairs(2, 64), 0, torch.Generator().manual_seed(0), None)
    parts["total"].backward()
    save_network(recipe.network, tmp_path / "less.safetensors", recipe.metadata())
    again = load_network(tmp_path / "less.safetensors")
    assert not list(getattr(again, left_out).parameters())
    if left_out == "gate":
        answer = recipe.answer(again, some_pairs(2, 64))
        assert answer.gate.eq(1).all()


def some_pairs(count, side, kind="itself", of_class=3):
    """Noise, which is enough to see which losses there are."""
    target, reference = torch.rand((2, count, 3, side, side), generator=torch.Generator().manual_seed(1))
    half = side // 2
    return Pairs(
        target, reference, torch.full((count,), KINDS.index(kind)), torch.full((count,), of_class),
        torch.zeros(count, 3, half, half), torch.zeros(count, 1, half, half), torch.zeros(count, dtype=torch.bool),
    )  # fmt: skip


def test_the_published_recipe_has_two_stages():
    """The main network alone without reference; then everything, all five losses, against the discriminator."""
    recipe = PublishedRecipe(
        TrainConfig(network=NetworkConfig("gray2color"), training=TrainingConfig(steps=10, precision="float32"))
    )
    generator = torch.Generator().manual_seed(0)
    parts, judged = recipe.objective(some_pairs(1, 32), 3, generator, recipe.critic)
    parts["total"].backward()
    assert judged is None
    assert parts.keys() == {"pixel", "tv", "classification", "total"}
    assert recipe.network.gate.hidden.weight.grad is None
    assert recipe.batch_size(3, 128) == 48
    parts, judged = recipe.objective(some_pairs(1, 32), 4, generator, recipe.critic)
    assert parts.keys() == {"pixel", "tv", "histogram", "classification", "gan", "total"}
    assert judged.fake_ab.shape == (1, 2, 32, 32)
    assert not judged.fake_ab.requires_grad
    assert recipe.batch_size(4, 128) == 12
    unknown, _ = recipe.objective(some_pairs(1, 32, of_class=NO_CLASS), 0, generator, None)
    assert "classification" not in unknown


def test_plain_targets_where_no_film_look_is_asked_for():
    """Then the generator is drawn from for the frame before alone, and the loss is another."""
    losses = []
    for film_look in (True, False):
        torch.manual_seed(0)
        recipe = FilmRecipe(TrainConfig(data=DataConfig(film_look=film_look), training=TrainingConfig(frozen=2)))
        parts, _ = recipe.objective(some_pairs(2, 64), 0, torch.Generator().manual_seed(5), None)
        losses.append(float(parts["total"].detach()))
    assert losses[0] != losses[1]
    recipe.prepare(1)
    assert not any(parameter.requires_grad for parameter in recipe.network.encoder.parameters())
    recipe.prepare(2)
    assert all(parameter.requires_grad for parameter in recipe.network.encoder.parameters())


def test_missing_data_get_a_sentence(tmp_path):
    with pytest.raises(TrainingError, match=r"data\.images"):
        train(TrainConfig())
    with pytest.raises(TrainingError, match="neither a folder of images nor a tar shard"):
        load_images([tmp_path / "nowhere"], 64)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="no image found"):
        load_images([tmp_path / "empty"], 64)


def test_tar_shards_give_images_and_classes(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), drawn_picture(0))
    (tmp_path / "0.cls").write_text("discs\n")
    (tmp_path / "1.png").write_bytes(b"broken")
    (tmp_path / "1.cls").write_text("none")
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        for name in ("0.png", "0.cls", "1.cls", "1.png"):
            tar.add(tmp_path / name, name)
    found = load_images([tmp_path / "shard.tar"], 48)
    assert found.labels == ["discs"]
    assert found.images[0].shape == (48, 64, 3)


def test_a_clip_that_is_none_gets_a_sentence(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(TrainingError, match="cannot be opened"):
        load_clips([tmp_path], 64)


def test_batches_depend_on_their_number_alone():
    stills = ImageSet([drawn_picture(seed) for seed in range(4)], ["a", "a", "b", "b"])
    clips = [[drawn_picture(seed) for seed in range(8, 12)]]
    neighbours = np.array([[1], [0], [3], [2]])
    samplers = [PairSampler(stills, clips, neighbours, ReferenceMix(), seed=5) for _ in range(2)]
    for number in (3, 0):
        first, second = (sampler.batch(number, 6, 64) for sampler in samplers)
        assert np.array_equal(first.target, second.target)
        assert np.array_equal(first.reference, second.reference)
    assert not np.array_equal(samplers[0].batch(0, 6, 64).target, samplers[0].batch(1, 6, 64).target)


def test_the_mix_of_references_is_the_one_asked_for():
    stills = ImageSet([drawn_picture(seed) for seed in range(4)], ["a"] * 4)
    neighbours = np.array([[1], [0], [3], [2]])
    mix = ReferenceMix(itself=1, moment=5, alike=0, stranger=0, nothing=1)
    kinds = PairSampler(stills, [], neighbours, mix, seed=0).batch(0, 400, 32).kind
    shares = np.bincount(kinds, minlength=len(KINDS)) / 400
    assert shares[KINDS.index("moment")] == 0  # there are no clips
    assert shares[KINDS.index("itself")] == pytest.approx(0.5, abs=0.1)


def test_targets_that_shall_show_all_of_their_picture_do():
    """A picture that grows brighter from left to right: how much of the way a crop shows is how much of it it shows."""
    ramp = np.repeat(np.linspace(0, 255, 128).astype(np.uint8)[None, :, None], 128, 0).repeat(3, 2)
    stills, ring = ImageSet([ramp, ramp], ["a", "a"]), np.array([[1], [0]])
    shown = {}
    for whole in (0.0, 1.0):
        sampler = PairSampler(stills, [], ring, NATURAL, seed=0, whole=whole)
        shown[whole] = np.ptp(sampler.batch(0, 40, 32).target.astype(int), axis=(1, 2, 3))
    assert shown[1.0].min() > 225
    assert np.median(shown[0.0]) < 160


def test_pairs_of_a_list_are_drawn_beside_the_others():
    stills = ImageSet([drawn_picture(seed) for seed in range(4)], ["a"] * 4)
    listed = PairList([drawn_picture(8), drawn_picture(9)], np.array([[0, 1]]))
    mix = ReferenceMix(itself=1, moment=0, alike=0, stranger=0, nothing=0, listed=1)
    sampler = PairSampler(stills, [], np.zeros((4, 1), int), mix, seed=0, disguised=0.5, listed=listed)
    batch = sampler.batch(0, 200, 32)
    of_list = batch.kind == KINDS.index("listed")
    assert of_list.mean() == pytest.approx(0.5, abs=0.15)
    assert ((batch.picture == -1) == of_list).all()


def test_each_process_draws_its_own_share():
    stills = ImageSet([drawn_picture(seed) for seed in range(4)], ["a"] * 4)
    sampler = PairSampler(stills, [], np.zeros((4, 1), int), ReferenceMix(), seed=0)
    source = DrawnPairs(sampler, class_numbers(stills.labels), CPU)
    config = DataConfig(sides=(32,), threads=1)
    walks = [list(walk_batches(source, config, lambda step, side: 2, range(3), rank, 2)) for rank in range(2)]
    targets = [pairs.target for walk in walks for pairs in walk]
    assert not any(torch.equal(targets[i], targets[j]) for i in range(6) for j in range(i))


def test_most_of_a_batch_can_be_drawn_from_resident_pictures():
    """Here on the CPU, as it is on a GPU: every pair knows its class, and the rest comes from the CPU's draws."""
    stills = ImageSet([drawn_picture(seed) for seed in range(4)], ["a", "b", "b", "a"])
    clips = [[drawn_picture(seed) for seed in range(8, 12)]]
    data = TrainingData(stills, clips, None, np.array([[3], [2], [1], [0]]), class_numbers(stills.labels))
    config, mix = DataConfig(sides=(64,), from_cpu=0.25, threads=1), ReferenceMix()
    drawn = open_source(data, config, mix, CPU)
    source = ResidentSource(data, config, mix, CPU, drawn)
    for pairs in walk_batches(source, config, lambda step, side: 8, range(2)):
        assert pairs.target.shape == pairs.reference.shape == (8, 3, 64, 64)
        assert pairs.moved.shape == (8, 3, 32, 32)
        assert pairs.trust.shape == (8, 1, 32, 32)
        of_clips = pairs.kind == KINDS.index("moment")
        assert ((pairs.classes == NO_CLASS) == of_clips).all()
    assert source.draw(0, 8, 64).target.shape[0] == 2


def test_classes_beyond_what_the_head_tells_apart_have_no_number():
    labels = ["rare", "", *(f"class {number % 1000}" for number in range(2000))]
    numbers = class_numbers(labels)
    assert numbers[0] == numbers[1] == numbers[-1] == NO_CLASS
    assert len(set(numbers[2:-1])) == 1000
    assert 0 <= numbers[2:-1].min() <= numbers[2:-1].max() < 1000


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (DataConfig, {"sides": (100,)}), (DataConfig, {"titles": 2.0}), (TrainingConfig, {"steps": 0}),
        (TrainingConfig, {"ema": 1.0}), (PublishedConfig, {"main_share": 2.0}), (ReferenceMix, {"itself": -1.0}),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(cls, values):
    with pytest.raises(ValueError, match=r".+"):
        cls(**values)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.name)
def test_every_config_fits_its_settings(path):
    assert isinstance(resolve(TrainConfig, path), TrainConfig)
