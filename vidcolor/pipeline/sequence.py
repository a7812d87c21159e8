"""A film that lies on the disk as numbered pictures: ``frames_%04d.png``, or the folder that holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from vidcolor.errors import FilmError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dpx", ".bmp", ".webp", ".jp2", ".j2k", ".tga", ".pgm")
"""Kinds of picture that a film may consist of."""
WRITTEN_SUFFIXES = (".png", ".tif", ".tiff", ".dpx", ".jpg", ".jpeg")
"""Kinds of picture that a coloured film may become."""

_FIELD = re.compile(r"%(?:0(\d{1,2}))?d")
_NUMBERED = re.compile(r"(.*?)(\d+)$", re.DOTALL)


@dataclass(frozen=True)
class PictureNames:
    """How the pictures of a film are named: ``prefix``, the frame's number, ``suffix``."""

    folder: Path
    prefix: str
    digits: int
    """Least number of digits; 0 for numbers without leading zeros."""
    suffix: str

    def path(self, number: int) -> Path:
        """The picture of a number."""
        return self.folder / f"{self.prefix}{number:0{self.digits}d}{self.suffix}"

    @property
    def name(self) -> str:
        """What the film is called: the prefix without what ties it to the number; the folder's name without prefix."""
        return self.prefix.strip(" ._-") or self.folder.resolve().name or "film"

    @property
    def pattern(self) -> str:
        """The path with a field for the number, a percent sign of its own written double, as FFmpeg reads it."""
        return f"{self._plain(str(self.folder))}/{self._plain(self.prefix)}%0{self.digits}d{self._plain(self.suffix)}"

    def pattern_name(self, suffix: str) -> str:
        """The same name with another suffix, as a person writes it."""
        return f"{self.prefix}%0{self.digits}d{suffix}"

    def numbers(self) -> list[int]:
        """The numbers of the pictures that lie there, rising."""
        named = (file for file in self.folder.iterdir() if file.name.startswith(self.prefix))
        return sorted(number for file in named if (number := self.number_of(file)) is not None and file.is_file())

    def number_of(self, picture: Path) -> int | None:
        """The number in a picture's name; None where it is called otherwise."""
        digits = picture.name[len(self.prefix) : len(picture.name) - len(self.suffix)]
        fits = digits.isascii() and digits.isdecimal() and len(digits) <= 9  # FFmpeg counts pictures in 32 bits
        return int(digits) if fits and self.path(int(digits)).name == picture.name else None

    def _plain(self, text: str) -> str:
        return text.replace("%", "%%")


def picture_names(path: Path) -> PictureNames | None:
    """How the pictures of a film are named, where ``path`` names pictures and no single file.

    ``path`` holds one field such as ``%04d``, or is a folder of numbered pictures alone of their kind. None where it
    is neither.

    Raises:
        FilmError: a folder holds pictures of several names, so that nobody knows which are the film.
    """
    if path.is_dir():
        return _of_folder(path)
    fields = _FIELD.findall(path.name)
    if path.exists() or len(fields) != 1 or path.suffix.lower() not in PICTURE_SUFFIXES:
        return None
    prefix, digits, suffix = _FIELD.split(path.name)
    return PictureNames(path.parent, prefix, int(digits or 0), suffix)


def film_files(path: Path) -> list[Path]:
    """The files that a film consists of, in order: one, or all its pictures.

    Raises:
        FilmError: there is no picture of that name, or one is missing between two others.
    """
    names = picture_names(path)
    if names is None:
        return [path]
    numbers = names.numbers() if names.folder.is_dir() else []
    if not numbers:
        raise FilmError(f"There is no picture at {path}; check folder, name and number of digits.")
    for before, after in pairwise(numbers):
        if after != before + 1:
            missing = names.path(before + 1).name
            raise FilmError(f"{names.folder}: {missing} is missing; number the pictures without a gap.")
    return [names.path(number) for number in numbers]


def beside(path: Path, ending: str) -> Path:
    """A path beside a film, called after it: ``film.vidcolor`` beside ``film.mp4`` and beside ``film_%04d.png``."""
    names = picture_names(path)
    if names is None:
        return path.with_name(path.stem + ending)
    if path.is_dir():
        folder = path.resolve()
        return folder.with_name(folder.name + ending)
    return names.folder / (names.name + ending)


def _of_folder(folder: Path) -> PictureNames | None:
    found: dict[tuple[str, str], int] = {}
    for file in folder.iterdir():
        match = _NUMBERED.match(file.stem)
        if match and file.suffix.lower() in PICTURE_SUFFIXES and not file.name.startswith("."):
            key = match[1], file.suffix
            found[key] = min(found.get(key, 99), len(match[2]))
    if len(found) > 1:
        kinds = " and ".join(f"{prefix}*{suffix}" for prefix, suffix in sorted(found)[:3])
        raise FilmError(f"{folder} holds pictures of several names ({kinds}); name one such as {folder}/name_%04d.png.")
    return next((PictureNames(folder, prefix, digits, suffix) for (prefix, suffix), digits in found.items()), None)
