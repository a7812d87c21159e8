"""Speed beside a plain transcode: the films measured, where time is entered, and the command as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from conftest import DrawFilm

import vidcolor
from vidcolor.bench import films
from vidcolor.bench.films import at_length, find_material
from vidcolor.bench.measure import COLD, WARM, Cost, Rounds, Run
from vidcolor.bench.sampler import Sampler
from vidcolor.bench.stages import STAGE_OF, STAGES, WAITING, phase_of, stage_of
from vidcolor.bench.transcode import transcode_command
from vidcolor.cli import main
from vidcolor.errors import ConfigError
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.encode import EncodeConfig
from vidcolor.pipeline.references import load_references


def frames_of(film: Path) -> int:
    """How many pictures of a film can be decoded."""
    with FilmReader(probe(film)) as reader:
        return sum(1 for _ in reader.frames())


@pytest.mark.parametrize(
    ("modules", "stage"),
    [
        (["vidcolor.pipeline.decode", "vidcolor.pipeline.render"], "decode"),
        (["vidcolor.flow", "vidcolor.pipeline.track", "vidcolor.pipeline.ahead"], "flow"),
        (["vidcolor.flow", "vidcolor.pipeline.smooth", "vidcolor.pipeline.ahead"], "smooth and fill"),
        (["vidcolor.color", "vidcolor.model.colorist", "vidcolor.pipeline.colorize"], "network"),
        (["vidcolor.pipeline.ahead", "vidcolor.pipeline.encode"], WAITING),
        (["vidcolor.pipeline.render"], "other"),
        ([], WAITING),
    ],
)
def test_a_thread_is_in_the_innermost_stage(modules: list[str], stage: str) -> None:
    assert stage_of(modules) == stage


def test_the_phase_is_the_outermost() -> None:
    assert phase_of(["vidcolor.pipeline.decode", "vidcolor.pipeline.verify", "vidcolor.pipeline.job"]) == "verify"
    assert phase_of(["vidcolor.pipeline.job"]) is None


def test_every_module_that_is_named_exists() -> None:
    assert [name for name in STAGE_OF if find_spec(name) is None] == []
    assert set(STAGE_OF.values()) < set(STAGES)


def working(module: str) -> ModuleType:
    """A stand-in for a module, with a function that keeps a core busy for some seconds of its thread's time.

    Like those of the road, it lets the interpreter go while it counts.
    """
    made = ModuleType(module)
    source = (
        "import time, zlib\ndef work(s):\n    end = time.thread_time() + s\n"
        "    while time.thread_time() < end: zlib.crc32(bytes(1000000))\n"
    )
    exec(compile(source, module, "exec"), made.__dict__)
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a clock for every thread")
def test_time_is_entered_under_the_stage_that_used_it() -> None:
    upsample, flow = working("vidcolor.pipeline.upsample"), working("vidcolor.pipeline.track")
    before = time.process_time()
    with Sampler(time.monotonic()) as sampler:
        sampler._phase = "colorize"
        threads = [
            threading.Thread(target=upsample.work, args=(0.6,)),
            threading.Thread(target=flow.work, args=(0.3,)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    used = time.process_time() - before
    stages = dict(sampler.stages)
    entered = stages["upsample"] + stages["flow"]
    assert stages["upsample"] / entered == pytest.approx(2 / 3, abs=0.12)
    assert 0.5 * used < entered < used + 0.1  # a crowded machine lets the sampler look less often


def test_the_ratio_is_that_of_each_round() -> None:
    """A machine that slows down between rounds slows both."""
    rounds = Rounds([Cost(1, 1), Cost(10, 1), Cost(2, 1)])
    rounds.runs["default", COLD] = [Run(Cost(s, 3), 24, 1, {"flow": s}, {}, None, None) for s in (2, 20, 6)]
    assert rounds.ratio(("default", COLD)) == 2
    assert rounds.processor_ratio(("default", COLD)) == 3
    assert rounds.typical(("default", COLD)).cost.seconds == 6


@pytest.mark.parametrize("frames", [5, 30])
def test_a_film_is_cut_and_looped_to_length(draw_film: DrawFilm, tmp_path: Path, frames: int) -> None:
    film = draw_film("film.mkv", frames=12, codec="libx264", sounds=["eng"])
    assert frames_of(at_length(film, frames, tmp_path)) == frames


def test_the_transcode_is_what_a_run_would_write(draw_film: DrawFilm, tmp_path: Path) -> None:
    film = draw_film("film.mkv", frames=6, pixel_format="gray")
    command = transcode_command(probe(film), EncodeConfig(crf=30, preset="veryfast"), tmp_path)
    assert command[command.index("-preset") + 1] == "veryfast"
    assert command[command.index("-crf") + 1] == "30"
    subprocess.run(command, check=True)
    [out] = tmp_path.glob("plain.*")
    info = probe(out)
    assert (info.codec, info.pixel_format, frames_of(out)) == ("h264", "yuv420p", 6)


def test_a_film_comes_with_its_references(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="go together"):
        find_material(tmp_path, None, tmp_path)


def test_without_film_the_sample_or_a_drawn_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawn film moves, and its references have colours."""
    assert find_material(None, None, tmp_path).film.name == "film.mp4"
    monkeypatch.setattr(vidcolor, "__file__", str(tmp_path / "vidcolor" / "__init__.py"))
    monkeypatch.setattr(films, "DRAWN_SECONDS", 0.5)
    material = find_material(None, None, tmp_path / "scratch")
    assert material.film.name == "drawn.mp4"
    with FilmReader(probe(material.film)) as reader:
        first, second = (frame.luma for frame in reader.frames(count=2))
    assert cv2.absdiff(first, second).any()
    references, _ = load_references(material.refs)
    assert len(references) == 2
    assert all(np.ptp(reference.rgb.astype(int), axis=2).max() > 50 for reference in references)


def test_bench_from_end_to_end(draw_film: DrawFilm, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, a JSON object and a picture; every share adds up."""
    film, refs = draw_film("a film.mkv", frames=12, size=(96, 64), codec="libx264"), tmp_path / "refs"
    refs.mkdir()
    cv2.imwrite(str(refs / "a.png"), np.random.default_rng(0).integers(0, 255, (64, 96, 3)).astype(np.uint8))
    words = ["bench", str(film), "--refs", str(refs), "--repeats", "1", "--frames", "8", "--lengths", "16", "-q"]
    words += ["--set", "colorize.lines=64", "--set", "match.lines=64", "--device", "cpu"]
    assert main([*words, "--json", "-o", str(tmp_path / "bench.svg")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["film"]["frames"] == 8
    assert [run["project"] for run in found["runs"]] == [COLD, WARM]
    for run in found["runs"]:
        assert run["ratio"] == pytest.approx(run["seconds"][0] / found["transcode"]["seconds"][0])
        assert sum(run["stages"].values()) == pytest.approx(1)
        assert sum(run["phases"].values()) == pytest.approx(1)
        assert run["phases"]["colorize"] > 0
        assert run["memory_mib"] is None or 100 < run["memory_mib"] < 4000
    assert found["runs"][1]["phases"].get("shots", 0) < 0.05  # what is kept is read
    assert [run["frames"] for run in found["lengths"]] == [16]
    drawn = ElementTree.parse(tmp_path / "bench.svg").getroot()
    assert {"default cold", "default warm", "plain transcode"} <= {element.text for element in drawn.iter()}


def test_a_failing_run_is_one_sentence(tmp_path: Path, draw_film: DrawFilm, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "refs").mkdir()
    film = draw_film("film.mkv", frames=3)
    assert main(["bench", str(film), "--refs", str(tmp_path / "refs"), "--repeats", "1", "-q"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_picture_is_an_svg(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "-o", "bench.png", "-q"]) == 1
    assert "ends in .svg" in capsys.readouterr().err
