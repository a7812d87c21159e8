"""Where a coloured film goes and with which codec, as far as a person has not said it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vidcolor.pipeline.containers import MUXERS, PICTURES, TAKES, find_muxer, keeps_ticks, takes_codec
from vidcolor.pipeline.holding import lost_streams
from vidcolor.pipeline.output_format import UNASKED, EncodeConfig, output_format
from vidcolor.pipeline.sequence import WRITTEN_SUFFIXES, beside, picture_names
from vidcolor.types import FilmInfo


def fitting_encode(info: FilmInfo, config: EncodeConfig, out: Path | None) -> EncodeConfig:
    """The settings of the encoder, with a codec that the container takes where a person named none.

    Raises:
        OutputError: ``out`` names no container, or no codec of it holds the film.
    """
    if out is None:
        return replace(config, codec=config.codec or "pictures") if picture_names(info.path) else config
    if config.codec is not None:
        return config
    takes = TAKES[find_muxer(out)]
    usual = [name for name in UNASKED if name in takes]
    codec = output_format(info, config, [*usual, *(name for name in takes if name not in usual)]).codec
    return config if codec == output_format(info, config).codec else replace(config, codec=codec)


def default_output(info: FilmInfo, codec: str) -> Path:
    """Where a film's coloured copy goes: ``film.color.mp4`` beside ``film.mp4``.

    The container is the film's own where it takes the codec, holds the film's other streams and counts in its ticks;
    else whichever of Matroska, MP4 and QuickTime loses least. Numbered pictures get a folder, ``film.color/``.
    """
    names = picture_names(info.path)
    if names is not None and codec in TAKES[PICTURES]:
        suffix = names.suffix if names.suffix.lower() in WRITTEN_SUFFIXES else ".png"
        return beside(info.path, ".color") / names.pattern_name(suffix)
    own = info.path.suffix.lower()
    general = [".mkv", ".mp4", ".mov"] if "matroska" in info.container else [".mp4", ".mov", ".mkv"]
    at_home = MUXERS.get(own, "?") in info.container.split(",")
    able = [s for s in dict.fromkeys([own] * at_home + general) if takes_codec(MUXERS[s], codec)]
    suffix = min(able, key=lambda s: (len(lost_streams(MUXERS[s], info)), not keeps_ticks(MUXERS[s], info.time_base)))
    return beside(info.path, f".color{suffix}")
