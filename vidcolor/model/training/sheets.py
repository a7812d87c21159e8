"""Sample sheets: what the network makes of held-out pairs, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vidcolor.color import AB_SCALE, ab_to_cbcr, limit_to_gamut, ycbcr_to_rgb
from vidcolor.errors import TrainingError
from vidcolor.model.pairs import KINDS, Batch
from vidcolor.model.recipes.recipe import Answer, Pairs, Recipe
from vidcolor.model.training.heldout import answer_batch

_BT601 = 6
_ROWS = 12
_LABEL = 18


def draw_sheet(recipe: Recipe, network: torch.nn.Module, heldout: Sequence[Batch], device: torch.device) -> np.ndarray:
    """(H, W, 3) uint8 sRGB: a row for each of the first pairs, gray | reference | answer | truth, the kind above; of a
    network without references neither kind nor reference."""
    network.eval()
    pairs, answer = answer_batch(recipe, network, heldout[0], device)
    columns = _columns(pairs, answer)
    if not recipe.references:
        del columns["reference"]
    titles = " | ".join(columns)
    rows = []
    for kind, gate, *row in zip(pairs.kind, answer.gate.mean((1, 2, 3)), *columns.values(), strict=True):
        about = f"{KINDS[int(kind)]}, gate {float(gate):.2f}: " if recipe.references else ""
        rows.append(np.vstack([_label(about + titles, len(row) * pairs.target.shape[-1]), np.hstack(row)]))
    return np.vstack(rows[:_ROWS])


def _columns(pairs: Pairs, answer: Answer) -> dict[str, np.ndarray]:
    """Gray, reference, answer, truth: each (N, S, S, 3) uint8."""
    luma = torch.einsum("c,nchw->nhw", pairs.target.new_tensor((0.299, 0.587, 0.114)), pairs.target)
    cbcr = limit_to_gamut(luma, ab_to_cbcr(luma, answer.ab * AB_SCALE, _BT601), _BT601)
    colored = ycbcr_to_rgb(luma, cbcr, _BT601)
    gray = luma.unsqueeze(1).expand(-1, 3, -1, -1)
    pictures = {"gray": gray, "reference": pairs.reference, "answer": colored, "truth": pairs.target}
    return {name: _codes(picture) for name, picture in pictures.items()}


def _codes(rgb: Tensor) -> np.ndarray:
    """(N, 3, H, W) in [0, 1] to (N, H, W, 3) uint8."""
    return (rgb.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def _label(text: str, width: int) -> np.ndarray:
    strip = np.full((_LABEL, width, 3), 24, np.uint8)
    return cv2.putText(strip, text, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (230, 230, 230), 1, cv2.LINE_AA)


def write_sheet(sheet: np.ndarray, path: Path) -> None:
    """As PNG. Raises TrainingError where the folder cannot be written to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise TrainingError(f"{path} cannot be written")
