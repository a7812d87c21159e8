"""What surrounds a place: silent at first, then every place hears of all others and of where it lies."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.model.surroundings import Surroundings


@pytest.fixture(scope="module")
def taught():
    """With something to say."""
    torch.manual_seed(0)
    layer = Surroundings(8, 16)
    torch.nn.init.normal_(layer.last.weight)
    return layer.eval().requires_grad_(False)


def test_an_untaught_one_says_nothing():
    assert not Surroundings(8, 16)(torch.rand(2, 8, 3, 5)).any()


@settings(deadline=None, max_examples=20)
@given(rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_any_grid_will_do(taught, rows, columns):
    told = taught(torch.rand(1, 8, rows, columns))
    assert told.shape == (1, 16, rows, columns)
    assert torch.isfinite(told).all()


def test_every_place_hears_of_the_farthest_corner(taught):
    feature = torch.rand(1, 8, 6, 10)
    other = feature.clone()
    other[:, :, -1, -1] += 1
    assert ((taught(feature) - taught(other)).abs().amax(1) > 1e-6).all()


def test_the_same_thing_is_another_above_and_below(taught):
    told = taught(torch.ones(1, 8, 6, 10))
    assert (told[:, :, 0] - told[:, :, -1]).abs().amax() > 0.05


def test_pictures_of_a_batch_do_not_hear_of_each_other(taught):
    features = torch.rand(3, 8, 4, 6)
    torch.testing.assert_close(taught(features)[1:2], taught(features[1:2]))


def test_it_can_learn_on_a_grid_on_which_it_has_answered():
    layer, feature = Surroundings(8, 16), torch.rand(1, 8, 5, 7)
    with torch.inference_mode():
        layer(feature)
    layer(feature).sum().backward()
    assert layer.last.bias.grad is not None


def test_a_network_without_it_answers_and_gradients_reach_all_of_it():
    torch.manual_seed(0)
    lightness = torch.rand(1, 1, 64, 96) * 2 - 1
    assert FilmGray2ColorNet(surroundings=False)(lightness, None).ab[-1].shape == (1, 2, 32, 48)
    learning = FilmGray2ColorNet()
    assert learning.surroundings is not None
    torch.nn.init.normal_(learning.surroundings.last.weight, std=0.1)
    for stage in learning.stages:
        torch.nn.init.normal_(stage.head.weight, std=0.1)
    learning(lightness, None).ab[-1].square().mean().backward()
    for weight in learning.surroundings.parameters():
        assert weight.grad is not None
        assert weight.grad.abs().sum() > 0
