"""The film network: any size, batches that change nothing, references that join, memory that stays bounded."""

import math
from dataclasses import replace

import pytest
import torch

from vidcolor.errors import CheckpointError
from vidcolor.model import correspondence
from vidcolor.model.checkpoint import describe_weights, find_weights, load_network, save_network, shipped_models
from vidcolor.model.decoder_stage import Propagated
from vidcolor.model.encoded_reference import EncodedReference
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.model.layers import resize


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return FilmGray2ColorNet().eval().requires_grad_(False)


def picture(seed, height=64, width=96, batch=1):
    generator = torch.Generator().manual_seed(seed)
    lightness = torch.rand((batch, 1, height, width), generator=generator) * 2 - 1
    ab = torch.rand((batch, 2, height, width), generator=generator) - 0.5
    return lightness, ab


def test_output_is_half_the_size_whatever_the_sizes_of_target_and_reference(network):
    reference = network.encode_reference(*picture(1, 32, 128))
    result = network(picture(2, 96, 64)[0], reference)
    assert [tuple(ab.shape) for ab in result.ab] == [(1, 2, 12, 8), (1, 2, 24, 16), (1, 2, 48, 32)]
    assert result.gate.min() >= 0
    assert result.gate.max() <= 1


@pytest.fixture(scope="module")
def painter():
    """A network that has colours of its own, and trusts no reference."""
    torch.manual_seed(4)
    network = FilmGray2ColorNet().eval().requires_grad_(False)
    for stage in network.stages:
        torch.nn.init.normal_(stage.head.weight, std=0.05)
    torch.nn.init.constant_(network.gate.layers[-1].bias, -30)
    return network


def natural_reference(painter, lightness, factor):
    """The reference whose colours are the painter's own for its gray, times a factor."""
    return painter.encode_reference(lightness, factor * upsampled(painter.natural(lightness)))


def upsampled(ab):
    return torch.nn.functional.interpolate(ab, scale_factor=8)


@pytest.mark.parametrize(("factor", "gain"), [(0.5, 0.5), (1.0, 1.0), (0.0, 0.2), (-1.0, 0.2), (3.0, 1.2)])
def test_what_no_reference_shows_is_as_lively_as_the_reference(painter, factor, gain):
    """Least squares of its true colours over the natural ones, within bounds."""
    lightness = picture(1)[0]
    reference = natural_reference(painter, lightness, factor)
    assert reference.gain.item() == pytest.approx(gain, abs=0.02)
    target = painter.consult(picture(2)[0], reference)
    told, plain = (replace(target, gain=one.view(1, 1, 1, 1)) for one in (reference.gain, torch.ones(1)))
    for ab, full in zip(painter.decode(told).ab, painter.decode(plain).ab, strict=True):
        assert torch.allclose(ab, reference.gain * full, atol=1e-6)


@pytest.mark.parametrize(("found", "gain"), [(0.4, 1.0), (0.6, 0.7), (0.8, 0.4)])
def test_a_reference_speaks_for_the_rest_where_it_shows_most(painter, monkeypatch, found, gain):
    """One in which nothing is found says nothing of what it does not show."""
    reference = natural_reference(painter, picture(1)[0], 0.4)
    logit = torch.full((1, 1, 8, 12), math.log(found / (1 - found)))
    monkeypatch.setattr(painter.gate, "forward", lambda statistics: logit)
    assert painter.consult(picture(2)[0], reference).gain.item() == pytest.approx(gain, abs=0.02)


def test_what_a_reference_shows_has_its_own_colours(painter):
    """Where the gate is open, nothing is made paler."""
    reference = natural_reference(painter, picture(1)[0], 0.0)
    target = painter.consult(picture(2)[0], reference)
    sure = replace(target, gate=torch.ones_like(target.gate))
    plain = replace(sure, gain=torch.ones_like(sure.gain))
    assert torch.equal(painter.decode(sure).ab[-1], painter.decode(plain).ab[-1])


def test_joined_references_are_as_lively_as_their_weights_say(painter):
    pale, lively = (natural_reference(painter, picture(seed)[0], factor) for seed, factor in ((1, 0.4), (2, 1.0)))
    joined = EncodedReference.join([pale, lively], [3.0, 1.0]).gain
    assert torch.allclose(joined, 0.75 * pale.gain + 0.25 * lively.gain)


def test_an_untrained_network_knows_no_natural_colours(network):
    assert network.encode_reference(*picture(1)).gain.item() == pytest.approx(1.0)


def test_a_batch_of_four_is_four_of_one(network):
    reference = network.encode_reference(*picture(1))
    targets = picture(2, batch=4)[0]
    together = network(targets, reference).ab[-1]
    apart = torch.cat([network(target[None], reference).ab[-1] for target in targets])
    assert torch.allclose(together, apart, atol=1e-4)


def test_correspondence_in_chunks_is_correspondence_in_one(network, monkeypatch):
    reference = network.encode_reference(*picture(1))
    target = picture(2)[0]
    whole = network(target, reference)
    monkeypatch.setattr(correspondence, "_ELEMENTS_AT_ONCE", (200, 200))
    chunked = network(target, reference)
    assert torch.allclose(whole.ab[-1], chunked.ab[-1], atol=1e-5)


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_correspondence_is_a_softmax_of_cosines(learning, weighted):
    """What it says of a place is what softmax, its entropy and its peak say, however the work is divided."""
    torch.manual_seed(0)
    target, keys = (torch.nn.functional.normalize(torch.randn(1, n, 24), dim=2) for n in (64, 40))
    values, prior = torch.rand(1, 40, 5), torch.randn(1, 40) if weighted else None
    layer = correspondence.Correspondence()
    with torch.set_grad_enabled(learning):
        found = layer(target, keys, values, (8, 8), prior)
    logits = (target.double() @ keys.double().transpose(1, 2)) / 0.02
    weights = torch.softmax(logits if prior is None else logits + prior[:, None], dim=2)
    carried = (weights @ values.double())[0].T.reshape(5, 8, 8)
    entropy = torch.special.entr(weights).sum(2)[0].reshape(8, 8) / math.log(40)
    peak = weights.amax(2)[0].reshape(8, 8)
    assert torch.allclose(found.values[0].double(), carried, atol=1e-5)
    assert torch.allclose(found.statistics[0, correspondence.TOP_SIMILARITIES].double(), peak, atol=1e-5)
    assert torch.allclose(found.statistics[0, correspondence.TOP_SIMILARITIES + 1].double(), entropy, atol=1e-5)


def test_in_bfloat16_places_that_are_alike_stay_apart():
    """Cosines around those of a match are far nearer the truth than eight bits for themselves would leave them."""
    torch.manual_seed(0)
    thing = torch.randn(1, 1, 512)
    target, keys = (torch.nn.functional.normalize(thing + 0.55 * torch.randn(1, n, 512), dim=2) for n in (64, 40))
    exact = target.double() @ keys.double().transpose(1, 2)
    assert ((exact > 0.6) & (exact < 0.9)).all()
    plain = (target.bfloat16() @ keys.bfloat16().transpose(1, 2)).double()
    error = (correspondence._CosinesInHalf(keys)(target) - exact).abs().max()
    assert error < 6e-4
    assert error < (plain - exact).abs().max() / 2
    layer, values = correspondence.Correspondence(), torch.rand(1, 40, 5)
    with torch.no_grad():
        sharp = layer(target, keys, values, (8, 8))
        with torch.autocast("cpu", torch.bfloat16):
            quick = layer(target, keys, values, (8, 8))
    assert torch.allclose(quick.values, sharp.values, atol=0.02)
    assert quick.values.dtype == sharp.values.dtype == torch.float32


def test_a_reference_twice_says_the_same_as_once(network):
    once = network.encode_reference(*picture(1))
    twice = EncodedReference.join([once, once])
    target = picture(2)[0]
    assert twice.keys.shape[1] == 2 * once.keys.shape[1]
    carried_once = network(target, once).carried_ab
    assert torch.allclose(network(target, twice).carried_ab, carried_once, atol=1e-4)


def test_the_heavier_of_two_alike_places_says_more(network):
    """Two copies of one picture in two colours: the carried colour is the weighted mean."""
    lightness, ab = picture(1)
    red, blue = (network.encode_reference(lightness, torch.full_like(ab, level)) for level in (0.6, -0.6))
    target = picture(2)[0]
    for weights, mean in ((None, 0.0), ((1, 1), 0.0), ((3, 1), 0.3), ((30, 10), 0.3), ((1, 3), -0.3)):
        joined = EncodedReference.join([red, blue], weights)
        carried = network(target, joined).carried_ab
        assert torch.allclose(carried, torch.full_like(carried, mean), atol=1e-3)
        assert joined.histogram.sum().item() == pytest.approx(1, abs=1e-4)


def test_equal_weights_are_no_weights(network):
    references = [network.encode_reference(*picture(seed)) for seed in (1, 2)]
    target = picture(3)[0]
    plain, weighted = (network(target, EncodedReference.join(references, w)).ab[-1] for w in (None, (2, 2)))
    assert torch.allclose(plain, weighted, atol=1e-4)


def test_the_picture_itself_as_reference_is_carried_to_its_place(network):
    """The untrained network already transfers: a picture of two colours finds each again."""
    torch.manual_seed(0)
    lightness = torch.rand(1, 1, 128, 128) * 2 - 1
    ab = torch.zeros(1, 2, 128, 128)
    ab[:, 0, :, :64], ab[:, 0, :, 64:] = 0.5, -0.5
    carried = network(lightness, network.encode_reference(lightness, ab)).carried_ab[0, 0]
    assert carried[:, :6].mean() > carried[:, -6:].mean() + 0.1


def test_without_a_reference_the_network_answers_all_the_same(network):
    target = picture(2)[0]
    alone = network(target, None)
    absent = network(target, network.encode_reference(*picture(1)), torch.tensor([False]))
    assert torch.isfinite(alone.ab[-1]).all()
    assert torch.allclose(alone.ab[-1], absent.ab[-1], atol=1e-5)


def before(ab, present=True, trust=1.0):
    return Propagated(ab, torch.full_like(ab[:, :1], trust), torch.tensor([present] * len(ab)))


def test_colours_of_a_frame_before_that_is_absent_have_no_say(network):
    reference, target = network.encode_reference(*picture(1)), picture(2)[0]
    absent = network(target, reference, propagated=before(picture(5)[1], present=False))
    assert torch.equal(absent.ab[-1], network(target, reference).ab[-1])


def test_the_untrained_network_follows_the_frame_before_halfway(network):
    """So that a training that starts from it has something to improve on."""
    target, red = picture(2)[0], torch.zeros(1, 2, 32, 48)
    red[:, 0] = 0.6
    assert network(target, None, propagated=before(red)).ab[-1][:, 0].mean() == pytest.approx(0.3, abs=1e-3)


def test_consulting_many_and_decoding_one_by_one_is_colouring_each(network):
    reference, targets = network.encode_reference(*picture(1)), picture(2, batch=3)[0]
    consulted, colours = network.consult(targets, reference), picture(5, batch=3)[1]
    for number in range(3):
        one = network.decode(consulted.only(number), before(colours[number : number + 1])).ab[-1]
        alone = network(targets[number : number + 1], reference, propagated=before(colours[number : number + 1]))
        assert torch.allclose(one, alone.ab[-1], atol=1e-4)


def test_a_frame_before_has_its_say_and_no_more(network):
    """In all but the finest detail, a continued target lies between what it is with the frame before and without."""
    target = network.consult(picture(2)[0], network.encode_reference(*picture(1)))
    red = before(torch.full_like(picture(5)[1], 0.6))
    alone, followed = (network.decode(target, propagated).ab for propagated in (None, red))
    assert torch.equal(network.continued(target, red, 1.0), followed[-1])
    half = network.continued(target, red, 0.5)
    assert torch.allclose(half - followed[-1], resize(alone[1] - followed[1], half) / 2, atol=1e-5)
    assert (half.mean((2, 3)) - (alone[-1] + followed[-1]).mean((2, 3)) / 2).abs().max() < 0.02


def test_odd_sizes_are_refused_in_words(network):
    with pytest.raises(ValueError, match="multiples of 32"):
        network(torch.zeros(1, 1, 50, 64), None)


def test_weights_come_back_from_their_file(network, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_network(network, path, {"licence": "CC0"}, half=False)
    info = describe_weights(path)
    assert info.licence == "CC0"
    assert info.parameters == sum(parameter.numel() for parameter in network.parameters())
    target = picture(2)[0]
    assert torch.equal(load_network(path)(target, None).ab[-1], network(target, None).ab[-1])


def test_foreign_and_missing_weights_get_a_sentence(tmp_path):
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"not weights at all")
    with pytest.raises(CheckpointError, match="no safetensors file"):
        describe_weights(foreign)
    with pytest.raises(CheckpointError, match="no model or weights file"):
        find_weights("no-such-model")


def test_the_shipped_model_colours():
    [info] = [model for model in shipped_models() if model.name == "gray2color-film"]
    network = load_network(info.path)
    reference = network.encode_reference(*picture(1))
    assert torch.isfinite(network(picture(2)[0], reference).ab[-1]).all()
    assert info.quality


def test_natural_colours_on_the_coarsest_scale_are_those_of_the_first_stage(network):
    targets = picture(2, batch=2)[0]
    assert torch.equal(network.natural(targets), network(targets, None).ab[0])
