"""Which stretches of a film are still to be rendered: those without a segment, and those whose segment is damaged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from pathlib import Path

from vidcolor.pipeline.render import seam_path
from vidcolor.pipeline.segments import SegmentStore
from vidcolor.pipeline.stretch import Stretch

SUFFIX = ".segment"
"""Of a segment's pictures."""
SEAM = seam_path(Path("a.segment")).suffix
"""Of what the next stretch of its shot goes on from."""


def continued(pieces: Mapping[str, Stretch]) -> dict[str, str]:
    """The digest of every stretch that goes on from the one before it, with that one's digest; both in order."""
    return {later: earlier for earlier, later in pairwise(pieces) if pieces[later].goes_on_from(pieces[earlier])}


def missing(
    segments: SegmentStore,
    pieces: Mapping[str, Stretch],
    computed: Collection[str],
    on_progress: Callable[[int, int], None],
) -> dict[str, Stretch]:
    """The stretches to render next, in order; none where every segment is whole.

    Segments are missed by a look at the folder. Once there is none missing, all of earlier runs are read through, and
    those whose contents changed are rendered again; a seam is read before a stretch goes on from it.

    pieces: all stretches of the film by their digests. computed: digests of those rendered in this run.
    on_progress: told how many segments were read through, and how many there are.
    """
    before = continued(pieces)
    needs = dict.fromkeys(before.values(), (SUFFIX, SEAM))
    todo = {digest for digest in pieces if not segments.has(digest, *needs.get(digest, (SUFFIX,)))}
    for later, earlier in reversed(list(before.items())):
        if later in todo and earlier not in todo | set(computed) and not segments.is_whole(earlier):
            todo.add(earlier)
    if not todo:
        old = [digest for digest in pieces if digest not in computed]
        for done, digest in enumerate(old, 1):
            if not segments.is_whole(digest):
                todo.add(digest)
            on_progress(done, len(old))
    return {digest: piece for digest, piece in pieces.items() if digest in todo}
