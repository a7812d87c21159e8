"""The luma of a film that was written as RGB pictures, read back in the film's own scale."""

from __future__ import annotations

from collections.abc import Iterator

from vidcolor.pipeline.film_file import reopen_film, video_stream
from vidcolor.pipeline.picture_rgb import luma_of_rgb
from vidcolor.pipeline.pictures import Pictures
from vidcolor.types import FilmInfo, Frame


def luma_of_pictures(pictures: FilmInfo, film: FilmInfo) -> Iterator[Frame]:
    """The frames of numbered pictures, their luma in code values of the ``film`` they were made from.

    Raises:
        FilmError: they can no longer be read.
    """
    with reopen_film(pictures) as container:
        decoded = Pictures(container, video_stream(container, pictures.video_stream))
        for index, (pts, picture) in enumerate(decoded):
            yield Frame(index, pts, luma_of_rgb(picture.to_ndarray(format="rgb48le"), film))
