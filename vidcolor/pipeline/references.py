"""Colour stills from a folder, or one still."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import cv2
import numpy as np

from vidcolor.errors import ReferencesError
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
    the folder, with ``/``, in composed Unicode (NFC). Pixels are sRGB as stored (an embedded colour profile is not
    applied), upright as EXIF says, without alpha, reduced to 8 bit and to at most `MAX_LINES` lines.

    Raises ReferencesError where there is nothing at ``path``, no still in it, or none that can be read.
    """
    files = _stills(path)
    base = path if path.is_dir() else path.parent
    references: list[Reference] = []
    warnings: list[str] = []
    for file in files:
        try:
            references.append(_load(file, _name(file, base)))
        except ReferencesError as error:
            warnings.append(f"{error}; it is left out")
    if not references:
        raise ReferencesError(f"{path}: none of the {len(files)} stills can be read; the first: {warnings[0]}")
    return references, warnings + [_gray_warning(file.name) for file in references if _is_gray(file.rgb)]


def _stills(path: Path) -> list[Path]:
    """The stills at ``path``; names that begin with a dot are the system's own."""
    kinds = f"(a still is a file ending in {', '.join(SUFFIXES)})"
    if not path.exists():
        raise ReferencesError(f"{path}: there is no such folder or still")
    if path.is_file():
        if not is_still(path):
            raise ReferencesError(f"{path}: this is no still {kinds}")
        return [path]
    try:
        found = [file for file in path.rglob("*") if is_still(file)]
    except OSError as error:
        raise ReferencesError(f"{path}: the folder cannot be read ({error.strerror})") from error
    visible = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not visible:
        raise ReferencesError(f"{path}: there is no still in this folder {kinds}")
    return sorted(visible, key=lambda file: _name(file, path))


def _name(file: Path, folder: Path) -> str:
    """Path relative to the folder, the same on systems that take names apart (NFD) and those that do not."""
    return normalize("NFC", file.relative_to(folder).as_posix())


def _load(file: Path, name: str) -> Reference:
    """Decode one still; raises ReferencesError where it is broken."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ReferencesError(f"{file}: the still cannot be read ({error.strerror})") from error
    rgb = None if _is_cut_short(data) else _decode(data)
    if rgb is None:
        raise ReferencesError(f"{file}: the still is broken or of a kind that is not read")
    return Reference.of(name, _reduced(rgb))


def _decode(data: bytes) -> np.ndarray | None:
    """Bytes of a file to (H, W, 3) uint8 sRGB; None where they are no image."""
    if not data:
        return None
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the warning is ours to give
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    return None if bgr is None else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _is_cut_short(data: bytes) -> bool:
    """True for a JPEG without its end marker after the last scan, or a PNG without its end chunk: OpenCV fills what is
    missing with gray and says nothing."""
    if data.startswith(b"\xff\xd8"):
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-4096:]


def _reduced(rgb: np.ndarray) -> np.ndarray:
    """The still by area at no more than `MAX_LINES` lines and twice as many columns."""
    height, width = rgb.shape[:2]
    scale = min(1.0, MAX_LINES / height, 2 * MAX_LINES / width)
    if scale == 1.0:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _is_gray(rgb: np.ndarray) -> bool:
    """True where no pixel has a colour beyond the rounding of a JPEG."""
    return int((rgb.max(axis=2) - rgb.min(axis=2)).max()) <= 2


def _gray_warning(name: str) -> str:
    return f"{name}: this reference has no colour; a shot that follows it stays gray"
