"""What can be set of a training run: the sections of a YAML file in ``configs/``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from vidcolor.model.automatic.colorful.config import ColorfulTraining
from vidcolor.model.automatic.colornet import ColorNetConfig
from vidcolor.model.automatic.recolor import RecolorConfig
from vidcolor.model.losses import LossWeights
from vidcolor.model.pairs import ReferenceMix
from vidcolor.model.published.losses import PublishedLossWeights
from vidcolor.model.training.optimizers import Kind


@dataclass(frozen=True)
class NetworkConfig:
    """What to train."""

    name: Literal["gray2color-film", "gray2color", "colorful", "recolor", "colornet"] = "gray2color-film"
    """Network and recipe: the one that ships, Gray2ColorNet as published, or one that colours without references."""
    gate: bool = True
    """Of gray2color-film: false trusts the carried colours everywhere."""
    color_distribution: bool = True
    """Of gray2color-film: false tells the decoder nothing of the reference's histogram."""
    refinement: bool = True
    """Of gray2color-film: false leaves the match as coarse as the stride-8 grid."""
    surroundings: bool = True
    """Of gray2color-film: false lets every place know no more of the picture than its convolutions see."""


@dataclass(frozen=True)
class DataConfig:
    """What to train on."""

    images: tuple[str, ...] = ()
    """Tar shards and folders (class subfolders or flat) of colour images, and lists (.txt) such as `vidcolor clean`
    writes."""
    clips: tuple[str, ...] = ()
    """Colour videos, or folders of them, for pairs of moments."""
    pairs: tuple[str, ...] = ()
    """Text files that name a target and its reference on every line; drawn with the share mix.listed."""
    heldout: tuple[str, ...] = ()
    """Tar shards and folders never trained on; the best checkpoint is chosen by them."""
    short_side: int = 256
    """Pictures are held in memory with this short side, in pixels."""
    sides: tuple[int, ...] = (128, 160, 192, 224)
    """Side of the square crops, one drawn per batch; multiples of 32."""
    batch: int = 16
    """Pairs of a batch of 128 x 128 crops in each process; larger crops make proportionally smaller batches."""
    neighbours: Literal["class", "all"] = "class"
    """Among which pictures the nearest are sought: of the same class where one is known, or all."""
    classes: Literal["labels", "backbone", "none"] = "labels"
    """Classes of the pictures: the folders' and shards' own; the same, and the backbone's where it has none; or none
    at all."""
    before: float = 0.6
    """Share of targets that also see the colours of a frame before, brought along a motion, real or simulated."""
    film_look: bool = True
    """Make more than half of the gray targets look like old film; false gives plain luma to all."""
    titles: float = 0.06
    """Share of targets that get a title; half as many get black bars."""
    disguised: float = 0.2
    """Share of references of the target itself that get a thin-plate warp, another tone and noise."""
    whole: float = 0.0
    """Share of targets that show as much of their picture as a square can; the others any part of it."""
    resident: bool = True
    """On a GPU: hold the stills and clips in its memory where they fit in half of it, and draw crops there. Titles,
    disguises, pair lists and real motion need the CPU: then only the share from_cpu of the pairs has any."""
    from_cpu: float = 0.25
    """Share of a batch that the CPU draws beside resident pictures."""
    threads: int = 2
    """Threads that draw crops on the CPU."""
    heldout_pairs: int = 192
    """Held-out pairs that are measured."""
    heldout_side: int = 160
    """Side of their crops, a multiple of 32."""
    seed: int = 0
    """Of every random draw."""

    def __post_init__(self) -> None:
        if not self.sides or any(side % 32 or side < 32 for side in (*self.sides, self.heldout_side)):
            raise ValueError(f"sides must be multiples of 32, got {[*self.sides, self.heldout_side]}")
        if min(self.batch, self.threads, self.heldout_pairs) < 1:
            raise ValueError("batch, threads and heldout_pairs must be at least 1")
        if not all(0 <= share <= 1 for share in (self.before, self.titles, self.disguised, self.whole, self.from_cpu)):
            raise ValueError("before, titles, disguised, whole and from_cpu are shares between 0 and 1")


@dataclass(frozen=True)
class PublishedConfig:
    """The recipe of Gray2ColorNet as published: two stages (Lu et al. 2020)."""

    main_share: float = 0.4
    """Share of the steps that train the MCN alone: no reference, no histogram loss, no discriminator."""
    main_batch: int = 48
    """Samples of a step of stage 1, in each process."""
    whole_batch: int = 12
    """Samples of a step of stage 2, in each process."""
    loss: PublishedLossWeights = field(default_factory=PublishedLossWeights)
    """Weights of the five losses."""

    def __post_init__(self) -> None:
        if not 0 <= self.main_share <= 1 or min(self.main_batch, self.whole_batch) < 1:
            raise ValueError("main_share is between 0 and 1, and the batches have at least 1 sample")


@dataclass(frozen=True)
class TrainingConfig:
    """How to train."""

    out: str = "runs/gray2color-film"
    """Folder of checkpoints, log, sheets and the finished weights. An interrupted run found there goes on."""
    start: str = ""
    """Weights (.safetensors) to start from; parts that the file lacks keep their initial values."""
    backbone: str = ""
    """ImageNet weights: the film network's encoder starts from them, neighbours and pseudo-labels are found by them.
    Empty: random ones. The pretrained layers of colorful also start from a file of the film network."""
    optimizer: Kind = "adamw"
    """Of the network; the discriminator has AdamW."""
    steps: int = 6000
    """Length of the schedule in optimizer steps."""
    max_minutes: float = 0.0
    """Stop, resumable, after so many minutes of this call; 0 for no limit."""
    learning_rate: float = 8e-4
    """Peak learning rate; linear warm-up, then a cosine to zero."""
    encoder_rate: float = 0.15
    """An encoder that starts from a backbone learns at this share of the learning rate."""
    critic_rate: float = 2e-4
    """Peak learning rate of the discriminator, on the same schedule."""
    warmup: int = 200
    """Steps of linear warm-up."""
    natural: int = 0
    """First steps in which the film network learns natural colours alone, on its coarsest scale, from twice as many
    pictures a step: which colours things have takes far more pictures than how to follow a reference."""
    frozen: int = 0
    """First steps during which the film network's encoder is not yet trained; steps or more: never."""
    weight_decay: float = 0.01
    """Of the optimizer, for all but the film network's encoder."""
    clip: float = 1.0
    """Largest norm of the gradient; 0 for any."""
    ema: float = 0.998
    """Decay of the moving average of the weights, which is what ships."""
    precision: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """Of the networks' passes; float16, for older GPUs, needs Accelerate, which scales the gradient."""
    device: str = "auto"
    """auto, cpu or cuda[:N]."""
    keep: Literal["best", "last"] = "best"
    """Which moving average the finished weights are: the best on held-out pairs, or the last. Vivid colours have a
    greater error than dull ones, so that the best of a vivid network is one that has not learned yet."""
    log_every: int = 10
    """Steps between lines of the log."""
    save_every: int = 250
    """Steps between checkpoints, held-out measurements and sheets."""
    tensorboard: bool = False
    """Also write scalars and sheets for TensorBoard."""

    def __post_init__(self) -> None:
        if min(self.steps, self.log_every, self.save_every) < 1:
            raise ValueError("steps, log_every and save_every must be at least 1")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be at least 0 and below 1, got {self.ema}")


@dataclass(frozen=True)
class TrainConfig:
    """A whole training run."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    data: DataConfig = field(default_factory=DataConfig)
    mix: ReferenceMix = field(default_factory=ReferenceMix)
    loss: LossWeights = field(default_factory=LossWeights)
    published: PublishedConfig = field(default_factory=PublishedConfig)
    recolor: RecolorConfig = field(default_factory=RecolorConfig)
    colornet: ColorNetConfig = field(default_factory=ColorNetConfig)
    colorful: ColorfulTraining = field(default_factory=ColorfulTraining)
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True)
class TrainSummary:
    """What a call of :func:`vidcolor.model.training.loop.train` came to."""

    steps: int
    """Optimizer steps done in all."""
    finished: bool
    """True where the schedule was walked to its end."""
    heldout: dict[str, float]
    """The last held-out measurement."""
    weights: str
    """Path of the half-precision weights (moving average)."""

    def to_json(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)
