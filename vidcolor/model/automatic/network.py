"""What all networks that colour without a reference have in common."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar, Generic, Self, TypeVar

from torch import Tensor, nn

SIDE_MULTIPLE = 32
"""Heights and widths of the pictures are multiples of this, whichever the network."""

ConfigT = TypeVar("ConfigT")
"""A frozen dataclass whose fields are numbers, texts and truth values: it travels in the weights file as JSON."""


class AutomaticNetwork(nn.Module, Generic[ConfigT]):
    """Gray pictures to natural colours. Every network is built from a config that has a default for every field."""

    config_type: ClassVar[type[Any]]
    """The class of :attr:`config`."""

    def __init__(self, config: ConfigT) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def build(cls, **settings: Any) -> Self:
        """A network with the fields of its config given by name; the others have their defaults. Raises TypeError or
        ValueError where one does not fit."""
        return cls(cls.config_type(**settings))

    def settings(self) -> dict[str, Any]:
        """What :meth:`build` needs to make the like of it."""
        return asdict(self.config)  # type: ignore[call-overload]

    def forward(self, lightness: Tensor) -> Tensor:
        """L* of the gray pictures, (N, 1, H, W) in [0, 100], sides multiples of 32, to a*, b* in CIELAB units,
        (N, 2, H, W). Of a film it is the L* of its luma (:func:`vidcolor.color.luma_to_lightness`)."""
        raise NotImplementedError
