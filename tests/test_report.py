"""The report: one file, harmless whatever files are called, and the same every time."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from tests.test_observe import frame, measured
from vidcolor.errors import OutputError
from vidcolor.pipeline.plan import Manifest, ShotEntry
from vidcolor.pipeline.report import ReportInput, report_text, write_report
from vidcolor.pipeline.report_page import embedded
from vidcolor.pipeline.report_pictures import SIZES, size_for, stored
from vidcolor.pipeline.small_picture import jpeg
from vidcolor.types import Reference, Shot

LENGTH = 14
ODD = '</script><img src=x onerror=alert(1)> "O\'Brien" & Söhne\u2028.png'
CODES = ((110, 150), (150, 110), (128, 128), (100, 165))


def film_input(names: tuple[str, ...] = ("a.png", "b.png"), title: str = "film.mp4", shots: int = 4) -> ReportInput:
    """Shots in a few colours; the second flickers, the third has no reference and is flagged."""
    references = {
        name: Reference.of(name, np.full((30, 40, 3), (200 - 60 * k, 80, 60 * k), np.uint8))
        for k, name in enumerate(names)
    }
    entries, measures = [], []
    for n in range(shots):
        shot = Shot(n, n * LENGTH, (n + 1) * LENGTH)
        entry = ShotEntry(shot, (names[n % 2],), 0.9 - 0.05 * n, names[(n + 1) % 2], 0.3, 0.9)
        if n % 4 == 2:
            entry = ShotEntry(shot, runner_up=names[0], runner_up_score=0.2, flagged=True)
        cb, cr = CODES[n % 4]
        wild = 8 if n % 4 == 1 else 0
        frames = [frame(shot.start + t, cb, cr + wild * (t % 2), moment=t) for t in range(LENGTH)]
        explain = None if not entry.references else lambda luma: np.linspace(0, 1, 12).reshape(3, 4)
        entries.append(entry)
        measures.append(measured(frames, shot.start, shot, explain))
    manifest = Manifest(title, shots * LENGTH, Fraction(24), "refs", tuple(entries))
    return ReportInput(manifest, references, measures, [], ("Proved: all.",), ("a.png: has no colour",))


class Reader(HTMLParser):
    """Collects the elements of a page and what they load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_nothing_outside_is_asked_for_and_nothing_inside_may_ask() -> None:
    """No address in any element, and a policy that forbids all but the page's own style and script."""
    text = report_text(film_input())
    elements = Reader(text).elements
    assert not {tag for tag, _ in elements} & {"iframe", "object", "embed", "base", "form"}
    for tag, attributes in elements:
        for name in ("src", "href", "action", "srcset", "data"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#")), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    [policy] = [a["content"] for _, a in elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)


def test_names_that_people_wrote_stay_text() -> None:
    """Of the film, of references; in elements, in scripts, in attributes."""
    plain, odd = film_input(), film_input((ODD, "b.png"), title=ODD)
    tags = [[tag for tag, _ in Reader(report_text(given)).elements] for given in (plain, odd)]
    assert tags[0] == tags[1]
    text = report_text(odd)
    assert "<img src=x" not in text
    [film] = re.findall(r'<script type="application/json" id="film">(.*?)</script>', text)
    assert json.loads(film)["references"][0]["name"] == ODD


def test_embedded_values_cannot_end_their_element() -> None:
    """Whatever is in them, they come back."""
    values = {"name": "</ScRiPt><!--<script>", "number": 1.5, "none": None}
    assert "<" not in embedded(values)
    assert json.loads(embedded(values)) == values


def test_the_same_input_gives_the_same_page() -> None:
    """No date, no chance."""
    assert report_text(film_input()) == report_text(film_input())


def test_cards_come_worst_first() -> None:
    """So that the page is of use without its script too."""
    given = film_input()
    found = [int(a["data-shot"] or 0) for _, a in Reader(report_text(given)).elements if "data-shot" in a]
    assert set(found[:2]) == {1, 2}
    assert found[2:] == [0, 3]


def test_before_anything_is_rendered_there_is_a_report_too() -> None:
    """With pictures in black and white, or with none."""
    given = film_input()
    gray = jpeg(np.full((30, 40), 90, np.uint8), 80)
    for pictures in ([gray] * 4, []):
        text = report_text(replace(given, measures=[None] * 4, pictures=pictures, references={}))
        assert "not coloured yet" in text
        assert "Flicker</" not in text.split('<h2 id="storyboard"')[0]


def test_what_was_rendered_is_told_apart() -> None:
    """Some shots are, some are not; a cut after one that is not leaks nothing."""
    given = film_input()
    text = report_text(replace(given, measures=[given.measures[0], None, given.measures[2], None]))
    assert "2 of them coloured" in text


def test_a_dissolve_is_no_leak() -> None:
    """Where two shots melt into each other the colours of the first are meant to be there."""
    given = film_input(shots=2)
    leaking = measured(
        [frame(n, *(CODES[0] if n < LENGTH + 2 else CODES[1])) for n in range(LENGTH, 2 * LENGTH)], LENGTH
    )
    given = replace(given, measures=[given.measures[0], leaking])
    words = "begins in the colours of the shot before"
    assert words in report_text(given)
    melting = replace(given.manifest.entries[1], dissolve=6)
    manifest = replace(given.manifest, entries=(given.manifest.entries[0], melting))
    assert words not in report_text(replace(given, manifest=manifest)).split('id="how"')[0]


def test_pictures_shrink_with_the_number_of_shots() -> None:
    """The best size that fits; the lightest where none does."""
    rng = np.random.default_rng(1)
    picture = jpeg(rng.integers(0, 255, (270, 480, 3), np.uint8), 80)
    assert size_for([(picture, picture)] * 3, 10_000_000) == SIZES[0]
    many = [(picture, picture)] * 60
    size = size_for(many, 1_500_000)
    assert size not in (SIZES[0], SIZES[-1])
    assert sum(len(stored(one, size)) for pair in many for one in pair) <= 1_500_000
    assert size_for(many, 10) == SIZES[-1]
    assert size_for([]) == SIZES[0]
    assert stored(b"broken", SIZES[0]) == stored(b"", SIZES[0]) == ""


def test_upright_and_wide_pictures_keep_their_shape() -> None:
    """However small."""
    for shape in ((480, 270), (100, 480)):
        small = stored(jpeg(np.zeros(shape, np.uint8), 80), SIZES[-1])
        decoded = cv2.imdecode(np.frombuffer(b64decode(small), np.uint8), cv2.IMREAD_UNCHANGED)
        assert max(decoded.shape) == SIZES[-1].longest
        assert decoded.shape[0] / decoded.shape[1] == pytest.approx(shape[0] / shape[1], rel=0.05)


def test_a_disk_that_refuses_is_told(tmp_path) -> None:
    """In one sentence."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(tmp_path / "file" / "report.html", film_input(shots=1))
