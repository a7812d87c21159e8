"""The other shot in a dissolve: what it has in the frames that it shares, laid over a shot's own colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vidcolor.pipeline.melt import melted_shares, mixed_planes
from vidcolor.pipeline.stretch import Part, Source
from vidcolor.pipeline.upsample import ChromaFormat, upsample
from vidcolor.pipeline.view import Area
from vidcolor.types import ColouredFrame


@dataclass(frozen=True)
class Ghost:
    """Colours of one shot in frames that it shares with another."""

    first: int
    """The film's number of the first of these frames."""
    chroma: np.ndarray = field(repr=False)
    """(frames, 2, h, w) float16, CIELAB units, of the shot's picture area."""
    shares: np.ndarray = field(repr=False)
    """(frames,): how much of the shot each frame shows, 0 to 1."""
    area: Area
    """The shot's picture between black bars, in luma pixels."""

    def over(self, coloured: ColouredFrame, form: ChromaFormat) -> ColouredFrame:
        """A frame of the other shot with this one's colours in it; as it was where they share nothing."""
        number = coloured.frame.index - self.first
        if not 0 <= number < len(self.shares):
            return coloured
        chroma = self.chroma[number].astype(np.float32)
        planes = upsample(chroma, coloured.frame.luma, form, self.area)
        cb, cr = mixed_planes((coloured.cb, coloured.cr), planes, float(self.shares[number]))
        return replace(coloured, cb=cb, cr=cr)


def closing_ghost(before: Part, part: Part, chroma: np.ndarray | None, source: Source) -> Ghost:
    """What the shot before a shot has in the frames that they share, from that one's start on.

    chroma: of these frames, (frames, 2, h, w); None where the shot before has no colours.
    """
    shares = 1 - _shares(part, source)[part.entry.shot.start - part.walked.shot.start :]
    return _ghost(before, part.entry.shot.start, shares, [] if chroma is None else list(chroma), source)


def opening_ghost(after: Part, chroma: Sequence[np.ndarray], source: Source) -> Ghost:
    """What the next shot has in the frames before its start that it shares; their chroma, empty where it has none."""
    first, start = after.walked.shot.start, after.entry.shot.start
    return _ghost(after, first, _shares(after, source)[: start - first], chroma, source)


def _ghost(part: Part, first: int, shares: np.ndarray, chroma: Sequence[np.ndarray], source: Source) -> Ghost:
    colours = np.stack(chroma) if len(chroma) else np.zeros((len(shares), 2, 2, 2), np.float16)
    return Ghost(first, colours, shares, source.survey.area(part.walked.shot, source.info))


def _shares(part: Part, source: Source) -> np.ndarray:
    """How far the shot before has melted into this one, in each frame that they share."""
    frames = np.arange(part.walked.shot.start - 1, part.opened + 1)
    return melted_shares(source.survey.thumbs[frames.clip(0, source.survey.frames - 1)])
