"""How well one colour clip comes back from gray: by the yardsticks that need no training, and by vidcolor."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from shot_references import ReferencedShot, write_gray, write_references, write_strangers
from training_free import WorkingPicture, Yardstick, with_true_lightness, working_picture

from vidcolor.model.metrics import psnr
from vidcolor.pipeline.contact_sheet import contact_sheet
from vidcolor.pipeline.evaluate import Evaluation, evaluate
from vidcolor.pipeline.manifest import load_manifest
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.references import load_references
from vidcolor.pipeline.run import PipelineConfig, run

MOMENTS = (0.1, 0.4, 0.7, 0.97)


@dataclass(frozen=True)
class Recipe:
    """How vidcolor is run on every clip."""

    config: PipelineConfig
    model: str | None
    strangers: Sequence[np.ndarray]
    """Pictures that lie beside the right references, (H, W, 3) uint8 RGB."""
    full_size: bool
    scratch: Path | None
    sheets: Path | None


@dataclass(frozen=True)
class Coloured:
    """What vidcolor made of a clip."""

    psnr: float
    """dB at the working size, over the judged frames."""
    right: int
    """Shots that follow their own reference."""
    strangers: int
    """Shots that follow a stranger."""
    full_size: Evaluation | None
    """`vidcolor evaluate` over all frames."""


def measure_training_free(
    clip: Path, shots: Sequence[ReferencedShot], yardsticks: Mapping[str, Yardstick]
) -> dict[str, float]:
    """Return each yardstick's mean PSNR over the judged frames."""
    scores: dict[str, list[float]] = {name: [] for name in yardsticks}
    for shot, pictures in _by_shot(clip, shots):
        if not shot.judged:
            continue
        numbers = list(range(shot.shot.start, shot.shot.stop))
        if shot.reference == numbers[0]:
            numbers.reverse()
            pictures.reverse()
        while pictures:  # from the reference on; what has been seen is let go
            _score(shot, numbers.pop(), pictures.pop(), yardsticks, scores)
    return {name: float(np.mean(values)) for name, values in scores.items()}


def measure_vidcolor(clip: Path, shots: Sequence[ReferencedShot], recipe: Recipe) -> Coloured:
    """Colour the clip's gray copy with the whole pipeline."""
    with tempfile.TemporaryDirectory(dir=recipe.scratch) as name:
        folder = Path(name)
        gray, out, refs, project = (folder / part for part in ("gray.mkv", "out.mkv", "refs", "project"))
        write_gray(clip, gray, shots[-1].shot.stop)
        write_references(clip, shots, refs)
        write_strangers(recipe.strangers, refs)
        run(gray, refs, out, project, recipe.config, model=recipe.model)
        followed = _followed(project, shots)
        if recipe.sheets:
            recipe.sheets.mkdir(parents=True, exist_ok=True)
            _write_sheet(recipe.sheets / f"{clip.stem}.png", out, clip, shots, refs, followed)
        return Coloured(
            psnr=_at_working_size(out, clip, shots),
            right=sum(followed[shot.shot.index] in shot.stills.values() for shot in shots),
            strangers=sum(name.startswith("stranger") for name in followed.values()),
            full_size=evaluate(out, clip) if recipe.full_size else None,
        )


def _score(
    shot: ReferencedShot,
    number: int,
    picture: WorkingPicture,
    yardsticks: Mapping[str, Yardstick],
    scores: dict[str, list[float]],
) -> None:
    """Give the yardsticks the next frame, the reference first."""
    judged = number in shot.judged
    for name, yardstick in yardsticks.items():
        if number == shot.reference:
            yardstick.start(picture)
        elif judged or yardstick.walks:
            ab = yardstick.colour(picture)
            if judged:
                scores[name].append(psnr(with_true_lightness(ab, picture), picture.rgb))


def _at_working_size(out: Path, clip: Path, shots: Sequence[ReferencedShot]) -> float:
    """The same measure of a coloured film, whose ab alone is looked at."""
    judged = _judged(shots)
    last = max(judged) + 1
    scores = []
    for index, (ours, truth) in enumerate(zip(islice(read_rgb(out), last), islice(read_rgb(clip), last), strict=True)):
        if index in judged:
            output, original = (working_picture(picture.rgb, picture.gray) for picture in (ours, truth))
            scores.append(psnr(with_true_lightness(output.ab, original), original.rgb))
    return float(np.mean(scores))


def _followed(project: Path, shots: Sequence[ReferencedShot]) -> dict[int, str]:
    """The first reference that the project follows in the middle of each shot, by the shot's number."""
    entries = load_manifest(project / "manifest.yaml").entries
    followed = {}
    for shot in shots:
        middle = (shot.shot.start + shot.shot.stop) // 2
        entry = next(entry for entry in entries if entry.shot.start <= middle < entry.shot.stop)
        followed[shot.shot.index] = entry.references[0] if entry.references else ""
    return followed


def _write_sheet(
    path: Path, out: Path, clip: Path, shots: Sequence[ReferencedShot], refs: Path, followed: Mapping[int, str]
) -> None:
    """Write a contact sheet of four judged moments: gray, coloured, original, and the reference that was followed."""
    judged = sorted(_judged(shots))
    moments = {judged[int(share * len(judged))] for share in MOMENTS}
    rows = []
    for index, (ours, truth) in enumerate(zip(read_rgb(out), read_rgb(clip), strict=False)):
        if index in moments:
            gray = np.repeat(truth.gray[..., None], 3, axis=-1)
            name = next(followed[shot.shot.index] for shot in shots if shot.shot.start <= index < shot.shot.stop)
            reference = [still.rgb for still in load_references(refs / name)[0]] if name else []
            rows.append([gray, ours.rgb, truth.rgb, *reference])
    sheet = contact_sheet(rows, (f"{clip.stem}: gray", "vidcolor", "truth", "reference followed"), lines=240)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _judged(shots: Sequence[ReferencedShot]) -> set[int]:
    return {number for shot in shots for number in shot.judged}


def _by_shot(clip: Path, shots: Sequence[ReferencedShot]) -> Iterator[tuple[ReferencedShot, list[WorkingPicture]]]:
    pictures = read_rgb(clip)
    for shot in shots:
        yield shot, [working_picture(picture.rgb, picture.gray) for picture in islice(pictures, len(shot.shot))]
