"""The published network at work on pictures: gray pictures and reference stills in, chroma and confidence out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import AB_SCALE, luma_to_lightness
from vidcolor.model.any_colorist import Before, Likeness, Seen
from vidcolor.model.published.correspondence import at_half_size, cosines
from vidcolor.model.published.encoder import Features
from vidcolor.model.published.network import Gray2ColorNet
from vidcolor.model.published.reference import EncodedReference, fit_reference


@dataclass(frozen=True)
class Targets:
    """A batch of pictures and whom they follow. Nothing is computed yet: each takes hundreds of MiB while it is."""

    lightness: Tensor
    """(N, 1, H, W): L*/50 - 1."""
    reference: EncodedReference | None

    def only(self, index: int) -> Targets:
        """The batch's picture ``index`` as a batch of one."""
        return Targets(self.lightness[index : index + 1], self.reference)


class PublishedColorist:
    """Gray2ColorNet as published on a device. Holds no state of any film.

    Pictures are coloured one at a time, so that memory does not grow with the batch: at 320 x 576 the process stays
    below 1.4 GiB. The network knows no frame before: every key frame is coloured by itself, and steadiness is left to
    what comes after.
    """

    def __init__(self, network: Gray2ColorNet, device: torch.device | str = "cpu", half: bool = False) -> None:
        """``half``: compute in bfloat16 on a CPU, float16 on a GPU, wherever that is exact enough."""
        self._device = torch.device(device)
        self._network = network.to(self._device).eval()
        self._half = half

    @property
    def at_once(self) -> int:
        """One: they are coloured one at a time."""
        return 1

    @torch.inference_mode()
    def encode(self, rgb: np.ndarray, lines: int) -> EncodedReference:
        """What the network needs of a reference (H, W, 3) uint8 sRGB; it sees 128 x 128, whatever ``lines`` are."""
        still = torch.from_numpy(np.ascontiguousarray(rgb)).to(self._device).permute(2, 0, 1)[None].float() / 255
        lightness, ab = fit_reference(still, self._network.reference_side)
        with self._precision():
            return self._network.encode_reference(lightness, ab)

    def join(self, references: Sequence[EncodedReference], weights: Sequence[float] | None = None) -> EncodedReference:
        """The heaviest, the first of several: the gate's weights are made for the places of a single reference."""
        return references[0 if weights is None else int(np.argmax(weights))]

    @torch.inference_mode()
    def colorize(self, grays: Sequence[np.ndarray], reference: EncodedReference | None) -> np.ndarray:
        """Chroma of gray pictures (h, w) uint8 of one size, sides multiples of 8: (N, 2, h/2, w/2) float32, CIELAB."""
        return np.stack([self._chroma(one, reference) for one in self._lightness(grays).split(1)])

    @torch.inference_mode()
    def consult(self, grays: Sequence[np.ndarray], reference: EncodedReference | None) -> Targets:
        """What :meth:`continue_from` needs of gray pictures (h, w) uint8 of one size, sides multiples of 8."""
        return Targets(self._lightness(grays), reference)

    @torch.inference_mode()
    def continue_from(self, target: Targets, before: Before | None) -> np.ndarray:
        """Chroma of one consulted picture: (2, h/2, w/2) float32, CIELAB. ``before`` has no say."""
        return self._chroma(target.lightness, target.reference)

    @torch.inference_mode()
    def see(self, gray: np.ndarray) -> Seen:
        """Look at a gray picture (h, w) uint8; its descriptor is group 6 as the class head reads it, (512,).

        Pooled by the largest, since instance norm makes every channel's mean 0; centred, since the largest are all
        positive, which would make any two pictures alike.
        """
        with self._precision():
            features = self._network.encoder(self._lightness([gray]))
        pooled = features[5].float().amax((2, 3))
        return Seen(F.normalize(pooled - pooled.mean(), dim=1)[0].cpu().numpy(), features)

    @torch.inference_mode()
    def compare(self, seen: Seen, reference: EncodedReference) -> Likeness:
        """Dense comparison of a gray picture with a reference, both by their gray alone.

        The gate judges each place by itself: a sixteenth of the places, the stride-8 grid, tells as much of the whole.
        """
        features: Features = seen.places
        best, gates = [], []
        for similarity in cosines(_every_fourth(at_half_size(features), features), reference.keys):
            best.append(similarity.amax(1))
            gates.append(self._network.gate(similarity))
        gate = torch.cat(gates, dim=2).unflatten(2, features[5].shape[-2:])[0, 0]
        return Likeness(float(gate.mean()), float(torch.cat(best, dim=1).mean()), gate.cpu().numpy())

    def _chroma(self, lightness: Tensor, reference: EncodedReference | None) -> np.ndarray:
        """Chroma of one picture (1, 1, h, w), the finest answer brought to half size by area."""
        with self._precision():
            ab = self._network(lightness, reference).ab[-1]
        return (F.avg_pool2d(ab.float(), 2)[0] * AB_SCALE).cpu().numpy()

    def _lightness(self, grays: Sequence[np.ndarray]) -> Tensor:
        """Gray codes (h, w) uint8 to the network's L*/50 - 1, (N, 1, h, w)."""
        batch = torch.from_numpy(np.stack(grays)).to(self._device).unsqueeze(1)
        return luma_to_lightness(batch.float() / 255) / 50 - 1

    def _precision(self) -> torch.autocast:
        kind = torch.bfloat16 if self._device.type == "cpu" else torch.float16
        return torch.autocast(self._device.type, kind, enabled=self._half)


def _every_fourth(levels: list[Tensor], features: Features) -> list[Tensor]:
    """Maps (1, C, P) of the places at half size to those of every fourth row and column: the stride-8 grid."""
    grid = features[1].shape[-2:]
    return [level.unflatten(2, grid)[..., ::4, ::4].flatten(2) for level in levels]
