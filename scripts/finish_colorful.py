"""Make the weights that ship of a training of colorful: calmer answers, and what the file says of itself.

    python scripts/finish_colorful.py runs/colorful-pretrained/best.safetensors --out colorful.safetensors
        [--taken-back 0.5] [--temperature 0.5] [--quality table.json]

Rebalancing teaches more of rare colours than photographs have, so that single places turn vivid. A share of what it
added is taken back from the classes' biases: 0 leaves the answer as learned, 1 gives each class its natural odds.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import safe_open

from vidcolor.errors import VidcolorError
from vidcolor.model.automatic.colorful.config import ColorfulTraining
from vidcolor.model.automatic.colorful.network import Colorful
from vidcolor.model.automatic.colorful.rebalancing import class_weights, load_prior
from vidcolor.model.checkpoint import load_network, save_network


def main() -> None:
    """Read, change and write."""
    args = _arguments()
    try:
        network = load_network(args.weights)
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    if not isinstance(network, Colorful) or network.config.answer != "classes":
        raise SystemExit(f"{args.weights} holds no weights of colorful that answers by classes")
    calm(network, args.taken_back, args.uniform_share)
    network.config = replace(network.config, temperature=args.temperature)
    with safe_open(args.weights, "pt") as file:
        steps = (file.metadata() or {}).get("steps", "")
    quality = json.loads(args.quality.read_text(encoding="utf-8")) if args.quality else {}
    about = {"licence": args.licence, "steps": steps, "settings": json.dumps(network.settings())}
    save_network(network, args.out, {**about, "quality": json.dumps(quality)})


@torch.no_grad()
def calm(network: Colorful, share: float, uniform_share: float) -> None:
    """Take ``share`` of the rebalancing with ``uniform_share`` back from the biases of the classes."""
    assert network.head.bias is not None
    network.head.bias -= share * class_weights(load_prior(), uniform_share).log()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, metavar="FILE", help="best.safetensors of a training")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--taken-back", type=float, default=0.5, help="share of the rebalancing")
    uniform = ColorfulTraining.uniform_share
    parser.add_argument("--uniform-share", type=float, default=uniform, help="as the training had it")
    parser.add_argument("--temperature", type=float, default=0.5, help="of the annealed mean")
    parser.add_argument("--quality", type=Path, metavar="JSON", help="measured scores by name, for vidcolor models")
    parser.add_argument("--licence", default="Apache-2.0", help="of the weights")
    return parser.parse_args()


if __name__ == "__main__":
    main()
