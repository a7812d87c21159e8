"""Colour stills from a folder, or one still."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

import cv2
import numpy as np

from vidcolor.errors import ReferencesError
from vidcolor.pipeline.still_file import read_still
from vidcolor.types import Reference

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
"""The kinds of still that are read."""

MAX_LINES = 1024
"""Taller stills are reduced to so many lines (and wider ones to twice as many columns): colours need no more."""


def is_still(path: Path) -> bool:
    """True for an existing file whose name says that it is a still."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def load_references(path: Path) -> tuple[list[Reference], list[str]]:
    """Load one still, or all stills of a folder and the folders in it, sorted by name.

    Gives the references and a warning sentence for every still that is broken or has no colour. Names are relative to
    the folder, with ``/``, in composed Unicode (NFC). Pixels are those of :func:`read_still`, reduced to at most
    `MAX_LINES` lines.

    Raises ReferencesError where there is nothing at ``path``, no still in it, or none that can be read.
    """
    if not path.exists():
        raise ReferencesError(f"{path}: there is no such folder or still")
    files = [path] if is_still(path) else stills_in(path) if path.is_dir() else []
    if not files:
        where = "there is no still in this folder" if path.is_dir() else "this is no still"
        raise ReferencesError(f"{path}: {where} (a still is a file ending in {', '.join(SUFFIXES)})")
    references, warnings = load_stills(files, path if path.is_dir() else path.parent)
    if not references:
        raise ReferencesError(f"{path}: none of the {len(files)} stills can be read; the first: {warnings[0]}")
    return references, warnings


def load_stills(files: Sequence[Path], folder: Path) -> tuple[list[Reference], list[str]]:
    """Load stills of a folder, and say a warning sentence for each that is left out, or whose colours are in doubt."""
    references: list[Reference] = []
    warnings: list[str] = []
    for file in files:
        try:
            reference, note = _load(file, name_in(file, folder))
        except ReferencesError as error:
            warnings.append(f"{error}; it is left out")
            continue
        references.append(reference)
        warnings += [note] if note else []
    return references, warnings + [gray_warning(file.name) for file in references if is_gray(file.rgb)]


def stills_in(folder: Path) -> list[Path]:
    """The stills in a folder and the folders in it, sorted by name, hidden ones left out; raises ReferencesError."""
    try:
        found = [file for file in folder.rglob("*") if is_still(file)]
    except OSError as error:
        raise ReferencesError(f"{folder}: the folder cannot be read ({error.strerror})") from error
    return sorted((file for file in found if not is_hidden(file, folder)), key=lambda file: name_in(file, folder))


def is_hidden(file: Path, folder: Path) -> bool:
    """True for a file in a folder whose name, or that of a folder between, begins with a dot: the system's own."""
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def name_in(file: Path, folder: Path) -> str:
    """A reference's name: its path from the folder, the same on systems that take names apart (NFD) and others."""
    return normalize("NFC", file.relative_to(folder).as_posix())


def _load(file: Path, name: str) -> tuple[Reference, str | None]:
    """Decode one still, with a sentence where its colours are in doubt; raises ReferencesError where it is broken."""
    still = read_still(file)
    return Reference.of(name, _reduced(still.rgb)), still.note


def _reduced(rgb: np.ndarray) -> np.ndarray:
    """The still by area at no more than `MAX_LINES` lines and twice as many columns."""
    height, width = rgb.shape[:2]
    scale = min(1.0, MAX_LINES / height, 2 * MAX_LINES / width)
    if scale == 1.0:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def is_gray(rgb: np.ndarray) -> bool:
    """True where no pixel has a colour beyond the rounding of a JPEG."""
    return int((rgb.max(axis=2) - rgb.min(axis=2)).max()) <= 2


def gray_warning(name: str) -> str:
    """What is said of a reference without colour."""
    return f"{name}: this reference has no colour; a shot that follows it stays gray"
