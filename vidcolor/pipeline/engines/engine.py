"""The walk over the shots, apart from the work on one: what every engine is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vidcolor.model.chosen import ChosenModels
from vidcolor.pipeline.render import RenderConfig, Source, Stretch
from vidcolor.types import Reference


@dataclass(frozen=True)
class Production:
    """All that the shots of one film have in common. It can be pickled, and goes to every worker once."""

    source: Source
    references: Mapping[str, Reference] = field(repr=False)
    """All that a shot of the film may follow, by name."""
    models: ChosenModels
    config: RenderConfig
    device: str
    """As ``--device`` names it."""
    threads: int
    """Of the network on a processor. The same for every worker: with another number torch's last bits differ."""


@dataclass(frozen=True)
class Piece:
    """One segment to be made."""

    stretch: Stretch
    digest: str
    """Of the stretch, by which its segment is named."""
    before: str | None
    """Digest of the stretch before it from which it goes on, see ``Stretch.goes_on_from``."""


@dataclass(frozen=True)
class ShotTask:
    """The work on one shot, or on several that melt into each other: all segments that are missing, in order."""

    shot: int
    """Number of the shot, or of the first of them."""
    pieces: tuple[Piece, ...]

    def __len__(self) -> int:
        """Number of frames."""
        return sum(len(piece.stretch) for piece in self.pieces)


class Engine(Protocol):
    """Who walks over the shots."""

    def render(
        self,
        production: Production,
        tasks: Sequence[ShotTask],
        folder: Path,
        on_frames: Callable[[int], None],
    ) -> int:
        """Put all segments of all tasks into ``folder``, sealed, and what lies beside them; each whole or not at all.

        The files are the same whatever the engine. ``on_frames`` is told how many frames are done, never fewer than
        before. Returns how many times a shot was begun again because its worker was lost. Raises what the work on a
        shot raises, or EngineError where the workers themselves fail; what is finished by then stays in ``folder``.
        """
        ...
