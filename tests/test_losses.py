"""The film network's loss: what each part asks for."""

import pytest
import torch

from vidcolor.color import soft_histogram
from vidcolor.model.gray2color import Colorization
from vidcolor.model.losses import LossWeights, colorization_loss


def answer(true_ab, error=0.0):
    sizes = [true_ab.shape[-1] // stride for stride in (8, 4, 2)]
    ab = [torch.nn.functional.adaptive_avg_pool2d(true_ab, size) + error for size in sizes]
    return Colorization((ab[0], ab[1], ab[2]), torch.zeros(len(true_ab), 1, sizes[0], sizes[0]), ab[0])


def flat(a, b, count=2):
    return torch.tensor([a, b]).view(1, 2, 1, 1).expand(count, 2, 64, 64).clone()


def losses(pred, truth, palette=None, follows=None, **weights):
    present = torch.ones(len(truth), dtype=torch.bool)
    return colorization_loss(pred, truth, present, LossWeights(**{"palette": 0.02, **weights}), palette, follows)


def test_the_truth_itself_costs_nothing_but_the_gate():
    parts = losses(answer(flat(0.2, -0.3)), flat(0.2, -0.3))
    assert float(parts["pixel"]) == pytest.approx(0, abs=1e-6)
    assert float(parts["histogram"]) == pytest.approx(0, abs=1e-5)


def test_an_error_costs_more_where_the_truth_is_vivid():
    dull, vivid = flat(0.02, 0.0), flat(0.5, 0.0)
    assert losses(answer(vivid, 0.1), vivid)["pixel"] > 2 * losses(answer(dull, 0.1), dull)["pixel"]
    same = [float(losses(answer(ab, 0.1), ab, vividness=0.0)["pixel"]) for ab in (dull, vivid)]
    assert same[0] == pytest.approx(same[1], rel=1e-4)


def test_the_palette_is_asked_of_those_alone_that_follow():
    truth = flat(0.3, 0.3)
    pred, palette = answer(truth), soft_histogram(flat(-0.3, 0.1))
    nobody, one, both = (
        float(losses(pred, truth, palette, torch.tensor(follows))["palette"])
        for follows in ([False, False], [True, False], [True, True])
    )
    assert nobody == 0
    assert both == pytest.approx(4, rel=1e-3)  # histograms without a bin in common
    assert one == pytest.approx(both / 2)
    assert float(losses(pred, truth, soft_histogram(truth), torch.tensor([True, True]))["palette"]) < 1e-4


def test_a_confident_gate_costs_least_where_the_carried_colour_is_right():
    truth = flat(0.2, 0.2)
    right, sizes = answer(truth), (2, 1, 8, 8)
    for sign, better in ((4.0, True), (-4.0, False)):
        pred = Colorization(right.ab, torch.full(sizes, sign), right.carried_ab)
        undecided = losses(right, truth)["gate"]
        assert bool(losses(pred, truth)["gate"] < undecided) is better
