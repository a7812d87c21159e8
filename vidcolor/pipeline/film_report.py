"""The report of a project: what lies beside its segments, and a look into the film for what is not rendered yet."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from vidcolor.pipeline.decode import FilmReader
from vidcolor.pipeline.files import write_bytes
from vidcolor.pipeline.measures import Measures, joined, load_measures, measures_path
from vidcolor.pipeline.observe import PICTURE_QUALITY, PICTURE_SIDE
from vidcolor.pipeline.plan import Manifest
from vidcolor.pipeline.project import Project
from vidcolor.pipeline.report import ReportInput, write_report
from vidcolor.pipeline.small_picture import Area, jpeg, lens_of
from vidcolor.pipeline.survey import Survey
from vidcolor.types import FilmInfo, Reference, Shot


def write_film_report(
    project: Project,
    info: FilmInfo,
    survey: Survey,
    manifest: Manifest,
    references: Mapping[str, Reference],
    segments: Sequence[Sequence[Path]],
    proofs: Sequence[str],
    notes: Sequence[str],
    on_progress: Callable[[int, int], None],
) -> Path:
    """Write ``report.html`` of a project, and give its path.

    segments: for each shot the segments of its stretches, in order, whether they are finished or not.
    proofs, notes: sentences on the whole film. on_progress: told how many shots were looked up in the film, and how
        many there are to look up.
    Raises OutputError where the disk refuses, FilmError where the film can no longer be read.
    """
    measures = [shot_measures_kept(paths) for paths in segments]
    shots = [entry.shot for entry, own in zip(manifest.entries, measures, strict=True) if own is None]
    found = middle_frames(project.folder / "middle_frames.npz", info, survey, shots, on_progress)
    pictures = [found.get(entry.shot.index, b"") for entry in manifest.entries]
    write_report(project.report, ReportInput(manifest, references, measures, pictures, proofs, notes))
    return project.report


def shot_measures_kept(segments: Sequence[Path]) -> Measures | None:
    """The measures of a shot; None where those of any stretch are missing, or their segment is."""
    parts = [load_measures(measures_path(path)) if path.is_file() else None for path in segments]
    whole = [part for part in parts if part is not None]
    return joined(whole) if whole and len(whole) == len(parts) else None


def middle_frames(
    path: Path, info: FilmInfo, survey: Survey, shots: Sequence[Shot], on_progress: Callable[[int, int], None]
) -> dict[int, bytes]:
    """JPEGs in black and white of the middle frames of shots, by the shot's number.

    path: the file that keeps them, so that each is looked up once; it is written where something was looked up.
    """
    areas = {shot.index: survey.area(shot, info) for shot in shots}
    middles = {shot.index: (shot.start + shot.stop) // 2 for shot in shots}
    names = {n: _name(survey, middles[n], areas[n]) for n in middles}
    kept = _kept(path)
    missing = [n for n in names if names[n] not in kept]
    with FilmReader(info) as reader:
        for done, n in enumerate(missing, 1):
            [frame] = reader.frames(survey.seek_point(middles[n]), 1)
            lens = lens_of(info, areas[n])
            size = lens.size(min(PICTURE_SIDE, max(frame.luma.shape)))
            kept[names[n]] = jpeg(lens.gray(frame.luma, size), PICTURE_QUALITY)
            on_progress(done, len(missing))
    if missing:
        stored: dict[str, Any] = {names[n]: np.frombuffer(kept[names[n]], np.uint8) for n in names}
        data = BytesIO()
        np.savez(data, **stored)
        write_bytes(path, data.getvalue())
    return {n: kept[names[n]] for n in names}


def _name(survey: Survey, frame: int, area: Area) -> str:
    """What a picture depends on: the frame, known again by its time and its thumbnail, and the area shown of it."""
    return "_".join(map(str, (survey.pts[frame], zlib.crc32(survey.thumbs[frame].tobytes()), *area)))


def _kept(path: Path) -> dict[str, bytes]:
    """What the file keeps; nothing where it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name].tobytes() for name in kept}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}
