"""What is said of a film before it is coloured."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest

from tests.conftest import DrawFilm, real_clip
from vidcolor.pipeline.decode import DecodeConfig, probe
from vidcolor.pipeline.film_notes import film_notes
from vidcolor.pipeline.shots import ShotConfig
from vidcolor.pipeline.survey import load_survey, save_survey, survey_film


def notes_on(film: Path) -> list[str]:
    """What is said of a film whose first reading was kept."""
    info = probe(film)
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "survey.npz"
        save_survey(kept, survey_film(info, ShotConfig(), limits=DecodeConfig()), {})
        survey = load_survey(kept, {})
    assert survey is not None
    return film_notes(info, survey.carried)


def test_an_ordinary_film_needs_no_words(draw_film: DrawFilm) -> None:
    """Whatever else travels with it."""
    film = draw_film(codec="libx264", sounds=("eng",), subtitles=("eng",), rotation=90)
    assert notes_on(film) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pixel_format": "yuva420p"}, "has an alpha channel, which is not kept"),
        ({"name": "film.webm", "codec": "libvpx-vp9", "picture_metadata": {"alpha_mode": "1"}}, "has an alpha channel"),
        ({"codec": "libx264", "codec_options": {"x264-params": "tff=1", "flags": "+ildct"}}, "is interlaced"),
    ],
)
def test_what_changes_is_said(draw_film: DrawFilm, options: dict, words: str) -> None:
    """One sentence with the film's path."""
    film = draw_film(**{"name": "film.mkv", **options})
    [note] = notes_on(film)
    assert note.startswith(str(film))
    assert words in note


def test_pictures_have_no_rate(tmp_path: Path) -> None:
    """The one that is taken is said, and how to say another."""
    cv2.imwrite(str(tmp_path / "p1.png"), np.zeros((8, 8), np.uint8))
    [note] = notes_on(tmp_path / "p%d.png")
    assert "24 frames per second" in note
    assert "decode.frame_rate" in note


def test_captions_inside_the_pictures_are_told() -> None:
    """They are no stream, and no encoder here writes them."""
    [note] = notes_on(real_clip("media/fragmented_captions.mp4"))
    assert "closed captions (CEA-608/708) inside its pictures, which is not kept" in note
