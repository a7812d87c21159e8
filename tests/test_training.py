"""Training: the loss falls, an interrupted run goes on as if it had not been, bad data get a sentence."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vidcolor.config import resolve
from vidcolor.errors import TrainingError
from vidcolor.model.image_sets import ImageSet, load_clips, load_images
from vidcolor.model.pairs import KINDS, PairSampler, ReferenceMix, neighbours_in_class
from vidcolor.model.training import DataConfig, TrainConfig, TrainingConfig, train


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


def small_config(folders, out, steps=16):
    data = DataConfig((str(folders / "train"),), (), (str(folders / "heldout"),), short_side=96, sides=(64,), batch=16)
    training = TrainingConfig(
        out=str(folders / out), steps=steps, warmup=2, learning_rate=2e-3, precision="float32", device="cpu",
        save_every=8,
    )  # fmt: skip
    return TrainConfig(data=data, training=training)


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_training_lowers_the_loss_on_pictures_it_never_saw(folders):
    steps = []
    summary = train(small_config(folders, "run", 32), lambda step, total, parts: steps.append(step))
    log = log_of(folders / "run")
    assert summary.finished
    assert steps == list(range(1, 33))
    assert log[-1]["nothing_pixel"] < log[0]["nothing_pixel"]
    assert (folders / "run" / "best.safetensors").is_file()


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(folders):
    whole = {}
    train(small_config(folders, "whole"), lambda step, total, parts: whole.update({step: parts["total"]}))
    parts = {}

    def stop_midway(step, total, losses):
        parts[step] = losses["total"]
        if step == 10 and not (folders / "cut" / "again").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small_config(folders, "cut"), stop_midway)
    (folders / "cut" / "again").touch()
    train(small_config(folders, "cut"), stop_midway)
    assert parts == pytest.approx(whole)


def test_a_time_limit_stops_resumably(folders):
    config = small_config(folders, "short", 1000)
    summary = train(replace(config, training=replace(config.training, max_minutes=1e-6)))
    assert not summary.finished
    assert summary.steps == 1
    assert (folders / "short" / "last.pt").is_file()


def test_a_loss_that_is_not_finite_stops_with_a_sentence(folders):
    config = small_config(folders, "wild")
    wild = replace(config, training=replace(config.training, learning_rate=float("inf")))
    with pytest.raises(TrainingError, match="no longer finite"):
        train(wild)


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


def test_neighbours_are_of_the_class_and_never_the_picture_itself():
    descriptors = torch.nn.functional.normalize(torch.randn(12, 5), dim=1).numpy()
    labels = ["x"] * 7 + ["y"] * 5
    found = neighbours_in_class(descriptors, labels, count=3)
    for index, row in enumerate(found):
        assert index not in row
        assert {labels[other] for other in row} == {labels[index]}


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parent.parent / "configs").glob("*.yaml")), ids=lambda p: p.name
)
def test_every_config_fits_its_settings(path):
    assert isinstance(resolve(TrainConfig, path), TrainConfig)
