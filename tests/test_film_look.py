"""Film's gray: a fixed share stays plain, the rest is worn within bounds, and a seed gives the same film again."""

import pytest
import torch

from vidcolor.color import luma_to_lightness
from vidcolor.model.codec_noise import quantised
from vidcolor.model.film_damage import scratched, speckled, unevenly_faded
from vidcolor.model.film_look import CLEAN, film_lightness, plain_lightness


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count, side=64):
    """Smooth coloured pictures."""
    knots = torch.rand((count, 3, 5, 5), generator=seeded(7))
    return torch.nn.functional.interpolate(knots, size=(side, side + 8), mode="bilinear")


def test_plain_lightness_is_that_of_the_luma():
    rgb = pictures(2)
    luma = 0.299 * rgb[:, :1] + 0.587 * rgb[:, 1:2] + 0.114 * rgb[:, 2:]
    torch.testing.assert_close(plain_lightness(rgb), luma_to_lightness(luma) / 50 - 1, atol=1e-5, rtol=0)


def test_the_clean_share_is_untouched_and_the_rest_is_not():
    rgb = pictures(400, 32)
    change = (film_lightness(rgb, seeded()) - plain_lightness(rgb)).abs().amax((1, 2, 3))
    clean = float((change < 1e-5).float().mean())
    assert CLEAN - 0.06 < clean < CLEAN + 0.1  # some old film has no fault either


def test_film_keeps_to_the_range_of_lightness_and_shape():
    gray = film_lightness(pictures(60), seeded(1))
    assert gray.shape == (60, 1, 64, 72)
    assert torch.isfinite(gray).all()
    assert gray.min() >= -1 - 1e-5
    assert gray.max() <= 1 + 1e-5


def test_film_still_shows_the_picture():
    rgb = pictures(100)
    film, plain = (each.flatten(1) for each in (film_lightness(rgb, seeded(2)), plain_lightness(rgb)))
    alike = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(film, plain, strict=True)])
    assert alike.median() > 0.95
    assert alike.min() > 0.3


def test_a_seed_gives_the_same_film_again():
    rgb = pictures(24)
    assert torch.equal(film_lightness(rgb, seeded(3)), film_lightness(rgb, seeded(3)))
    assert not torch.equal(film_lightness(rgb, seeded(3)), film_lightness(rgb, seeded(4)))


@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures_are_fine(count):
    assert film_lightness(pictures(3)[:count], seeded()).shape == (count, 1, 64, 72)


@pytest.mark.parametrize(("effect", "most"), [(scratched, 0.3), (speckled, 0.3)])
def test_damage_covers_some_places_and_leaves_most_alone(effect, most):
    luma = torch.full((40, 1, 64, 80), 0.5)
    changed = ((effect(luma, seeded()) - luma).abs() > 0.02).float().mean((1, 2, 3))
    assert changed.mean() > 0.001
    assert changed.max() < most


def test_scratches_run_down_the_picture():
    change = (scratched(torch.full((40, 1, 64, 64), 0.5), seeded(5)) - 0.5).abs()
    along = (change[:, :, 1:] - change[:, :, :-1]).abs().mean()
    across = (change[..., 1:] - change[..., :-1]).abs().mean()
    assert across > 4 * along


def test_fading_is_smooth():
    faded = unevenly_faded(torch.full((8, 1, 64, 64), 0.6), seeded())
    assert (faded[..., 1:] - faded[..., :-1]).abs().max() < 0.02
    assert faded.std() > 0.005


@pytest.mark.parametrize("shape", [(64, 64), (33, 50)])
def test_a_codec_keeps_flat_pictures_nearly_flat_and_drops_the_finest_pattern(shape):
    flat = torch.full((4, 1, *shape), 0.37)
    assert (quantised(flat, seeded()) - flat).abs().max() < 0.01
    board = 0.5 + 0.02 * ((torch.arange(shape[0])[:, None] + torch.arange(shape[1])) % 2 - 0.5)
    left = quantised(board.expand(8, 1, *shape).contiguous(), seeded(1))
    assert left.shape == (8, 1, *shape)
    assert left[..., 8:-8, 8:-8].std() < 0.6 * board.std()


def test_a_codec_changes_a_picture_little():
    luma = pictures(8)[:, :1]
    change = (quantised(luma, seeded()) - luma).abs()
    assert 0 < change.mean() < 0.02
