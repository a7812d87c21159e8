"""Explicit training pairs: a text file that names a target and its reference on every line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidcolor.errors import TrainingError
from vidcolor.model.image_sets import load_image


@dataclass(frozen=True)
class PairList:
    """Pictures, each held once however often it is named, and which is whose reference."""

    images: list[np.ndarray]
    """Each (H, W, 3) uint8 sRGB."""
    pairs: np.ndarray
    """(N, 2) int64: indices of target and reference."""

    def __len__(self) -> int:
        return len(self.pairs)


def load_pair_list(path: Path, short_side: int) -> PairList:
    """The pictures of the pairs that ``path`` lists, each with its short side at most ``short_side``.

    Raises TrainingError as :func:`read_pair_list` does, and where a picture cannot be decoded.
    """
    pairs = read_pair_list(path)
    files = list(dict.fromkeys(file for pair in pairs for file in pair))
    places = {file: place for place, file in enumerate(files)}
    images = [load_image(file, short_side) for file in files]
    return PairList(images, np.array([[places[target], places[reference]] for target, reference in pairs], np.int64))


def read_pair_list(path: Path) -> list[tuple[Path, Path]]:
    """Target and reference of every line of ``path``: two paths, relative to the list, parted by a tab or a comma.

    Paths with a comma go in double quotes, or the line is parted by a tab. Blank lines, lines that begin with ``#``
    and a first line ``target,reference`` are passed over.
    Raises TrainingError, naming the line, where it has not two paths or a file is missing; and for an empty list.
    """
    pairs = [
        (_found(target, path, number), _found(reference, path, number)) for number, target, reference in _rows(path)
    ]
    if not pairs:
        raise TrainingError(f"{path} lists no pair: every line should be target,reference")
    return pairs


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """The number of each line that holds a pair, and its two fields."""
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fields = line.split("\t") if "\t" in line else next(csv.reader([line], skipinitialspace=True))
        fields = [field.strip() for field in fields]
        if number == 1 and [field.lower() for field in fields] == ["target", "reference"]:
            continue
        if len(fields) != 2 or not all(fields):
            raise TrainingError(
                f"line {number} of {path} should be two paths, target and reference, parted by a tab or a comma: "
                f"{line.strip()!r}"
            )
        yield number, fields[0], fields[1]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TrainingError(f"the pair list {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"the pair list {path} is no UTF-8 text") from error


def _found(name: str, path: Path, number: int) -> Path:
    file = path.parent / name
    if not file.is_file():
        raise TrainingError(f"line {number} of {path} names {name}, which is not there: paths are relative to the list")
    return file
