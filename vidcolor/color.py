"""Colour conversions: sRGB, CIELAB, luma-consistent Y'CbCr, and the soft ab histogram.

Pure functions on float tensors whose channel axis is third from the end, ``(..., C, H, W)``. R'G'B' and luma lie in
[0, 1], Cb and Cr in [-0.5, 0.5], L* in [0, 100], a* and b* in CIELAB units (about [-110, 110]), D65, 2 degrees.
R'G'B' of video is read as sRGB, as displays and 8-bit files do.
"""

from __future__ import annotations

import torch
from torch import Tensor

WHITE_D65 = (0.95047, 1.0, 1.08883)
"""XYZ of the D65 white point, 2 degrees, relative to Y = 1."""

RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
"""Linear sRGB to XYZ (IEC 61966-2-1)."""

AB_SCALE = 110.0
"""Networks speak ab / 110: the sRGB cube then lies within [-0.99, 0.90]."""

HISTOGRAM_BINS = 21
"""Bins per axis of the soft ab histogram, 11 CIELAB units apart: 441 in all (Lu et al. 2020)."""

_EPSILON = 216 / 24389  # CIE 15:2004, where the cube root of CIELAB turns into a straight line
_KAPPA = 24389 / 27

_LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470BG, BT.601 at 625 lines
    6: (0.299, 0.114),  # SMPTE 170M, BT.601 at 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020 non-constant luminance
    10: (0.2627, 0.0593),
}


def luma_weights(matrix: int) -> tuple[float, float, float]:
    """Weights of R', G', B' in luma for an ``AVColorSpace`` number (ITU-T H.273 MatrixCoefficients).

    Unspecified matrices read as BT.601, as FFmpeg's scaler and most players of untagged files do.
    """
    red, blue = _LUMA_WEIGHTS.get(matrix, _LUMA_WEIGHTS[6])
    return red, 1 - red - blue, blue


def srgb_to_linear(rgb: Tensor) -> Tensor:
    """sRGB code values to linear light, odd about 0 so that colours out of gamut stay invertible."""
    size = rgb.abs()
    linear = torch.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055).clamp_min(0) ** 2.4)
    return torch.copysign(linear, rgb)


def linear_to_srgb(linear: Tensor) -> Tensor:
    """Inverse of :func:`srgb_to_linear`."""
    size = linear.abs()
    code = torch.where(size <= 0.0031308, size * 12.92, 1.055 * size.clamp_min(1e-12) ** (1 / 2.4) - 0.055)
    return torch.copysign(code, linear)


def _lab_curve(t: Tensor) -> Tensor:
    return torch.where(t > _EPSILON, t.clamp_min(_EPSILON) ** (1 / 3), (_KAPPA * t + 16) / 116)


def _lab_curve_inverse(f: Tensor) -> Tensor:
    return torch.where(f > _EPSILON ** (1 / 3), f**3, (116 * f - 16) / _KAPPA)


def _mix(matrix: Tensor, channels: Tensor) -> Tensor:
    """Multiply the channel axis by a (3, 3) matrix."""
    return torch.einsum("ij,...jhw->...ihw", matrix, channels)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """sRGB in [0, 1], shape (..., 3, H, W), to CIELAB of the same shape."""
    to_xyz = rgb.new_tensor(RGB_TO_XYZ) / rgb.new_tensor(WHITE_D65)[:, None]
    x, y, z = _lab_curve(_mix(to_xyz, srgb_to_linear(rgb))).unbind(-3)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=-3)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """CIELAB, shape (..., 3, H, W), to sRGB; outside [0, 1] where the colour is out of gamut."""
    return linear_to_srgb(_lab_to_linear(*lab.unbind(-3)))


def _lab_to_linear(lightness: Tensor, a: Tensor, b: Tensor) -> Tensor:
    y = (lightness + 16) / 116
    xyz = _lab_curve_inverse(torch.stack((y + a / 500, y, y - b / 200), dim=-3))
    return _mix(_xyz_to_rgb(lightness), xyz)


def _xyz_to_rgb(like: Tensor) -> Tensor:
    """(3, 3) matrix from white-relative XYZ to linear sRGB, in double precision before rounding."""
    to_xyz = torch.tensor(RGB_TO_XYZ, dtype=torch.float64) / torch.tensor(WHITE_D65, dtype=torch.float64)[:, None]
    return torch.linalg.inv(to_xyz).to(like)


def luma_to_lightness(luma: Tensor) -> Tensor:
    """L* of the gray whose sRGB code is ``luma`` in [0, 1]: what the network sees of a film. Any shape."""
    return 116 * _lab_curve(srgb_to_linear(luma)) - 16


def lightness_to_luma(lightness: Tensor) -> Tensor:
    """sRGB code in [0, 1] of the gray of L* in [0, 100]: inverse of :func:`luma_to_lightness`. Any shape."""
    return linear_to_srgb(_lab_curve_inverse((lightness + 16) / 116))


def rgb_to_ycbcr(rgb: Tensor, matrix: int = 1) -> tuple[Tensor, Tensor]:
    """R'G'B' (..., 3, H, W) to luma (..., H, W) and CbCr (..., 2, H, W)."""
    red, green, blue = luma_weights(matrix)
    r, g, b = rgb.unbind(-3)
    luma = red * r + green * g + blue * b
    return luma, torch.stack(((b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)), dim=-3)


def ycbcr_to_rgb(luma: Tensor, cbcr: Tensor, matrix: int = 1) -> Tensor:
    """Luma (..., H, W) and CbCr (..., 2, H, W) to R'G'B' (..., 3, H, W), not clipped."""
    red, green, blue = luma_weights(matrix)
    cb, cr = cbcr.unbind(-3)
    b_offset, r_offset = (2 - 2 * blue) * cb, (2 - 2 * red) * cr
    g_offset = -(red * r_offset + blue * b_offset) / green
    return torch.stack((luma + r_offset, luma + g_offset, luma + b_offset), dim=-3)


def adapt_white(lab: Tensor, adaptation: Tensor) -> Tensor:
    """a*, b* (..., 2, H, W) of CIELAB (..., 3, H, W) seen under another white, L* kept.

    adaptation: (3, 3), on XYZ relative to the white point. Chromaticities are adapted, lightness is restored.
    """
    lightness, a, b = lab.unbind(-3)
    f = (lightness + 16) / 116
    xyz = _lab_curve_inverse(torch.stack((f + a / 500, f, f - b / 200), dim=-3))
    adapted = _mix(adaptation.to(lab), xyz)
    x, y, z = _lab_curve(adapted * (xyz[..., 1:2, :, :] / adapted[..., 1:2, :, :].clamp_min(1e-6))).unbind(-3)
    return torch.stack((500 * (x - y), 200 * (y - z)), dim=-3)


def ab_to_cbcr(luma: Tensor, ab: Tensor, matrix: int = 1, steps: int = 6) -> Tensor:
    """Cb, Cr that give luma (..., H, W) in [0, 1] the chroma a*, b* (..., 2, H, W) exactly.

    A colour and the gray of its luma differ in L*, so L* is solved for: luma(Lab(L*, a*, b*)) = luma rises with L*,
    and Newton's method from the gray's L* meets it well within a thousandth in six steps. Colours out of gamut are
    left so; see :func:`limit_to_gamut`.
    """
    weights = luma.new_tensor(luma_weights(matrix))
    a, b = ab.unbind(-3)
    offsets = torch.stack((a / 500, torch.zeros_like(a), -b / 200), dim=-3)
    to_rgb = _xyz_to_rgb(luma)
    f = (luma_to_lightness(luma) + 16) / 116
    for _ in range(steps):
        rgb, slope = _code_and_slope(f.unsqueeze(-3) + offsets, to_rgb)
        error = torch.einsum("i,...ihw->...hw", weights, rgb) - luma
        gradient = torch.einsum("i,...ihw->...hw", weights, slope)
        f = (f - (error / gradient.clamp_min(0.05)).clamp(-0.2, 0.2)).clamp(0.0, 1.3)
    rgb, _ = _code_and_slope(f.unsqueeze(-3) + offsets, to_rgb)
    red, _, blue = luma_weights(matrix)
    return torch.stack(((rgb[..., 2, :, :] - luma) / (2 - 2 * blue), (rgb[..., 0, :, :] - luma) / (2 - 2 * red)), -3)


def _code_and_slope(f_xyz: Tensor, to_rgb: Tensor) -> tuple[Tensor, Tensor]:
    """sRGB codes of CIELAB's f(X), f(Y), f(Z), and their derivative along equal steps of all three."""
    linear = _mix(to_rgb, _lab_curve_inverse(f_xyz))
    f_slope = torch.where(f_xyz > _EPSILON ** (1 / 3), 3 * f_xyz**2, f_xyz.new_tensor(116 / _KAPPA))
    size = linear.abs()
    code_slope = torch.where(size <= 0.0031308, size.new_tensor(12.92), 1.055 / 2.4 * size.clamp_min(1e-4) ** -0.58333)
    return linear_to_srgb(linear), code_slope * _mix(to_rgb, f_slope)


def limit_to_gamut(luma: Tensor, cbcr: Tensor, matrix: int = 1) -> Tensor:
    """Scale Cb, Cr toward neutral, hue kept, just so far that R'G'B' lies in [0, 1] at the untouched luma.

    Black and white thereby lose every tint.
    """
    offsets = ycbcr_to_rgb(torch.zeros_like(luma), cbcr, matrix)
    most, least = offsets.amax(-3), offsets.amin(-3)
    room_up = (1 - luma).clamp_min(0) / most.clamp_min(1e-6)
    room_down = luma.clamp_min(0) / (-least).clamp_min(1e-6)
    return cbcr * torch.minimum(room_up, room_down).clamp_max(1).unsqueeze(-3)


def soft_histogram(ab: Tensor) -> Tensor:
    """Differentiable joint histogram of ab / 110, shape (N, 2, H, W) in [-1, 1], to (N, 441) that sums to 1.

    Triangular kernel on 21 x 21 centres, bin index = 21 * a + b (Lu et al. 2020, as released). Two vectors a pixel
    and one matrix product, instead of 441 planes.
    """
    centres = torch.linspace(-1, 1, HISTOGRAM_BINS, device=ab.device, dtype=ab.dtype)
    spacing = 2 / (HISTOGRAM_BINS - 1)
    pixels = ab.flatten(2).clamp(-1, 1)
    weights = (1 - (pixels[..., None] - centres).abs() / spacing).clamp_min(0)
    return (weights[:, 0].transpose(1, 2) @ weights[:, 1]).flatten(1) / pixels.shape[2]
