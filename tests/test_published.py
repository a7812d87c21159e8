"""Gray2ColorNet as published: its weights counted, its shapes, its bounded memory; its losses, critic and stages."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vidcolor.config import resolve
from vidcolor.errors import ConfigError
from vidcolor.model.discriminator import PatchDiscriminator
from vidcolor.model.published import correspondence
from vidcolor.model.published.correspondence import MULTI_SCALE_CHANNELS, at_half_size, multi_scale
from vidcolor.model.published.encoder import Encoder
from vidcolor.model.published.fusion import gated_fusion
from vidcolor.model.published.losses import (
    PublishedLossWeights,
    chi_square,
    discriminator_loss,
    published_loss,
    total_variation,
)
from vidcolor.model.published.network import Gray2ColorNet
from vidcolor.model.published.reference import fit_reference
from vidcolor.model.published.schedule import MAIN_STAGE, STAGES, WHOLE_STAGE, stage_parameters

SMALL = 32
"""Side of the references of the quick network; its gate is smaller, all else is as published."""


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(5)
    return Gray2ColorNet(reference_side=SMALL).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def published():
    """The network at its published size, without the cost of its numbers."""
    with torch.device("meta"):
        return Gray2ColorNet().requires_grad_(False)


def picture(seed, height=SMALL, width=SMALL, batch=1):
    generator = torch.Generator().manual_seed(seed)
    lightness = torch.rand((batch, 1, height, width), generator=generator) * 2 - 1
    ab = torch.rand((batch, 2, height, width), generator=generator) - 0.5
    return lightness, ab


def size_of(module):
    return sum(parameter.numel() for parameter in module.parameters())


# ---------------------------------------------------------------------------------------------------- the network


def test_every_part_has_its_published_number_of_weights(published):
    parts = {
        "encoder": published.encoder,
        "decoder block 1": published.decoder.block1,
        "decoder block 2": published.decoder.block2,
        "decoder block 3": published.decoder.block3,
        "colour distribution": published.color_distribution,
        "semantic assignment": published.semantic_assignment,
        "gate": published.gate,
        "class head": published.classifier,
    }
    assert {name: size_of(part) for name, part in parts.items()} == {
        "encoder": 21_792_960,
        "decoder block 1": 15_667_202,
        "decoder block 2": 3_770_242,
        "decoder block 3": 1_221_890,
        "colour distribution": 1_211_264,
        "semantic assignment": 4_684_800,
        "gate": 4_196_353,
        "class head": 513_000,
    }
    assert size_of(published) == 53_057_711


def test_the_norm_has_no_weights_and_no_memory(published):
    norms = [module for module in published.modules() if isinstance(module, nn.InstanceNorm2d)]
    assert len(norms) == 6 + 4 + 3 * 5 + 2
    assert not any(module.affine or module.track_running_stats for module in norms)


def test_the_encoder_has_four_groups_and_two_dilated_ones(published):
    encoder = published.encoder
    groups = (encoder.group1, encoder.group2, encoder.group3, encoder.group4, encoder.group5, encoder.group6)
    convolutions = [[layer for layer in group if isinstance(layer, nn.Conv2d)] for group in groups]
    assert [len(group) for group in convolutions] == [2, 2, 3, 3, 3, 3]
    assert [{layer.dilation[0] for layer in group} for group in convolutions] == [{1}, {1}, {1}, {1}, {2}, {2}]
    assert all(isinstance(group[-1], nn.InstanceNorm2d) for group in groups)
    assert sum(isinstance(module, Encoder) for module in published.modules()) == 1  # for target and reference


def test_the_first_weights_are_normal_and_the_biases_zero(network):
    weights = torch.cat([value.flatten() for name, value in network.named_parameters() if name.endswith("weight")])
    assert weights.mean().abs() < 1e-4
    assert weights.std() == pytest.approx(0.02, rel=0.01)
    assert not any(value.any() for name, value in network.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (24, 56), (136, 96)])
def test_output_has_three_scales_whatever_the_shape(height, width):
    with FakeTensorMode(), torch.no_grad():
        published = Gray2ColorNet()
        reference = published.encode_reference(torch.zeros(1, 1, 128, 128), torch.zeros(1, 2, 128, 128))
        result = published(torch.zeros(3, 1, height, width), reference)
    expected = [(3, 2, height // stride, width // stride) for stride in (4, 2, 1)]
    assert [tuple(ab.shape) for ab in result.ab] == expected
    assert result.gate.shape == (3, 1, height // 2, width // 2)
    assert result.carried_ab.shape == (3, 2, height // 2, width // 2)
    assert result.class_logits.shape == (3, 1000)


def test_a_large_target_stays_within_two_gigabytes():
    """All tensors alive at once while 512 x 512 is coloured, weights and reference included, float32."""
    with FakeTensorMode(), torch.no_grad(), PeakBytes() as peak:
        published = Gray2ColorNet()
        reference = published.encode_reference(torch.zeros(1, 1, 128, 128), torch.zeros(1, 2, 128, 128))
        published(torch.zeros(1, 1, 512, 512), reference)
    assert peak.largest < 0.6e9  # never the whole matrix of cosines, which takes 1.07e9
    assert 0.7e9 < peak.bytes < 1.7e9


class PeakBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that operations make, while they live."""

    def __init__(self):
        super().__init__()
        self.bytes = self.largest = 0
        self._alive = {}

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        self._alive = {key: entry for key, entry in self._alive.items() if not entry[0].expired()}
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self._alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
                self.largest = max(self.largest, storage.nbytes())
        self.bytes = max(self.bytes, sum(size for _, size in self._alive.values()))
        return result


def test_the_walk_in_chunks_is_the_walk_in_one(network, monkeypatch):
    reference = network.encode_reference(*picture(1))
    target = picture(2, 40, 24, batch=2)[0]
    whole = network(target, reference)
    monkeypatch.setattr(correspondence, "_ELEMENTS_AT_ONCE", 5000)  # nine places of two targets
    chunked = network(target, reference)
    assert torch.allclose(whole.gate, chunked.gate, atol=1e-5)
    assert torch.allclose(whole.carried_ab, chunked.carried_ab, atol=1e-4)
    assert torch.allclose(whole.ab[2], chunked.ab[2], atol=2e-3)  # the untrained decoder magnifies rounding


def test_multi_scale_features_are_1984_long_and_of_unit_length(network):
    features = network.encoder(picture(3, 24, 40)[0])
    vectors = multi_scale(at_half_size(features))
    assert vectors.shape == (1, MULTI_SCALE_CHANNELS, 12 * 20)
    assert MULTI_SCALE_CHANNELS == 1984
    assert torch.allclose(vectors.norm(dim=1), torch.ones(1), atol=1e-5)


def test_a_flat_picture_gives_numbers(network):
    """Instance norm makes a flat picture's features vanish or nearly so; normalising them must not divide by zero."""
    flat = torch.zeros(1, 1, SMALL, SMALL)
    reference = network.encode_reference(flat, torch.zeros(1, 2, SMALL, SMALL))
    result = network(flat, reference)
    assert all(torch.isfinite(ab).all() for ab in (*result.ab, result.gate))


def test_the_picture_itself_is_assigned_its_own_colours(network):
    """At temperature 0.01 a place of many details finds itself again."""
    lightness, ab = picture(6)
    carried = network(lightness, network.encode_reference(lightness, ab)).carried_ab
    own = ab[..., ::2, ::2]
    stranger = network(picture(7)[0], network.encode_reference(lightness, ab)).carried_ab
    assert (carried - own).abs().mean() < 0.5 * (stranger - own).abs().mean()


def test_a_batch_of_two_is_two_of_one(network):
    stills = picture(1, batch=2)
    targets = picture(2, 24, 40, batch=2)[0]
    each = network(targets, network.encode_reference(*stills))
    one = [network(targets[i : i + 1], network.encode_reference(*(x[i : i + 1] for x in stills))) for i in range(2)]
    assert torch.allclose(each.ab[2], torch.cat([result.ab[2] for result in one]), atol=1e-4)
    # Logits are of a size of several units, and a batch of another length is summed in another order.
    assert torch.allclose(each.class_logits, torch.cat([result.class_logits for result in one]), atol=1e-3)


def test_one_reference_serves_a_batch(network):
    targets = picture(2, batch=3)[0]
    lightness, ab = picture(1)
    shared = network(targets, network.encode_reference(lightness, ab))
    repeated = network(targets, network.encode_reference(lightness.expand(3, -1, -1, -1), ab.expand(3, -1, -1, -1)))
    assert torch.allclose(shared.ab[2], repeated.ab[2], atol=1e-4)
    with pytest.raises(ValueError, match="2 references for 3 targets"):
        network(targets, network.encode_reference(*picture(1, batch=2)))


def test_who_has_no_reference_is_coloured_as_if_there_were_none(network):
    targets = picture(2, batch=2)[0]
    reference = network.encode_reference(*picture(1))
    mixed = network(targets, reference, torch.tensor([True, False]))
    alone = network(targets, None)
    assert torch.allclose(mixed.ab[2][1], alone.ab[2][1], atol=1e-5)
    assert torch.allclose(mixed.ab[2][0], network(targets, reference).ab[2][0], atol=1e-5)
    assert not mixed.gate[1].any()
    assert not alone.gate.any()
    assert alone.reference_histogram is None


def test_the_target_is_encoded_once_and_the_reference_never_again(network):
    reference = network.encode_reference(*picture(1))
    calls = []
    handle = network.encoder.register_forward_hook(lambda *_: calls.append(1))
    network(picture(2)[0], reference)
    handle.remove()
    assert len(calls) == 1


def test_the_gate_chooses_between_assignment_and_distribution():
    assigned = tuple(torch.full((2, 3, side, side), 5.0) for side in (1, 2, 4))
    spread = tuple(torch.full((1, 3, 1, 1), -1.0) for _ in range(3))
    gate = torch.zeros(2, 1, 4, 4)
    gate[0, :, :, 2:] = 1
    gate[1, :, 0, 0] = 0.5
    coarse, middle, fine = gated_fusion(assigned, spread, gate)
    assert fine[0, 1].tolist() == [[-1, -1, 5, 5]] * 4
    assert middle[0, 1].tolist() == [[-1, 5]] * 2
    assert coarse[:, 0].flatten().tolist() == [-1, 2]


def test_other_sizes_are_refused_in_words(network, published):
    with pytest.raises(ValueError, match="multiples of 8, at least 16, got 50 x 64"):
        network(torch.zeros(1, 1, 50, 64), None)
    with pytest.raises(ValueError, match="got 8 x 8"):
        network(torch.zeros(1, 1, 8, 8), None)
    with pytest.raises(ValueError, match="fix references to 128 x 128"):
        published.encode_reference(torch.zeros(1, 1, 128, 120), torch.zeros(1, 2, 128, 120))
    with pytest.raises(ValueError, match="256 places, the gate needs 4096"):
        published(torch.zeros(1, 1, 16, 16, device="meta"), network.encode_reference(*picture(1)))


def test_stills_of_any_shape_are_fitted():
    rgb = torch.zeros(2, 3, 90, 200)
    rgb[0, 0] = 1
    lightness, ab = fit_reference(rgb)
    assert lightness.shape == (2, 1, 128, 128)
    assert ab.shape == (2, 2, 128, 128)
    assert lightness[0].mean() * 50 + 50 == pytest.approx(53.24, abs=0.01)
    assert ab[0].mean((1, 2)).tolist() == pytest.approx([80.09 / 110, 67.20 / 110], abs=1e-3)
    assert lightness[1].max() == pytest.approx(-1)


# ----------------------------------------------------------------------------------------------------- the losses


@given(st.lists(st.floats(0, 1), min_size=4, max_size=9).filter(lambda values: sum(values) > 0.1))
@settings(max_examples=30, deadline=None)
def test_chi_square_is_a_distance_of_histograms(values):
    histogram = F.normalize(torch.tensor([values]), p=1, dim=1)
    other = histogram.roll(1, dims=1)
    assert chi_square(histogram, histogram).item() == 0
    assert chi_square(histogram, other).item() == pytest.approx(chi_square(other, histogram).item())
    assert 0 <= chi_square(histogram, other).item() <= 4 + 1e-5


def test_chi_square_of_histograms_that_share_nothing_is_four():
    first, second = torch.tensor([[0.25, 0.75, 0, 0], [1, 0, 0, 0]]), torch.tensor([[0, 0, 0.5, 0.5]])
    assert chi_square(first, second).tolist() == pytest.approx([4, 4])
    assert chi_square(torch.tensor([[0.25, 0.75]]), torch.tensor([[0.75, 0.25]])).item() == pytest.approx(1)


def test_total_variation_is_that_of_the_hand():
    """Differences are 2, 2, 2 downward and 1, 3, 1, 3 across: twice the sum of their mean squares."""
    x = torch.tensor([[[[0.0, 1, 4], [2, 3, 6]]]])
    by_hand = 2 * ((4 + 4 + 4) / 3 + (1 + 9 + 1 + 9) / 4)
    assert total_variation(x).item() == pytest.approx(by_hand)
    assert total_variation(torch.cat((x, x))).item() == pytest.approx(by_hand)
    assert total_variation(torch.full((2, 2, 4, 4), 0.3)).item() == 0


def predictions(network, seed=2, batch=2):
    target, true_ab = picture(seed, batch=batch)
    return network(target, network.encode_reference(*picture(1))), true_ab


def test_the_total_is_the_weighted_sum_of_its_named_parts(network):
    pred, true_ab = predictions(network)
    parts = published_loss(pred, true_ab, torch.tensor([1, 999]), torch.randn(2, 1, 2, 2), PublishedLossWeights())
    weights = {"pixel": 1000, "tv": 10, "histogram": 1, "classification": 1, "gan": 0.1}
    assert parts.keys() == {*weights, "total"}
    assert parts["total"].item() == pytest.approx(sum(weight * parts[name].item() for name, weight in weights.items()))


def test_every_scale_counts_and_a_perfect_answer_costs_nothing(network):
    pred, true_ab = predictions(network)
    scales = tuple(F.avg_pool2d(true_ab, stride) for stride in (4, 2, 1))
    perfect = published_loss(replace(pred, ab=scales), true_ab, None, None, PublishedLossWeights())
    assert perfect["pixel"].item() == 0
    off = tuple(ab + 0.1 for ab in scales)
    apart = published_loss(replace(pred, ab=off), true_ab, None, None, PublishedLossWeights())
    assert apart["pixel"].item() == pytest.approx(3 * 0.1**2 / 2, rel=1e-3)


def test_parts_that_nobody_can_judge_are_left_out(network):
    target, true_ab = picture(2)
    parts = published_loss(network(target, None), true_ab, None, None, MAIN_STAGE.weights)
    assert parts.keys() == {"pixel", "tv", "total"}


def test_the_histogram_of_who_had_no_reference_is_not_judged(network):
    target, true_ab = picture(2, batch=2)
    reference = network.encode_reference(*picture(1))
    losses = [
        published_loss(network(target, reference, torch.tensor(present)), true_ab, None, None, PublishedLossWeights())
        for present in ([True, True], [True, False], [False, True], [False, False])
    ]
    both, first, second, none = (loss["histogram"].item() for loss in losses)
    assert both == pytest.approx(first + second, rel=1e-4)
    assert none == 0


@pytest.mark.parametrize("mode", ["lsgan", "vanilla"])
def test_the_two_sides_of_the_gan_pull_apart(mode):
    sure, unsure = torch.full((2, 1, 2, 2), 9.0 if mode == "vanilla" else 1.0), torch.zeros(2, 1, 2, 2)
    fooled = -sure if mode == "vanilla" else unsure
    assert discriminator_loss(sure, fooled, mode).item() == pytest.approx(0, abs=1e-3)
    assert discriminator_loss(fooled, sure, mode) > discriminator_loss(unsure, unsure + 0.5, mode)


def test_the_weights_are_settings_with_checked_words():
    assert resolve(PublishedLossWeights, None, ["gan_mode=lsgan"]).gan_mode == "lsgan"
    with pytest.raises(ConfigError, match="gan_mode"):
        resolve(PublishedLossWeights, None, ["gan_mode=wgan"])


# ---------------------------------------------------------------------------------- critic, stages and optimisation


def test_the_critic_sees_patches_of_seventy_pixels():
    torch.manual_seed(1)
    critic = PatchDiscriminator()
    for number, layer in enumerate(critic.layers):  # the norm lets every pixel see the whole picture a little
        if isinstance(layer, nn.InstanceNorm2d):
            critic.layers[number] = nn.Identity()
    lightness = torch.rand(1, 1, 160, 160, requires_grad=True)
    logits = critic(lightness, torch.rand(1, 2, 160, 160))
    assert logits.shape == (1, 1, 18, 18)
    logits[0, 0, 9, 9].backward()
    seen = lightness.grad[0, 0].nonzero()
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [70, 70]


@pytest.mark.parametrize(("side", "expected"), [(128, 14), (256, 30), (32, 2)])
def test_the_critic_answers_a_grid(side, expected):
    with torch.device("meta"):
        critic = PatchDiscriminator()
        logits = critic(torch.zeros(2, 1, side, side), torch.zeros(2, 2, side, side))
    assert logits.shape == (2, 1, expected, expected)
    assert critic.layers[0].weight.shape == (32, 3, 1, 1)


def test_the_stages_are_those_of_the_paper(published):
    assert [(stage.with_reference, stage.batch, stage.weights.histogram) for stage in STAGES] == [
        (False, 48, 0.0),
        (True, 12, 1.0),
    ]
    main = sum(parameter.numel() for parameter in stage_parameters(published, MAIN_STAGE))
    assert main == 21_792_960 + 15_667_202 + 3_770_242 + 1_221_890 + 513_000
    assert sum(parameter.numel() for parameter in stage_parameters(published, WHOLE_STAGE)) == 53_057_711


def biases_before_norm(network):
    """Biases that the norm right after them takes away again: they are in the count, and nothing follows from them."""
    found = set()
    for sequence in (module for module in network.modules() if isinstance(module, nn.Sequential)):
        for layer, following in pairwise(sequence):
            if isinstance(following, nn.InstanceNorm2d) and isinstance(layer, nn.Conv2d):
                found.add(layer.bias)
    return found


def test_the_total_reaches_every_weight():
    torch.manual_seed(4)
    network, critic = Gray2ColorNet(reference_side=SMALL), PatchDiscriminator()
    lightness, true_ab = picture(2, batch=2)
    pred = network(lightness, network.encode_reference(*picture(1, batch=2)))
    parts = published_loss(pred, true_ab, torch.tensor([3, 4]), critic(lightness, pred.ab[2]), PublishedLossWeights())
    parts["total"].backward()
    idle = biases_before_norm(network)
    assert len(idle) == 3 * 5
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter in idle or parameter.grad.any(), name


def test_a_stage_without_reference_moves_the_main_network_alone():
    with FakeTensorMode():
        learner = Gray2ColorNet()
        pred = learner(torch.zeros(2, 1, 32, 32), None)
        parts = published_loss(pred, torch.zeros(2, 2, 32, 32), torch.tensor([3, 4]), None, MAIN_STAGE.weights)
        parts["total"].backward()
    moved = {name for name, parameter in learner.named_parameters() if parameter.grad is not None}
    stage = {id(parameter) for parameter in stage_parameters(learner, MAIN_STAGE)}
    assert moved == {name for name, parameter in learner.named_parameters() if id(parameter) in stage}


def test_a_few_steps_lower_the_losses():
    torch.manual_seed(8)
    network, critic = Gray2ColorNet(reference_side=SMALL), PatchDiscriminator()
    optimizer = torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999))
    critic_optimizer = torch.optim.Adam(critic.parameters(), 2e-4, betas=(0.5, 0.999))
    lightness, _ = picture(2, batch=2)
    true_ab = F.interpolate(picture(3, 2, 2, batch=2)[1], (SMALL, SMALL), mode="bilinear")
    losses, critics = [], []
    for _ in range(4):
        pred = network(lightness, network.encode_reference(lightness, true_ab))
        fake = critic(lightness, pred.ab[2])
        parts = published_loss(pred, true_ab, torch.tensor([3, 4]), fake, PublishedLossWeights())
        optimizer.zero_grad()
        parts["total"].backward()
        optimizer.step()
        real, fake = critic(lightness, true_ab), critic(lightness, pred.ab[2].detach())
        critic_loss = discriminator_loss(real, fake, PublishedLossWeights().gan_mode)
        critic_optimizer.zero_grad()
        critic_loss.backward()
        critic_optimizer.step()
        losses.append({name: part.item() for name, part in parts.items()})
        critics.append(critic_loss.item())
    assert losses[-1]["total"] < 0.8 * losses[0]["total"]
    assert losses[-1]["pixel"] < 0.8 * losses[0]["pixel"]
    assert critics[-1] < critics[0]
