"""What the film network keeps of reference stills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vidcolor.model.refinement import FinePlaces


@dataclass(frozen=True)
class EncodedReference:
    """All that is needed of one or several references; computed once, used for every key frame."""

    keys: Tensor
    """(N, Q, C): descriptors of all places of all references."""
    values: Tensor
    """(N, Q, 2 + code): their a, b over 110, and the learned code of their colours."""
    histogram: Tensor
    """(N, 441): soft ab histogram, the mean over the references."""
    fine: FinePlaces | None
    """What the refinement needs of them; None for a network that has none."""
    gain: Tensor
    """(N,): how lively their colours are by the measure of the natural ones that the network gives their gray."""
    prior: Tensor | None = None
    """(N, Q): logarithm of how much each place has to say; None where all have the same."""

    @staticmethod
    def join(references: Sequence[EncodedReference], weights: Sequence[float] | None = None) -> EncodedReference:
        """Several references as one: places compete for the match, histograms and gains are averaged.

        ``weights``, above 0: of two places that look alike, the one whose reference weighs twice as much has twice as
        much to say. None for equal ones.
        """
        keys = [reference.keys for reference in references]
        voices = keys[0].new_tensor(weights or [1.0] * len(references), dtype=torch.float32)
        voices *= len(references) / voices.sum()
        prior = None
        if weights is not None or any(reference.prior is not None for reference in references):
            # a reference that was joined itself brings what its own parts have to say
            each = [voice.log() + reference._prior() for voice, reference in zip(voices, references, strict=True)]
            prior = torch.cat(each, dim=1)
        values = torch.cat([reference.values for reference in references], dim=1)
        histograms = [voice * reference.histogram for voice, reference in zip(voices, references, strict=True)]
        gains = [voice * reference.gain for voice, reference in zip(voices, references, strict=True)]
        histogram, gain = torch.stack(histograms).mean(0), torch.stack(gains).mean(0)
        places = [reference.fine for reference in references if reference.fine is not None]
        fine = FinePlaces.join(places) if places else None
        return EncodedReference(torch.cat(keys, dim=1), values, histogram, fine, gain, prior)

    def _prior(self) -> Tensor:
        return self.keys.new_zeros(self.keys.shape[:2]) if self.prior is None else self.prior
