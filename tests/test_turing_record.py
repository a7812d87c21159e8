"""The file of answers: whole lines, nothing lost, nothing twice; and what is counted from it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vidcolor.errors import TuringError
from vidcolor.turing.entries import Answer, Entry, Session, Shown, from_line, to_line
from vidcolor.turing.record import open_record, read_entries
from vidcolor.turing.results import bootstrap_error, read_results, wilson
from vidcolor.turing.results_picture import draw
from vidcolor.turing.sequence import Trial

WORDS = st.text(min_size=1, max_size=9)
SIDE = st.sampled_from(["left", "right"])
ROUND = st.sampled_from(["practice", "test"])
TIMES = st.floats(0, 1e9)
TRIALS = st.builds(Trial, ROUND, WORDS, WORDS, SIDE)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(
        Session, WORDS, WORDS, st.integers(), TIMES, st.integers(1, 999), st.lists(TRIALS, min_size=1).map(tuple), WORDS
    ),
    st.builds(Shown, WORDS, st.integers(0, 99), TIMES),
    st.builds(
        Answer, WORDS, WORDS, st.integers(0, 99), ROUND, WORDS, WORDS, SIDE, SIDE, st.booleans(), TIMES,
        st.integers(0, 9), WORDS,
    ),
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "answers.jsonl"


@given(st.lists(ENTRIES, max_size=6), st.lists(ENTRIES, max_size=3), st.data())
def test_what_is_added_is_read_and_a_torn_end_is_cut(before: list[Entry], after: list[Entry], data: Any) -> None:
    """Wherever power went while a line was being written, all earlier ones stand, and later ones follow whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.jsonl"
        with open_record(path) as record:
            for entry in before:
                record.add(entry)
        whole = path.read_bytes()
        assert whole.count(b"\n") == len(before)
        torn = to_line(data.draw(ENTRIES)).encode()
        path.write_bytes(whole + torn[: data.draw(st.integers(0, len(torn) - 1))] + bytes(data.draw(st.integers(0, 9))))
        assert read_entries(path) == before
        with open_record(path) as record:
            assert record.entries == before
            for entry in after:
                record.add(entry)
        assert read_entries(path) == before + after


def test_every_line_is_on_the_disk_before_it_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushed line by line, and not merely handed to the system."""
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda number: flushed.append(path.read_bytes().count(b"\n")))
    with open_record(path) as record:
        for number in range(3):
            record.add(Shown("s", number, 1.0))
    assert flushed == [1, 2, 3]


def test_a_full_disk_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that could not be saved is not there, neither in the file nor in memory; the next one is."""

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with open_record(path) as record:
        record.add(Shown("s", 0, 1.0))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(TuringError, match=r"answers\.jsonl cannot be written: the disk is full"):
                record.add(Shown("s", 1, 1.0))
        record.add(Shown("s", 2, 1.0))
        assert record.entries == read_entries(path) == [Shown("s", 0, 1.0), Shown("s", 2, 1.0)]


def test_two_servers_do_not_share_a_file(path: Path) -> None:
    """The second is told."""
    with open_record(path), pytest.raises(TuringError, match="another `vidcolor turing`"), open_record(path):
        pass
    with open_record(path):
        pass


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"kind": "shown"}\n', "line 1 is no line of answers"),
        (b"not JSON\n", "it is no JSON"),
        (b'{"kind": "song"}\n', "neither a session nor an answer"),
        (to_line(Shown("s", 0, 1.0)).replace("1.0", "-1").encode(), "milliseconds cannot be -1"),
        (b"\x89PNG\r\n\x1a\n and so on", "line 1 is no line of answers"),
        (b"\xff\xd8 a picture without any end of line", "no file of answers"),
    ],
)
def test_other_files_are_left_alone(path: Path, data: bytes, words: str) -> None:
    """A sentence with the line, and not a byte of it changed."""
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(TuringError, match=words), open_record(path):
        pass
    assert path.read_bytes() == data


@given(ENTRIES)
def test_a_line_is_one_line(entry: Entry) -> None:
    """Whatever a name is made of."""
    line = to_line(entry)
    assert line.count("\n") == 1
    assert from_line(line.encode()) == entry


def session(name: str, rater: str, answers: str, model: str = "m") -> list[Entry]:
    """A session whose test answers are so: f for fooled, r for right; the last pair is never answered."""
    trials = tuple(Trial("test", f"{number}", model, "left") for number in range(len(answers) + 1))
    practice = Trial("practice", "p", model, "left")
    entries: list[Entry] = [Session(name, rater, 0, 1.0, 256, (practice, *trials), "now")]
    entries.append(Answer(name, rater, 0, "practice", "p", model, "left", "right", True, 1.0, 1, "now"))
    for number, letter in enumerate(answers):
        said = "right" if letter == "f" else "left"
        fooled = letter == "f"
        entries.append(
            Answer(name, rater, number + 1, "test", f"{number}", model, "left", said, fooled, 1.0, 1, "now")  # type: ignore[arg-type]
        )
    return entries


def write(path: Path, entries: list[Entry]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(map(to_line, entries)), encoding="utf-8")
    return path


def test_only_test_answers_are_counted_and_each_once(path: Path) -> None:
    """Practice is not; an answer told twice and a copy of the file are not; namesakes on two computers are two."""
    first = session("s1", "Anna", "fffr")
    write(path, first + first[-2:])
    write(path.with_name("copy.jsonl"), first)
    write(path.with_name("other.jsonl"), session("s2", "Anna", "rrrr"))
    results = read_results(path.parent)
    (model,) = results.models
    assert (model.answers, model.fooled_answers, model.raters, model.pictures) == (8, 3, 2, 4)
    assert [(one.rater, one.answers, one.pairs, one.fooled) for one in results.raters] == [
        ("Anna", 4, 5, 0.75), ("Anna", 4, 5, 0.0),
    ]  # fmt: skip
    assert model.interval == pytest.approx((0.136844, 0.694258), abs=1e-5)
    assert model.standard_error == pytest.approx(0.265, abs=0.01)  # 0.75 and 0 drawn twice: 0, 0.375 twice, 0.75
    json.dumps(results.to_json(), allow_nan=False)
    assert any("37.5 %" in line and "13.7 % to 69.4 %" in line for line in results.lines())


def test_nothing_to_count_gets_a_sentence(path: Path) -> None:
    """No file, no file in the folder, no test answer."""
    with pytest.raises(TuringError, match="cannot be read"):
        read_results(path)
    path.parent.mkdir()
    with pytest.raises(TuringError, match=r"no file of answers in it \(\*\.jsonl\)"):
        read_results(path.parent)
    with pytest.raises(TuringError, match="nobody has answered a test pair yet"):
        read_results(write(path, session("s", "Anna", "")))


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share(counts: tuple[int, int]) -> None:
    """Within 0 and 1, around the share, mirrored for the opposite answers, and solving its own equation."""
    successes, number = counts
    low, high = wilson(successes, number)
    share = successes / number
    assert 0 <= low <= share <= high <= 1
    assert (1 - high, 1 - low) == pytest.approx(wilson(number - successes, number), abs=1e-12)
    for bound in (low, high):  # |share - bound| is z standard errors of the bound
        if 0 < bound < 1:
            assert abs(share - bound) == pytest.approx(1.959964 * np.sqrt(bound * (1 - bound) / number), rel=1e-4)


def test_the_bootstrap_knows_that_raters_differ() -> None:
    """Raters who agree give the error of their answers at most; those who are all or nothing give much more."""
    assert bootstrap_error([3], [10]) is None
    assert bootstrap_error([5] * 8, [10] * 8) == 0
    assert bootstrap_error([0, 10] * 8, [10] * 16) == pytest.approx(0.5 / 4, abs=0.005)


def test_the_picture_has_a_row_for_every_model(path: Path) -> None:
    """A PNG that grows by a row; points lie where the shares are."""
    one = draw(read_results(write(path, session("s1", "Anna", "frrr", "a"))))
    two = draw(read_results(write(path, session("s1", "Anna", "frrr", "a") + session("s2", "Ben", "ffff", "b" * 60))))
    path.write_bytes(one)
    small = Image.open(path).convert("RGB")
    path.write_bytes(two)
    large = Image.open(path).convert("RGB")
    assert large.width == small.width
    assert large.height - small.height == 88
