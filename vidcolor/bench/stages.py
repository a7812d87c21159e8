"""Which stage of the road a thread is in, told from the modules on its stack."""

from __future__ import annotations

from collections.abc import Sequence

WAITING, OTHER, START = "waiting", "other", "start-up"

STAGES = (
    *(START, "decode", "shots", "match", "flow", "network", "smooth and fill", "upsample", "measure", "encode"),
    *("join", "verify", "report", OTHER, WAITING),
)
"""In the order of the road. ``waiting`` is the processor's time that nothing of the run used."""

PHASES = (START, "shots", "match", "colorize", "join", "verify", "report", OTHER)
"""What a run does one after the other, as its first thread sees it."""

_HOMES = {
    "decode": ("decode", "pictures", "picture_luma", "pixel_format", "film_file", "sequence", "damage", "view"),
    "shots": ("shots", "dissolves", "likeness", "survey", "picture_area", "stills"),
    "match": (
        *("match", "ties", "common_choice", "plan_film", "references", "reference_film", "reference_set"),
        *("still_file", "gallery"),
    ),
    "flow": ("track",),
    "network": ("colorize",),
    "smooth and fill": ("smooth", "propagate", "seam", "hints"),
    "upsample": ("upsample", "chroma_codes", "grade"),
    "measure": ("observe", "measures", "small_picture"),
    "encode": ("encode", "encoder_options"),
    "join": ("mux", "stamps"),
    "verify": ("verify", "luma_difference", "stream_copies", "tag_copies"),
}
STAGE_OF = {f"vidcolor.pipeline.{name}": stage for stage, names in _HOMES.items() for name in names}
"""The stage of a module. What is not named here works for whoever called it."""

_PHASE_OF = {
    **{f"vidcolor.pipeline.{name}": "match" for name in ("plan_film", "references", "reference_film", "reference_set")},
    "vidcolor.pipeline.survey": "shots",
    "vidcolor.pipeline.render": "colorize",
    "vidcolor.pipeline.mux": "join",
    "vidcolor.pipeline.verify": "verify",
    "vidcolor.pipeline.film_report": "report",
    "vidcolor.pipeline.report": "report",
}
_QUEUE = "vidcolor.pipeline.ahead"


def stage_of(modules: Sequence[str]) -> str:
    """The stage of a thread from the package's modules on its stack, the innermost first."""
    if not modules or modules[0] == _QUEUE:
        return WAITING
    for module in modules:
        if module in STAGE_OF:
            return STAGE_OF[module]
        if module.startswith("vidcolor.model."):
            return "network"
    return OTHER


def phase_of(modules: Sequence[str]) -> str | None:
    """The phase of a run from its first thread's stack, the innermost module first; None where that tells nothing."""
    return next((_PHASE_OF[module] for module in reversed(modules) if module in _PHASE_OF), None)


def counted_as(stage: str, phase: str) -> str:
    """Where time spent in a stage is entered: matching and proving decode films too, but for their own ends."""
    if phase in ("match", "join", "verify", "report", START):
        return phase
    return stage


def native_stage(name: str, phase: str) -> str:
    """The stage of a thread that FFmpeg, the encoder or torch runs, by its name (see :mod:`vidcolor.bench.sampler`)."""
    if phase == "shots" or name.startswith("av:"):
        return counted_as("decode", phase)
    if phase == "colorize":
        return "network" if name == PYTHON_THREAD else "encode"
    return counted_as(OTHER, phase)


PYTHON_THREAD = "vidcolor-stage"
"""Name of the threads of the stages; those that torch starts from them inherit it, the encoder's do not."""
