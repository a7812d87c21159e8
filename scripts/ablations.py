"""Train the film network again and again on one budget, each time without one of its parts; print what that costs.

    python scripts/ablations.py configs/gray2color-film.yaml CLIPS --set data.images='[train.tar]' \
        --set data.heldout='[heldout.tar]' --set data.clips='[clips/]' --set training.backbone=FILE \
        --steps 300 --out runs/ablations [--only whole gate] [--clips kitten dancer] [--frames 60] [--json FILE]

Columns: ab RMSE (CIELAB) on held-out pairs by kind of reference, seen as a clean gray photograph and as old film; mean
chroma as a share of the truth's; and PSNR of whole runs over colour clips, the first frame of each shot as reference.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from clip_scores import Recipe, measure_vidcolor
from shot_references import clip_shots, find_clips, referenced
from torch import Tensor
from tqdm import tqdm

from vidcolor.color import AB_SCALE
from vidcolor.config import resolve
from vidcolor.model.checkpoint import load_network
from vidcolor.model.film_look import film_lightness, plain_lightness
from vidcolor.model.gray2color import FilmGray2ColorNet
from vidcolor.model.pairs import KINDS, Batch
from vidcolor.model.recipes.film import full_size
from vidcolor.model.recipes.recipe import NO_CLASS, Pairs, ab_of
from vidcolor.model.training.batches import to_device
from vidcolor.model.training.config import TrainConfig
from vidcolor.model.training.data import load_heldout
from vidcolor.model.training.heldout import draw_heldout
from vidcolor.model.training.loop import OnProgress, train
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.encode import EncodeConfig
from vidcolor.pipeline.run import PipelineConfig

VARIATIONS: dict[str, tuple[str, ...]] = {
    "whole": (),
    "no gate": ("network.gate=false",),
    "no refinement": ("network.refinement=false",),
    "no surroundings": ("network.surroundings=false",),
    "no colour distribution": ("network.color_distribution=false",),
    "no histogram losses": ("loss.histogram=0", "loss.palette=0"),
    "with a GAN": ("loss.gan=0.01",),
    "frozen encoder": ("training.frozen=1000000",),
    "no film simulation": ("data.film_look=false",),
    "no video pairs": ("mix.moment=0",),
    "no frame before": ("data.before=0",),
    "no natural start": ("training.natural=0",),
}
"""Each by the settings that make it; the recipe that ships has no GAN, so that line adds one."""

KINDS_SHOWN = ("itself", "alike", "nothing")


def main() -> None:
    """Print a line for every variation as it is done."""
    args = _arguments()
    print(f"{'':24}" + "".join(f"{name:>11}" for name in _columns(args.clips)), flush=True)
    rows = {}
    for name in args.only or VARIATIONS:
        config = resolve(TrainConfig, args.config, [*args.set, *_budget(args, name), *VARIATIONS[name]])
        summary = train(config, _draw(tqdm(total=config.training.steps, desc=name, leave=False)))
        assert summary is not None
        rows[name] = {**_heldout_scores(Path(summary.weights), config), **_film_scores(Path(summary.weights), args)}
        print(f"{name:24}" + "".join(f"{value:11.2f}" for value in rows[name].values()), flush=True)
        if args.json:
            settings = asdict(resolve(TrainConfig, args.config, args.set))
            args.json.write_text(json.dumps({"steps": args.steps, "settings": settings, "rows": rows}, indent=1))


def _draw(bar: tqdm[NoReturn]) -> OnProgress:
    def show(step: int, total: int, parts: dict[str, float]) -> None:
        bar.update()
        if step == total:
            bar.close()

    return show


def _budget(args: argparse.Namespace, name: str) -> list[str]:
    out = args.out / name.replace(" ", "-")
    steps = (f"training.steps={args.steps}", f"training.save_every={args.steps}")
    return [*steps, f"training.natural={args.steps // 3}", f"training.out={out}"]


def _columns(clips: Sequence[str]) -> list[str]:
    looks = [f"{kind}{mark}" for mark in ("", "/old") for kind in KINDS_SHOWN]
    return [*looks, *(f"chroma {kind[:4]}" for kind in KINDS_SHOWN), *(clip[:10] for clip in clips)]


def _heldout_scores(weights: Path, config: TrainConfig) -> dict[str, float]:
    """RMSE by kind on clean and on old pictures, and the share of the truth's chroma on clean ones."""
    network, device = load_network(weights), torch.device("cpu")
    assert isinstance(network, FilmGray2ColorNet)
    batches = draw_heldout(*load_heldout(config.data, config.mix, config.training.backbone, device), config)
    generator = torch.Generator().manual_seed(1)
    looks: dict[str, Callable[[Tensor], Tensor]] = {
        "": plain_lightness,
        "/old": lambda rgb: film_lightness(rgb, generator),
    }
    scores, chroma = {}, {}
    for mark, look in looks.items():
        rows = np.concatenate([_rows(network, batch, look, device) for batch in batches])
        for kind in KINDS_SHOWN:
            chosen = rows[rows[:, 0] == KINDS.index(kind)].mean(0)
            scores[f"{kind}{mark}"] = float(np.sqrt(chosen[1]))
            if not mark:
                chroma[f"chroma {kind}"] = float(chosen[2] / chosen[3])
    return {**scores, **chroma}


@torch.inference_mode()
def _rows(
    network: FilmGray2ColorNet, batch: Batch, look: Callable[[Tensor], Tensor], device: torch.device
) -> np.ndarray:
    """For every pair its kind, mean square error of ab, mean chroma and the truth's: (N, 4)."""
    pairs: Pairs = to_device(batch, np.full(len(batch.kind), NO_CLASS, np.int64), device)
    encoded = network.encode_reference(plain_lightness(pairs.reference), ab_of(pairs.reference))
    pred = network(look(pairs.target), encoded, pairs.kind != KINDS.index("nothing"))
    ab, truth = full_size(pred, pairs.target) * AB_SCALE, ab_of(pairs.target) * AB_SCALE
    columns = [(ab - truth).square().mean((1, 2, 3)), *(x.square().sum(1).sqrt().mean((1, 2)) for x in (ab, truth))]
    return torch.stack([pairs.kind.float(), *columns], dim=1).numpy()


def _film_scores(weights: Path, args: argparse.Namespace) -> dict[str, float]:
    """PSNR of whole runs."""
    config = PipelineConfig(encode=EncodeConfig(codec="ffv1"))
    recipe = Recipe(config, str(weights), strangers=(), full_size=False, scratch=None, sheets=None)
    return {
        clip.stem: measure_vidcolor(
            clip, referenced(clip_shots(clip, args.frames), None, probe(clip).frame_rate), recipe
        ).psnr
        for clip in (find_clips(args.folder, args.clips) if args.clips else [])
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, metavar="CONFIG", help="the recipe, as `vidcolor train` takes it")
    parser.add_argument("folder", type=Path, metavar="CLIPS", help="folder of colour clips to measure on")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the recipe")
    parser.add_argument("--steps", type=int, default=300, help="budget of every variation")
    parser.add_argument("--out", type=Path, default=Path("runs/ablations"), help="folder of the runs")
    parser.add_argument("--only", nargs="+", choices=VARIATIONS, help="which variations; all if left out")
    parser.add_argument("--clips", nargs="*", default=["kitten", "dancer"], help="names of the clips, without suffix")
    parser.add_argument("--frames", type=int, default=60, help="at most so many frames of each")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
