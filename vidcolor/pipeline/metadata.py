"""Which of a film's tags travel into its coloured copy, and which speak only of the file they stood in."""

from __future__ import annotations

from collections.abc import Mapping

FILE_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder"}
"""Written by whatever wrote the container; the new container has its own."""

CODED_TAGS = {
    "encoder",
    "encoder_options",
    "duration",
    "bps",
    "number_of_frames",
    "number_of_bytes",
    "alpha_mode",
    "_statistics_writing_app",
    "_statistics_writing_date_utc",
    "_statistics_tags",
    "vendor_id",
}
"""Statistics of packets; the pictures' packets are new."""


def film_metadata(tags: Mapping[str, str]) -> dict[str, str]:
    """A container's tags without those that describe the old file."""
    return {key: value for key, value in tags.items() if key.lower() not in FILE_TAGS}


def picture_metadata(tags: Mapping[str, str]) -> dict[str, str]:
    """The picture stream's tags without those that describe its old packets."""
    return {key: value for key, value in tags.items() if _plain(key) not in CODED_TAGS}


def _plain(key: str) -> str:
    """Lower case, without the language that Matroska tags may bear (``BPS-eng``)."""
    name, _, language = key.lower().rpartition("-")
    return name if name and len(language) == 3 else key.lower()
