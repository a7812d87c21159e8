"""Print how well colour clips come back after they were made gray, beside what needs no training.

Every clip is made gray (its own luma, neutral chroma, FFV1) and `vidcolor` colours it by one still of every shot:

  --reference first      its first frame; all frames after it are judged
  --reference both       its first and its last frame; the frames between are judged. The training-free columns have the
                         first alone
  --reference away       its last frame; only frames 3 seconds or more before it are judged (--seconds), so that shots
                         shorter than that drop out of the table
  --reference strangers  its first frame, among ten strangers (--strangers FOLDER|TAR); the training-free columns are
                         told the right one

The columns are mean PSNR in dB (8-bit RGB in floating point, true L*) over the judged frames, at 256 lines; `lead` is
vidcolor's above the best training-free column, `right` how many shots follow their own still. The last columns are
`vidcolor evaluate` over all frames at the clip's full size; colourfulness and flicker over the truth's own.

    python scripts/quality_table.py CLIPS --backbone mobilenet_v2_imagenet.safetensors [--clips dog kitten]
        [--frames 60] [--grid 4] [--sheets FOLDER] [--columns all|training-free|vidcolor] [--no-full-size]
        [--model NAME|FILE] [--set keys.most=8] [--json NEW [--reuse EARLIER]]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from clip_scores import Recipe, measure_training_free, measure_vidcolor
from quality_rows import Row, load_rows, print_header, print_means, print_row, save_rows
from shot_references import ReferencedShot, clip_shots, find_clips, load_strangers, referenced, referenced_twice
from training_free import Features, FlowAlone, Gray, MeanChroma, Yardstick

from vidcolor.config import resolve
from vidcolor.errors import VidcolorError
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.run import PipelineConfig


def main() -> None:
    """Print the table, clip by clip, and the means."""
    args = _arguments()
    try:
        rows = _measure(args)
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    if rows:
        print_means(rows)
    if args.json:
        save_rows(args.json, rows, _settings(args))


def _measure(args: argparse.Namespace) -> list[Row]:
    """Measure and print every clip that has a shot to be judged."""
    recipe = _recipe(args)
    earlier = load_rows(args.reuse) if args.reuse else []
    yardsticks: dict[str, Yardstick] = {
        "gray": Gray(),
        "mean": MeanChroma(),
        "features": Features(args.backbone, args.grid),
        "flow": FlowAlone(),
    }
    rows = []
    print_header(args.full_size and args.columns != "training-free")
    for clip in find_clips(args.folder, args.clips):
        shots = _referenced(clip, args)
        row = _new_row(clip.stem, shots, args)
        if row.judged_shots < row.shots:
            print(f"{clip.stem}: {row.shots - row.judged_shots} of {row.shots} shots are too short and left out")
        if row.judged_shots == 0:
            continue
        known = row.reuse(earlier)
        if args.columns != "vidcolor" and not known:
            row.psnr.update(measure_training_free(clip, shots, yardsticks))
        if args.columns != "training-free":
            _add_vidcolor(row, clip, shots, recipe)
        print_row(row)
        rows.append(row)
    return rows


def _referenced(clip: Path, args: argparse.Namespace) -> list[ReferencedShot]:
    shots = clip_shots(clip, args.frames)
    if args.reference == "both":
        return referenced_twice(shots)
    return referenced(shots, _away(args), probe(clip).frame_rate)


def _new_row(name: str, shots: list[ReferencedShot], args: argparse.Namespace) -> Row:
    judged = sum(bool(shot.judged) for shot in shots)
    return Row(name, args.reference, _away(args), args.grid, shots[-1].shot.stop, len(shots), judged)


def _add_vidcolor(row: Row, clip: Path, shots: list[ReferencedShot], recipe: Recipe) -> None:
    coloured = measure_vidcolor(clip, shots, recipe)
    row.psnr["vidcolor"] = coloured.psnr
    row.right, row.strangers = coloured.right, coloured.strangers
    row.full_size = coloured.full_size.to_json() if coloured.full_size else None


def _recipe(args: argparse.Namespace) -> Recipe:
    return Recipe(
        config=resolve(PipelineConfig, None, ("encode.codec=ffv1", *args.overrides)),
        model=args.model,
        strangers=load_strangers(args.strangers) if args.reference == "strangers" else [],
        full_size=args.full_size,
        scratch=args.scratch,
        sheets=args.sheets,
    )


def _away(args: argparse.Namespace) -> float | None:
    return args.seconds if args.reference == "away" else None


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """What the figures were measured with."""
    names = ("reference", "seconds", "grid", "frames", "model", "overrides")
    return {name: getattr(args, name) for name in names}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="CLIPS", help="folder of colour clips")
    parser.add_argument("--backbone", type=Path, required=True, help="MobileNetV2 of ImageNet as safetensors")
    parser.add_argument("--clips", nargs="+", help="names of clips without suffix; all if left out")
    parser.add_argument(
        "--reference", choices=("first", "both", "away", "strangers"), default="first", help="see above"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="how far `away` is, at least")
    parser.add_argument("--strangers", type=Path, metavar="FOLDER|TAR", help="pictures of which ten lie in the way")
    parser.add_argument("--grid", type=int, choices=(4, 8), default=8, help="stride of the features column's grid")
    parser.add_argument("--frames", type=int, help="at most so many frames of each clip")
    parser.add_argument("--model", metavar="NAME|FILE", help="a model that ships, or a weights file")
    parser.add_argument(
        "--set", dest="overrides", metavar="KEY=VALUE", action="append", default=[], help="a setting of the pipeline"
    )
    parser.add_argument("--sheets", type=Path, help="folder for a contact sheet of every clip")
    parser.add_argument("--scratch", type=Path, help="folder for films on the way")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--reuse", type=Path, metavar="FILE", help="--json of an earlier run, for what needs no model")
    parser.add_argument(
        "--columns", choices=("all", "training-free", "vidcolor"), default="all", help="which to measure"
    )
    parser.add_argument(
        "--full-size", action=argparse.BooleanOptionalAction, default=True, help="evaluate at the clips' full size too"
    )
    args = parser.parse_args()
    if args.reference == "strangers" and args.strangers is None:
        parser.error("--reference strangers needs --strangers FOLDER|TAR")
    return args


if __name__ == "__main__":
    main()
