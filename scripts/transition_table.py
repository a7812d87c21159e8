"""Print how transitions between colour clips are recognised and coloured, and draw a sheet of each.

Every film is two clips with one transition between them, made gray and coloured by a still of either clip. Columns:

  found      first frame and length of the dissolve, or start of the second shot, beside what was made
  steps      largest change of the chroma from one frame to the next in and around the transition: of the coloured film,
             of the truth, and what the luma's own change would bring if the chroma followed it in proportion (8-bit
             code values, mean of |Cb| and |Cr|)
  strength   how far the chroma's mean size follows the truth's from frame to frame: mean |difference| over the truth's
             mean in the clean frames, as a share
  error      mean |Cb| and |Cr| error in the transition, and in the clean frames beside it

    python scripts/transition_table.py CLIPS [--pairs dog,kitten flower,blocks] [--kinds dissolve fade-out]
        [--lengths 12 24] [--size 320x176] [--sheets FOLDER] [--set colorize.lines=192]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from shot_references import find_clips
from transitions import KINDS, Transition, frames_needed, make, read_clip, write_transition

from vidcolor.color import rgb_to_ycbcr
from vidcolor.config import resolve
from vidcolor.errors import VidcolorError
from vidcolor.pipeline.contact_sheet import contact_sheet
from vidcolor.pipeline.manifest import load_manifest
from vidcolor.pipeline.project import project_of
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.run import PipelineConfig, run

AROUND = 6
"""Clean frames on either side of a transition that count as around it."""
SHOWN = 9
"""Frames on a sheet."""


@dataclass(frozen=True)
class Planes:
    """A film's Y (frames, H, W) and Cb, Cr (frames, 2, H, W), float32, 8-bit full-range code values."""

    luma: np.ndarray
    chroma: np.ndarray

    @property
    def strength(self) -> np.ndarray:
        """(frames,): mean of |Cb| and |Cr|."""
        return np.abs(self.chroma).mean((1, 2, 3))

    def steps(self) -> np.ndarray:
        """(frames - 1,): mean change of Cb and Cr to the next frame."""
        return np.abs(np.diff(self.chroma, axis=0)).mean((1, 2, 3))

    def steps_of_luma(self) -> np.ndarray:
        """(frames - 1,): the chroma's change if it followed the luma's in proportion."""
        change = np.abs(np.diff(self.luma, axis=0)).mean((1, 2)) / np.maximum(self.luma.mean((1, 2))[:-1], 8)
        return change * self.strength[:-1]


def main() -> None:
    """Print the table, film by film."""
    args = _arguments()
    print(f"{'film':34} {'found':>24}   steps: ours truth luma's   strength   error: zone clean")
    try:
        for kind in args.kinds:
            for length in args.lengths:
                for pair in args.pairs:
                    _measure(pair.split(","), kind, length, args)
    except VidcolorError as error:
        raise SystemExit(str(error)) from error


def _measure(pair: Sequence[str], kind: str, length: int, args: argparse.Namespace) -> None:
    """Make one film, run it, print its line and draw its sheet."""
    size = tuple(int(side) for side in args.size.split("x"))
    first, second = (read_clip(clip, frames_needed(length), size) for clip in find_clips_in_order(args.folder, pair))
    made = make(kind, first, second, length)
    name = f"{kind}-{length}-{pair[0]}-{pair[-1]}"
    with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
        truth, gray, stills = write_transition(made, Path(folder))
        config = resolve(PipelineConfig, None, ("encode.codec=ffv1", *args.overrides))
        out = Path(folder) / "out.mkv"
        run(gray, stills, out, config=config, device=args.device)
        manifest = load_manifest(project_of(gray, None).manifest)
        found = [f"{entry.shot.start}({entry.dissolve})" for entry in manifest.entries[1:]]
        ours, grays = _read(out)
        true, _ = _read(truth)
    print(f"{name:34} {_said(made, found):>24}   {_figures(_planes(ours), _planes(true), made.zone)}", flush=True)
    if args.sheets:
        args.sheets.mkdir(parents=True, exist_ok=True)
        sheet = _sheet(grays, ours, true, made.zone)
        cv2.imwrite(str(args.sheets / f"{name}.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def find_clips_in_order(folder: Path, names: Sequence[str]) -> list[Path]:
    """The clips of these names, in their order."""
    return [find_clips(folder, [name])[0] for name in names]


def _read(film: Path) -> tuple[np.ndarray, np.ndarray]:
    pictures = list(read_rgb(film))
    return np.stack([picture.rgb for picture in pictures]), np.stack([picture.gray for picture in pictures])


def _planes(rgb: np.ndarray) -> Planes:
    luma, cbcr = rgb_to_ycbcr(torch.from_numpy(rgb).permute(0, 3, 1, 2).float() / 255, matrix=5)
    return Planes((luma * 255).numpy(), (cbcr * 255).numpy())


def _said(made: Transition, found: Sequence[str]) -> str:
    true = f"{made.zone.start + made.length // 2}({made.length})" if made.kind == "dissolve" else "middle"
    return f"{' '.join(found) or 'one shot'} / {true if made.kind in ('dissolve', 'dip', 'white') else 'one shot'}"


def _figures(ours: Planes, true: Planes, zone: range) -> str:
    frames = len(true.luma)
    around = slice(max(0, zone.start - AROUND), min(frames, zone.stop + AROUND) - 1)
    clean = [n for n in range(frames) if n not in zone]
    steps = [film.steps()[around].max() for film in (ours, true)]
    error = np.abs(ours.chroma - true.chroma).mean((1, 2, 3))
    strength = np.abs(ours.strength - true.strength)[zone.start : zone.stop].mean() / true.strength[clean].mean()
    return (
        f"{steps[0]:11.2f} {steps[1]:5.2f} {ours.steps_of_luma()[around].max():6.2f}   {strength:8.3f}"
        f"   {error[zone.start : zone.stop].mean():11.2f} {error[clean].mean():5.2f}"
    )


def _sheet(grays: np.ndarray, ours: np.ndarray, true: np.ndarray, zone: range) -> np.ndarray:
    """Frames across the transition as rows: gray, coloured, true."""
    first, last = max(0, zone.start - 3), min(len(ours) - 1, zone.stop + 2)
    shown = np.unique(np.linspace(first, last, SHOWN).round().astype(int))
    rows = [[cv2.cvtColor(grays[n], cv2.COLOR_GRAY2RGB) for n in shown], [ours[n] for n in shown]]
    return contact_sheet([*rows, [true[n] for n in shown]], [str(n) for n in shown], lines=96)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="CLIPS", help="folder of colour clips")
    parser.add_argument("--pairs", nargs="+", default=["dog,kitten"], help="names of two clips without suffix")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="which transitions to make")
    parser.add_argument("--lengths", nargs="+", type=int, default=[24], help="frames of a transition")
    parser.add_argument("--size", default="320x176", help="of the films, WIDTHxHEIGHT")
    parser.add_argument("--device", default="auto", help="where the network runs")
    parser.add_argument("--sheets", type=Path, help="folder for a sheet of every film")
    parser.add_argument("--scratch", type=Path, help="folder for films on the way")
    parser.add_argument(
        "--set", dest="overrides", metavar="KEY=VALUE", action="append", default=[], help="a setting of the pipeline"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
