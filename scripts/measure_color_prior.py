"""Measure how frequent each of the 313 colours is in photographs: what the class rebalancing of training goes by.

    python scripts/measure_color_prior.py train-0.tar train-1.tar ... --out prior.txt

Every picture counts alike, whatever its size; a pixel goes to its nearest class.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from vidcolor.color import rgb_to_lab
from vidcolor.errors import VidcolorError
from vidcolor.model.automatic.colorful.bins import CENTRES, centres, encode
from vidcolor.model.automatic.colorful.rebalancing import save_prior
from vidcolor.model.image_sets import load_images

SIDE = 64
"""Pictures are brought to so many pixels a side, which is about the grid that the network answers on."""


def main() -> None:
    """Read the pictures and write the frequencies."""
    args = _arguments()
    counts, pictures = torch.zeros(len(CENTRES)), 0
    try:
        for source in args.images:
            images = load_images([source], SIDE).images
            counts += sum(_counted(image) for image in images)
            pictures += len(images)
            print(f"{source}: {len(images)} pictures")
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    save_prior(counts, args.out, f"{pictures} photographs, every one counting alike")
    print(f"{args.out}: {int((counts > 0).sum())} of {len(counts)} classes were met")


def _counted(image: np.ndarray) -> torch.Tensor:
    """How often each class is met in a picture (H, W, 3) uint8, (313,)."""
    square = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    ab = rgb_to_lab(torch.from_numpy(square).permute(2, 0, 1).float() / 255)[None, 1:]
    return torch.bincount(encode(ab, centres())[0][0, 0].flatten(), minlength=len(CENTRES)).float()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, nargs="+", metavar="FOLDER|TAR", help="colour pictures")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
