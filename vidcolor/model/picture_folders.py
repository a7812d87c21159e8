"""The pictures of a folder by name, so that those of two folders find each other."""

from __future__ import annotations

from pathlib import Path

from vidcolor.errors import ImagesError
from vidcolor.model.image_sets import IMAGE_SUFFIXES


def pictures_by_name(folder: Path) -> dict[str, Path]:
    """The pictures of a folder and those in it, by their path without the suffix, in order.

    Raises ImagesError where it is no folder, holds no picture, or two pictures share a name.
    """
    if not folder.is_dir():
        raise ImagesError(f"{folder} is no folder of pictures; give one that is there")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
            stem = path.relative_to(folder).with_suffix("").as_posix()
            if stem in found:
                raise ImagesError(f"{found[stem]} and {path.name} share a name; a picture must be there only once")
            found[stem] = path
    if not found:
        raise ImagesError(f"{folder}: there is no picture in it ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return found
