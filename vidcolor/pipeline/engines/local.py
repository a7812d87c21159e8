"""The loop over the shots in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

from vidcolor.model.any_colorist import AnyColorist
from vidcolor.pipeline.engines.engine import Production, ShotTask
from vidcolor.pipeline.engines.shot_worker import ShotWorker


class LocalEngine:
    """One shot after the other, with the network that is loaded already."""

    def __init__(self, colorist: Callable[[], AnyColorist[Any, Any]], check: Callable[[int, int], None]) -> None:
        """Args as of :class:`~vidcolor.pipeline.engines.shot_worker.ShotWorker`."""
        self._colorist, self._check = colorist, check

    def render(
        self, production: Production, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]
    ) -> int:
        """See :class:`~vidcolor.pipeline.engines.engine.Engine`; no worker is ever lost."""
        frames = count(1)
        with closing(ShotWorker(production, self._colorist, self._check)) as worker:
            for task, following in zip_longest(tasks, tasks[1:]):
                worker.render(task, folder, lambda: on_frames(next(frames)), following)
        return 0
