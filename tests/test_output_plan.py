"""Which container and codec a film goes into, and what is refused before the work because it would be lost."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import DrawFilm
from tests.test_mux import colour, others, times
from vidcolor.errors import OutputError
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.encode import EncodeConfig, output_format
from vidcolor.pipeline.holding import MuxConfig
from vidcolor.pipeline.mux import mux_film
from vidcolor.pipeline.output_plan import fitting_encode
from vidcolor.pipeline.trial import check_holds, check_times
from vidcolor.pipeline.verify import VerifyConfig, verify


@pytest.mark.parametrize(
    ("name", "pixel_format", "codec"),
    [
        ("out.mp4", "yuv420p", None),
        ("out.webm", "yuv420p", "vp9"),
        ("out.avi", "yuv420p10le", "ffv1"),
        ("out.mxf", "yuv422p10le", "dnxhr"),
        ("out_%04d.png", "yuv420p", "pictures"),
        ("out.ts", "yuv420p12le", "x265"),
    ],
)
def test_container_chooses_the_codec(draw_film: DrawFilm, name: str, pixel_format: str, codec: str | None) -> None:
    """Where a person named none and the usual one does not go into it."""
    info = probe(draw_film(pixel_format=pixel_format, size=(256, 128), frames=1))
    assert fitting_encode(info, EncodeConfig(), Path(name)).codec in (codec, None if codec == "x265" else codec)
    assert output_format(info, fitting_encode(info, EncodeConfig(), Path(name))).codec == (codec or "x264")
    assert fitting_encode(info, EncodeConfig("prores"), Path(name)).codec == "prores"


def test_too_small_for_a_codec(draw_film: DrawFilm) -> None:
    """It is said, with those that would do."""
    info = probe(draw_film(size=(64, 48), frames=1))
    with pytest.raises(OutputError, match=r"dnxhr cannot hold the 8-bit luma of .* at 64x48; choose one of x264"):
        output_format(info, EncodeConfig("dnxhr"))


def test_streams_without_a_place_are_named(draw_film: DrawFilm) -> None:
    """Before the work, with the container that holds them and the setting that goes without."""
    film = draw_film("film.mkv", codec="libx264", frames=3, subtitles=("eng",), attachment=b"a font")
    info, out = probe(film), film.with_name("out.mp4")
    words = (
        r"out\.mp4 cannot hold stream 1 \(subtitle, subrip\) and stream 2 \(attachment, .*\) of the film; "
        r"choose another container such as -o out\.mkv, or go without by --set mux\.leave_out=true\."
    )
    with pytest.raises(OutputError, match=words):
        check_holds(out, info, MuxConfig(), EncodeConfig())
    check_holds(out, info, MuxConfig(leave_out=True), EncodeConfig())
    check_holds(film.with_name("out.mkv"), info, MuxConfig(), EncodeConfig())


def test_tags_without_a_place_are_named(draw_film: DrawFilm) -> None:
    """Found by writing a frame of the film."""
    film = draw_film(
        "film.mp4", codec="libx264", frames=3, rotation=90, chapters=("One",), metadata={"title": "A film"}
    )
    info, out = probe(film), film.with_name("out.ts")
    with pytest.raises(
        OutputError, match=r"cannot hold rotation, chapters and metadata \(title\) of the film; go without"
    ):
        check_holds(out, info, MuxConfig(), EncodeConfig())
    check_holds(film.with_name("out.mov"), info, MuxConfig(), EncodeConfig())


def test_what_was_given_up_breaks_no_law(draw_film: DrawFilm) -> None:
    """It is listed; what was changed in silence still breaks one."""
    film = draw_film("film.mkv", codec="libx264", frames=6, subtitles=("eng",), chapters=("One",))
    out = film.with_name("out.ts")
    mux_film(colour(film), probe(film), out)
    assert not verify(film, out).ok
    found = verify(film, out, config=VerifyConfig(leave_out=True))
    assert (found.ok, found.problems) == (True, [])
    assert found.left_out == [
        "Stream 1 (subtitle, subrip) is missing from the copy.",
        "The film's chapters did not arrive in the copy.",
    ]
    assert not verify(draw_film("other.mkv", codec="libx264", frames=5), out, config=VerifyConfig(leave_out=True)).ok


@pytest.mark.parametrize(
    ("name", "config"),
    [("out.avi", EncodeConfig("ffv1")), ("out.avi", EncodeConfig("utvideo")), ("out.mxf", EncodeConfig("dnxhr"))],
)
def test_avi_and_mxf_keep_even_times(draw_film: DrawFilm, name: str, config: EncodeConfig) -> None:
    """Pictures and the times of all."""
    film = draw_film("film.mkv", size=(256, 128), frames=9, rate=25)
    out = film.with_name(name)
    info = probe(film)
    check_times(out, info, np.arange(9) * round(1 / (25 * info.time_base)))
    assert mux_film(colour(film, config), info, out) == []
    assert times(out) == times(film)
    assert verify(film, out).problems == []
    assert others(out) == []


def test_uneven_times_are_refused_where_only_a_rate_is_kept(draw_film: DrawFilm) -> None:
    """Late beginnings, uneven frames, rates that MXF does not know."""
    info = probe(draw_film("film.mkv", frames=3, rate=Fraction(25)))
    for pts, words in (([40, 80, 120], "begins at tick 40"), ([0, 40, 90], "frames of uneven length")):
        with pytest.raises(OutputError, match=words):
            check_times(Path("out.avi"), info, np.array(pts))
        check_times(Path("out.mkv"), info, np.array(pts))
    odd = probe(draw_film("odd.mkv", frames=3, rate=Fraction(20)))
    with pytest.raises(OutputError, match="cannot have 20 frames per second"):
        check_times(Path("out.mxf"), odd, np.array([0, 50, 100]))
