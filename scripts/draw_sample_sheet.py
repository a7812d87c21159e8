"""Draw the README's picture: moments of the sample film, gray, coloured, original, and the reference followed.

python scripts/draw_sample_sheet.py samples/film.color.mp4 [docs/sample.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import yaml

from vidcolor.pipeline.contact_sheet import contact_sheet
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.references import load_references

SAMPLES = Path(__file__).parent.parent / "samples"
SHOTS = (1, 2, 3, 4)


def main() -> None:
    """Draw one row for each of four shots."""
    coloured = Path(sys.argv[1])
    picture = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/sample.png")
    shots = yaml.safe_load((SAMPLES / "expected.yaml").read_text(encoding="utf-8"))["shots"]
    moments = {(shots[n]["start"] + shots[n]["stop"]) // 2: shots[n]["reference"] for n in SHOTS}
    references = {reference.name: reference.rgb for reference in load_references(SAMPLES / "refs")[0]}
    rows = []
    for index, (ours, truth) in enumerate(zip(read_rgb(coloured), read_rgb(SAMPLES / "film_colour.mp4"), strict=True)):
        if index in moments:
            reference = references[moments[index]]
            rows.append([np.repeat(truth.gray[..., None], 3, axis=-1), ours.rgb, truth.rgb, reference])
    picture.parent.mkdir(parents=True, exist_ok=True)
    sheet = contact_sheet(rows, ("film", "vidcolor", "colour original", "reference"), lines=180)
    cv2.imwrite(str(picture), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
