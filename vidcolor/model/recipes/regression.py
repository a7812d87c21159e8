"""The recipe of networks that answer with the colours themselves: mean square error, in the network's own scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from vidcolor.errors import TrainingError
from vidcolor.model.automatic.colornet import ColorNet
from vidcolor.model.automatic.recolor import Recolor
from vidcolor.model.recipes.automatic import AutomaticLoss, AutomaticRecipe
from vidcolor.model.recipes.recipe import full_precision
from vidcolor.model.training.config import TrainConfig


class RegressionLoss(AutomaticLoss):
    """Squared error where the network answers: the truth is averaged down to the answer's size."""

    network: ColorNet | Recolor

    def __init__(self, network: ColorNet | Recolor) -> None:
        super().__init__(network)

    def forward(self, lightness: Tensor, true_ab: Tensor, step: int) -> dict[str, Tensor]:
        """``mse``, of ab over ``network.ab_scale``, which is ``total`` too."""
        ab = self.network.regress(lightness).float()
        with full_precision(lightness.device):
            error = (ab - F.adaptive_avg_pool2d(true_ab, (ab.shape[-2], ab.shape[-1]))) / self.network.ab_scale
            mse = error.square().mean()
        return {"mse": mse, "total": mse}


class _RegressionRecipe(AutomaticRecipe):
    """See :class:`vidcolor.model.recipes.recipe.Recipe`."""

    betas = (0.9, 0.999)

    def __init__(self, config: TrainConfig, network: ColorNet | Recolor) -> None:
        super().__init__(config, RegressionLoss(network))

    def groups(self) -> list[dict[str, Any]]:
        """All that is to be learned alike."""
        [group] = super().groups()
        return [{**group, "params": [parameter for parameter in group["params"] if parameter.requires_grad]}]


class ColorNetRecipe(_RegressionRecipe):
    """Of :class:`~vidcolor.model.automatic.colornet.ColorNet`."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config, ColorNet(config.colornet))


class RecolorRecipe(_RegressionRecipe):
    """Of :class:`~vidcolor.model.automatic.recolor.Recolor`: first the generator, alone; then the refinement, on the
    generator that ``training.start`` holds."""

    def __init__(self, config: TrainConfig) -> None:
        if config.recolor.refinement and not config.training.start:
            raise TrainingError(
                "training.start: give the weights of a trained generator to refine (configs/recolor-generator.yaml "
                "trains one); without refinement: recolor.refinement=false"
            )
        network = Recolor(config.recolor)
        if config.recolor.refinement:
            _check_generator(network, Path(config.training.start))
        if config.training.backbone:
            network.load_backbone(load_file(config.training.backbone))
        super().__init__(config, network)


def _check_generator(network: Recolor, path: Path) -> None:
    """Raises TrainingError where a weights file does not hold the whole generator."""
    try:
        with safe_open(path, "pt") as file:
            shapes = {name: list(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise TrainingError(f"training.start: {path} is no safetensors file: {error}") from error
    wanted = network.generator.state_dict(prefix="generator.")
    if any(shapes.get(name) != list(value.shape) for name, value in wanted.items()):
        raise TrainingError(
            f"training.start: {path} holds no generator of these settings: recolor.encoder and recolor.width must be "
            "those that it was trained with"
        )
