"""Shots on a Ray cluster: a node killed midway, the overhead against the local loop, and the way to a thousand nodes.

    python scripts/ray_table.py [--shots 40] [--frames 12] [--json]

A film of many shots is drawn and matched once, then coloured by the loop in one process, by a cluster of two nodes on
this machine, and by the same while one of the nodes is killed. Every time, film and segments must be those of the loop,
byte for byte. From the traffic and the driver's time per shot follows how many nodes one driver can keep busy; for that
a shot of a real film is taken to need ``--shot-seconds`` of a worker and to weigh ``--shot-megabytes``.
"""

from __future__ import annotations

import argparse
import json
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
from fault_film import SIZE, draw_references, picture
from ray_cluster import Used, ledger_rate, loopback_bytes, two_nodes

from vidcolor.config import resolve
from vidcolor.pipeline.engines.engine import Engine, Production, ShotTask
from vidcolor.pipeline.engines.local import LocalEngine
from vidcolor.pipeline.engines.on_ray import RayEngine
from vidcolor.pipeline.engines.ray_node import REPORT_SECONDS
from vidcolor.pipeline.files import write_bytes
from vidcolor.pipeline.load_colorist import load_colorist
from vidcolor.pipeline.run import PipelineConfig, RunSummary, colorize_film, match_film

SETTINGS = ["colorize.lines=64", "match.lines=64", "keys.interval=6", "encode.preset=ultrafast"]
SCENES = 6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=40)
    parser.add_argument("--frames", type=int, default=12, help="of every shot")
    parser.add_argument("--workers", type=int, default=8, help="on a node of the cluster that is reasoned about")
    parser.add_argument("--shot-seconds", type=float, default=12.0, help="a worker's time for a shot of a real film")
    parser.add_argument("--shot-megabytes", type=float, default=4.0, help="the segment of such a shot")
    parser.add_argument("--gigabits", type=float, default=10.0, help="the driver's network, per second")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = measured(Path(name), args.shots, args.frames)
        found["limits"] = limits(found, args, Path(name))
    print(json.dumps(found, indent=1) if args.json else "\n".join(lines(found, "")))


def measured(folder: Path, shots: int, frames: int) -> dict[str, Any]:
    """All figures of this machine, by name."""
    draw(folder / "matched", shots, frames)
    loop = Timed(Loop())
    local = coloured(folder, "local", loop)
    found: dict[str, Any] = {"shots": local.shots, "frames": local.frames, "loop": loop.figures()}
    with two_nodes() as nodes:
        found["ledger_reports_per_second"] = round(ledger_rate())
        coloured(folder, "warm", RayEngine())  # starts the nodes' processes
        whole = Timed(RayEngine())
        summary = coloured(folder, "whole", whole)
        found["two_nodes"] = whole.figures() | outcome(folder, "whole", summary)
        found["shots_without_work"] = without_work(whole)
        killed = Timed(RayEngine())
        killer = nodes.kill_other(folder / "killed" / "film.vidcolor" / "segments", local.shots // 4)
        summary = coloured(folder, "killed", killed)
        killer.join()
        found["one_node_killed"] = killed.figures() | outcome(folder, "killed", summary)
    return found


def outcome(folder: Path, name: str, summary: RunSummary) -> dict[str, Any]:
    """Whether the work was done, and how often."""
    return {
        "shots_computed": summary.shots_computed,
        "shots_done_twice": summary.shots_done_twice,
        "equal_to_the_loop": same(folder, name),
    }


def without_work(timed: Timed, shots: int = 400) -> dict[str, Any]:
    """What a shot costs beside the work on it: as many shots as are asked for, with nothing to render."""
    assert timed.production is not None
    bare = Timed(RayEngine())
    with tempfile.TemporaryDirectory() as folder:
        bare.render(
            timed.production, [ShotTask(number, ()) for number in range(shots)], Path(folder), lambda done: None
        )
    return bare.figures()


@dataclass
class Timed:
    """An engine with a watch."""

    engine: Engine
    production: Production | None = None
    """The last one."""
    figures_per_shot: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def render(
        self, production: Production, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]
    ) -> int:
        """As the engine does it."""
        self.production = production
        began, driver, cluster, sent = time.monotonic(), time.process_time(), Used.now(), loopback_bytes()
        again = self.engine.render(production, tasks, folder, on_frames)
        self.seconds = time.monotonic() - began
        used = Used.now()
        self.figures_per_shot = {
            "ms_per_shot": 1000 * self.seconds / len(tasks),
            "driver_processor_ms_per_shot": 1000 * (time.process_time() - driver) / len(tasks),
            "cluster_programs_processor_ms_per_shot": 1000 * (used.programs - cluster.programs) / len(tasks),
            "workers_processor_ms_per_shot": 1000 * max(0.0, used.workers - cluster.workers) / len(tasks),
            "bytes_on_the_wire_per_shot": (loopback_bytes() - sent) / len(tasks),
            "bytes_of_a_task": sum(len(pickle.dumps(task)) for task in tasks) / len(tasks),
            "bytes_of_a_shot_s_files": sum(path.stat().st_size for path in folder.iterdir()) / len(tasks),
        }
        self.sizes = {
            "bytes_once_per_worker": len(pickle.dumps(production)),
            "bytes_once_per_node_without_shared_storage": sum(
                path.stat().st_size for path in (production.models.follower.path, production.source.info.path)
            ),
        }
        return again

    def figures(self) -> dict[str, Any]:
        """What the watch says."""
        per_shot = {name: round(value, 1) for name, value in self.figures_per_shot.items()}
        return {"seconds": round(self.seconds, 1), **per_shot, **self.sizes}


class Loop:
    """The loop in this process, the loading of the network counted as the workers' is."""

    def render(
        self, production: Production, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]
    ) -> int:
        """As LocalEngine does it."""
        half = production.config.colorize.half
        loop = LocalEngine(
            lambda: load_colorist(production.models, production.device, half, production.threads),
            lambda start, stop: None,
        )
        return loop.render(production, tasks, folder, on_frames)


def draw(folder: Path, shots: int, frames: int) -> None:
    """A film of many shots, references, and a project that is matched."""
    folder.mkdir()
    with av.open(str(folder / "film.mp4"), "w") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for shot in range(shots):
            for moment in range(frames):
                gray = cv2.cvtColor(picture(shot % SCENES, moment + shot // SCENES), cv2.COLOR_RGB2GRAY)
                shown = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        film.mux(stream.encode(None))
    draw_references(folder / "refs")
    match_film(folder / "film.mp4", folder / "refs", config=resolve(PipelineConfig, None, SETTINGS), device="cpu")


def coloured(folder: Path, name: str, engine: Engine) -> RunSummary:
    """Colour a copy of the matched project."""
    copy = shutil.copytree(folder / "matched", folder / name)
    config = resolve(PipelineConfig, None, SETTINGS)
    return colorize_film(copy / "film.mp4", copy / "film.vidcolor", config=config, device="cpu", engine=engine)


def same(folder: Path, name: str) -> bool:
    """Film and segments are those of the loop, byte for byte."""

    def files(which: str) -> dict[str, bytes]:
        made = [*(folder / which / "film.vidcolor" / "segments").iterdir(), folder / which / "film.color.mp4"]
        return {path.name: path.read_bytes() for path in made}

    return files(name) == files("local")


def limits(found: dict[str, Any], args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """How many nodes keep the driver's processor, disk or network, or its ledger, wholly busy, each taken alone."""
    per_node = args.workers / args.shot_seconds  # shots a second
    size = args.shot_megabytes * 1e6
    bare = found["shots_without_work"]
    written = write_seconds(folder, int(size))
    return {
        "shots_per_second_of_a_node": round(per_node, 3),
        "driver_processor": round(1000 / bare["driver_processor_ms_per_shot"] / per_node),
        "cluster_programs_processor": round(1000 / bare["cluster_programs_processor_ms_per_shot"] / per_node),
        "driver_network": round(args.gigabits * 1e9 / 8 / (size + bare["bytes_on_the_wire_per_shot"]) / per_node),
        "driver_disk": round(1 / written / per_node),
        "driver_disk_ms_per_shot": round(1000 * written, 1),
        "ledger": round(found["ledger_reports_per_second"] * REPORT_SECONDS / args.workers),
        "shots_that_keep_1000_nodes_busy_at_once": 1000 * args.workers,
    }


def write_seconds(folder: Path, size: int, shots: int = 16) -> float:
    """Time for the files of one shot of so many bytes, several shots at once and each file flushed to the disk."""
    data = bytes(size)

    def write(number: int) -> None:
        for suffix, end in ((".measures", 20000), (".segment", size), (".seal", 200)):
            write_bytes(folder / f"written{number}{suffix}", data[:end])

    began = time.monotonic()
    with ThreadPoolExecutor(shots) as writers:
        list(writers.map(write, range(shots)))
    return (time.monotonic() - began) / shots


def lines(values: dict[str, Any], indent: str) -> list[str]:
    """Figures by name, one a line."""
    told = []
    for name, value in values.items():
        told += [f"{indent}{name}:", *lines(value, indent + "  ")] if isinstance(value, dict) else [
            f"{indent}{name}: {value}"
        ]  # fmt: skip
    return told


if __name__ == "__main__":
    main()
