"""Train every small network that needs no reference within the same budget, and print the table of all.

    python scripts/automatic_runs.py --images train-0.tar ... --heldout heldout.tar [--budget-minutes 4] [--out runs/]

The budget is what the first config does in that time on this machine: all others see as many batches, of the same
pictures in the same order. Run again after an interruption: what is finished stays, the rest goes on.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from automatic_table import compare, write_sheet

from vidcolor.config import resolve
from vidcolor.errors import VidcolorError
from vidcolor.model.checkpoint import DEFAULT_MODEL
from vidcolor.model.training.config import TrainConfig
from vidcolor.model.training.loop import train

CONFIGS = Path(__file__).parent.parent / "configs" / "automatic"
_TRIAL_STEPS = 24


def main() -> None:
    """Train, then measure."""
    args = _arguments()
    configs = args.configs or sorted(CONFIGS.glob("*.yaml"))
    try:
        steps = args.steps or _steps_in(args.budget_minutes, configs[0], args)
        weights = [_train(config, steps, args) for config in configs]
        device = "cuda" if args.device == "auto" and _has_gpu() else args.device.replace("auto", "cpu")
        models = [DEFAULT_MODEL, *map(str, weights)]
        rows, sheet = compare(args.heldout, models, args.limit, args.lines, device)
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    (args.out / "table.json").write_text(json.dumps({"steps": steps, "rows": rows}, indent=1), encoding="utf-8")
    write_sheet(sheet, args.out / "sheet.png")


def _steps_in(minutes: float, config: Path, args: argparse.Namespace) -> int:
    """Steps that a config does in so many minutes, found once for a folder."""
    known = args.out / "budget.json"
    if known.is_file():
        return int(json.loads(known.read_text())["steps"])
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        trial = _config(config, _TRIAL_STEPS, Path(folder), args)
        train(trial, lambda step, steps, parts: times.append(time.perf_counter()))
    seconds = median(later - earlier for earlier, later in pairwise(times[3:]))
    steps = max(1, round(60 * minutes / seconds))
    args.out.mkdir(parents=True, exist_ok=True)
    known.write_text(json.dumps({"minutes": minutes, "steps": steps, "config": config.stem}))
    print(f"{minutes:g} minutes are {steps} steps of {config.stem}", flush=True)
    return steps


def _train(config: Path, steps: int, args: argparse.Namespace) -> Path:
    """The finished weights of a config."""
    began = time.monotonic()
    summary = train(_config(config, steps, args.out / config.stem, args))
    assert summary is not None
    print(f"{config.stem:28} {summary.steps} steps, {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    return Path(summary.weights)


def _config(config: Path, steps: int, out: Path, args: argparse.Namespace) -> TrainConfig:
    """A config with this call's data and budget."""
    overrides = [
        f"data.images={_listed(args.images)}",
        f"data.heldout={_listed([args.heldout])}",
        f"training.out={out}",
        f"training.steps={steps}",
        f"training.save_every={max(1, steps // 4)}",
        f"training.device={args.device}",
    ]
    start = resolve(TrainConfig, config).training.start
    if start:  # another run's weights: they lie beside this one's
        overrides.append(f"training.start={out.parent / Path(start).parent.name / Path(start).name}")
    return resolve(TrainConfig, config, [*overrides, *args.set])


def _listed(paths: Sequence[Path]) -> str:
    return f"[{', '.join(map(str, paths))}]"


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", type=Path, nargs="*", help="YAML files; none: all of configs/automatic/")
    parser.add_argument("--images", type=Path, nargs="+", required=True, metavar="FOLDER|TAR", help="to train on")
    parser.add_argument("--heldout", type=Path, required=True, metavar="FOLDER|TAR", help="to measure on")
    parser.add_argument("--budget-minutes", type=float, default=4.0, help="of the first config's training")
    parser.add_argument("--steps", type=int, help="of each, instead of a budget in minutes")
    parser.add_argument("--out", type=Path, default=Path("runs/automatic"), help="folder of all runs and the table")
    parser.add_argument("--limit", type=int, default=200, help="pictures measured, a fixed spread")
    parser.add_argument("--lines", type=int, default=128, help="their short side")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda[:N]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of all of them")
    return parser.parse_args()


if __name__ == "__main__":
    main()
