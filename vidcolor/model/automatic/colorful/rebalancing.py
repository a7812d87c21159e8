"""How much each class counts in training: rare colours more, else the network says brown (the paper's section 2.2)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vidcolor.errors import TrainingError
from vidcolor.model.automatic.colorful.bins import CENTRES, centres

SIGMA = 5.0
"""Of the Gaussian in the ab plane that smooths the frequencies, CIELAB units."""

_OWN = Path(__file__).with_name("prior.txt")


def load_prior(path: Path | None = None) -> Tensor:
    """(313,) float32 that sums to 1: how frequent each class is in photographs; None: as the package has it.

    Raises TrainingError where the file is missing or is not of these classes.
    """
    source = path or _OWN
    try:
        rows = [line.split() for line in source.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        bins = [(int(a), int(b)) for a, b, _ in rows]
        frequency = torch.tensor([float(share) for _, _, share in rows])
    except (OSError, ValueError) as error:
        raise TrainingError(f"colorful.prior: {source} is no list of 'a b frequency' lines: {error}") from error
    if bins != list(CENTRES) or not frequency.sum() > 0 or frequency.min() < 0:
        raise TrainingError(f"colorful.prior: {source} does not give each of the {len(CENTRES)} classes a frequency")
    return frequency / frequency.sum()


def save_prior(counts: Tensor, path: Path, source: str) -> None:
    """Write the frequency of each class, from how often (313,) it was met, with a word on where."""
    shares = (counts.double() / counts.sum()).tolist()
    lines = [f"{a} {b} {share:.8e}" for (a, b), share in zip(CENTRES, shares, strict=True)]
    head = f"# a* b* of each class and its frequency in {source}"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def smoothed(prior: Tensor) -> Tensor:
    """The frequencies (313,) under a Gaussian in the ab plane; each bin's share goes to bins alone, none is lost."""
    bins = centres().to(prior)
    kernel = torch.exp(-torch.cdist(bins, bins).square() / (2 * SIGMA**2))
    return (kernel / kernel.sum(0)) @ prior


def class_weights(prior: Tensor, uniform_share: float) -> Tensor:
    """(313,): one over a mix of the smoothed frequency and the uniform one, scaled so that a pixel counts 1 on average.

    uniform_share: lambda, 0.5 in the paper; 1 gives all classes the weight 1.
    """
    frequency = smoothed(prior)
    weights = 1 / ((1 - uniform_share) * frequency + uniform_share / len(frequency))
    return weights / (frequency * weights).sum()
