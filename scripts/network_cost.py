"""What the network costs per frame of a film, beside Gray2ColorNet as published on the same frames and working size.

    python scripts/network_cost.py FILM REFS [--frames 120] [--sampled 3] [--set KEY=VALUE] [--json]

Ours: processor seconds of the stage `network` in a real run (see `vidcolor bench`), over the film's frames: few of
them are key frames, and the reference is encoded once. The published network: processor seconds of colouring --sampled
frames of the same film, each by itself, with the reference encoded once as well. Its weights are untrained, which does
not change the work. Wall time would say the same on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from vidcolor.bench.films import at_length
from vidcolor.bench.measure import Setting, run_once
from vidcolor.config import resolve
from vidcolor.model.published.network import Gray2ColorNet
from vidcolor.model.published_colorist import PublishedColorist
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.references import load_references
from vidcolor.pipeline.run import PipelineConfig
from vidcolor.pipeline.view import view_of


def main() -> None:
    """Measure both and print their ratio."""
    args = _arguments()
    config = resolve(PipelineConfig, overrides=args.overrides)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = at_length(args.film, args.frames, folder) if args.frames else args.film
        run = run_once(film, args.refs, Setting(config, "cpu"), folder)
        ours = run.stages["network"] / run.frames
        published = _published(film, args.refs, config.colorize.lines, args.sampled)
    found = {
        "film": str(args.film),
        "lines": config.colorize.lines,
        "frames": run.frames,
        "ours_seconds_per_frame": ours,
        "published_seconds_per_frame": published,
        "ratio": published / ours,
    }
    print(json.dumps(found, indent=1) if args.json else _sentence(found))


def _published(film: Path, refs: Path, lines: int, sampled: int) -> float:
    """Processor seconds per frame of the published network."""
    colorist = PublishedColorist(Gray2ColorNet())
    reference = colorist.encode(load_references(refs)[0][0].rgb, lines)
    grays = _sample(film, lines, sampled)
    colorist.colorize(grays[:1], reference)  # what is done once is no cost of a frame
    began = time.process_time()
    for gray in grays:
        colorist.colorize([gray], reference)
    return (time.process_time() - began) / len(grays)


def _sample(film: Path, lines: int, count: int) -> list[np.ndarray]:
    """Working-size grays (h, w) uint8 of frames spread evenly over the film."""
    info = probe(film)
    view = view_of(info, None, lines)
    with FilmReader(info) as reader:
        grays = [view.gray(frame.luma) for frame in reader.frames()]
    return [grays[int(place)] for place in np.linspace(0, len(grays) - 1, count)]


def _sentence(found: dict[str, object]) -> str:
    return (
        f"At {found['lines']} lines: {found['ours_seconds_per_frame']:.4f} processor seconds per film frame, the "
        f"published network {found['published_seconds_per_frame']:.2f}: {found['ratio']:.0f} times as much."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )  # fmt: skip
    parser.add_argument("film", type=Path, metavar="FILM")
    parser.add_argument("refs", type=Path, metavar="REFS")
    parser.add_argument("--frames", type=int, help="cut or loop the film to so many frames")
    parser.add_argument("--sampled", type=int, default=3, help="frames that the published network colours")
    parser.add_argument("--set", dest="overrides", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    torch.set_num_threads(1)  # as a run on two cores does; the other thread would wait on barriers and count as work
    main()
