"""The pictures of one video stream, decoded in presentation order, each with a time stamp, damage survived."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream


class TailDamagedError(Exception):
    """The frame-threaded decoder met damage in its last packets and gave up the pictures still in flight."""


class SeekMissedError(Exception):
    """The first key frame that was found lies after the picture that was looked for."""


class Pictures:
    """Decodes one stream from where the container stands to its end.

    Iterating yields ``(pts, picture)`` in presentation order; pts are strictly increasing ticks of the stream's
    time base. A picture that bears no time stamp takes its decoding time, or else follows the one before it by
    one frame's duration.

    Raises, while iterating:
        TailDamagedError: pictures were lost at the end; decoding slice by slice would not lose them.
        SeekMissedError: with ``sought`` given, decoding cannot begin at or before that pts.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, sought: int | None = None) -> None:
        self.packets = 0
        """Packets of the stream seen so far."""
        self.broken = 0
        """Packets that could not be decoded."""
        self.faulty = 0
        """Pictures that came out with parts missing or made up."""
        self.cut_off: str | None = None
        """What the container said where reading broke off before its end."""
        self._container = container
        self._stream = stream
        self._sought = sought
        self._last: int | None = None
        self._sent = 0
        self._step = frame_ticks(stream)

    def __iter__(self) -> Iterator[tuple[int, VideoFrame]]:
        for packet in self._packets():
            for picture in self._decode(packet):
                yield self._stamp(picture), picture
        for picture in self._decode(None):
            yield self._stamp(picture), picture
        self._check_tail()

    def _packets(self) -> Iterator[Packet]:
        try:
            for packet in self._container.demux(self._stream):
                if packet.size and self._may_begin(packet):
                    self.packets += 1
                    if not packet.is_discard:
                        self._sent = max(self._sent, packet.pts or 0)
                    yield packet
        except (av.FFmpegError, OSError) as error:
            self.cut_off = str(error)

    def _may_begin(self, packet: Packet) -> bool:
        """After a seek, skip to a key frame: pictures decoded without their references are not the film's."""
        if self._sought is None:
            return True
        if not packet.is_keyframe:
            return False
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is None or pts > self._sought:
            raise SeekMissedError
        self._sought = None
        return True

    def _decode(self, packet: Packet | None) -> list[VideoFrame]:
        try:
            pictures = self._stream.decode(packet)
            self.faulty += sum(picture.is_corrupt for picture in pictures)
            return pictures
        except EOFError:
            return []
        except (av.FFmpegError, ValueError) as error:
            if packet is None and self._in_flight():
                raise TailDamagedError from error
            self.broken += 1
            return []

    def _check_tail(self) -> None:
        """A decoder with frames in flight drops them without a word when it meets damage among the last packets."""
        if self._in_flight() and self._sent > (self._last or 0):
            raise TailDamagedError

    def _in_flight(self) -> bool:
        """True where the decoder works on several pictures at once."""
        return bool(self._stream.codec_context.thread_type & ThreadType.FRAME)

    def _stamp(self, picture: VideoFrame) -> int:
        pts = picture.pts if picture.pts is not None else picture.dts
        if self._last is not None:
            if pts is None or pts < self._last:
                pts = self._last + self._step
            elif pts == self._last:
                pts += 1
        self._last = 0 if pts is None else pts
        return self._last


def frame_ticks(stream: VideoStream) -> int:
    """The duration of one frame at the stream's average rate, in ticks of its time base; at least 1."""
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    return max(1, round(1 / (rate * (stream.time_base or Fraction(1, 90000)))))
