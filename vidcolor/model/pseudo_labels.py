"""Classes for pictures that have none, from the ImageNet classifier that comes with the encoder's backbone."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidcolor.errors import TrainingError
from vidcolor.model.encoder import Encoder
from vidcolor.model.image_sets import ImageSet

_SIDE = 224
_CLASSES = 1001


class BackboneClassifier(nn.Module):
    """MobileNetV2 with its head, in colour (Sandler et al. 2018, table 2); class 0 is the background."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.encoder.stem = nn.Conv2d(3, 32, 3, 2)
        self.last = nn.Conv2d(320, 1280, 1)
        self.classifier = nn.Linear(1280, _CLASSES)

    def forward(self, rgb: Tensor) -> Tensor:
        """sRGB (N, 3, H, W) in [-1, 1], sides multiples of 32, to logits (N, 1001)."""
        features = F.relu6(self.last(self.encoder(rgb)[-1]))
        return self.classifier(features.mean((2, 3)))

    def load_backbone(self, tensors: dict[str, Tensor]) -> None:
        """Weights as for :meth:`Encoder.load_backbone`, with ``block18.conv`` and ``classifier`` besides.

        Raises TrainingError where the head is missing.
        """
        head = {f"block18.conv.{kind}": f"last.{kind}" for kind in ("weight", "bias")}
        head |= {f"classifier.{kind}": f"classifier.{kind}" for kind in ("weight", "bias")}
        if missing := sorted(head.keys() - tensors.keys()):
            raise TrainingError(f"the backbone has no {missing[0]}: pseudo-labels need the ImageNet classifier with it")
        stem = {f"encoder.stem.{kind}": tensors[f"block00.conv.{kind}"] for kind in ("weight", "bias")}
        blocks = {f"encoder.{name}": value for name, value in self.encoder.backbone_blocks(tensors).items()}
        state = stem | blocks | {name: tensors[key] for key, name in head.items()}
        self.load_state_dict({name: torch.as_tensor(value).float() for name, value in state.items()})


@torch.no_grad()
def pseudo_labels(
    images: Sequence[np.ndarray], backbone: dict[str, Tensor], device: torch.device, batch: int = 64
) -> tuple[list[int], np.ndarray]:
    """The likeliest class of each picture, 0 to 1000 (0 the background), and its probability, (N,) float32.

    ``images`` are (H, W, 3) uint8 sRGB. Raises TrainingError where ``backbone`` has no classifier.
    """
    network = BackboneClassifier()
    network.load_backbone(backbone)
    network.to(device).eval()
    labels: list[int] = []
    confidence: list[np.ndarray] = []
    for start in range(0, len(images), batch):
        squares = np.stack([_centre_square(image) for image in images[start : start + batch]])
        rgb = torch.from_numpy(squares).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        best, classes = F.softmax(network(rgb), dim=1).max(1)
        labels += classes.tolist()
        confidence.append(best.cpu().numpy())
    return labels, np.concatenate([np.zeros(0, np.float32), *confidence])


def with_pseudo_labels(
    pictures: ImageSet, backbone: dict[str, Tensor], device: torch.device, least: float = 0.3
) -> ImageSet:
    """The same pictures; those without a class get ``imagenet/NNNN`` where the classifier is at least so sure."""
    unknown = [number for number, label in enumerate(pictures.labels) if not label]
    classes, confidence = pseudo_labels([pictures.images[number] for number in unknown], backbone, device)
    labels = list(pictures.labels)
    for number, of_class, sure in zip(unknown, classes, confidence, strict=True):
        if sure >= least:
            labels[number] = f"imagenet/{of_class:04d}"
    return ImageSet(pictures.images, labels)


def _centre_square(image: np.ndarray) -> np.ndarray:
    """The middle square of a picture, 224 x 224."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    method = cv2.INTER_AREA if side >= _SIDE else cv2.INTER_CUBIC
    return cv2.resize(image[top : top + side, left : left + side], (_SIDE, _SIDE), interpolation=method)
