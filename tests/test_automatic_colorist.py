"""A network without references at work beside one that follows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from vidcolor.color import luma_to_lightness
from vidcolor.model.any_colorist import Before
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.automatic_colorist import LINES, AutomaticColorist
from vidcolor.model.colorist import Colorist
from vidcolor.model.gray2color import FilmGray2ColorNet


@dataclass(frozen=True)
class NoConfig:
    """Nothing to choose."""


class Slope(AutomaticNetwork[NoConfig]):
    """a* is L* less 50, b* its opposite; remembers the sizes that it saw."""

    config_type = NoConfig

    def __init__(self) -> None:
        super().__init__(NoConfig())
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, lightness: Tensor) -> Tensor:
        self.sizes.append(tuple(lightness.shape))
        return torch.cat((lightness - 50, 50 - lightness), dim=1)


@pytest.fixture(scope="module")
def follower() -> Colorist:
    torch.manual_seed(0)
    return Colorist(FilmGray2ColorNet())


def grays(count: int, height: int = 160, width: int = 224) -> list[np.ndarray]:
    return [np.full((height, width), 40 + 30 * n, np.uint8) for n in range(count)]


def test_natural_colours_come_from_the_true_lightness_at_half_size(follower):
    network = Slope()
    ab = AutomaticColorist(network, follower).colorize(grays(2), None)
    assert ab.shape == (2, 2, 80, 112)
    assert ab.dtype == np.float32
    lightness = luma_to_lightness(torch.tensor([40 / 255, 70 / 255])).numpy()
    assert ab[:, 0].mean((1, 2)) == pytest.approx(lightness - 50, abs=0.01)
    assert ab[:, 1].mean((1, 2)) == pytest.approx(50 - lightness, abs=0.01)
    assert all(size[:2] == (1, 1) and min(size[2:]) == LINES for size in network.sizes)


def test_what_is_consulted_without_a_reference_is_done(follower):
    colorist = AutomaticColorist(Slope(), follower)
    target = colorist.consult(grays(3), None).only(2)
    expected = colorist.colorize(grays(3)[2:], None)[0]
    before = Before(np.full_like(expected, 20.0), np.ones(expected.shape[1:], np.float32))
    assert np.array_equal(colorist.continue_from(target, before), expected)


def test_a_reference_is_followed_by_the_other_network_alone(follower):
    network = Slope()
    colorist = AutomaticColorist(network, follower)
    still = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    [gray] = grays(1, 64, 96)
    reference = colorist.join([colorist.encode(still, 64)])
    assert np.array_equal(colorist.colorize([gray], reference), follower.colorize([gray], reference))
    target = colorist.consult([gray], reference).only(0)
    assert np.array_equal(colorist.continue_from(target, None), follower.colorize([gray], reference)[0])
    assert colorist.compare(colorist.see(gray), reference).gate == follower.compare(follower.see(gray), reference).gate
    assert network.sizes == []
