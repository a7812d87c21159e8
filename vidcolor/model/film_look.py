"""Gray as film has it: the target's lightness in training is not always that of a desaturated photograph.

Stock, development, lens, wear and transfer follow each other as they did in life. A fixed share of the pictures stays
plain luma in everything, since most films come as clean video. Every number is drawn on the CPU, so that a generator's
seed gives the same film on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import luma_to_lightness
from vidcolor.model.codec_noise import quantised
from vidcolor.model.film_damage import on_some, scratched, speckled, unevenly_faded, uniform

CLEAN = 0.45
"""Share of the pictures left as plain luma."""


def plain_lightness(rgb: Tensor) -> Tensor:
    """sRGB (N, 3, H, W) in [0, 1] to L*/50 - 1 of its BT.601 luma, (N, 1, H, W)."""
    luma = torch.einsum("c,nchw->nhw", rgb.new_tensor((0.299, 0.587, 0.114)), rgb)
    return luma_to_lightness(luma).unsqueeze(1) / 50 - 1


def film_lightness(rgb: Tensor, generator: torch.Generator) -> Tensor:
    """Like :func:`plain_lightness`, (N, 1, H, W), but more than half of the pictures look like old film.

    ``rgb`` (N, 3, H, W) sRGB in [0, 1] on any device; ``generator`` is a CPU generator.
    """
    plain = rgb.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)
    luma = (rgb * plain).sum(1, keepdim=True)
    old = torch.nonzero(torch.rand(len(rgb), generator=generator) >= CLEAN).flatten().to(rgb.device)
    if len(old):
        luma = luma.index_copy(0, old, _old_film(rgb[old], generator))
    return luma_to_lightness(luma) / 50 - 1


def _old_film(rgb: Tensor, generator: torch.Generator) -> Tensor:
    """sRGB (N, 3, H, W) to the luma, (N, 1, H, W) in [0, 1], of a worn print of it."""
    luma = _exposed(rgb, generator)
    luma = on_some(luma, 0.5, _developed, generator)
    luma = on_some(luma, 0.3, _contrasted, generator)
    luma = on_some(luma, 0.3, _focused, generator)
    luma = on_some(luma, 0.6, _grainy, generator)
    luma = on_some(luma, 0.3, unevenly_faded, generator)
    luma = on_some(luma, 0.2, scratched, generator)
    luma = on_some(luma, 0.2, speckled, generator)
    luma = on_some(luma, 0.3, _resampled, generator)
    return on_some(luma, 0.36, quantised, generator).clamp(0, 1)


def _exposed(rgb: Tensor, generator: torch.Generator) -> Tensor:
    """Spectral weights between BT.601's and red-blind orthochromatic stock, the latter on 0.7 of the pictures."""
    plain = rgb.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)
    ortho = rgb.new_tensor((0.05, 0.55, 0.40)).view(1, 3, 1, 1)
    mix = uniform(rgb, -0.4, 1, generator).clamp_min(0)
    return (rgb * (plain + mix * (ortho - plain))).sum(1, keepdim=True)


def _developed(luma: Tensor, generator: torch.Generator) -> Tensor:
    """Gamma, and faded or crushed blacks and whites."""
    changed = luma.clamp_min(1e-4) ** torch.exp(uniform(luma, -0.4, 0.4, generator))
    black, white = uniform(luma, -0.05, 0.12, generator), uniform(luma, 0.85, 1.05, generator)
    return (black + (white - black) * changed).clamp(0, 1)


def _contrasted(luma: Tensor, generator: torch.Generator) -> Tensor:
    """An S-shaped curve that keeps black and white where they are."""
    steep, middle = uniform(luma, 0.5, 2.5, generator), uniform(luma, 0.35, 0.65, generator)
    low, high = torch.tanh(-steep * middle), torch.tanh(steep * (1 - middle))
    return (torch.tanh(steep * (luma - middle)) - low) / (high - low)


def _focused(luma: Tensor, generator: torch.Generator) -> Tensor:
    """A soft lens, or the hard edges with halos of an over-sharpened transfer."""
    soft = F.avg_pool2d(F.pad(luma, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return (luma + uniform(luma, -0.8, 1.2, generator) * (soft - luma)).clamp(0, 1)


def _grainy(luma: Tensor, generator: torch.Generator) -> Tensor:
    """Grain, strongest in the middle tones, from one pixel to about two pixels in size."""
    noise = torch.randn(luma.shape, generator=generator).to(luma)
    coarse = 2 * F.avg_pool2d(F.pad(noise, (0, 1, 0, 1), mode="replicate"), 2, stride=1)
    mix = uniform(luma, 0, 1, generator)
    noise = (noise + mix * (coarse - noise)) / (1 - mix * (1 - mix)).sqrt()  # the two correlate by a half
    strength = 0.005 + 0.045 * uniform(luma, 0, 1, generator) ** 1.5
    return luma + noise * strength * (0.4 + 2.4 * luma * (1 - luma))


def _resampled(luma: Tensor, generator: torch.Generator) -> Tensor:
    """A transfer of fewer lines, enlarged again; one factor up to 2 for all of the pictures."""
    factor = 1.2 + 0.8 * float(torch.rand((), generator=generator))
    height, width = luma.shape[-2:]
    small = F.interpolate(luma, size=(round(height / factor), round(width / factor)), mode="area")
    return F.interpolate(small, size=(height, width), mode="bicubic", align_corners=False)
