"""Which of a film's tags travel into its coloured copy, and which speak only of the file they stood in."""

from __future__ import annotations

from collections.abc import Mapping

FILE_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "software"}
"""Written by whatever wrote the container (AVI calls it software); the new container has its own."""

PLAIN_TAGS = {
    "mp4": "title artist album_artist album composer comment date genre copyright keywords grouping lyrics description "
    "synopsis show episode_id network hd_video gapless_playback compilation media_type track disc season_number "
    "episode_sort creation_time location",
    "mov": "title artist album comment date genre copyright make model creation_time location",
}
"""Keys that FFmpeg's muxers write in the form that players know; any other key needs Apple's free form for all."""

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
    """A container's tags without those that describe the old file, and without repetitions for one language."""
    return {
        key: value
        for key, value in tags.items()
        if key.lower() not in FILE_TAGS and not (plain_key(key) != key.lower() and plain_key(key) in tags)
    }


def needs_free_form(muxer: str, tags: Mapping[str, str]) -> bool:
    """Whether a QuickTime or MP4 file must keep its tags in Apple's free form lest some be lost."""
    return muxer in PLAIN_TAGS and not {key.lower() for key in film_metadata(tags)} <= set(PLAIN_TAGS[muxer].split())


def picture_metadata(tags: Mapping[str, str]) -> dict[str, str]:
    """The picture stream's tags without those that describe its old packets."""
    return {key: value for key, value in tags.items() if plain_key(key) not in CODED_TAGS}


def plain_key(key: str) -> str:
    """Lower case, without the language that Matroska tags may bear (``BPS-eng``)."""
    name, _, language = key.lower().rpartition("-")
    return name if name and len(language) == 3 else key.lower()
