"""Colour black-and-white film by following reference stills.

The face of the library: everything named in ``__all__`` is imported when it is first asked for, so that
``import vidcolor`` and ``vidcolor --help`` cost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidcolor.errors import VidcolorError
    from vidcolor.pipeline.run import PipelineConfig, colorize_film, match_film, run
    from vidcolor.types import ColorTags, ColouredFrame, FilmInfo, Frame, Reference, Shot

__version__ = "0.2.0"

__all__ = [
    "ColorTags",
    "ColouredFrame",
    "FilmInfo",
    "Frame",
    "PipelineConfig",
    "Reference",
    "Shot",
    "VidcolorError",
    "__version__",
    "colorize_film",
    "match_film",
    "run",
]

_HOMES = {
    "vidcolor.errors": ("VidcolorError",),
    "vidcolor.pipeline.run": ("PipelineConfig", "colorize_film", "match_film", "run"),
    "vidcolor.types": ("ColorTags", "ColouredFrame", "FilmInfo", "Frame", "Reference", "Shot"),
}


def __getattr__(name: str) -> Any:
    """Import one name of the face from the module that defines it (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'vidcolor' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
