"""From shots and references to the manifest: the second reading of the film, at the frames that vote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vidcolor.model.any_colorist import AnyColorist
from vidcolor.pipeline.decode import FilmReader
from vidcolor.pipeline.match import Candidate, MatchConfig, Matcher, sampled_frames
from vidcolor.pipeline.plan import Manifest, ShotEntry, within_shots
from vidcolor.pipeline.survey import Survey
from vidcolor.pipeline.view import view_of
from vidcolor.types import FilmInfo, Reference, Shot


def plan_film(
    info: FilmInfo,
    survey: Survey,
    shots: Sequence[Shot],
    references: Sequence[Reference],
    folder: str,
    colorist: Callable[[], AnyColorist[Any, Any]],
    config: MatchConfig,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Manifest:
    """Match every shot with the references, and write down what was chosen.

    folder: where the references came from. A single reference is followed by every shot, fit or not, since a person
    who gives one means it; shots that it does not fit are flagged all the same.
    """
    matcher = Matcher(references, colorist(), config)
    entries = []
    for shot, grays in _samples(info, survey, shots, config):
        entry = _entry(shot, matcher.candidates(grays), config.threshold, len(references) == 1)
        entries.append(replace(entry, dissolve=survey.dissolves.get(shot.start, 0)))
        if on_progress:
            on_progress(len(entries), len(shots))
    return Manifest(info.path.name, survey.frames, info.frame_rate, folder, within_shots(entries))


def _samples(
    info: FilmInfo, survey: Survey, shots: Sequence[Shot], config: MatchConfig
) -> Iterator[tuple[Shot, list[np.ndarray]]]:
    """The frames of each shot that vote, as working-size grays; one reading of the film, in order."""
    with FilmReader(info) as reader:
        frames = reader.frames()
        for shot in shots:
            wanted = set(sampled_frames(shot, config.samples))
            view = view_of(info, survey.area(shot, info), config.lines)
            grays = []
            for _ in range(len(shot)):
                frame = next(frames)
                if frame.index in wanted:
                    grays.append(np.ascontiguousarray(np.rot90(view.gray(frame.luma), info.rotation // 90)))
            yield shot, grays


def _entry(shot: Shot, candidates: list[Candidate], threshold: float, insist: bool) -> ShotEntry:
    best, *others = candidates
    fits = best.score >= threshold
    if not (fits or insist):
        return ShotEntry(shot, runner_up=best.name, runner_up_score=best.score, flagged=True)
    runner_up = others[0] if others else None
    return ShotEntry(
        shot,
        references=(best.name,),
        score=best.score,
        runner_up=runner_up.name if runner_up else None,
        runner_up_score=runner_up.score if runner_up else 0.0,
        explained=best.explained,
        flagged=not fits,
    )
