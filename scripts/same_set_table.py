"""Print how far the colours of one set agree over five shots, where one reference serves one of them.

Of each set five short shots are cut at moments far apart, shots of other clips between them. The middle frame of the
first is the reference (--no-reference: there is none for the set); the other clips have one each. The film is coloured
with ties and without (each shot matched alone), and compared at the middle frames of the five shots:

  among   mean CIEDE2000 between the same surfaces in different shots: pixels that optical flow brings together
          there and back, and whose true colours are the same; truth: the same of the colour truth
  to true mean CIEDE2000 from the colour truth, over whole frames
  tied    shots of the five that are tied together, the anchor counted

    python scripts/same_set_table.py CLIPS... --sets lab_woman.0 teddy.0 [--set colorize.lines=192] [--sheet PNG]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from cut_together import RATE, Piece, Set, read_sets, write_films, write_still

from vidcolor.color import rgb_to_lab
from vidcolor.config import resolve
from vidcolor.model.colorist import gray_of
from vidcolor.model.delta_e import ciede2000
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.contact_sheet import contact_sheet
from vidcolor.pipeline.manifest import load_manifest
from vidcolor.pipeline.plan import ShotEntry
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.run import run

SIZE = (320, 240)
SHOTS = 5
WAYS = {"tied": [], "alone": ["ties.neighbours=0"]}
SAME_SURFACE = 2.5
RETURNS = 1.0


def main() -> None:
    """Colour each set's film both ways; print the table; draw the sheet."""
    args = _arguments()
    sets = {one.name: one for one in read_sets(args.clips, SIZE, 3.0)}
    lost = [name for name in args.sets if name not in sets]
    if lost:
        raise SystemExit(f"no such sets: {', '.join(lost)}; there are {', '.join(sets)}")
    print(f"{'set':22}{'way':8}{'tied':>6}{'among':>8}{'truth':>8}{'to true':>9}", flush=True)
    rows = []
    for name in args.sets:
        others = [one for one in sets.values() if one.clip != sets[name].clip]
        rows += _measure(sets[name], others[:: max(1, len(others) // (SHOTS - 1))], args)
    for way in WAYS:
        mine = [row for row in rows if row[0] == way]
        among, true, error = (np.mean([row[n] for row in mine]) for n in (1, 2, 3))
        print(f"{'mean':22}{way:8}{'':6}{among:8.2f}{true:8.2f}{error:9.2f}")
    if args.sheet:
        titles = tuple(f"shot {number + 1}" for number in range(SHOTS))
        cv2.imwrite(args.sheet, contact_sheet([row[4] for row in rows], titles, lines=160)[..., ::-1])


def _measure(one: Set, others: Sequence[Set], args: Any) -> list[tuple[Any, ...]]:
    """Figures and pictures of one set, way by way."""
    pieces, own = _pieces(one, others)
    starts = np.cumsum([0, *map(len, pieces)])
    middles = [int(starts[place]) + len(pieces[place]) // 2 for place in own]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        film, truth, refs = folder / "film.mp4", folder / "truth.mp4", folder / "refs"
        refs.mkdir()
        write_films(pieces, film, truth)
        for place, piece in enumerate(pieces):
            if place not in own or (place == own[0] and not args.no_reference):
                write_still(refs / f"{piece.source.name}.png", piece.source.frame((piece.start + piece.stop) // 2))
        true = [picture.rgb for picture in read_rgb(truth, frozenset(middles))]
        for way, extra in WAYS.items():
            project, out = folder / way, folder / f"{way}.mkv"
            config = resolve(PipelineConfig, overrides=["encode.codec=ffv1", *args.set, *extra])
            run(film, refs, out, project, config)
            ours = [picture.rgb for picture in read_rgb(out, frozenset(middles))]
            among, of_truth = _agreement(ours, true)
            error = float(np.mean([_difference(a, b).mean() for a, b in zip(ours, true, strict=True)]))
            tied = _tied(load_manifest(project / "manifest.yaml").entries, middles)
            print(f"{one.name:22}{way:8}{tied:6}{among:8.2f}{of_truth:8.2f}{error:9.2f}", flush=True)
            rows.append((way, among, of_truth, error, ours))
    return rows


def _pieces(one: Set, others: Sequence[Set]) -> tuple[list[Piece], list[int]]:
    """The film's pieces, and which of them are the set's: `SHOTS`, spread over it, others between."""
    length = min(RATE, len(one) // SHOTS - 1)
    starts = np.linspace(0, len(one) - length, SHOTS).astype(int)
    pieces: list[Piece] = []
    own = []
    for number, start in enumerate(starts):
        own.append(len(pieces))
        pieces.append(Piece(one, int(start), int(start) + length))
        if number < SHOTS - 1:
            other = others[number % len(others)]
            pieces.append(Piece(other, 0, min(len(other), RATE * 2 // 3)))
    return pieces, own


def _agreement(ours: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> tuple[float, float]:
    """Mean CIEDE2000 between the same surfaces of every two pictures; of ours, and of the truth."""
    found: list[tuple[float, float]] = []
    for a, b in permutations(range(len(ours)), 2):
        there, returns = _there_and_back(gray_of(true[a]), gray_of(true[b]))
        truth = _difference(true[a], _brought(true[b], there))
        same = returns & (truth < SAME_SURFACE)
        if same.mean() > 0.02:
            found.append(
                (float(_difference(ours[a], _brought(ours[b], there))[same].mean()), float(truth[same].mean()))
            )
    return (
        (float(np.mean([one for one, _ in found])), float(np.mean([two for _, two in found])))
        if found
        else (np.nan,) * 2
    )


def _there_and_back(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of a lies in b, (H, W, 2), and whether the way back leads home."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    own = np.stack(np.meshgrid(np.arange(a.shape[1]), np.arange(a.shape[0])), axis=-1).astype(np.float32)
    there = own + flow.calc(a, b, None)
    back = _brought(own + flow.calc(b, a, None), there)
    return there, np.linalg.norm(back - own, axis=-1) < RETURNS


def _brought(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    return cv2.remap(image, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """CIEDE2000 of two sRGB pictures, pixel by pixel."""
    first, second = (rgb_to_lab(torch.from_numpy(rgb).permute(2, 0, 1).float() / 255) for rgb in (a, b))
    return ciede2000(first, second).numpy()


def _tied(entries: Sequence[ShotEntry], middles: Sequence[int]) -> int:
    """Most of the frames that lie in shots of one group."""
    own = [next(entry for entry in entries if entry.shot.start <= frame < entry.shot.stop) for frame in middles]
    anchors = [entry.shot.index if entry.tied_to is None else entry.tied_to for entry in own]
    return max(anchors.count(anchor) for anchor in anchors)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="folders of colour clips")
    parser.add_argument("--sets", nargs="+", required=True, help="clip.shot, such as teddy.0")
    parser.add_argument("--no-reference", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--sheet", help="PNG: the five middle frames, a row for each set and way")
    return parser.parse_args()


if __name__ == "__main__":
    main()
