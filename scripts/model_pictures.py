"""Colour pictures by several models without references: folders for `vidcolor turing`, a strip to look at, the cost.

    python scripts/model_pictures.py heldout.tar OUT NAME=FILE [NAME=FILE ...] [--limit 60] [--lines 256]
        [--strip PNG] [--shown 3 17 40]

OUT/real gets the photographs, OUT/NAME the same pictures as the model (a name of `vidcolor models` or a weights file)
colours them, with their true L*. The strip has a row for each of the --shown pictures: gray, every model, photograph.

    python scripts/model_pictures.py --cost

prints the weights of every network of the package, and its processor seconds for one picture of 256 × 256 on one core,
untrained, which does not change the work; networks that follow references are given one, encoded before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch
from spread_pictures import spread_pictures

from vidcolor.color import lab_to_rgb, luma_to_lightness, rgb_to_lab
from vidcolor.errors import VidcolorError
from vidcolor.model.automatic.network import AutomaticNetwork
from vidcolor.model.checkpoint import NETWORKS, Network, build_network, find_weights, load_network
from vidcolor.model.colorist_of import colorist_of
from vidcolor.pipeline.contact_sheet import contact_sheet

Colour = Callable[[np.ndarray], np.ndarray]
"""Gray picture (H, W) uint8 to ab (H, W, 2) float32 in CIELAB units."""

ROUNDS = 5


def main() -> None:
    """Colour and write, or measure the cost."""
    args = _arguments()
    torch.set_num_threads(1)
    try:
        if args.cost:
            print_cost()
        else:
            write_pictures(args)
    except VidcolorError as error:
        raise SystemExit(str(error)) from error


def write_pictures(args: argparse.Namespace) -> None:
    """Write all folders, and the strip where one is asked for."""
    models = dict(model.partition("=")[::2] for model in args.models)
    pictures = spread_pictures(args.images, args.limit, args.lines)
    rows = {number: [np.repeat(_gray(rgb)[..., None], 3, 2)] for number, rgb in enumerate(pictures)}
    for name, model in models.items():
        colour = without_references(load_network(find_weights(model)))
        for number, rgb in enumerate(pictures):
            coloured = with_true_lightness(rgb, colour(_gray(rgb)))
            rows[number].append(coloured)
            _write(args.out / name / f"{number:04d}.png", coloured)
    for number, rgb in enumerate(pictures):
        rows[number].append(rgb)
        _write(args.out / "real" / f"{number:04d}.png", rgb)
    if args.strip:
        shown = [rows[number] for number in args.shown or range(min(6, len(pictures)))]
        _write(args.strip, contact_sheet(shown, ["black and white", *models, "photograph"], lines=150))


def print_cost() -> None:
    """A line for every network."""
    gray = np.random.default_rng(0).integers(0, 256, (256, 256), np.uint8)
    print(f"{'network':18}{'million weights':>16}{'s per picture':>16}")
    for name in sorted(NETWORKS):
        network = build_network(name, {}).eval()
        weights = sum(parameter.numel() for parameter in network.parameters())
        colour = without_references(network) if isinstance(network, AutomaticNetwork) else _following(network)
        print(f"{name:18}{weights / 1e6:16.1f}{_seconds(colour, gray):16.2f}", flush=True)


def without_references(network: Network) -> Colour:
    """A network at work on single pictures."""
    if isinstance(network, AutomaticNetwork):
        return lambda gray: _automatic(network, gray)
    colorist = colorist_of(network)
    return lambda gray: _full_size(colorist.colorize([gray], None)[0], gray)


def with_true_lightness(rgb: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """A photograph (H, W, 3) uint8 in other colours (H, W, 2)."""
    lab = rgb_to_lab(torch.from_numpy(rgb).permute(2, 0, 1).float() / 255)
    lab[1:] = torch.from_numpy(np.ascontiguousarray(ab)).permute(2, 0, 1)
    coloured: np.ndarray = (lab_to_rgb(lab).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return coloured


def _following(network: Network) -> Colour:
    colorist = colorist_of(network)
    reference = colorist.encode(np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8), 256)
    return lambda gray: colorist.colorize([gray], reference)[0]


def _automatic(network: AutomaticNetwork, gray: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    lightness = luma_to_lightness(torch.from_numpy(gray).float() / 255)[None, None]
    with torch.inference_mode():
        ab: np.ndarray = network(lightness)[0].float().permute(1, 2, 0).numpy()
    return ab


def _seconds(colour: Colour, gray: np.ndarray) -> float:
    """Processor seconds, the median of a few rounds after one that warms up."""
    times = []
    for _ in range(1 + ROUNDS):
        began = time.process_time()
        colour(gray)
        times.append(time.process_time() - began)
    return median(times[1:])


def _gray(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def _full_size(ab: np.ndarray, like: np.ndarray) -> np.ndarray:
    return cv2.resize(ab.transpose(1, 2, 0), like.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _write(path: Path, rgb: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, nargs="?", metavar="FOLDER|TAR", help="colour pictures")
    parser.add_argument("out", type=Path, nargs="?", metavar="OUT", help="folder for the folders")
    parser.add_argument("models", nargs="*", metavar="NAME=FILE")
    parser.add_argument("--limit", type=int, default=60, help="pictures, a fixed spread")
    parser.add_argument("--lines", type=int, default=256, help="short side of the pictures")
    parser.add_argument("--strip", type=Path, metavar="PNG", help="file for pictures side by side")
    parser.add_argument(
        "--shown", type=int, nargs="+", metavar="N", help="pictures of the strip (default: the first 6)"
    )
    parser.add_argument("--cost", action="store_true", help="print what the networks cost instead")
    args = parser.parse_args()
    if not args.cost and not args.models:
        parser.error("name pictures, a folder and models, or --cost")
    return args


if __name__ == "__main__":
    main()
