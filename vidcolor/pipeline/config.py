"""Every setting of the road, in sections that bear the stages' names."""

from __future__ import annotations

from dataclasses import dataclass, field

from vidcolor.pipeline.colorize import ColorizeConfig
from vidcolor.pipeline.decode import DecodeConfig
from vidcolor.pipeline.encode import EncodeConfig
from vidcolor.pipeline.holding import MuxConfig
from vidcolor.pipeline.match import MatchConfig
from vidcolor.pipeline.plan_film import PlanConfig
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.pipeline.smooth import SmoothConfig
from vidcolor.pipeline.stretch import RenderConfig
from vidcolor.pipeline.ties import TieConfig
from vidcolor.pipeline.track import KeyConfig


@dataclass(frozen=True)
class PipelineConfig:
    """Every setting of the road; the sections bear the stages' names."""

    decode: DecodeConfig = field(default_factory=DecodeConfig)
    shots: ShotConfig = field(default_factory=ShotConfig)
    match: MatchConfig = field(default_factory=MatchConfig)
    ties: TieConfig = field(default_factory=TieConfig)
    colorize: ColorizeConfig = field(default_factory=ColorizeConfig)
    keys: KeyConfig = field(default_factory=KeyConfig)
    smooth: SmoothConfig = field(default_factory=SmoothConfig)
    encode: EncodeConfig = field(default_factory=EncodeConfig)
    mux: MuxConfig = field(default_factory=MuxConfig)

    @property
    def plan(self) -> PlanConfig:
        """The part that the manifest depends on, beside the shots."""
        return PlanConfig(self.match, self.ties)

    @property
    def render(self) -> RenderConfig:
        """The part that segments depend on."""
        return RenderConfig(self.colorize, self.keys, self.smooth, self.encode)
