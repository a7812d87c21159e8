"""The published network as a model of its own: its file, its place in the list, its face, and a film through it."""

from __future__ import annotations

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from vidcolor.cli import main
from vidcolor.errors import CheckpointError
from vidcolor.model.any_colorist import Before
from vidcolor.model.checkpoint import describe_weights, find_weights, load_network, save_network
from vidcolor.model.colorist import Colorist
from vidcolor.model.colorist_of import colorist_of
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.model.published.network import Gray2ColorNet
from vidcolor.model.published_colorist import PublishedColorist
from vidcolor.model.untrained import untrained_models

WEIGHTS = 53_057_711
SMALL = 32
"""Side of the references of the quick network; its gate is smaller, all else is as published."""
FRAMES = 6


@pytest.fixture(scope="module")
def colorist():
    torch.manual_seed(6)
    return PublishedColorist(Gray2ColorNet(reference_side=SMALL))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of untrained weights of the published network, 106 MB."""
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_network(Gray2ColorNet(), path, {"licence": "CC0"})
    return path


def still(seed, height=40, width=56):
    """Coarse patches of colour, (height, width, 3) uint8 sRGB."""
    patches = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.resize(patches, (width, height), interpolation=cv2.INTER_LINEAR)


def gray(seed):
    return cv2.cvtColor(still(seed), cv2.COLOR_RGB2GRAY)


# ------------------------------------------------------------------------------------------------ weights and names


def test_a_weights_file_names_its_network_and_comes_back_as_it(weights):
    info = describe_weights(weights)
    assert (info.network, info.licence, info.parameters) == ("gray2color", "CC0", WEIGHTS)
    network = load_network(weights)
    assert type(network) is Gray2ColorNet
    assert not network.training
    with safe_open(weights, "pt") as file:
        kept = file.get_tensor("decoder.block3.head.weight")
    assert torch.equal(network.decoder.block3.head.weight.half(), kept)


def test_the_name_is_the_networks_own_whatever_the_metadata_say(tmp_path):
    path = tmp_path / "film.safetensors"
    save_network(FilmGray2ColorNet(), path, {"network": "gray2color"})
    assert describe_weights(path).network == "gray2color-film"
    assert isinstance(colorist_of(load_network(path)), Colorist)
    with pytest.raises(ValueError, match="Linear is none of FilmGray2ColorNet, Gray2ColorNet"):
        save_network(torch.nn.Linear(1, 1), path, {})


def test_weights_of_other_shapes_are_refused_in_words(tmp_path, colorist):
    path = tmp_path / "small.safetensors"
    save_network(colorist._network, path, {})
    with pytest.raises(CheckpointError, match="does not fit the network gray2color"):
        load_network(path)


def test_what_does_not_ship_is_listed_and_asked_for_in_vain(capsys):
    [published] = [model for model in untrained_models() if model.name == "gray2color"]
    assert published.parameters == WEIGHTS
    assert main(["models", "--json"]) == 0
    models = {model["name"]: model for model in json.loads(capsys.readouterr().out)["models"]}
    listed = models["gray2color"]
    assert not listed["ships"]
    assert not listed["quality"]
    assert "ACM MM 2020" in listed["paper"]
    assert listed["train"] == "vidcolor train configs/gray2color.yaml"
    with pytest.raises(CheckpointError, match=r"no weights of gray2color ship: train it .* or give --model the path"):
        find_weights("gray2color")


# ------------------------------------------------------------------------------------------------- the face


def test_chroma_comes_at_half_size_one_picture_at_a_time(colorist):
    reference = colorist.encode(still(1, 90, 200), lines=64)
    batches = []
    handle = colorist._network.register_forward_pre_hook(lambda _, inputs: batches.append(inputs[0].shape[0]))
    together = colorist.colorize([gray(2), gray(3)], reference)
    handle.remove()
    assert batches == [1, 1]
    assert together.shape == (2, 2, 20, 28)
    assert together.dtype == np.float32
    with torch.inference_mode():
        whole = colorist._network(colorist._lightness([gray(3)]), reference).ab[-1][0].numpy() * 110
    by_area = whole.reshape(2, 20, 2, 28, 2).mean((2, 4))
    assert np.allclose(together[1], by_area, atol=1e-3)


def test_a_frame_before_has_no_say(colorist):
    reference = colorist.encode(still(1), lines=64)
    batch = colorist.consult([gray(2), gray(3)], reference)
    red, sure = np.full((2, 20, 28), 60, np.float32), np.ones((20, 28), np.float32)
    alone = colorist.continue_from(batch.only(1), None)
    assert np.array_equal(colorist.continue_from(batch.only(1), Before(red, sure)), alone)
    assert np.array_equal(alone, colorist.colorize([gray(3)], reference)[0])


def test_of_several_references_the_heaviest_is_followed(colorist):
    first, second = (colorist.encode(still(seed), lines=64) for seed in (1, 2))
    assert colorist.join([first, second]) is first
    assert colorist.join([first, second], (1, 2)) is second
    assert colorist.join([first, second], (1, 1)) is first


def test_without_a_reference_and_in_half_precision_there_are_colours_too(colorist):
    halved = PublishedColorist(colorist._network, half=True)
    for ab in (colorist.colorize([gray(2)], None), halved.colorize([gray(2)], halved.encode(still(1), lines=64))):
        assert np.isfinite(ab).all()
        assert np.abs(ab).max() <= 110


def test_a_picture_is_more_like_itself_than_like_another(colorist):
    square = np.ascontiguousarray(still(4, SMALL, SMALL)[..., :1].repeat(3, axis=2))
    itself, other = colorist.encode(square, lines=64), colorist.encode(still(5, SMALL, SMALL), lines=64)
    alike, unlike = (colorist.compare(colorist.see(square[..., 0]), reference) for reference in (itself, other))
    assert 0.95 < alike.similarity <= 1 + 1e-5
    assert alike.similarity > unlike.similarity
    assert alike.explained.shape == (SMALL // 8, SMALL // 8)
    assert alike.gate == pytest.approx(alike.explained.mean(), abs=1e-5)


def test_descriptors_tell_pictures_apart(colorist):
    one, same, other = (colorist.see(gray(seed)).descriptor for seed in (2, 2, 3))
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(one, same)
    assert one @ other < 0.999


def test_the_pipeline_knows_no_network_by_name():
    for path in (Path(__file__).parent.parent / "vidcolor" / "pipeline").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "vidcolor.model.gray2color" not in text, path
        assert "vidcolor.model.published" not in text, path


# ------------------------------------------------------------------------------------------------- a film through it


def write_film(path):
    """Six frames of 96 x 64, a pattern that moves to the right."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        wide = cv2.cvtColor(still(8, 64, 104), cv2.COLOR_RGB2GRAY)
        for frame in range(FRAMES):
            rgb = cv2.cvtColor(np.ascontiguousarray(wide[:, 6 - frame : 102 - frame]), cv2.COLOR_GRAY2RGB)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        film.mux(stream.encode(None))
    return path


def test_a_film_is_coloured_by_the_published_network(weights, tmp_path, capsys):
    film, refs, out = write_film(tmp_path / "film.mkv"), tmp_path / "refs", tmp_path / "out.mkv"
    refs.mkdir()
    cv2.imwrite(str(refs / "still.png"), still(9, 64, 96)[..., ::-1])
    words = ["colorize.lines=64", "keys.interval=5", "match.lines=64", "match.samples=1"]
    settings = [word for setting in words for word in ("--set", setting)]
    command = ["run", str(film), "--refs", str(refs), "-o", str(out), "--codec", "ffv1", "--device", "cpu"]
    assert main([*command, "--model", str(weights), *settings, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["frames"] == summary["frames_computed"] == FRAMES
    assert summary["references_used"] == {"still.png": 1}
    assert summary["verification"]["ok"]
    assert summary["verification"]["luma_max_abs_difference"] == 0
    with av.open(str(out)) as coloured:
        spread = [np.abs(frame.to_ndarray()[64:].astype(int) - 128).mean() for frame in coloured.decode(video=0)]
    assert len(spread) == FRAMES
    assert min(spread) > 0.2
    assert str(weights) in (tmp_path / "film.vidcolor" / "settings.yaml").read_text()
