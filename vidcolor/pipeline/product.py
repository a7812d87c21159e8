"""The finished film of a project: joined from its segments, proved, and remembered as this project's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vidcolor.pipeline.film_identity import WatchedFilm
from vidcolor.pipeline.mux import mux_film
from vidcolor.pipeline.project import PICTURES, Project, check_output, stamp
from vidcolor.pipeline.verify import Verification
from vidcolor.types import FilmInfo

SPARED, SPARED_BYTES = 0.5, 100_000_000
"""How much room the segments of earlier manifests may take, as a share of the present one's, and in any case: taking
back a change of the manifest then costs no rendering, and no project grows to more than half as much again."""


def known_product(project: Project, digests: Sequence[str], out: Path) -> dict[str, Any] | None:
    """What is remembered of the film at ``out``, where it is there, proved, and made of these segments."""
    product = project.product(out)
    if product is None or not isinstance(product.get("verification"), dict):
        return None
    return product if product.get("segments") == list(digests) else None


def make_product(
    project: Project,
    digests: Sequence[str],
    suffix: str,
    info: FilmInfo,
    film: WatchedFilm,
    out: Path,
    overwrite: bool,
    on_join: Callable[[int, int], None],
    prove: Callable[[], Verification],
) -> dict[str, Any]:
    """Join finished segments (``suffix`` of their files) into ``out``, ``prove`` it, and remember what came of it.

    At every moment the project knows the film at ``out`` for its own, the old one or the new, so that a run cut short
    anywhere is followed by one that goes on. Raises OutputError, and FilmError where the film changed meanwhile.
    """
    path = str(out.resolve())

    def before_placing(whole: Path) -> None:
        film.check()
        check_output(out, info.path, project, overwrite)  # hours have passed since the first look
        if whole.is_dir() and hasattr(os, "sync"):
            os.sync()  # a film is flushed to the disk as it gets its name, pictures all at once
        project.remember(placed={"path": path, "stamp": PICTURES if whole.is_dir() else stamp(whole)})

    on_join(0, 1)
    project.remember(joining=path)
    notes = mux_film([project.segments.path(digest, suffix) for digest in digests], info, out, True, before_placing)
    on_join(1, 1)
    proof = prove()
    film.check()
    product = {
        "path": path,
        "stamp": stamp(out),
        "segments": list(digests),
        "notes": [*(note.text for note in notes), *_not_noted(proof.left_out)],
        "verification": proof.to_json(),
    }
    retired = _prune(project, digests)
    project.remember(product=product, segments=list(digests), retired=retired, joining=None, placed=None)
    return product


def _prune(project: Project, digests: Sequence[str]) -> list[str]:
    """Remove segments that nobody needs; gives those kept for a person who goes back, the latest first."""
    state = project.state()
    retired = dict.fromkeys([*_texts(state.get("segments")), *_texts(state.get("retired"))])
    return project.segments.prune(digests, list(retired), SPARED, SPARED_BYTES)


def _texts(value: Any) -> list[str]:
    """A list of texts read from a file that anybody may have changed."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _not_noted(sentences: list[str]) -> list[str]:
    """What was given up but the streams, of which the joiner gave notes already."""
    return [sentence for sentence in sentences if not sentence.startswith("Stream ")]
