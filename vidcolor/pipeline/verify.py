"""Proof that a coloured film kept what was not to be touched: luma, time, and every other stream.

Both films are decoded and demuxed afresh; nothing here knows how the copy was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

from av.codec import Codec
from av.sidedata.sidedata import Type

from vidcolor.pipeline.ahead import Ahead
from vidcolor.pipeline.containers import PICTURES
from vidcolor.pipeline.decode import DecodeConfig, FilmReader, probe
from vidcolor.pipeline.film_file import reopen_film, video_stream
from vidcolor.pipeline.luma_difference import LumaDifference
from vidcolor.pipeline.picture_luma import luma_of_pictures
from vidcolor.pipeline.picture_rgb import within_rgb
from vidcolor.pipeline.pictures import Pictures
from vidcolor.pipeline.side_data import side_data_of
from vidcolor.pipeline.stream_copies import StreamCopy, compare_streams
from vidcolor.pipeline.tag_copies import TagCopies, compare_tags
from vidcolor.types import FilmInfo, Frame

TIMELESS = "order alone: pictures have no time"
"""The rule for times where a film became numbered pictures."""
_AHEAD = 2
"""Frames of either film that are decoded before they are compared."""
RGB_EXACT_DEPTH = 14
"""Deepest luma that RGB of 16 bits gives back exactly; deeper luma may come back one code off."""


@dataclass(frozen=True)
class VerifyConfig:
    """What counts as kept."""

    luma_psnr_floor: float = 30.0
    """Least PSNR in dB between the film's luma and that of a lossy copy; a lossless copy has to be equal."""
    leave_out: bool = False
    """True where streams and tags that the copy's container cannot hold were given up knowingly."""

    def __post_init__(self) -> None:
        if self.luma_psnr_floor < 0:
            raise ValueError(f"luma_psnr_floor must not be negative, got {self.luma_psnr_floor}")


@dataclass(frozen=True)
class Verification:
    """What was found; ``ok`` if and only if ``problems`` is empty."""

    ok: bool
    frames_in: int
    """Frames of the film that could be decoded."""
    frames_out: int
    pts_equal: bool
    """Every frame is shown at the film's time: the same, or the copy's nearest tick where its container is coarser."""
    pts_rule: str
    """``exact``, or ``nearest tick of N s``."""
    pts_max_error_seconds: float
    time_base_in: str
    time_base_out: str
    lossless: bool
    """True where the copy's pictures are coded without loss."""
    luma_max_abs_difference: int
    """In the film's code values, over all samples of all frames."""
    luma_psnr: float | None
    """In dB over all samples of all frames; None where no sample differs."""
    streams_copied: list[StreamCopy]
    """One entry for every stream of the film but the pictures."""
    tags: TagCopies
    damage: str | None
    """What of the film itself could not be decoded."""
    problems: list[str] = field(default_factory=list)
    """One sentence for every law that was broken."""
    left_out: list[str] = field(default_factory=list)
    """One sentence for everything that was given up knowingly."""

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers; the tags' entries stand beside the others."""
        plain = asdict(self)
        return {**{key: value for key, value in plain.items() if key != "tags"}, **plain["tags"]}


def verify(
    film: Path,
    out: Path,
    on_progress: Callable[[int, int | None], None] | None = None,
    config: VerifyConfig | None = None,
    decode: DecodeConfig | None = None,
) -> Verification:
    """Compare a coloured copy with the film it was made from.

    Both are decoded side by side. Memory: two decoders' pictures and eight bytes for every packet of a copied stream.

    Args:
        on_progress: told the number of frames compared and how many there are.
        decode: how the film was read. Numbered pictures have the frame rate of the film they are compared with.

    Raises:
        FilmError: one of the two is no film.
    """
    film_info, out_info = _probe_both(film, out, decode or DecodeConfig())
    clock, luma = _Clock(film_info, out_info), _luma_difference(film_info, out_info)
    frames_in = frames_out = 0
    with FilmReader(film_info) as film_reader, FilmReader(out_info) as out_reader:
        copies = luma_of_pictures(out_info, film_info) if _is_pictures(out_info) else out_reader.frames()
        with closing(Ahead(film_reader.frames(), _AHEAD)) as ones, closing(Ahead(copies, _AHEAD)) as others:
            for one, other in zip_longest(ones, others):
                frames_in += one is not None
                frames_out += other is not None
                if one is not None and other is not None:
                    clock.compare(one, other)
                    luma.add(within_rgb(one.luma, film_info) if _is_pictures(out_info) else one.luma, other.luma)
                if on_progress is not None:
                    on_progress(max(frames_in, frames_out), film_info.frames_expected)
        damage = film_reader.damage
    streams = compare_streams(film, film_info.video_stream, out, out_info.video_stream)
    found = Verification(
        ok=False,
        frames_in=frames_in,
        frames_out=frames_out,
        pts_equal=clock.equal and frames_in == frames_out,
        pts_rule=clock.rule,
        pts_max_error_seconds=float(clock.max_error),
        time_base_in=str(film_info.time_base),
        time_base_out=str(out_info.time_base),
        lossless=is_lossless(out_info),
        luma_max_abs_difference=luma.max_abs_difference,
        luma_psnr=luma.psnr,
        streams_copied=streams,
        tags=compare_tags(film_info, out_info),
        damage=damage,
    )
    return _judged(found, film_info, out_info, config or VerifyConfig())


def _judged(found: Verification, film: FilmInfo, out: FilmInfo, config: VerifyConfig) -> Verification:
    """The same, with what is wrong and what was given up. Pictures hold nothing else by nature."""
    rounding = int(_is_pictures(out) and film.bit_depth > RGB_EXACT_DEPTH)
    problems, losses = list(_problems(found, config, rounding)), list(_losses(found))
    if _is_pictures(out):
        losses = [loss for loss in losses if "colour" not in loss]  # RGB has one range and no matrix
    elif not config.leave_out:
        problems, losses = problems + losses, []
    return replace(found, ok=not problems, problems=problems, left_out=losses)


def _probe_both(film: Path, out: Path, decode: DecodeConfig) -> tuple[FilmInfo, FilmInfo]:
    """What is known of both; pictures, which know no time, go at the rate of the other film."""
    found = probe(film, decode)
    other = probe(out, replace(decode, frame_rate=found.frame_rate))
    if _is_pictures(found) and not _is_pictures(other):
        found = probe(film, replace(decode, frame_rate=other.frame_rate))
    return found, other


def _is_pictures(info: FilmInfo) -> bool:
    return info.container == PICTURES


def _luma_difference(film: FilmInfo, out: FilmInfo) -> LumaDifference:
    return LumaDifference(film.bit_depth, film.bit_depth if _is_pictures(out) else out.bit_depth)


def is_lossless(info: FilmInfo) -> bool:
    """Whether a film's pictures are coded without loss: its codec knows no other way, or the encoder says so."""
    codec = Codec(info.codec, "r")
    if codec.lossless and not codec.lossy:
        return True
    with reopen_film(info) as container:
        _, picture = next(iter(Pictures(container, video_stream(container, info.video_stream))))
        notes = side_data_of(picture).get(Type.SEI_UNREGISTERED, b"")
    return (b"x264" in notes and b" qp=0" in notes) or (b"x265" in notes and b" lossless " in notes)


class _Clock:
    """Compares when two films show their frames, in exact fractions of a second."""

    def __init__(self, film: FilmInfo, out: FilmInfo) -> None:
        self.equal = True
        self.max_error = Fraction(0)
        self._ticks = film.time_base, out.time_base
        self._timeless = _is_pictures(out) and not _is_pictures(film)
        if self._timeless:
            self.rule = TIMELESS
            return
        representable = (film.time_base / out.time_base).denominator == 1
        self._allowed = Fraction(0) if representable else out.time_base / 2
        self.rule = "exact" if representable else f"nearest tick of {out.time_base} s"

    def compare(self, one: Frame, other: Frame) -> None:
        if self._timeless:
            return
        error = abs(one.pts * self._ticks[0] - other.pts * self._ticks[1])
        self.max_error = max(self.max_error, error)
        self.equal = self.equal and error <= self._allowed


def _problems(found: Verification, config: VerifyConfig, rounding: int) -> Iterator[str]:
    yield from _picture_problems(found, config, rounding)
    for stream in found.streams_copied:
        name = f"Stream {stream.index} ({stream.kind}, {stream.codec})"
        if _is_missing(stream):
            continue
        if not stream.digest_equal:
            yield f"{name} was changed: {stream.packets} packets became {stream.packets_out}, or their content differs."
        elif not stream.copied:
            yield f"{name} was moved in time by up to {stream.time_max_error_seconds:.6f} s."
        elif not stream.tags_kept:
            yield f"{name} lost its language, title or disposition."


def _losses(found: Verification) -> Iterator[str]:
    """What did not arrive at all, because the copy's container has no place for it."""
    for stream in found.streams_copied:
        if _is_missing(stream):
            yield f"Stream {stream.index} ({stream.kind}, {stream.codec}) is missing from the copy."
    yield from found.tags.broken()


def _is_missing(stream: StreamCopy) -> bool:
    return bool(stream.packets or stream.kind == "attachment") and not stream.copied and not stream.packets_out


def _picture_problems(found: Verification, config: VerifyConfig, rounding: int) -> Iterator[str]:
    """``rounding``: difference of luma that a copy without loss may have."""
    if found.frames_in != found.frames_out:
        yield f"The film has {found.frames_in} frames, the copy {found.frames_out}."
    elif not found.pts_equal:
        yield f"Frames are shown up to {found.pts_max_error_seconds:.6f} s away from the film's time."
    if found.lossless and found.luma_max_abs_difference > rounding:
        yield f"The luma differs by up to {found.luma_max_abs_difference} although the copy is coded without loss."
    elif found.luma_psnr is not None and found.luma_psnr < config.luma_psnr_floor:
        yield f"The luma is {found.luma_psnr:.1f} dB from the film's; at least {config.luma_psnr_floor:g} dB is due."
