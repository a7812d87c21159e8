"""Where training pictures and their references come from, besides folders and shards."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.errors import TrainingError
from vidcolor.model import neighbours as neighbours_module
from vidcolor.model.encoder import Encoder
from vidcolor.model.image_sets import ImageSet
from vidcolor.model.neighbours import COPY, neighbours_in_class
from vidcolor.model.pair_lists import PairList, load_pair_list, read_pair_list
from vidcolor.model.pairs import KINDS, NATURAL, ReferenceMix, _crop
from vidcolor.model.pseudo_labels import BackboneClassifier, pseudo_labels, with_pseudo_labels
from vidcolor.model.resident import ResidentPictures, Views
from vidcolor.model.resident_pairs import ResidentPairs
from vidcolor.model.thin_plate import disguised, thin_plate, thin_plate_grid

CPU = torch.device("cpu")


def smooth_picture(seed, height=100, width=140):
    knots = np.random.default_rng(seed).integers(0, 256, (8, 10, 3)).astype(np.uint8)
    return cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)


# pair lists


@pytest.fixture
def stills(tmp_path):
    for name in ("a.png", "b.png", "with, comma.png"):
        cv2.imwrite(str(tmp_path / name), smooth_picture(len(name)))
    return tmp_path


def written(folder, text):
    (folder / "pairs.csv").write_text(text, encoding="utf-8")
    return folder / "pairs.csv"


def test_a_pair_list_reads_tabs_commas_quotes_comments_and_a_heading(stills):
    listed = written(stills, '﻿target,reference\n\n# a comment\na.png, b.png\nb.png\ta.png\n"with, comma.png",a.png\n')
    names = [(target.name, reference.name) for target, reference in read_pair_list(listed)]
    assert names == [("a.png", "b.png"), ("b.png", "a.png"), ("with, comma.png", "a.png")]


def test_a_pair_list_holds_each_picture_once(stills):
    pairs = load_pair_list(written(stills, "a.png,b.png\nb.png,a.png\n"), short_side=50)
    assert len(pairs) == 2
    assert pairs.pairs.tolist() == [[0, 1], [1, 0]]
    assert [image.shape for image in pairs.images] == [(50, 70, 3)] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.png,b.png\na.png\n", "line 2 .* two paths"),
        ("a.png,b.png,a.png\n", "line 1 .* two paths"),
        ("a.png,\n", "line 1 .* two paths"),
        ("a.png,b.png\n\nlost.png,b.png\n", "line 3 .* lost.png, which is not there"),
        ("# nothing\n", "lists no pair"),
    ],
)
def test_a_bad_pair_list_gets_a_sentence(stills, text, message):
    with pytest.raises(TrainingError, match=message):
        read_pair_list(written(stills, text))


def test_a_lost_list_and_a_broken_picture_get_a_sentence(stills):
    with pytest.raises(TrainingError, match=r"nowhere.csv cannot be read"):
        read_pair_list(stills / "nowhere.csv")
    (stills / "empty.png").touch()
    with pytest.raises(TrainingError, match=r"empty.png cannot be decoded"):
        load_pair_list(written(stills, "a.png,empty.png\n"), 50)


# neighbours


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 40), st.integers(1, 7), st.integers(0, 1000))
def test_a_neighbour_is_never_the_picture_itself_and_of_the_class_where_that_has_enough(size, count, seed):
    rng = np.random.default_rng(seed)
    descriptors = unit(rng.normal(size=(size, 16)))
    labels = [str(label) for label in rng.choice(["", "a", "b", "c"], size)]
    found = neighbours_in_class(descriptors, labels, count)
    assert found.shape == (size, count)
    assert found.min() >= 0
    assert found.max() < size
    assert (found != np.arange(size)[:, None]).all()
    for number, label in enumerate(labels):
        own = {other for other in range(size) if other != number and labels[other] == label}
        if label:
            assert len(own & set(found[number].tolist())) == min(count, len(own))


def test_neighbours_are_the_most_alike(monkeypatch):
    monkeypatch.setattr(neighbours_module, "_SIMILARITIES", 70)  # many chunks
    descriptors = unit(np.random.default_rng(0).normal(size=(30, 8)))
    similarity = descriptors @ descriptors.T
    np.fill_diagonal(similarity, -2)
    similarity[similarity > COPY] = -2
    assert np.array_equal(neighbours_in_class(descriptors, [""] * 30, 4), np.argsort(-similarity, 1)[:, :4])


def test_a_copy_is_no_reference_unless_there_is_nothing_else():
    one = np.eye(4)[:1]
    descriptors = unit(np.vstack([one, one + 0.01, np.eye(4)[1:2] + 0.5 * one, np.eye(4)[2:3]]))
    assert neighbours_in_class(descriptors, ["a", "a", "a", "b"], 2)[0].tolist() == [2, 3]
    assert neighbours_in_class(descriptors[:2], ["a", "a"], 3).tolist() == [[1, 1, 1], [0, 0, 0]]


def test_one_picture_has_no_neighbours():
    with pytest.raises(TrainingError, match="at least two"):
        neighbours_in_class(np.ones((1, 4), np.float32), ["a"])


# pseudo-labels


def backbone(seed=0):
    """Random weights under the names of the ImageNet file."""
    torch.manual_seed(seed)
    network = BackboneClassifier()
    tensors = {}
    for name, value in network.state_dict().items():
        group, _, rest = name.partition(".")
        if group == "encoder":
            part, index, *layer = rest.split(".")
            key = f"block00.conv.{index}" if part == "stem" else f"block{int(index) + 1:02d}.{'.'.join(layer)}"
        else:
            key = name.replace("last.", "block18.conv.")
        tensors[key] = value.half() if value.ndim > 1 else value
    return tensors


def test_the_classifier_sees_what_the_encoder_sees_in_gray():
    tensors = backbone()
    classifier, encoder = BackboneClassifier(), Encoder()
    classifier.load_backbone(tensors)
    encoder.load_backbone(tensors)
    gray = torch.rand(1, 1, 64, 64) * 2 - 1
    colour = classifier.encoder(gray.expand(-1, 3, -1, -1))[-1]
    torch.testing.assert_close(colour, encoder(gray)[-1], atol=1e-4, rtol=1e-3)


def test_pseudo_labels_do_not_depend_on_the_batch_and_fill_only_what_is_unknown():
    images = [smooth_picture(seed, 90 + seed, 120) for seed in range(3)]
    tensors = backbone()
    labels, sure = pseudo_labels(images, tensors, CPU, batch=2)
    alone, sure_alone = pseudo_labels(images[2:], tensors, CPU)
    assert alone == labels[2:]
    np.testing.assert_allclose(sure_alone, sure[2:], rtol=1e-4)
    assert all(0 <= label <= 1000 for label in labels)
    filled = with_pseudo_labels(ImageSet(images, ["", "dog", ""]), tensors, CPU, least=0.0)
    assert filled.labels == [f"imagenet/{labels[0]:04d}", "dog", f"imagenet/{labels[2]:04d}"]
    assert with_pseudo_labels(ImageSet(images, ["", "dog", ""]), tensors, CPU, least=1.1).labels == ["", "dog", ""]


def test_a_backbone_without_its_head_gets_a_sentence():
    tensors = {name: value for name, value in backbone().items() if not name.startswith("classifier")}
    with pytest.raises(TrainingError, match=r"no classifier.bias"):
        pseudo_labels([smooth_picture(0)], tensors, CPU)


# thin-plate warp


def straight(side):
    steps = np.linspace(-1, 1, side, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps), -1)


def test_a_thin_plate_is_straight_where_nothing_moves():
    points = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.3, 0.3], [0.7, 0.7]])
    np.testing.assert_allclose(2 * thin_plate(points, points, 17) - 1, straight(17), atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_a_thin_plate_goes_through_its_points(seed):
    rng = np.random.default_rng(seed)
    places = rng.choice(21 * 21, 7, replace=False)
    points = np.stack([places % 21, places // 21], -1) / 20
    images = points + rng.uniform(-0.25, 0.25, points.shape)
    mapped = thin_plate(points, images, 21)
    np.testing.assert_allclose(mapped[places // 21, places % 21], images, atol=1e-4)


def test_the_random_warp_keeps_the_corners_and_comes_again():
    grid = thin_plate_grid(65, np.random.default_rng(3))
    assert grid.shape == (65, 65, 2)
    assert grid.dtype == np.float32
    np.testing.assert_allclose(grid[[0, 0, -1, -1], [0, -1, 0, -1]], straight(2).reshape(4, 2), atol=1e-5)
    assert np.abs(grid - straight(65)).max() > 0.05
    assert np.array_equal(grid, thin_plate_grid(65, np.random.default_rng(3)))


def test_a_disguise_keeps_shape_and_colours():
    picture = np.full((48, 48, 3), (180, 60, 40), np.uint8)
    worn = disguised(picture, np.random.default_rng(0))
    assert worn.shape == picture.shape
    assert worn.dtype == np.uint8
    assert (np.argsort(worn.mean((0, 1))) == [2, 1, 0]).all()
    assert worn.std() > 1


# resident pictures


@pytest.fixture(scope="module")
def kept():
    return [smooth_picture(seed, 96 + 7 * seed, 150 - 11 * seed) for seed in range(4)]


@pytest.mark.parametrize(
    ("zoom", "tilt", "bend", "mirror", "tolerance"),
    [
        (1.0, 0.0, 0.0, False, 0.6), (0.8, 4.0, 0.0, True, 0.8), (1.2, 20.0, 0.04, True, 0.8),
        (1.5, 4.0, 0.02, False, 1.0), (2.0, 10.0, 0.0, True, 2.0),
    ],
)  # fmt: skip
def test_a_resident_crop_is_the_crop_of_the_cpu(kept, zoom, tilt, bend, mirror, tolerance):
    """Mean difference in code values; the CPU reduces to the very zoom, the resident copies come in steps."""
    side, resident = 64, ResidentPictures(kept, CPU)
    for number, picture in enumerate(kept):
        rng = np.random.default_rng(number)
        centre = rng.uniform(-1, 1, 2)
        expected = _crop(np.random.default_rng(number), picture, side, zoom, centre, tilt, bend, mirror)
        rng = np.random.default_rng(number)
        angle = np.deg2rad(rng.normal(0, tilt / 2))
        knots = rng.normal(0, bend * side, (5, 5, 2)) if bend else np.zeros((5, 5, 2))
        one = Views(
            np.array([number]), centre[None], np.array([zoom]), np.array([angle]),
            np.array([-1.0 if mirror else 1.0]), knots[None],
        )  # fmt: skip
        drawn = resident.draw(one, side)[0].permute(1, 2, 0).numpy() * 255
        assert np.abs(drawn - expected).mean() < tolerance


def test_views_are_drawn_alike_alone_and_together(kept):
    pairs = resident_pairs(kept, [])
    _, _, views = pairs.views(0, 6, 32)
    together = pairs.pictures.draw(views, 32)
    for number in range(6):
        alone = Views(*(getattr(views, name)[number : number + 1] for name in Views.__dataclass_fields__))
        torch.testing.assert_close(pairs.pictures.draw(alone, 32)[0], together[number])


def resident_pairs(kept, clips, mix=None, listed=None):
    ring = np.array([[(number + 1) % len(kept)] for number in range(len(kept))])
    return ResidentPairs(ImageSet(kept, [""] * len(kept)), clips, ring, mix or ReferenceMix(), 0, CPU, listed)


def test_a_resident_batch_depends_on_seed_and_number_alone(kept):
    first, second = resident_pairs(kept, [kept]), resident_pairs(kept, [kept])
    first.batch(3, 4, 32)
    one, other = first.batch(5, 8, 32), second.batch(5, 8, 32)
    assert torch.equal(one.target, other.target)
    assert torch.equal(one.reference, other.reference)
    assert not torch.equal(one.target, first.batch(6, 8, 32).target)
    assert one.target.shape == (8, 3, 32, 32)
    assert (one.picture >= -1).all()
    assert (one.picture < 4).all()
    assert one.target.min() >= 0
    assert one.target.max() <= 1


def test_each_kind_of_reference_comes_from_where_it_should(kept):
    listed = PairList(kept[:3], np.array([[0, 2], [1, 2]]))
    pairs = resident_pairs(kept, [kept[:2], kept[2:]], listed=listed)
    kind, target, reference = pairs.views(0, 400, 32)
    for name in KINDS:
        chosen = kind == KINDS.index(name)
        assert chosen.any()
        if name == "moment":
            assert ((target.picture[chosen] >= 4) & (target.picture[chosen] < 8)).all()
            assert (target.picture[chosen] // 2 == reference.picture[chosen] // 2).all()
        elif name == "listed":
            assert set(target.picture[chosen]) == {8, 9}
            assert (reference.picture[chosen] == 10).all()
        else:
            assert (target.picture[chosen] < 4).all()
        if name == "alike":
            assert (reference.picture[chosen] == (target.picture[chosen] + 1) % 4).all()
        if name == "itself":
            assert (reference.picture[chosen] == target.picture[chosen]).all()


def test_resident_targets_that_shall_show_all_of_their_picture_do(kept):
    pairs = ResidentPairs(ImageSet(kept, [""] * 4), [], np.zeros((4, 1), int), NATURAL, 0, CPU, whole=0.5)
    _, target, _ = pairs.views(0, 400, 32)
    widest = pairs.pictures.sizes[target.picture].min(1) / 32
    assert (target.zoom <= widest * 1.0001).all()
    assert np.isclose(target.zoom, widest).mean() == pytest.approx(0.5, abs=0.1)


def test_without_clips_and_lists_there_are_no_pairs_of_them(kept):
    kind, _, _ = resident_pairs(kept, [], ReferenceMix(moment=0.9, listed=0.9)).views(0, 100, 32)
    assert not np.isin(kind, [KINDS.index("moment"), KINDS.index("listed")]).any()
