"""Print what two or more networks that colour without a reference do of ColorNet's faults, side by side.

Nothing is trained here. Columns, over held-out pictures cut to squares:

  RMSE        of ab, CIELAB units: over all pixels, and of the median picture, which a few wild ones do not move
  2 4 8 16    dB by which chroma's energy at that period in pixels lies above its neighbourhood in the spectrum
  even        checkerboard on even gray pictures, root mean square in CIELAB units
  red, blue   dark, low-contrast pixels of that colour: RMSE of ab, and the share of the true chroma along the true hue

    python scripts/colornet_defects.py original=a.safetensors resize=b.safetensors --heldout heldout.tar
        [--limit 200] [--side 192] [--json FILE] [--sheet PNG]
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from vidcolor.color import ab_to_cbcr, lab_to_rgb, limit_to_gamut, luma_to_lightness, rgb_to_lab, ycbcr_to_rgb
from vidcolor.errors import VidcolorError
from vidcolor.model.automatic.checkerboard import PERIODS, CheckerboardSpectrum, flat_ripple
from vidcolor.model.automatic.dark_colors import HUES, DarkColors, HueError, dark_masks
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.checkpoint import load_network
from vidcolor.model.image_sets import load_images
from vidcolor.model.metrics import ab_rmse, psnr
from vidcolor.pipeline.contact_sheet import contact_sheet

BT601 = 6
SHEET_PICTURES, SHEET_LINES = 5, 144
CHROMA_LIGHTNESS, CHROMA_GAIN, CHROMA_ZOOM = 65.0, 1.6, 3
"""How the sheet shows chroma alone: on even L*, strengthened, its middle enlarged."""


@dataclass(frozen=True)
class Picture:
    """A held-out picture, all tensors (C, S, S)."""

    rgb: torch.Tensor
    luma: torch.Tensor
    lab: torch.Tensor

    @staticmethod
    def of(image: np.ndarray, side: int) -> Picture:
        """The middle square of an image whose short side is ``side``."""
        top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
        rgb = torch.from_numpy(image[top : top + side, left : left + side].copy()).permute(2, 0, 1).float() / 255
        luma = torch.einsum("c,chw->hw", torch.tensor((0.299, 0.587, 0.114)), rgb)
        return Picture(rgb, luma, rgb_to_lab(rgb))


def main() -> None:
    """Print the table, network by network."""
    args = _arguments()
    try:
        networks = {name: _network(Path(file)) for name, file in (each.split("=", 1) for each in args.networks)}
        images = load_images([args.heldout], args.side).images
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    pictures = [Picture.of(image, args.side) for image in images if min(image.shape[:2]) == args.side][: args.limit]
    print(f"{len(pictures)} pictures of {args.side} x {args.side}; {_gray_taken_for_lightness(pictures)}")
    print(_header())
    truth = [_ab(picture) for picture in pictures]
    answers = {"gray": [np.zeros_like(ab) for ab in truth], "truth": truth}
    answers |= {name: [_answer(network, picture) for picture in pictures] for name, network in networks.items()}
    rows = {name: _row(found, pictures, networks.get(name)) for name, found in answers.items()}
    for name, row in rows.items():
        print(_line(name, row))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    if args.sheet:
        cv2.imwrite(str(args.sheet), cv2.cvtColor(_sheet(pictures, answers), cv2.COLOR_RGB2BGR))


def _network(path: Path) -> AutomaticNetwork[Any]:
    network = load_network(path)
    if not isinstance(network, AutomaticNetwork):
        raise SystemExit(f"{path} holds a network that follows references: give one that colours without")
    return network


@torch.no_grad()
def _answer(network: nn.Module, picture: Picture) -> np.ndarray:
    """(S, S, 2) in CIELAB units."""
    ab: np.ndarray = network(luma_to_lightness(picture.luma)[None, None])[0].permute(1, 2, 0).numpy()
    return ab


def _ab(picture: Picture) -> np.ndarray:
    return np.ascontiguousarray(picture.lab[1:].permute(1, 2, 0).numpy())


def _row(answers: Sequence[np.ndarray], pictures: Sequence[Picture], network: nn.Module | None) -> dict[str, Any]:
    """What the table says of one network."""
    spectrum, dark, errors = CheckerboardSpectrum(), DarkColors(), []
    for answer, picture in zip(answers, pictures, strict=True):
        lab = picture.lab.permute(1, 2, 0).numpy()
        spectrum.add(answer)
        dark.add(answer, lab)
        errors.append(ab_rmse(answer, lab[..., 1:]))
    has_color = any(np.any(answer) for answer in answers)
    return {
        "rmse": math.sqrt(float(np.mean(np.square(errors)))),
        "median_rmse": float(np.median(errors)),
        "checkerboard_db": {
            period: 10 * math.log10(max(spectrum.value(period), 1e-9)) if has_color else 0.0 for period in PERIODS
        },
        "even": flat_ripple(network) if network is not None else 0.0,
        **{hue: asdict(dark.value(hue)) for hue in HUES},
    }


def _gray_taken_for_lightness(pictures: Sequence[Picture]) -> str:
    """The fault that needs no network to show: true colours on gray codes taken for L*."""
    found = [psnr(_codes(lab_to_rgb(torch.cat((p.luma[None] * 100, p.lab[1:])))), _codes(p.rgb)) for p in pictures]
    return f"true colours on 100 x gray in place of L*: PSNR {np.mean(found):.2f} dB"


def _header() -> str:
    periods = "".join(f"{period:>7}" for period in PERIODS)
    return f"{'':20}{'RMSE':>7}{'median':>7}{periods}{'even':>8}" + "".join(
        f"{hue + ' RMSE':>11}{'kept':>6}" for hue in HUES
    )


def _line(name: str, row: dict[str, Any]) -> str:
    periods = "".join(f"{row['checkerboard_db'][period]:7.1f}" for period in PERIODS)
    hues = [HueError(**row[hue]) for hue in HUES]
    return f"{name:20}{row['rmse']:7.2f}{row['median_rmse']:7.2f}{periods}{row['even']:8.3f}" + "".join(
        f"{hue.rmse:11.2f}{hue.kept:6.2f}" for hue in hues
    )


def _sheet(pictures: Sequence[Picture], answers: dict[str, list[np.ndarray]]) -> np.ndarray:
    """Two rows for each of the pictures with most dark red and blue: coloured, and the middle's chroma alone."""
    dark = [sum(int(mask.sum()) for mask in dark_masks(p.lab.permute(1, 2, 0).numpy()).values()) for p in pictures]
    rows = []
    for index in np.argsort(dark)[::-1][:SHEET_PICTURES].tolist():
        rows.append([_painted(pictures[index], found[index]) for found in answers.values()])
        rows.append([_chroma(found[index]) for found in answers.values()])
    return contact_sheet(rows, list(answers), SHEET_LINES)


def _painted(picture: Picture, ab: np.ndarray) -> np.ndarray:
    """An answer laid over its picture."""
    planes = torch.from_numpy(ab).permute(2, 0, 1)
    cbcr = limit_to_gamut(picture.luma, ab_to_cbcr(picture.luma, planes, BT601), BT601)
    return _codes(ycbcr_to_rgb(picture.luma, cbcr, BT601))


def _chroma(ab: np.ndarray) -> np.ndarray:
    """The middle of an answer on even lightness, enlarged pixel by pixel."""
    side = SHEET_LINES // CHROMA_ZOOM
    start = (len(ab) - side) // 2
    middle = torch.from_numpy(ab[start : start + side, start : start + side]).permute(2, 0, 1) * CHROMA_GAIN
    codes = _codes(lab_to_rgb(torch.cat((torch.full_like(middle[:1], CHROMA_LIGHTNESS), middle))))
    return codes.repeat(CHROMA_ZOOM, 0).repeat(CHROMA_ZOOM, 1)


def _codes(rgb: torch.Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] to (H, W, 3) uint8."""
    return (rgb.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="NAME=FILE", help="weights, and what to call them")
    parser.add_argument("--heldout", type=Path, required=True, help="folder or tar shard of colour pictures")
    parser.add_argument("--limit", type=int, default=200, help="pictures at most")
    parser.add_argument("--side", type=int, default=192, help="of the squares, a multiple of 32")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    if any("=" not in each for each in args.networks):
        parser.error("give every network as NAME=FILE")
    if args.side % 32 or args.side < 64:
        parser.error("--side must be a multiple of 32, at least 64")
    return args


if __name__ == "__main__":
    main()
