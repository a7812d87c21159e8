"""The networks of the package whose weights do not ship: what they are, and how to come by weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch

from vidcolor.model.checkpoint import NETWORKS, build_network, shipped_models, training_config

LICENCE = "Apache-2.0"
"""Of the networks' code; weights that somebody trains are theirs."""

_LU_2020 = (
    'Lu, Yu, Peng, Zhao, Wang, "Gray2ColorNet: Transfer More Colors from Reference Image", ACM MM 2020, '
    "doi 10.1145/3394171.3413594"
)
_RONNEBERGER_2015 = (
    'Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015'
)
_LIM_2017 = 'Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPR Workshops 2017'
_ZHANG_2016 = 'Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016, arXiv 1603.08511'
_PAPERS = {
    "gray2color": _LU_2020,
    "gray2color-film": f"after {_LU_2020}",
    "colorful": _ZHANG_2016,
    "recolor": f"after {_LIM_2017}",
    "colornet": f"after {_RONNEBERGER_2015}",
}


@dataclass(frozen=True)
class UntrainedModel:
    """A network that can be trained, and of which no weights ship."""

    name: str
    """How a weights file names it, and how ``--model`` would if its weights shipped."""
    parameters: int
    """Number of weights, counted from the network itself."""
    licence: str
    paper: str
    """Where the network is described; empty where it is in no paper."""
    train: str
    """The command that trains it."""

    def to_json(self) -> dict[str, object]:
        """Plain values for JSON, with the keys of a model that ships; there is no file and no measured quality."""
        return {**asdict(self), "network": self.name, "path": None, "quality": {}}


def untrained_models() -> list[UntrainedModel]:
    """All networks without shipped weights, by name."""
    shipped = {info.network for info in shipped_models()}
    return [_describe(name) for name in sorted(NETWORKS.keys() - shipped)]


def _describe(name: str) -> UntrainedModel:
    with torch.device("meta"):  # counted, not computed
        parameters = sum(parameter.numel() for parameter in build_network(name, {}).parameters())
    return UntrainedModel(
        name, parameters, LICENCE, _PAPERS.get(name, ""), train=f"vidcolor train {training_config(name)}"
    )
