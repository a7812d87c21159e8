"""The other shot in a dissolve: what it has in the frames that it shares, laid over a shot's own colours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from vidcolor.pipeline.melt import mixed_planes
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
