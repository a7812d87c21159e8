"""Print how well networks that need no reference colour pictures, beside the gray copy and the mean colour.

Pictures are made gray, coloured and given back their true L*. Columns: root mean square error of ab in CIELAB units;
PSNR in dB, RGB; colourfulness, and over the truth's own; AuC, the area under the accuracy curve of ab for thresholds 0
to 150, of all pixels alike and of all colours alike (Zhang, Isola and Efros 2016).

    python scripts/automatic_table.py heldout.tar [NAME|FILE ...] [--limit 200] [--json FILE] [--sheet PNG]

Every NAME is a model that ships, every FILE a weights file; networks that follow references are given none.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from spread_pictures import spread_pictures

from vidcolor.color import lab_to_rgb, luma_to_lightness, rgb_to_lab
from vidcolor.errors import VidcolorError
from vidcolor.model.automatic.colorful.bins import centres
from vidcolor.model.automatic.colorful.rebalancing import load_prior
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.checkpoint import DEFAULT_MODEL, find_weights, load_network
from vidcolor.model.colorist_of import colorist_of
from vidcolor.model.metrics import BalancedAccuracy, ab_rmse, area_under_accuracy, colourfulness, psnr
from vidcolor.pipeline.contact_sheet import contact_sheet

Colour = Callable[[np.ndarray], np.ndarray]
"""Gray picture (H, W) uint8 to ab (H, W, 2) float32 in CIELAB units."""

TITLES = ("ab RMSE", "PSNR", "colour", "cf/true", "AuC", "AuC bal")
_SHOWN = 12


def main() -> None:
    """Print a row for every way of colouring."""
    args = _arguments()
    try:
        rows, sheet = compare(args.images, args.models, args.limit, args.lines, args.device)
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    if args.sheet:
        write_sheet(sheet, args.sheet)


def compare(
    images: Path, models: Sequence[str], limit: int, lines: int, device: str
) -> tuple[dict[str, dict[str, float]], np.ndarray]:
    """Print the table; return its rows by name, and a sheet of stills (H, W, 3) uint8 RGB."""
    pictures = spread_pictures(images, limit, lines)
    ways: dict[str, Colour] = {"gray": _gray, "mean colour": _mean_colour()}
    for model in models:
        name = _name(model)  # of two that are called alike the second is known by its path
        ways[model if name in ways else name] = _network(model, device)
    print(f"{len(pictures)} pictures, {lines} lines\n{'':28}" + "".join(f"{title:>9}" for title in TITLES), flush=True)
    rows: dict[str, dict[str, float]] = {}
    stills = [[np.repeat(_luma(rgb)[..., None], 3, 2)] for rgb in pictures[:_SHOWN]]
    for name, colour in ways.items():
        tally = Tally()
        for number, rgb in enumerate(pictures):
            painted = tally.add(rgb, colour(_luma(rgb)))
            if number < _SHOWN and name != "gray":
                stills[number].append(np.rint(painted).astype(np.uint8))
        rows[name] = tally.figures()
        print(f"{name:28}" + "".join(f"{value:9.3f}" for value in rows[name].values()), flush=True)
    for still, rgb in zip(stills, pictures, strict=False):
        still.append(rgb)
    return rows, contact_sheet(stills, [*ways, "truth"], lines=96)


def write_sheet(sheet: np.ndarray, path: Path) -> None:
    """As PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


@dataclass
class Tally:
    """The scores of one way over all pictures."""

    _rows: list[tuple[float, ...]] = field(default_factory=list)
    _balanced: BalancedAccuracy = field(default_factory=BalancedAccuracy)

    def add(self, rgb: np.ndarray, ab: np.ndarray) -> np.ndarray:
        """Take ab (H, W, 2) of a picture (H, W, 3) uint8; return the coloured picture, float32 in 0..255."""
        true_lab = _lab(rgb)
        lab = torch.from_numpy(np.dstack([true_lab[..., :1], ab]).astype(np.float32)).permute(2, 0, 1)
        painted: np.ndarray = lab_to_rgb(lab).clamp(0, 1).permute(1, 2, 0).numpy() * 255
        shown, truth = _lab(painted)[..., 1:], true_lab[..., 1:]
        self._balanced.add(shown, truth)
        self._rows.append(
            (
                ab_rmse(shown, truth) ** 2,
                psnr(painted, rgb),
                colourfulness(painted),
                colourfulness(rgb),
                area_under_accuracy(shown, truth),
            )
        )
        return painted

    def figures(self) -> dict[str, float]:
        """Return the figures of the table; the error is that of all pixels of all pictures."""
        squared, decibels, colour, truth, auc = (float(mean) for mean in np.mean(self._rows, axis=0))
        return {
            "ab_rmse": squared**0.5,
            "psnr": decibels,
            "colourfulness": colour,
            "colourfulness_ratio": colour / truth,
            "auc": auc,
            "auc_balanced": self._balanced.value(),
        }


def _luma(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def _lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (H, W, 3) of a picture in 0..255."""
    planes = torch.from_numpy(np.asarray(rgb, np.float32)).permute(2, 0, 1) / 255
    return rgb_to_lab(planes).permute(1, 2, 0).contiguous().numpy()


def _gray(gray: np.ndarray) -> np.ndarray:
    return np.zeros((*gray.shape, 2), np.float32)


def _mean_colour() -> Colour:
    """The mean of all photographs that the class frequencies were measured on, everywhere."""
    mean = (load_prior() @ centres()).numpy()
    return lambda gray: np.broadcast_to(mean, (*gray.shape, 2))


def _network(model: str, device: str) -> Colour:
    network = load_network(find_weights(model), device)
    if isinstance(network, AutomaticNetwork):
        return _automatic(network, device)
    colorist = colorist_of(network, device)
    return lambda gray: _full_size(colorist.colorize([gray], None)[0], gray)


def _automatic(network: AutomaticNetwork[Any], device: str) -> Colour:
    def colour(gray: np.ndarray) -> np.ndarray:
        lightness = luma_to_lightness(torch.from_numpy(gray).to(device).float() / 255)[None, None]
        with torch.inference_mode():
            ab: np.ndarray = network(lightness)[0].float().permute(1, 2, 0).cpu().numpy()
        return ab

    return colour


def _full_size(ab: np.ndarray, like: np.ndarray) -> np.ndarray:
    return cv2.resize(ab.transpose(1, 2, 0), like.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _name(model: str) -> str:
    """A weights file that training calls best is known by its folder."""
    path = Path(model)
    return path.parent.name if path.stem == "best" else path.stem


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, metavar="FOLDER|TAR", help="colour pictures that nothing was trained on")
    parser.add_argument("models", nargs="*", default=[DEFAULT_MODEL], metavar="NAME|FILE")
    parser.add_argument("--limit", type=int, default=200, help="pictures, a fixed spread")
    parser.add_argument("--lines", type=int, default=128, help="short side of the pictures")
    parser.add_argument("--device", default="cpu", help="where the networks run")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="file for a sheet of stills")
    return parser.parse_args()


if __name__ == "__main__":
    main()
