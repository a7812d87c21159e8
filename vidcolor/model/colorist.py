"""The film network at work on pictures: gray pictures and reference stills in, chroma and confidence out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vidcolor.color import AB_SCALE, luma_to_lightness, rgb_to_lab
from vidcolor.model.any_colorist import Before, Likeness, Seen
from vidcolor.model.decoder_stage import Propagated
from vidcolor.model.encoded_reference import EncodedReference
from vidcolor.model.gray2color import SIDE_MULTIPLE, Consulted, FilmGray2ColorNet


def working_size(width: float, height: float, lines: int) -> tuple[int, int]:
    """(height, width) at which the network sees a picture: ``lines`` on the short side, multiples of 32, shape kept."""
    scale = lines / min(width, height)
    longest = 4 * lines  # of a picture wider than that the network sees a squeezed one
    sides = (min(height * scale, longest), min(width * scale, longest))
    rows, columns = (max(1, round(side / SIDE_MULTIPLE)) * SIDE_MULTIPLE for side in sides)
    return rows, columns


def gray_of(rgb: np.ndarray) -> np.ndarray:
    """BT.601 luma of an sRGB picture (H, W, 3) uint8: (H, W) uint8, as a black-and-white print of it."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


@dataclass(frozen=True)
class _Places:
    """What dense comparison needs of a picture."""

    keys: Tensor
    """(1, P, C): descriptors of the places of the stride-8 grid."""
    grid: tuple[int, int]


class Colorist:
    """The film network on a device. Holds no state of any film."""

    def __init__(self, network: FilmGray2ColorNet, device: torch.device | str = "cpu", half: bool = False) -> None:
        """``half``: colour in bfloat16 on a CPU, in float16 on a GPU, wherever that is exact enough.

        References are encoded and pictures compared in float32 all the same: what is chosen hangs on small differences.
        """
        self._device = torch.device(device)
        self._network = network.to(self._device).eval()
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._half = half

    @property
    def at_once(self) -> int:
        """Four pictures fill a graphics card better than one; a processor takes them one after the other anyway."""
        return 1 if self._device.type == "cpu" else 4

    @torch.inference_mode()
    def encode(self, rgb: np.ndarray, lines: int) -> EncodedReference:
        """What the network needs of a reference (H, W, 3) uint8 sRGB, seen with ``lines`` on its short side."""
        size = working_size(rgb.shape[1], rgb.shape[0], lines)
        picture = cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_AREA)
        ab = chroma_of(picture) / AB_SCALE
        return self._network.encode_reference(self._lightness([gray_of(picture)]), ab.to(self._device))

    def join(self, references: Sequence[EncodedReference], weights: Sequence[float] | None = None) -> EncodedReference:
        """All of them: their places compete for the match."""
        return EncodedReference.join(references, weights)

    @torch.inference_mode()
    def colorize(self, grays: Sequence[np.ndarray], reference: EncodedReference | None) -> np.ndarray:
        """Chroma of gray pictures (h, w) uint8 of one size, sides multiples of 32: (N, 2, h/2, w/2) float32, CIELAB."""
        with self._precision():
            return _chroma(self._network(self._lightness(grays), reference).ab[-1])

    @torch.inference_mode()
    def consult(self, grays: Sequence[np.ndarray], reference: EncodedReference | None) -> Consulted:
        """What :meth:`continue_from` needs of gray pictures (h, w) uint8 of one size, sides multiples of 32."""
        with self._precision():
            return self._network.consult(self._lightness(grays), reference)

    @torch.inference_mode()
    def continue_from(self, target: Consulted, before: Before | None) -> np.ndarray:
        """Chroma of one consulted picture that goes on from a frame coloured before: (2, h/2, w/2) float32, CIELAB."""
        with self._precision():
            if before is None:
                return _chroma(self._network.decode(target).ab[-1])[0]
            ab, trust = torch.from_numpy(before.ab)[None] / AB_SCALE, torch.from_numpy(before.trust)[None, None]
            present = torch.ones(1, dtype=torch.bool, device=self._device)
            propagated = Propagated(ab.to(self._device), trust.to(self._device), present)
            return _chroma(self._network.continued(target, propagated, before.say))[0]

    @torch.inference_mode()
    def see(self, gray: np.ndarray) -> Seen:
        """Look at a gray picture (h, w) uint8, sides multiples of 32, for :meth:`compare` and by its descriptor."""
        features = self._network.encoder(self._lightness([gray]))
        keys = self._network.descriptor(features)
        pooled = [F.normalize(feature.float().mean((2, 3)), dim=1) for feature in features[2:]]
        whole = F.normalize(torch.cat(pooled, dim=1), dim=1)[0].cpu().numpy()
        return Seen(whole, _Places(keys, (features[2].shape[2], features[2].shape[3])))

    @torch.inference_mode()
    def compare(self, seen: Seen, reference: EncodedReference) -> Likeness:
        """Dense comparison of a gray picture with a reference, both by their gray alone."""
        places: _Places = seen.places
        carried = self._network.correspondence(
            places.keys, reference.keys, reference.values, places.grid, reference.prior
        )
        gate = torch.sigmoid(self._network.gate(carried.statistics))[0, 0]
        similarity = carried.statistics[:, :1].float()  # the largest cosine of each place
        return Likeness(float(gate.mean()), float(similarity.mean()), gate.cpu().numpy())

    def _lightness(self, grays: Sequence[np.ndarray]) -> Tensor:
        """Gray codes (h, w) uint8 to the network's L*/50 - 1, (N, 1, h, w)."""
        batch = torch.from_numpy(np.stack(grays)).to(self._device).unsqueeze(1)
        lightness = luma_to_lightness(batch.float() / 255) / 50 - 1
        return lightness.contiguous(memory_format=torch.channels_last)

    def _precision(self) -> torch.autocast:
        kind = torch.bfloat16 if self._device.type == "cpu" else torch.float16
        return torch.autocast(self._device.type, kind, enabled=self._half)


def _chroma(ab: Tensor) -> np.ndarray:
    """Chroma over 110 (N, 2, h, w) in CIELAB units, float32."""
    return (ab.float() * AB_SCALE).clamp(-AB_SCALE, AB_SCALE).cpu().numpy()


def chroma_of(rgb: np.ndarray) -> Tensor:
    """a*, b* of an sRGB picture (H, W, 3) uint8: (1, 2, H, W) float32, CIELAB units."""
    return rgb_to_lab(torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255)[:, 1:]
