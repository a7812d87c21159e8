"""vidcolor clean over whole folders: verdicts, lists, journal, interruptions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from unfit_pictures import encode, gray, natural, poster, toned, write

from vidcolor.cli import main
from vidcolor.errors import TrainingError
from vidcolor.model.cleaning.clean import clean
from vidcolor.model.cleaning.config import Thresholds
from vidcolor.model.cleaning.walk import Found
from vidcolor.model.cleaning.workers import measure_all
from vidcolor.model.image_sets import load_images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six fit pictures of two classes, and one for every reason to reject."""
    folder = tmp_path_factory.mktemp("pictures") / "set"
    for seed in range(6):
        write(folder / ("cats" if seed < 3 else "dogs") / f"{seed}.jpg", natural(seed))
    bad, first = folder / "unfit", natural(0)
    write(bad / "cut.jpg", encode(natural(10))[:3000])
    write(bad / "text.jpg", b"this is no picture")
    write(bad / "small.png", natural(11, (60, 80)))
    write(bad / "strip.jpg", natural(12, (140, 700)))
    write(bad / "gray.jpg", gray(natural(13)))
    write(bad / "sepia.jpg", toned(natural(14)))
    write(bad / "poster.png", poster(15))
    write(bad / "blurred.jpg", cv2.GaussianBlur(natural(16), (0, 0), 3))
    write(bad / "equal.jpg", (folder / "cats" / "0.jpg").read_bytes())
    write(bad / "resized.jpg", cv2.resize(first, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA))
    write(folder / "notes.txt", b"no image, by its name")
    return folder


def _reasons(out: Path) -> dict[str, list[str]]:
    lines = [json.loads(line) for line in (out / "rejected.jsonl").read_text().splitlines()]
    return {Path(line["path"]).name: list(line["reasons"]) for line in lines}


EXPECTED = {
    "cut.jpg": ["corrupt"],
    "text.jpg": ["corrupt"],
    "small.png": ["too_small"],
    "strip.jpg": ["odd_aspect"],
    "gray.jpg": ["near_monochrome"],
    "sepia.jpg": ["near_monochrome"],
    "poster.png": ["unusual_colors"],
    "blurred.jpg": ["blurry"],
    "equal.jpg": ["duplicate"],
    "resized.jpg": ["near_duplicate"],
}


def test_every_fault_is_found_and_nothing_else(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main(["clean", str(folder), "-o", str(tmp_path / "out"), "--jobs", "1", "--json"]) == 0
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert _reasons(tmp_path / "out") == EXPECTED
    assert (answer["images"], answer["accepted"], answer["rejected"]) == (16, 6, 10)
    assert answer["reasons"] == {
        "corrupt": 2, "too_small": 1, "odd_aspect": 1, "near_monochrome": 2, "unusual_colors": 1, "blurry": 1,
        "duplicate": 1, "near_duplicate": 1,
    }  # fmt: skip
    side = next(test for test in answer["thresholds"] if test["setting"] == "clean.min_side")
    assert side == {"setting": "clean.min_side", "reason": "too_small", "value": 128, "rejected": 1, "alone": 1}
    assert "measure" in printed.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    sheet = cv2.imread(answer["sheet"])
    assert sheet is not None
    assert sheet.shape[1] < 1600


def test_a_copy_names_what_is_kept(folder: Path, tmp_path: Path) -> None:
    clean([folder], tmp_path, Thresholds())
    lines = map(json.loads, (tmp_path / "rejected.jsonl").read_text().splitlines())
    told = {Path(line["path"]).name: line["reasons"] for line in lines}
    best = str(folder / "cats" / "0.jpg")
    assert told["resized.jpg"]["near_duplicate"]["kept"] == best
    assert told["equal.jpg"]["duplicate"]["kept"] == best
    assert told["cut.jpg"]["corrupt"]["error"]
    assert told["small.png"]["too_small"] == {"min_side": 60}


def test_training_reads_the_list_with_its_classes(folder: Path, tmp_path: Path) -> None:
    clean([folder], tmp_path, Thresholds())
    pictures = load_images([tmp_path / "accepted.txt"], 256)
    assert sorted(pictures.labels) == ["cats"] * 3 + ["dogs"] * 3
    whole = load_images([folder / "dogs"], 256)
    for picture in whole.images:
        assert any(np.array_equal(picture, listed) for listed in pictures.images)


def test_shards_are_cleaned_and_read_by_name(tmp_path: Path) -> None:
    files = {"0.jpg": encode(natural(0)), "1.jpg": encode(gray(natural(1))), "2.jpg": encode(natural(2))}
    shard = tmp_path / "shards" / "a.tar"
    shard.parent.mkdir()
    with tarfile.open(shard, "w") as tar:
        for name, content in {**files, "0.cls": b"people/x/cat"}.items():
            path = write(tmp_path / "loose" / name, content)
            tar.add(path, name)
    summary = clean([shard.parent], tmp_path / "out", Thresholds())
    assert (summary.images, summary.accepted) == (3, 2)
    accepted = (tmp_path / "out" / "accepted.txt").read_text().splitlines()
    assert accepted == [f"{shard}/0.jpg", f"{shard}/2.jpg"]
    assert load_images([tmp_path / "out" / "accepted.txt"], 256).labels == ["people/x/cat", ""]


def test_a_list_that_names_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# mine\n\nmissing.jpg\n")
    with pytest.raises(TrainingError, match=r"line 3 of .* names missing\.jpg"):
        load_images([tmp_path / "list.txt"], 256)


def test_other_thresholds_measure_nothing_anew(folder: Path, tmp_path: Path) -> None:
    assert clean([folder], tmp_path, Thresholds()).measured == 16
    loose = clean([folder], tmp_path, Thresholds(min_side=None, max_blur=None, duplicates=False, max_aspect=None))
    assert loose.measured == 0
    assert {"too_small", "blurry", "odd_aspect", "duplicate"} & {
        r for rs in _reasons(tmp_path).values() for r in rs
    } == set()
    assert loose.accepted > 6


def test_a_changed_file_is_measured_again_and_a_deleted_one_forgotten(tmp_path: Path) -> None:
    for seed in range(3):
        write(tmp_path / "set" / f"{seed}.jpg", natural(seed))
    assert clean([tmp_path / "set"], tmp_path / "out", Thresholds()).accepted == 3
    write(tmp_path / "set" / "1.jpg", gray(natural(1)))
    (tmp_path / "set" / "2.jpg").unlink()
    again = clean([tmp_path / "set"], tmp_path / "out", Thresholds())
    assert (again.images, again.measured, again.accepted) == (2, 1, 1)
    assert _reasons(tmp_path / "out") == {"1.jpg": ["near_monochrome"]}


def test_half_a_line_of_a_killed_run_is_measured_again(folder: Path, tmp_path: Path) -> None:
    clean([folder], tmp_path / "whole", Thresholds())
    journal = (tmp_path / "whole" / "measures.jsonl").read_bytes()
    write(tmp_path / "broken" / "measures.jsonl", journal[: len(journal) // 2])
    summary = clean([folder], tmp_path / "broken", Thresholds())
    assert 0 < summary.measured < 16
    assert (tmp_path / "broken" / "measures.jsonl").read_bytes() == journal
    for name in ("accepted.txt", "rejected.jsonl"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """Interrupted as a person would, and again by force; the third run ends as an unbroken one."""
    for seed in range(40):
        write(tmp_path / "set" / f"{seed:02}.png", natural(seed, (256, 300)))
    command = [sys.executable, "-m", "vidcolor", "clean", str(tmp_path / "set"), "--jobs", "1", "--json", "-q"]
    journal = tmp_path / "set.clean" / "measures.jsonl"
    for number in (signal.SIGINT, signal.SIGKILL):
        before = journal.stat().st_size if journal.exists() else 0
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if journal.exists() and journal.stat().st_size > before:
                break
            time.sleep(0.005)
        process.send_signal(number)
        process.communicate(timeout=60)
    answer = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)
    assert answer["images"] == answer["accepted"] == 40
    assert answer["measured"] < 40
    paths = (tmp_path / "set.clean" / "accepted.txt").read_text().splitlines()
    assert [Path(path).name for path in paths] == [f"{seed:02}.png" for seed in range(40)]


def test_processes_change_nothing(folder: Path, tmp_path: Path) -> None:
    clean([folder], tmp_path / "one", Thresholds(), jobs=1)
    clean([folder], tmp_path / "two", Thresholds(), jobs=2)
    for name in ("accepted.txt", "rejected.jsonl", "measures.jsonl", "rejected.png"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


class _Deadly(Found):
    """A picture whose decoder takes the process along."""

    def read(self) -> bytes:
        os._exit(3)


def test_a_decoder_that_crashes_costs_one_picture(folder: Path) -> None:
    good = [Found(str(path), "", path.stat().st_size, 0) for path in sorted((folder / "dogs").iterdir())]
    found = [*good[:1], _Deadly("deadly.jpg", "", 1, 0), *good[1:]]
    measured = list(measure_all(found, 1))
    assert [each.path for each in measured] == [each.path for each in found]
    assert [each.unread for each in measured] == [False, True, False, False]


def test_names_that_break_a_list_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "set" / "a.jpg", natural(0))
    write(tmp_path / "set" / "b\nc.jpg", natural(1))
    name = os.fsdecode(b"caf\xe9.jpg")  # Latin-1, no UTF-8
    write(tmp_path / "set" / name, natural(2))
    summary = clean([tmp_path / "set"], tmp_path / "out", Thresholds())
    assert summary.reasons["odd_name"] == 1
    assert len(load_images([tmp_path / "out" / "accepted.txt"], 64)) == summary.accepted == 2


def test_an_output_folder_inside_is_not_cleaned(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", gray(natural(0)))
    for _ in range(2):
        assert clean([tmp_path], tmp_path / "out", Thresholds()).images == 1
    assert (tmp_path / "out" / "rejected.png").is_file()


def _sentence(words: list[Any], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["clean", *map(str, words), "--json", "-q"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_mistakes_get_a_sentence(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    out = ["-o", tmp_path / "out"]
    assert "there is no such folder" in _sentence([tmp_path / "gone", *out], capsys)
    assert "there is no image in it" in _sentence([tmp_path / "empty", *out], capsys)
    assert "name each picture once" in _sentence([folder, folder / "cats", *out], capsys)
    assert "did you mean 'clean.max_blur'" in _sentence([folder, *out, "--set", "clean.max_blurr=3"], capsys)
    assert "max_hash_distance is 0 to 15" in _sentence([folder, *out, "--set", "clean.max_hash_distance=40"], capsys)
    assert "say with -o" in _sentence(["/"], capsys)
    write(tmp_path / "mine" / "accepted.txt", b"my own list\n")
    assert "of another origin" in _sentence([folder, "-o", tmp_path / "mine"], capsys)
    assert (tmp_path / "mine" / "accepted.txt").read_text() == "my own list\n"
    write(tmp_path / "out" / "measures.jsonl", b"something else\n")
    assert "line 1 of" in _sentence([folder, *out], capsys)


def test_thresholds_come_from_a_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "strict.yaml").write_text("clean:\n  min_side: 4000\n")
    assert main(["clean", str(folder), "-o", str(tmp_path / "out"), "--config", str(tmp_path / "strict.yaml")]) == 0
    assert "0 of 16 images are fit" in capsys.readouterr().out
