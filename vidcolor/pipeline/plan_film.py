"""From shots and references to the manifest: the second reading of the film, at the frames that vote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vidcolor.model.any_colorist import AnyColorist
from vidcolor.pipeline.ahead import ahead
from vidcolor.pipeline.common_choice import Choice, anchors, choose_together
from vidcolor.pipeline.decode import FilmReader
from vidcolor.pipeline.light import Light, light_of
from vidcolor.pipeline.match import MatchConfig, Matcher, Verdict, sampled_frames
from vidcolor.pipeline.plan import Manifest, ShotEntry, within_shots
from vidcolor.pipeline.stills import StillFinder
from vidcolor.pipeline.survey import Survey
from vidcolor.pipeline.ties import TieConfig, TieFinder
from vidcolor.pipeline.view import view_of
from vidcolor.types import FilmInfo, Reference, Shot

Progress = Callable[[str, int, "int | None"], None]
"""Called with the stage's name, ``match`` or ``ties``, how much of it is done, and how much there is."""

_AHEAD = 2
"""Shots whose voting frames are read while the network judges those of another."""


@dataclass(frozen=True)
class PlanConfig:
    """All settings that the manifest depends on, beside the shots."""

    match: MatchConfig = field(default_factory=MatchConfig)
    ties: TieConfig = field(default_factory=TieConfig)


def plan_film(
    info: FilmInfo,
    survey: Survey,
    shots: Sequence[Shot],
    references: Sequence[Reference],
    folder: str | None,
    colorist: Callable[[], AnyColorist[Any, Any]],
    config: PlanConfig,
    on_progress: Progress | None = None,
) -> Manifest:
    """Match every shot with the references, tie shots of the same set or person, and write down what was chosen.

    folder: where the references came from; None where there are none. A single reference is followed by every shot, fit
    or not, since a person who gives one means it; shots that it does not fit are flagged all the same.
    """
    report = on_progress or _silent
    judge = _matched if references else _tied
    entries = [
        replace(entry, dissolve=survey.dissolves.get(entry.shot.start, 0))
        for entry in judge(info, survey, shots, references, colorist, config, report)
    ]
    return Manifest(info.path.name, survey.frames, info.frame_rate, folder, within_shots(entries))


def _matched(
    info: FilmInfo,
    survey: Survey,
    shots: Sequence[Shot],
    references: Sequence[Reference],
    colorist: Callable[[], AnyColorist[Any, Any]],
    config: PlanConfig,
    report: Progress,
) -> list[ShotEntry]:
    """What every shot follows of the references."""
    network = colorist()
    matcher, finder = Matcher(references, network, config.match), TieFinder(network, config.ties)
    verdicts = []
    for grays, own in ahead(_samples(info, survey, shots, config.match, references), _AHEAD):
        verdicts.append(matcher.judge(grays, own))
        finder.add(grays[len(grays) // 2])
        report("match", len(verdicts), len(shots))
    ties = finder.ties(lambda done, total: report("ties", done, total))
    choices = choose_together(verdicts, ties, config.match.threshold)
    insist = len(references) == 1
    return [_entry(*about, insist) for about in zip(shots, choices, verdicts, strict=True)]


def _tied(
    info: FilmInfo,
    survey: Survey,
    shots: Sequence[Shot],
    references: Sequence[Reference],
    colorist: Callable[[], AnyColorist[Any, Any]],
    config: PlanConfig,
    report: Progress,
) -> list[ShotEntry]:
    """Where there are no references: only which shots belong together. A person knows it, and nothing is flagged."""
    if len(shots) == 1 or not config.ties.neighbours:
        return [ShotEntry(shot) for shot in shots]
    finder = TieFinder(colorist(), config.ties)
    samples = _samples(info, survey, shots, replace(config.match, samples=1))
    for done, (grays, _) in enumerate(ahead(samples, _AHEAD), 1):
        finder.add(grays[0])
        report("match", done, len(shots))
    ties = finder.ties(lambda done, total: report("ties", done, total))
    return [ShotEntry(shot, tied_to=anchor) for shot, anchor in zip(shots, anchors(len(shots), ties), strict=True)]


def _samples(
    info: FilmInfo,
    survey: Survey,
    shots: Sequence[Shot],
    config: MatchConfig,
    references: Sequence[Reference] = (),
) -> Iterator[tuple[list[np.ndarray], list[str]]]:
    """The frames of each shot that vote, as working-size grays, upright, and the names of the references that are
    frames of it; one reading of the film, in order.

    Frames that show another shot too, or next to nothing, let the nearest that shows this one vote; fades are undone.
    """
    finder = StillFinder(references, info)
    with FilmReader(info) as reader:
        frames = reader.frames()
        for shot in shots:
            light, area = _light(shot, survey, info), survey.area(shot, info)
            wanted = {shot.start + int(light.sources[n - shot.start]) for n in sampled_frames(shot, config.samples)}
            likely = finder.find(survey.thumbs[shot.start : shot.stop])
            view = view_of(info, area, config.lines)
            grays, own = [], []
            for number in range(len(shot)):
                frame = next(frames)
                if frame.index not in wanted and number not in likely:
                    continue
                gray = view.gray(frame.luma, light.fade(number))
                if frame.index in wanted:
                    grays.append(np.ascontiguousarray(np.rot90(gray, info.rotation // 90)))
                if number in likely and finder.still(likely[number], area).shows(gray):
                    own.append(likely[number].name)
            yield grays, own


def _light(shot: Shot, survey: Survey, info: FilmInfo) -> Light:
    """The light of a shot; the frames of dissolves that are its own are not its alone."""
    opening, closing = (survey.dissolves.get(frame, 0) for frame in (shot.start, shot.stop))
    own = opening - opening // 2, closing // 2
    return light_of(survey.thumbs[shot.start : shot.stop], float(info.frame_rate), *own)


def _entry(shot: Shot, choice: Choice, verdict: Verdict, insist: bool) -> ShotEntry:
    best = choice.followed
    if not (choice.fits or insist):
        return ShotEntry(shot, runner_up=best.name, runner_up_score=best.score, flagged=True, tied_to=choice.tied_to)
    runner_up = next((one for one in verdict.alone if one.name not in best.names), None)
    return ShotEntry(
        shot,
        references=best.names,
        score=best.score,
        runner_up=runner_up.name if runner_up else None,
        runner_up_score=runner_up.score if runner_up else 0.0,
        explained=best.explained,
        flagged=not choice.fits,
        tied_to=choice.tied_to,
    )


def _silent(stage: str, done: int, total: int | None) -> None:
    """Nobody watches."""
