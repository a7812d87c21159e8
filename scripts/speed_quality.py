"""What the presets cost and what they give: time beside a plain transcode against PSNR, on colour clips made gray.

    python scripts/speed_quality.py CLIPS [--clips dog blocks] [--presets fast default best] [--frames 150]
        [--seconds 3] [--repeats 3] [--lines 1080] [--json docs/speed_quality.json] [--plot docs/speed_quality.png]
    python scripts/speed_quality.py --draw docs/speed_quality.json [--plot ...]

The picture in docs/ is that of `--clips dog doorway flower kitten --frames 96 --seconds 2 --repeats 1`: four minutes of
two cores.

Time: rounds of `vidcolor bench` (a transcode and a run from nothing with every preset, in turn) on the gray clip,
scaled to --lines where given; median ratio of wall time, and of processor time. Quality: as `scripts/quality_table.py
--reference away` measures it (the reference lies at least --seconds from every judged frame), without the encoder's
loss. Further points: --also NAME=KEY=VALUE[,KEY=VALUE...].
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from clip_scores import Recipe, measure_vidcolor
from matplotlib.figure import Figure
from shot_references import ReferencedShot, clip_shots, find_clips, referenced, write_gray, write_references

from vidcolor.bench.films import scaled
from vidcolor.bench.measure import COLD, Rounds, Setting, measure
from vidcolor.config import resolve
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.presets import PRESETS
from vidcolor.pipeline.run import PipelineConfig

LOSSLESS = "encode.codec=ffv1"


def main() -> None:
    """Measure (or read what was measured), write it down and draw it."""
    args = _arguments()
    if args.draw:
        found = json.loads(args.draw.read_text(encoding="utf-8"))
    else:
        found = _measure_clips(args)
        args.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    _print(found)
    _draw(found, args.plot)


def _measure_clips(args: argparse.Namespace) -> dict[str, Any]:
    settings = {name: PRESETS[name] for name in args.presets} | dict(map(_point, args.also))
    rows: list[dict[str, Any]] = []
    for clip in find_clips(args.clips_folder, args.clips):
        shots = referenced(clip_shots(clip, args.frames), args.seconds, probe(clip).frame_rate)
        if any(shot.judged for shot in shots):
            rows += _measure_clip(clip, shots, settings, args)
    return {"lines": args.lines, "frames": args.frames, "seconds": args.seconds, "settings": settings, "rows": rows}


def _measure_clip(
    clip: Path, shots: list[ReferencedShot], settings: dict[str, tuple[str, ...]], args: argparse.Namespace
) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(dir=args.scratch) as name:
        folder = Path(name)
        film, refs = folder / "gray.mkv", folder / "refs"
        write_gray(clip, film, shots[-1].shot.stop)
        write_references(clip, shots, refs)
        timed = {name: Setting(resolve(PipelineConfig, base=words)) for name, words in settings.items()}
        rounds = measure(scaled(film, args.lines, folder), refs, timed, args.repeats, folder, warm=False)
    rows = [_row(clip.stem, name, rounds, _psnr(clip, shots, words)) for name, words in settings.items()]
    for row in rows:
        print(_line(row), flush=True)
    return rows


def _psnr(clip: Path, shots: list[ReferencedShot], words: tuple[str, ...]) -> float:
    config = resolve(PipelineConfig, base=words, overrides=(LOSSLESS,))
    return measure_vidcolor(clip, shots, Recipe(config, None, [], False, None, None)).psnr


def _row(clip: str, preset: str, rounds: Rounds, psnr: float) -> dict[str, Any]:
    kind = (preset, COLD)
    run = rounds.typical(kind)
    return {
        "clip": clip,
        "preset": preset,
        "psnr": psnr,
        "ratio": rounds.ratio(kind),
        "processor_ratio": rounds.processor_ratio(kind),
        "frames_per_second": run.frames / run.cost.seconds,
        "stages": run.stage_shares,
    }


def _means(found: dict[str, Any]) -> dict[str, dict[str, float]]:
    """PSNR in dB (arithmetic mean over clips) and ratios (geometric mean) of every preset."""
    means = {}
    for preset in found["settings"]:
        rows = [row for row in found["rows"] if row["preset"] == preset]
        means[preset] = {"psnr": float(np.mean([row["psnr"] for row in rows]))} | {
            name: float(np.exp(np.mean(np.log([row[name] for row in rows])))) for name in ("ratio", "processor_ratio")
        }
    return means


def _print(found: dict[str, Any]) -> None:
    for preset, mean in _means(found).items():
        print(_line({"clip": "mean", "preset": preset, **mean}))


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['clip']:18}{row['preset']:12}{row['psnr']:8.2f} dB{row['ratio']:8.2f} x transcode"
        f"{row['processor_ratio'] or float('nan'):8.2f} x its processor time"
    )


def _draw(found: dict[str, Any], path: Path) -> None:
    means = _means(found)
    figure = Figure(figsize=(6.4, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    ratios, psnrs = [mean["ratio"] for mean in means.values()], [mean["psnr"] for mean in means.values()]
    axes.axvline(1, color="#888888", linestyle=":", linewidth=1)
    axes.annotate(
        "plain transcode", (1, min(psnrs)), xytext=(4, 0), textcoords="offset points", rotation=90, color="#666666"
    )
    axes.plot(ratios, psnrs, "o", color="#4e79a7")
    for name, x, y in zip(means, ratios, psnrs, strict=True):
        axes.annotate(name, (x, y), xytext=(6, 4), textcoords="offset points")
    axes.set_xlim(0, max(ratios) * 1.15)
    axes.margins(y=0.1)
    clips = len({row["clip"] for row in found["rows"]})
    axes.set(xlabel="wall time over that of a plain transcode", ylabel=f"PSNR in dB, mean of {clips} clips")
    axes.grid(alpha=0.3)
    figure.savefig(path)


def _point(words: str) -> tuple[str, tuple[str, ...]]:
    name, _, settings = words.partition("=")
    return name, tuple(settings.split(","))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )  # fmt: skip
    parser.add_argument("clips_folder", type=Path, metavar="CLIPS", nargs="?", help="folder of colour clips")
    parser.add_argument("--draw", type=Path, metavar="JSON", help="draw again what was measured before")
    parser.add_argument("--clips", nargs="+", help="names of clips without suffix; all if left out")
    parser.add_argument("--presets", nargs="*", choices=list(PRESETS), default=list(PRESETS))
    parser.add_argument("--also", nargs="+", default=[], metavar="NAME=KEY=VALUE,...", help="further sets of settings")
    parser.add_argument("--frames", type=int, help="at most so many frames of each clip")
    parser.add_argument("--seconds", type=float, default=3.0, help="how far the reference is, at least")
    parser.add_argument("--repeats", type=int, default=3, help="rounds of measuring time")
    parser.add_argument("--lines", type=int, help="height of the film whose time is measured (default: the clip's)")
    parser.add_argument("--scratch", type=Path, help="folder for films on the way")
    parser.add_argument("--json", type=Path, default=Path("docs/speed_quality.json"))
    parser.add_argument("--plot", type=Path, default=Path("docs/speed_quality.png"))
    args = parser.parse_args()
    if (args.clips_folder is None) == (args.draw is None):
        parser.error("give either CLIPS or --draw JSON")
    return args


if __name__ == "__main__":
    main()
