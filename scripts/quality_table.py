"""Print how well colour clips come back after they were made gray, beside what needs no training.

Every clip is made gray (its own luma, neutral chroma, FFV1), the first frame of every shot is its reference, and
`vidcolor` colours it. The columns are mean PSNR in dB (8-bit RGB in floating point, true L*) over the frames after each
shot's first, at 256 lines; the last columns are `vidcolor evaluate` at the clip's full size.

    python scripts/quality_table.py CLIPS --backbone mobilenet_v2_imagenet.safetensors [--clips dog kitten]
        [--frames 60] [--grid 4] [--sheets FOLDER] [--columns all|training-free|vidcolor] [--no-full-size]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from training_free import (
    Features,
    FlowAlone,
    Gray,
    MeanChroma,
    WorkingPicture,
    Yardstick,
    with_true_lightness,
    working_picture,
)

from vidcolor.model.metrics import psnr
from vidcolor.pipeline.contact_sheet import contact_sheet
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.evaluate import Evaluation, evaluate
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.shots import detect_shots, small_gray
from vidcolor.types import Shot

FILM_SUFFIXES = (".mp4", ".webm", ".avi", ".mkv", ".mov")
MOMENTS = (0.1, 0.4, 0.7, 0.97)
COLUMNS = ("gray", "mean", "features", "flow", "vidcolor")

PROTOTYPE = {
    "bedroom": {"gray": 29.63, "mean": 29.99, "features": 35.20, "flow": 31.62, "vidcolor": 36.62},
    "dog": {"gray": 24.10, "mean": 26.39, "features": 34.54, "flow": 32.29, "vidcolor": 36.01},
    "kitten": {"gray": 23.72, "mean": 25.86, "features": 30.50, "flow": 30.35, "vidcolor": 33.46},
    "flower": {"gray": 17.08, "mean": 20.25, "features": 25.95, "flow": 26.86, "vidcolor": 27.41},
    "basketball": {"gray": 17.11, "mean": 19.37, "features": 26.15, "flow": 22.75, "vidcolor": 28.61},
}
"""A small earlier network with flow, measured likewise, its features on the grid of stride 4: the figures to beat."""


@dataclass
class Row:
    """What is known of one clip."""

    name: str
    shots: int
    frames: int
    columns: dict[str, float] = field(default_factory=dict)
    full_size: Evaluation | None = None


def main() -> None:
    """Print the table, clip by clip, and the mean."""
    args = _arguments()
    yardsticks: dict[str, Yardstick] = {
        "gray": Gray(),
        "mean": MeanChroma(),
        "features": Features(args.backbone, args.grid),
        "flow": FlowAlone(),
    }
    rows = []
    _print_header(args.full_size and args.columns != "training-free")
    for clip in _clips(args.folder, args.clips):
        shots = clip_shots(clip, args.frames)
        row = Row(clip.stem, len(shots), shots[-1].stop)
        if args.columns != "vidcolor":
            row.columns.update(measure_training_free(clip, shots, yardsticks))
        if args.columns != "training-free":
            _measure_vidcolor(clip, shots, row, args)
        _print_row(row)
        rows.append(row)
    _print_mean(rows)
    if args.json:
        args.json.write_text(json.dumps([_plain(row) for row in rows], indent=1), encoding="utf-8")


def clip_shots(clip: Path, frames: int | None) -> list[Shot]:
    """Return the shots of a clip's first ``frames`` frames, found as the pipeline finds them."""
    film = probe(clip)
    with FilmReader(film) as reader:
        grays = (small_gray(frame.luma, film) for frame in reader.frames(count=frames))
        return detect_shots(grays, film.frame_rate)


def measure_training_free(clip: Path, shots: list[Shot], yardsticks: dict[str, Yardstick]) -> dict[str, float]:
    """Return each yardstick's mean PSNR over the frames after the first of every shot."""
    scores: dict[str, list[float]] = {name: [] for name in yardsticks}
    for index, picture in enumerate(_working_pictures(clip, shots)):
        is_reference = any(index == shot.start for shot in shots)
        for name, yardstick in yardsticks.items():
            if is_reference:
                yardstick.start(picture)
            else:
                scores[name].append(psnr(with_true_lightness(yardstick.colour(picture), picture), picture.rgb))
    return {name: float(np.mean(values)) for name, values in scores.items()}


def measure_at_working_size(out: Path, clip: Path, shots: list[Shot]) -> float:
    """Return the same measure of a coloured film, whose ab alone is looked at."""
    starts = {shot.start for shot in shots}
    pairs = zip(_working_pictures(out, shots), _working_pictures(clip, shots), strict=True)
    scores = [
        psnr(with_true_lightness(ours.lab[..., 1:], truth), truth.rgb)
        for index, (ours, truth) in enumerate(pairs)
        if index not in starts
    ]
    return float(np.mean(scores))


def write_gray(clip: Path, gray: Path, frames: int) -> None:
    """Write a clip's first frames with their luma bit for bit and neutral chroma, without loss."""
    with av.open(str(clip)) as source, av.open(str(gray), "w") as container:
        video = source.streams.video[0]
        stream = container.add_stream("ffv1", video.average_rate)
        theirs, ours = video.codec_context, stream.codec_context
        ours.width, ours.height, ours.pix_fmt = theirs.width, theirs.height, theirs.pix_fmt
        ours.time_base = video.time_base or Fraction(1, 1000)
        ours.color_range, ours.colorspace = theirs.color_range, theirs.colorspace
        ours.color_primaries, ours.color_trc = theirs.color_primaries, theirs.color_trc
        for frame in islice(source.decode(video), frames):
            container.mux(stream.encode(_without_colour(frame)))
        container.mux(stream.encode(None))


def write_references(clip: Path, shots: list[Shot], folder: Path) -> None:
    """Write the first frame of every shot as a PNG of the clip's size."""
    folder.mkdir()
    starts = {shot.start: shot.index for shot in shots}
    for index, picture in enumerate(islice(read_rgb(clip), shots[-1].stop)):
        if index in starts:
            cv2.imwrite(str(folder / f"shot{starts[index]:03d}.png"), cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2BGR))


def write_sheet(path: Path, out: Path, clip: Path, shots: list[Shot]) -> None:
    """Write a contact sheet of four moments: gray, coloured, original, and the reference of that moment's shot."""
    moments = {int(share * shots[-1].stop) for share in MOMENTS}
    starts = {shot.start for shot in shots}
    rows, reference = [], None
    for index, (ours, truth) in enumerate(zip(read_rgb(out), read_rgb(clip), strict=False)):
        reference = truth.rgb if index in starts else reference
        if index in moments and reference is not None:
            gray = np.repeat(truth.gray[..., None], 3, axis=-1)
            rows.append([gray, ours.rgb, truth.rgb, reference])
    sheet = contact_sheet(rows, (f"{clip.stem}: gray", "vidcolor", "truth", "reference"), lines=240)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _measure_vidcolor(clip: Path, shots: list[Shot], row: Row, args: argparse.Namespace) -> None:
    """Colour the clip's gray copy with the whole pipeline and add its figures to the row."""
    from vidcolor.pipeline.encode import EncodeConfig
    from vidcolor.pipeline.run import PipelineConfig, run

    with tempfile.TemporaryDirectory(dir=args.scratch) as name:
        folder = Path(name)
        gray, out = folder / "gray.mkv", folder / "out.mkv"
        write_gray(clip, gray, shots[-1].stop)
        write_references(clip, shots, folder / "refs")
        run(gray, folder / "refs", out, folder / "project", PipelineConfig(encode=EncodeConfig(codec="ffv1")))
        row.columns["vidcolor"] = measure_at_working_size(out, clip, shots)
        row.full_size = evaluate(out, clip) if args.full_size else None
        if args.sheets:
            args.sheets.mkdir(parents=True, exist_ok=True)
            write_sheet(args.sheets / f"{clip.stem}.png", out, clip, shots)


def _without_colour(frame: av.VideoFrame) -> av.VideoFrame:
    frame.make_writable()
    depth = frame.format.components[0].bits
    sample = np.dtype(np.uint8 if depth == 8 else np.uint16)
    for plane in frame.planes[1:]:
        plane.update(np.full(plane.buffer_size // sample.itemsize, 1 << (depth - 1), sample).tobytes())
    return frame


def _working_pictures(film: Path, shots: list[Shot]) -> Iterator[WorkingPicture]:
    for picture in islice(read_rgb(film), shots[-1].stop):
        yield working_picture(picture.rgb, picture.gray)


def _clips(folder: Path, names: list[str] | None) -> list[Path]:
    clips = sorted(path for path in folder.iterdir() if path.suffix in FILM_SUFFIXES)
    lost = set(names or ()) - {clip.stem for clip in clips}
    if not clips or lost:
        raise SystemExit(f"{folder}: no such clips: {', '.join(sorted(lost)) or '(none at all)'}")
    return [clip for clip in clips if not names or clip.stem in names]


def _print_header(full_size: bool) -> None:
    names = [*COLUMNS, "full", "gray", "ssim", "dE00", "cf/true", "flicker/true"] if full_size else [*COLUMNS]
    print(f"{'clip':16}{'shots':>6}{'frames':>7}" + "".join(f"{name:>13}" for name in names), flush=True)


def _print_row(row: Row) -> None:
    line = f"{row.name:16}{row.shots:6}{row.frames:7}" + "".join(f"{row.columns.get(n, np.nan):13.2f}" for n in COLUMNS)
    if row.full_size:
        e = row.full_size
        line += f"{e.psnr:13.2f}{e.psnr_gray:13.2f}{e.ssim:13.3f}{e.delta_e2000:13.2f}"
        line += f"{e.colourfulness:6.1f}/{e.colourfulness_truth:<6.1f}"
        line += f"{e.chroma_flicker:7.2f}/{e.chroma_flicker_truth:<5.2f}"
    print(line, flush=True)
    if row.name in PROTOTYPE:
        print(f"{'  prototype':29}" + "".join(f"{PROTOTYPE[row.name][name]:13.2f}" for name in COLUMNS), flush=True)


def _print_mean(rows: list[Row]) -> None:
    means = Row("mean", sum(row.shots for row in rows), sum(row.frames for row in rows))
    for name in COLUMNS:
        values = [row.columns[name] for row in rows if name in row.columns]
        if values:
            means.columns[name] = float(np.mean(values))
    _print_row(means)


def _plain(row: Row) -> dict[str, object]:
    full = row.full_size.to_json() if row.full_size else None
    return {"clip": row.name, "shots": row.shots, "frames": row.frames, "psnr": row.columns, "full_size": full}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="CLIPS", help="folder of colour clips")
    parser.add_argument("--backbone", type=Path, required=True, help="MobileNetV2 of ImageNet as safetensors")
    parser.add_argument("--clips", nargs="+", help="names of clips without suffix; all if left out")
    parser.add_argument("--grid", type=int, choices=(4, 8), default=8, help="stride of the features column's grid")
    parser.add_argument("--frames", type=int, help="at most so many frames of each clip")
    parser.add_argument("--sheets", type=Path, help="folder for a contact sheet of every clip")
    parser.add_argument("--scratch", type=Path, help="folder for films on the way")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument(
        "--columns", choices=("all", "training-free", "vidcolor"), default="all", help="which to measure"
    )
    parser.add_argument(
        "--full-size", action=argparse.BooleanOptionalAction, default=True, help="evaluate at the clips' full size too"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
