"""The work on one shot, wherever it is done: a pure function from a production and a task to finished segments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from vidcolor.errors import FilmError
from vidcolor.model.any_colorist import AnyColorist
from vidcolor.pipeline.engines.engine import Production, ShotTask
from vidcolor.pipeline.film_identity import WatchedFilm
from vidcolor.pipeline.heap import keep_pages
from vidcolor.pipeline.load_colorist import load_colorist
from vidcolor.pipeline.missing import SUFFIX
from vidcolor.pipeline.render import Renderer
from vidcolor.pipeline.segments import SegmentStore


class ShotWorker:
    """Renders shots of one production, one after the other; the film and the network are opened once."""

    def __init__(
        self, production: Production, colorist: Callable[[], AnyColorist[Any, Any]], check: Callable[[int, int], None]
    ) -> None:
        """Args:
        colorist: called once, when the first shot needs a network.
        check: called before a segment of those frames is kept; raises where the film is no longer the same.
        """
        self._renderer = Renderer(production.source, production.references, colorist, production.config)
        self._check = check

    @classmethod
    def of(cls, production: Production) -> ShotWorker:
        """A worker in a process of its own, which watches the film and loads the network itself.

        Raises FilmError where the film is another one than the production's.
        """
        source = production.source
        keep_pages(source.info.width * source.info.height)
        film = WatchedFilm(source.info.path, source.info.frame_rate)
        if film.digest != source.digest:
            raise FilmError(f"{source.info.path} has been changed just now; run the same command again.")

        def colorist() -> AnyColorist[Any, Any]:
            half = production.config.colorize.half
            return load_colorist(production.models, production.device, half, production.threads)

        return cls(production, colorist, film.check)

    def render(
        self, task: ShotTask, folder: Path, on_frame: Callable[[], None], following: ShotTask | None = None
    ) -> None:
        """Put the segments of one shot into ``folder``, where that of the stretch before the first one lies too.

        following: what will be rendered next, where that is known.
        """
        segments = SegmentStore(folder)
        rest = [*task.pieces[1:], *(following.pieces[:1] if following else ())]
        for piece, after in zip_longest(task.pieces, rest[: len(task.pieces)]):
            before = segments.path(piece.before, SUFFIX) if piece.before else None
            path = segments.path(piece.digest, SUFFIX)
            begin = (after.stretch, segments.path(after.digest, SUFFIX)) if after and not after.before else None
            unchanged = partial(self._check, piece.stretch.start, piece.stretch.stop)
            self._renderer.render(piece.stretch, path, before, on_frame, unchanged, begin)
            segments.seal(piece.digest)

    def close(self) -> None:
        """Free the film's file."""
        self._renderer.close()
