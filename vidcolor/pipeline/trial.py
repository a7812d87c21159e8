"""Found out before the work: what an output could not keep of the film, by writing one gray frame of it for trial."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vidcolor.errors import OutputError
from vidcolor.pipeline.containers import MUXERS, PICTURES, find_muxer, takes_codec
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.encode import EncodeConfig, encode_segment, output_format
from vidcolor.pipeline.holding import MuxConfig, lost_streams
from vidcolor.pipeline.mux import mux_film
from vidcolor.pipeline.tag_copies import compare_tags
from vidcolor.types import ColouredFrame, FilmInfo

EVEN_RATE_ONLY = ("avi", "mxf")
"""Containers that know no time stamps, only a frame rate."""
MXF_RATES = {Fraction(n) for n in (24, 25, 30, 48, 50, 60)} | {Fraction(n * 1000, 1001) for n in (24, 30, 48, 60)}
"""Frame rates that MXF writers and readers agree on."""


def check_holds(out: Path, info: FilmInfo, config: MuxConfig, encode: EncodeConfig) -> None:
    """Refuse an output that would lose a stream, chapters, metadata or a tag of the film, unless that was allowed.

    Raises:
        OutputError: what would be lost, and which container would keep it.
    """
    if config.leave_out:
        return
    muxer = find_muxer(out)
    streams = lost_streams(muxer, info)
    lost = [f"stream {note.index} ({note.kind}, {note.codec})" for note in streams]
    if muxer != PICTURES:
        lost += _lost_tags(out, info, encode)
    if not lost:
        return
    better = _better(muxer, info, encode) if streams else None
    advice = f"choose another container such as -o {out.stem}{better}, or go" if better else "go"
    raise OutputError(f"{out} cannot hold {_listed(lost)} of the film; {advice} without by --set mux.leave_out=true.")


def check_times(out: Path, info: FilmInfo, pts: np.ndarray) -> None:
    """Refuse a container that knows a frame rate alone for a film whose frames come at any time.

    Args:
        pts: (frames,) int64, of all frames, in ticks of the film.

    Raises:
        OutputError: the container could not say when the frames are shown.
    """
    muxer = find_muxer(out)
    if muxer not in EVEN_RATE_ONLY:
        return
    advice = "choose a container that keeps time stamps, such as .mov or .mkv"
    if pts[0] != 0:
        raise OutputError(f"{out} would begin at 0, but {info.path} begins at tick {pts[0]}; {advice}.")
    step = 1 / (info.frame_rate * info.time_base)
    if any(abs(later - round(number * step)) > 0 for number, later in enumerate(pts.tolist())):
        raise OutputError(f"{out} knows a frame rate alone, but {info.path} has frames of uneven length; {advice}.")
    if muxer == "mxf" and info.frame_rate not in MXF_RATES:
        raise OutputError(f"{out} cannot have {float(info.frame_rate):g} frames per second; {advice}.")


def _lost_tags(out: Path, info: FilmInfo, encode: EncodeConfig) -> list[str]:
    """What of chapters, metadata and tags does not come back out of a film of one frame."""
    form = output_format(info, encode)
    with TemporaryDirectory() as folder, FilmReader(info) as reader:
        segment, trial = Path(folder) / "segment", Path(folder) / f"trial{out.suffix}"
        for frame in reader.frames(count=1):
            gray = np.full((form.chroma_height, form.chroma_width), 1 << (info.bit_depth - 1), frame.luma.dtype)
            encode_segment(segment, iter([ColouredFrame(frame, gray, gray)]), info, encode)
        mux_film([segment], info, trial, copies=False)
        return compare_tags(info, probe(trial)).lost()


def _better(muxer: str, info: FilmInfo, encode: EncodeConfig) -> str | None:
    """The suffix of a container that holds all streams, and the codec if one was asked for."""
    able = [s for s in (".mkv", ".mov", ".mp4", ".ts") if encode.codec is None or takes_codec(MUXERS[s], encode.codec)]
    others = [suffix for suffix in able if MUXERS[suffix] != muxer]
    return next((suffix for suffix in others if not lost_streams(MUXERS[suffix], info)), None)


def _listed(things: list[str]) -> str:
    return " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things)
