"""The pictures of a test: photographs, and the same pictures as each model coloured them, matched by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from vidcolor.errors import TuringError
from vidcolor.model.picture_folders import pictures_by_name
from vidcolor.pipeline.still_file import FORMATS, read_still
from vidcolor.turing.sequence import Side, Trial

_LIKE = 0.02
"""How far the shapes (width over height) of a picture and its coloured twin may differ: rounding, not cropping."""
_ORIENTATION = 274
_TURNED = (5, 6, 7, 8)
"""Values of EXIF's orientation that change width and height about."""


@dataclass(frozen=True)
class Material:
    """What there is to show."""

    real: dict[str, Path]
    """Photographs by name."""
    fakes: dict[str, dict[str, Path]]
    """By model, then by name."""
    pictures: tuple[str, ...]
    """The names that all have, in order."""
    notices: tuple[str, ...]
    """Sentences about what is left out or differs."""

    def lacks(self, trials: Sequence[Trial]) -> Trial | None:
        """The first pair that cannot be shown, if any."""
        known = set(self.pictures)
        return next((trial for trial in trials if trial.picture not in known or trial.model not in self.fakes), None)

    def pair(self, trial: Trial, side: int) -> np.ndarray:
        """Both versions side by side, see `side_by_side`. Raises VidcolorError where one cannot be read any more."""
        real = read_still(self.real[trial.picture]).rgb
        fake = read_still(self.fakes[trial.model][trial.picture]).rgb
        return side_by_side(real, fake, trial.fake, side)


def find_material(
    real: Path, fakes: Sequence[Path], on_progress: Callable[[int, int | None], None] | None = None
) -> Material:
    """Match the pictures of a folder of photographs and of one folder for each model, which bears the folder's name.

    Raises ImagesError where a folder has no pictures, TuringError where none is in all of them, or where two of a name
    cannot be versions of one picture.
    """
    truths = pictures_by_name(real)
    coloured = {name: pictures_by_name(folder) for name, folder in _named(fakes).items()}
    common = tuple(name for name in truths if all(name in folder for folder in coloured.values()))
    if not common:
        folders = ", ".join(str(folder) for folder in (real, *fakes))
        raise TuringError(f"no picture is in all of {folders}; pictures belong together whose names are equal")
    notices = [*_left_out(len(common), len(truths), real)]
    for model, folder in coloured.items():
        notices += _sizes(model, [(truths[name], folder[name]) for name in common], on_progress)
    return Material(truths, coloured, common, tuple(notices))


def side_by_side(real: np.ndarray, fake: np.ndarray, fake_side: Side, side: int) -> np.ndarray:
    """One picture (H, 2 W, 3) of two (uint8 RGB), each brought to ``side`` pixels on its short side.

    Both go through the same sizes, first the smaller of the two, so that sharpness does not tell them apart.
    """
    height, width = (min(real.shape[k], fake.shape[k]) for k in (0, 1))
    scale = side / min(height, width)
    shown = (round(width * scale), round(height * scale))
    both = [_resized(_resized(picture, (width, height)), shown) for picture in (real, fake)]
    return np.hstack(both if fake_side == "right" else both[::-1])


def as_png(picture: np.ndarray) -> bytes:
    """The file that a browser gets: pixels, and nothing that tells where they come from."""
    data = BytesIO()
    Image.fromarray(picture).save(data, "PNG", compress_level=1)
    return data.getvalue()


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if picture.shape[1::-1] == size:
        return picture
    way = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=way)


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    """Folders by as many of their last names as tell them apart."""
    paths = [folder.resolve() for folder in folders]
    if len(set(paths)) < len(paths):
        raise TuringError("a folder of coloured pictures is named twice; give one --fake for each model")
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return dict(zip(names, folders, strict=True))


def _left_out(common: int, all_real: int, real: Path) -> Iterator[str]:
    if common < all_real:
        yield f"{common} of the {all_real} pictures in {real} were coloured by every model; the others are not shown"


def _sizes(
    model: str, pairs: Sequence[tuple[Path, Path]], on_progress: Callable[[int, int | None], None] | None
) -> Iterator[str]:
    """One sentence where coloured pictures are not as large as their originals."""
    unequal = []
    for done, (real, fake) in enumerate(pairs, start=1):
        size, other = _size(real), _size(fake)
        if abs(size[0] * other[1] / (size[1] * other[0]) - 1) > _LIKE:
            raise TuringError(
                f"{fake} ({_told(other)}) and {real} ({_told(size)}) differ in shape; both must show the whole picture"
            )
        if size != other:
            unequal.append(f"{_told(other)} beside {_told(size)}")
        if on_progress:
            on_progress(done, len(pairs))
    if unequal:
        yield (
            f"{len(unequal)} of {len(pairs)} pictures of {model} are not as large as their originals ({unequal[0]}); "
            "both are brought to the smaller size before they are shown"
        )


def _size(path: Path) -> tuple[int, int]:
    """Width and height of a picture as it is looked at, from its first bytes."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            turned = image.getexif().get(_ORIENTATION) in _TURNED
            return image.size[::-1] if turned else image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise TuringError(f"{path} cannot be read as a picture; mend it or take it out") from error


def _told(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
