"""The refinement of the match: windows where they belong, details that the coarse match blurs, joined references."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.model import refinement
from vidcolor.model.gray2color import EncodedReference, FilmGray2ColorNet
from vidcolor.model.refinement import WINDOW, FinePlaces, Refined, Refinement


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return FilmGray2ColorNet().eval().requires_grad_(False)


def checks(height=64, width=96):
    """Random gray, and chroma that changes with every four pixels: on the stride-8 grid it is gone."""
    lightness = torch.rand((1, 1, height, width), generator=torch.Generator().manual_seed(1)) * 2 - 1
    ab = torch.zeros(1, 2, height, width)
    columns = torch.arange(width) // 4 % 2
    ab[:, 0] = columns - 0.5
    return lightness, ab


def refined(network, lightness, reference):
    return network.consult(lightness, reference).refined


@settings(deadline=None, max_examples=30)
@given(rows=st.integers(1, 6), columns=st.integers(1, 6))
def test_a_window_is_the_cells_around_a_place_and_no_others(rows, columns):
    windows = refinement._windows(2 * rows, 2 * columns)
    assert windows.shape == (rows * columns, WINDOW**2)
    for place, window in enumerate(windows):
        y, x = divmod(place, columns)
        fine_y, fine_x = window // (2 * columns), window % (2 * columns)
        for found, start, count in ((fine_y, 2 * y, 2 * rows), (fine_x, 2 * x, 2 * columns)):
            assert set(found.tolist()) == {min(max(start + k, 0), count - 1) for k in range(-2, 4)}


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))
def test_cells_go_back_to_where_they_were(batch, channels, rows, columns):
    x = torch.rand(batch, channels, 2 * rows, 2 * columns)
    assert torch.equal(refinement._as_map(refinement._by_cell(x), rows), x)


def test_details_smaller_than_a_coarse_cell_come_back(network):
    """The picture itself as its reference: the coarse match carries the mean of the stripes, the fine one each."""
    lightness, ab = checks()
    target = network.consult(lightness, network.encode_reference(lightness, ab))
    truth = torch.nn.functional.avg_pool2d(ab, 4)
    coarse = torch.nn.functional.interpolate(target.carried.values[:, :2], truth.shape[2:], mode="bilinear")
    assert coarse[:, 0].abs().max() < 0.1
    fine = target.refined.described[:, :1]
    assert (fine.sign() == truth[:, :1].sign()).float().mean() > 0.9


def test_only_the_window_is_looked_at():
    """A place that looks alike but lies elsewhere has no say."""
    torch.manual_seed(0)
    layer = Refinement().eval().requires_grad_(False)
    keys = torch.nn.functional.normalize(torch.randn(1, 8 * 8, 96), dim=2)
    values = torch.zeros(1, 8 * 8, 2 + refinement.CODE)
    values[0, :, 0] = torch.arange(64)
    windows = refinement._windows(8, 8)
    query = keys[0, 63].expand(1, 4, -1)  # the last cell
    for place, sees in ((15, True), (0, False)):
        own = values[0, windows[place, refinement._CENTRE], 0]
        found = layer._look(query, windows[place : place + 1], keys[0], values[0])[..., 0] + own.mean()
        assert bool((found > 62).all()) is sees
        assert found.max() <= windows[place].max()


def test_joined_references_keep_their_own_windows(network):
    """The reference that shows the target is found behind another of another size, and refined as if it were alone."""
    lightness, ab = checks()
    own = network.encode_reference(lightness, ab)
    other = network.encode_reference(torch.full((1, 1, 32, 64), -0.9), torch.full((1, 2, 32, 64), 0.9))
    alone = refined(network, lightness, own)
    joined = refined(network, lightness, EncodedReference.join([other, own]))
    code = slice(2, 2 + refinement.CODE)
    assert torch.allclose(alone.described[:, code], joined.described[:, code], atol=1e-4)


def test_the_coarse_match_keeps_its_say_over_the_colour(network):
    """Two references that look alike and differ in colour: their mean with the details, no patchwork of the two."""
    lightness, ab = checks()
    tinted = ab + torch.tensor([0.0, 0.4]).view(1, 2, 1, 1)
    joined = EncodedReference.join([network.encode_reference(lightness, each) for each in (ab, tinted)])
    found = refined(network, lightness, joined).described
    assert torch.allclose(found[:, 1], torch.full_like(found[:, 1], 0.2), atol=1e-3)
    assert (found[:, 0].abs() > 0.3).float().mean() > 0.8


def test_joining_moves_the_windows_behind_the_places_before():
    places = [FinePlaces(torch.rand(1, n, 3), torch.rand(1, n, 2), torch.tensor([[0, n - 1]])) for n in (4, 6)]
    joined = FinePlaces.join(places)
    assert joined.windows.tolist() == [[0, 3], [4, 9]]
    assert torch.equal(joined.keys[0, joined.windows[1]], places[1].keys[0, places[1].windows[0]])


def test_in_parts_it_is_the_same(network, monkeypatch):
    lightness, ab = checks()
    reference = network.encode_reference(*(x.flip(3) for x in (lightness, ab)))
    whole = refined(network, lightness, reference)
    monkeypatch.setattr(refinement, "_AT_ONCE", 7)
    parts = refined(network, lightness, reference)
    assert torch.allclose(whole.described, parts.described, atol=1e-5)


def test_a_network_without_it_answers_and_gradients_reach_all_of_it(network):
    lightness, ab = checks()
    plain = FilmGray2ColorNet(refinement=False)
    assert plain.consult(lightness, plain.encode_reference(lightness, ab)).refined is None
    learning = FilmGray2ColorNet()
    for stage in learning.stages:
        torch.nn.init.normal_(stage.head.weight, std=0.1)
        if stage.from_refined is not None:
            torch.nn.init.normal_(stage.from_refined.weight, std=0.1)
    answer = learning(lightness, learning.encode_reference(lightness, ab)).ab[-1]
    (answer - torch.rand_like(answer)).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in learning.refinement.parameters())


def test_where_the_fine_match_is_not_believed_the_coarse_one_stays(network):
    lightness, ab = checks()
    layer = network.refinement
    reference = network.encode_reference(lightness, ab)
    target = network.consult(lightness, reference)
    bias = layer.belief[-1].bias.clone()
    for level, expected in ((-40.0, "coarse"), (40.0, "fine")):
        layer.belief[-1].bias.fill_(level)
        features = network.encoder(lightness)
        found: Refined = layer(
            features, target.carried.match, reference.fine, target.carried.values[:, :2], target.gate
        )
        coarse = torch.nn.functional.interpolate(target.carried.values[:, :2], found.ab.shape[2:], mode="bilinear")
        wanted = coarse if expected == "coarse" else found.described[:, :2]
        assert torch.allclose(found.ab, wanted, atol=1e-4)
    layer.belief[-1].bias.copy_(bias)
