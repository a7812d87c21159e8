"""Whether a film's other streams arrived in its copy packet for packet."""

from __future__ import annotations

import hashlib
import math
from array import array
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import AttachmentStream, Discard, Disposition, Stream

from vidcolor.pipeline.film_file import open_film

TICK = 0.001
"""Seconds by which a packet may move because the copy's container counts in coarser ticks."""
MPEG_SOUND = ("mp1", "mp2", "mp3")
"""Layers that MP4 has one name for; each packet says in its header which it is."""
NO_TEXT = bytes(2)
"""A subtitle of QuickTime without words: fills the time up to the next, written or left out by each writer at will."""
NOT_KEPT_BY_CONTAINERS = Disposition.default
"""Dispositions that say nothing about the stream itself; MP4 sets this one on every first track."""


@dataclass(frozen=True)
class StreamCopy:
    """One stream of the film, and what became of it."""

    index: int
    """In the film."""
    kind: str
    """``audio``, ``subtitle``, ``data``, ``attachment`` or ``video``."""
    codec: str
    packets: int
    """Number of packets in the film."""
    packets_out: int
    digest_equal: bool
    """True where the payload of all packets together has the same SHA-256."""
    time_max_error_seconds: float
    """Greatest shift of a packet's time stamp."""
    tags_kept: bool
    """True where language, title and disposition are the same."""

    copied: bool
    """True where every packet (of PCM, which has none of its own, every sample) arrived unchanged and in its place."""


class _Content:
    """What one stream holds, gathered packet by packet."""

    def __init__(self, stream: Stream) -> None:
        self.index = stream.index
        self.kind = stream.type
        context = stream.codec_context
        self.codec = context.codec.canonical_name if context else str(getattr(stream, "name", None) or "unknown")
        self.family = MPEG_SOUND if self.codec in MPEG_SOUND else (self.codec,)
        tags = {key.lower(): value for key, value in stream.metadata.items()}
        language = tags.get("language", "und")
        self.tags = (language, tags.get("title"), stream.disposition & ~NOT_KEPT_BY_CONTAINERS)
        self.packets = 0
        self.stamps = array("d")
        self.end = math.nan
        self.digest = hashlib.sha256(stream.data if isinstance(stream, AttachmentStream) else b"")

    def add(self, packet: Packet) -> None:
        if self.codec == "mov_text" and bytes(packet) == NO_TEXT:
            return
        self.packets += 1
        self.digest.update(packet)
        stamp = packet.pts if packet.pts is not None else packet.dts
        self.stamps.append(math.nan if stamp is None else float(stamp * packet.time_base))
        self.end = self.stamps[-1] + float((packet.duration or 0) * packet.time_base)

    @property
    def is_plain(self) -> bool:
        """True for bare samples of sound, which every container cuts into packets as it likes."""
        return self.codec.startswith("pcm_")

    @property
    def span(self) -> array[float]:
        """Where the stream begins and ends, in seconds."""
        return array("d", [self.stamps[0], self.end] if self.stamps else [])


def compare_streams(film: Path, film_pictures: int, out: Path, out_pictures: int) -> list[StreamCopy]:
    """Compare all streams of a film but its pictures with those of its copy.

    Args:
        film_pictures: index of the picture stream in ``film``.
        out_pictures: index of the picture stream in ``out``.

    Returns:
        One entry for every other stream of the film, in its order. Chapter tracks are no streams here.
    """
    found = _contents(out, out_pictures)
    copies = []
    for original in _contents(film, film_pictures):
        same_kind = [c for c in found if (c.kind, c.family) == (original.kind, original.family)]
        copy = next((c for c in same_kind if c.digest.digest() == original.digest.digest()), None)
        copy = copy or next(iter(same_kind), None)
        if copy is not None:
            found.remove(copy)
        copies.append(_compare(original, copy))
    return copies


def _compare(original: _Content, copy: _Content | None) -> StreamCopy:
    same = copy is not None and copy.digest.digest() == original.digest.digest()
    if copy is None:
        shift = 0.0
    elif original.is_plain:
        shift = _greatest_shift(original.span, copy.span)
    else:
        shift = _greatest_shift(original.stamps, copy.stamps)
    return StreamCopy(
        index=original.index,
        kind=original.kind,
        codec=original.codec,
        packets=original.packets,
        packets_out=copy.packets if copy else 0,
        digest_equal=same,
        time_max_error_seconds=shift,
        tags_kept=copy is not None and copy.tags == original.tags,
        copied=same and copy is not None and (original.is_plain or copy.packets == original.packets) and shift <= TICK,
    )


def _greatest_shift(stamps: array[float], others: array[float]) -> float:
    shifts = (abs(one - other) for one, other in zip(stamps, others, strict=False))
    return max((shift for shift in shifts if not math.isnan(shift)), default=0.0)


def _contents(path: Path, pictures: int) -> list[_Content]:
    with open_film(path) as container:
        streams = [s for s in container.streams if s.index != pictures and s.discard != Discard.all]
        contents = {stream.index: _Content(stream) for stream in streams}
        container.streams[pictures].discard = Discard.all
        _read(container, contents)
    return list(contents.values())


def _read(container: InputContainer, contents: dict[int, _Content]) -> None:
    if not contents:
        return
    try:
        for packet in container.demux([container.streams[index] for index in contents]):
            if packet.size:
                contents[packet.stream_index].add(packet)
    except (av.FFmpegError, OSError):
        return  # a film that ends early is compared as far as it goes
