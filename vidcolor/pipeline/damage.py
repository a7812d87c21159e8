"""Whether a film that was read to its end is whole, and if not, what is missing: one sentence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from vidcolor.pipeline.pictures import Pictures

SLACK_SECONDS = 1.0
"""A film may be this much shorter than its header says before it counts as cut off."""


def describe_damage(
    path: Path, container: InputContainer, stream: VideoStream, pictures: Pictures, frames: int, end: Fraction
) -> str | None:
    """Say what was lost of a film that was decoded from its first picture to its last.

    Args:
        pictures: the exhausted decoder.
        frames: number of pictures that came out.
        end: presentation time of the last of them, in seconds from the film's first.

    Returns:
        One sentence, or None where nothing is missing.
    """
    promised = promised_packets(container, stream)
    if promised is not None and pictures.packets < promised:
        return f"{path} ends early: {frames} of {stream.frames or promised} frames could be decoded."
    if pictures.broken:
        lost = max(pictures.broken, pictures.packets - frames)
        return f"{path} is damaged: {lost} of its pictures could not be decoded, {frames} could."
    seconds = promised_seconds(container, stream)
    if pictures.cut_off or (promised is None and seconds is not None and end < seconds - SLACK_SECONDS):
        of = f" of {seconds:.1f}" if seconds is not None else ""
        return f"{path} ends early: {float(end):.1f}{of} seconds ({frames} frames) could be decoded."
    if pictures.faulty:
        return f"{path} is damaged: {pictures.faulty} of its {frames} pictures have parts that could not be decoded."
    return None


def promised_packets(container: InputContainer, stream: VideoStream) -> int | None:
    """How many packets of a stream the container's index promises; None where it has no full index."""
    if "mov" in container.format.name:
        return len(stream.index_entries) or None  # nb_frames would count what an edit list hides
    if container.format.name == "avi" and stream.frames and stream.average_rate:
        return stream.frames - round(SLACK_SECONDS * stream.average_rate)
    return None


def promised_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    """How long the container says the stream is; None where it does not say or may speak of another stream."""
    tags = {key.upper(): value for key, value in stream.metadata.items()}
    if tag := tags.get("DURATION"):
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if len(container.streams) == 1 and container.duration:
        return container.duration / 1_000_000
    return None
