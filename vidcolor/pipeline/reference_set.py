"""All references that a person gives: one still, a colour film, or a folder of stills and films."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from vidcolor.errors import FilmError, ReferencesError
from vidcolor.pipeline.reference_film import references_from_film
from vidcolor.pipeline.references import (
    gray_warning,
    is_gray,
    is_hidden,
    is_still,
    load_references,
    load_stills,
    name_in,
    stills_in,
)
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.types import Reference

FILM_SUFFIXES = (
    *(".mp4", ".m4v", ".mkv", ".mov", ".avi", ".webm", ".mxf", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".wmv", ".flv"),
    *(".ogv", ".vob", ".3gp"),
)
"""Files of a folder of references that are taken for films; a single file given as references may bear any name."""


def load_reference_set(
    path: Path, shots: ShotConfig, film_frames: int, leave_out: Collection[Path] = ()
) -> tuple[list[Reference], list[str]]:
    """The references at ``path``, and a warning sentence for each that cannot be used or has no colour.

    shots: how a colour film is cut. film_frames: most references that one film gives. leave_out: files that are no
    references wherever they lie: the film to be coloured, and what became of it.

    Raises ReferencesError or FilmError where there is nothing to follow.
    """
    if path.is_file() and not is_still(path):
        found = references_from_film(path, shots, film_frames)
        return found, _gray_film(path.name, found)
    films = _films(path, {file.resolve() for file in leave_out}) if path.is_dir() else []
    if not films:
        return load_references(path)
    references, warnings = load_stills(stills_in(path), path)
    for film in films:
        name = name_in(film, path)
        try:
            found = references_from_film(film, shots, film_frames, name)
        except FilmError as error:
            warnings.append(f"{str(error).rstrip('.')}; it is left out")
            continue
        references += found
        warnings += _gray_film(name, found)
    if not references:
        raise ReferencesError(f"{path}: none of the stills and films in it can be read; the first: {warnings[0]}")
    return references, warnings


def _gray_film(name: str, references: Sequence[Reference]) -> list[str]:
    return [gray_warning(name)] if all(is_gray(reference.rgb) for reference in references) else []


def _films(folder: Path, leave_out: Collection[Path]) -> list[Path]:
    """The films in a folder and the folders in it, by name; hidden ones and those of project folders left out."""
    found = [
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in FILM_SUFFIXES
        and file.is_file()
        and not is_hidden(file, folder)
        and file.resolve() not in leave_out
    ]
    return sorted(found, key=lambda file: name_in(file, folder))
