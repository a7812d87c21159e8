"""Whoever walks over the shots, the same files come out, and what is lost on the way is done again."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest
from test_run import command, scene, write_film

from vidcolor.config import resolve
from vidcolor.errors import EngineError, FilmError
from vidcolor.pipeline.engines.choose import choose_engine
from vidcolor.pipeline.engines.engine import Engine, Production, ShotTask
from vidcolor.pipeline.engines.on_ray import RayEngine, _share
from vidcolor.pipeline.engines.processes import ProcessEngine
from vidcolor.pipeline.engines.shot_worker import ShotWorker
from vidcolor.pipeline.run import PipelineConfig, RunSummary, colorize_film, match_film, run

SHOT = 8
SHOTS = 4
SETTINGS = ["colorize.lines=64", "match.lines=64", "keys.interval=6", "encode.preset=ultrafast"]
WORDS = [word for setting in SETTINGS for word in ("--set", setting)]


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film of four shots, and a project with all but the segments."""
    folder = tmp_path_factory.mktemp("matched")
    pictures = [scene(number % 3, moment + number) for number in range(SHOTS) for moment in range(SHOT)]
    write_film(folder / "film.mp4", pictures)
    (folder / "refs").mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / "refs" / f"scene{number}.png"), scene(number, 5)[..., ::-1])
    match_film(folder / "film.mp4", folder / "refs", config=resolve(PipelineConfig, None, SETTINGS), device="cpu")
    return folder


@pytest.fixture(scope="module")
def local(matched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, coloured by the loop in one process."""
    folder = copy_of(matched, tmp_path_factory.mktemp("local"))
    colour(folder, None)
    return folder


@pytest.fixture
def folder(matched: Path, tmp_path: Path) -> Path:
    """A copy to colour anew."""
    return copy_of(matched, tmp_path)


def copy_of(matched: Path, folder: Path) -> Path:
    shutil.copytree(matched, folder, dirs_exist_ok=True)
    return folder


def colour(folder: Path, engine: Engine | None, *more: str) -> RunSummary:
    config = resolve(PipelineConfig, None, [*SETTINGS, *more])
    return colorize_film(folder / "film.mp4", folder / "film.vidcolor", config=config, device="cpu", engine=engine)


def assert_same(folder: Path, local: Path) -> None:
    """The film and everything in the segments' folder."""
    assert (folder / "film.color.mp4").read_bytes() == (local / "film.color.mp4").read_bytes()
    assert files(folder) == files(local)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "film.vidcolor" / "segments").iterdir()}


class Backwards:
    """An engine of this test: the last shot first, everything pickled on its way."""

    def __init__(self) -> None:
        self.tasks: list[ShotTask] = []

    def render(
        self, production: Production, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]
    ) -> int:
        self.tasks = list(tasks)
        worker = ShotWorker.of(pickle.loads(pickle.dumps(production)))
        for task in reversed(tasks):
            worker.render(pickle.loads(pickle.dumps(task)), folder, lambda: None)
        worker.close()
        return 0


def test_the_work_on_a_shot_depends_on_nothing_but_its_task(folder, local):
    engine = Backwards()
    colour(folder, engine)
    assert_same(folder, local)
    assert [len(task) for task in engine.tasks] == [SHOT] * SHOTS


def test_a_long_shot_is_one_task_and_its_last_piece_goes_on_from_one_that_is_there(tmp_path, matched):
    write_film(tmp_path / "film.mp4", [scene(0, moment // 6) for moment in range(130)])
    config = resolve(PipelineConfig, None, [*SETTINGS, "colorize.stretch=100", "shots.threshold=50"])
    run(tmp_path / "film.mp4", matched / "refs", config=config, device="cpu")
    before = files(tmp_path)
    (tmp_path / "film.color.mp4").unlink()
    segments = tmp_path / "film.vidcolor" / "segments"
    (first,) = segments.glob("*.seam")
    for path in segments.iterdir():
        if path.stem != first.stem:
            path.unlink()
    engine = Backwards()
    colour(tmp_path, engine, "colorize.stretch=100", "shots.threshold=50")
    ((piece,),) = (task.pieces for task in engine.tasks)
    assert piece.before == first.stem
    assert files(tmp_path) == before


def test_two_processes_make_the_files_of_one(folder, local):
    words = ["--project", folder / "film.vidcolor", *WORDS, "--device", "cpu", "--jobs", "2", "--json"]
    done = command("colorize", folder / "film.mp4", *words)
    assert done.returncode == 0, done.stderr
    assert_same(folder, local)
    summary = json.loads(done.stdout)
    assert summary["shots_computed"] == SHOTS
    assert summary["shots_done_twice"] == 0


def test_the_shots_of_a_killed_worker_are_begun_again(folder, local):
    killer = Thread(target=kill_one, args=(folder / "film.vidcolor" / "segments",))
    killer.start()
    summary = colour(folder, ProcessEngine(2))
    killer.join()
    assert 1 <= summary.shots_done_twice <= 2
    assert any("begun again" in sentence for sentence in summary.sentences())
    assert_same(folder, local)


def kill_one(segments: Path) -> None:
    """Kill a worker once one of them has finished a shot."""
    deadline = time.monotonic() + 100
    while not list(segments.glob("*.segment")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)


class Deadly:
    """What kills a worker that unpacks it."""

    def __reduce__(self):
        return os._exit, (9,)


def test_workers_that_die_again_and_again_end_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("vidcolor.pipeline.engines.processes._MOST_LOSSES", 2)
    with pytest.raises(EngineError, match="fewer --jobs"):
        ProcessEngine(1).render(Deadly(), [ShotTask(0, ())], tmp_path, lambda done: None)


def test_what_a_worker_raises_comes_back_as_itself(folder):
    class ToNowhere(Backwards):
        def render(self, production, tasks, folder, on_frames):
            info = replace(production.source.info, path=folder / "gone.mp4")
            gone = replace(production, source=replace(production.source, info=info))
            return ProcessEngine(1).render(gone, tasks, folder, on_frames)

    with pytest.raises(FilmError, match=r"gone\.mp4"):
        colour(folder, ToNowhere())
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_run_and_the_next_one_goes_on(folder, local, number):
    words = ["colorize", folder / "film.mp4", "--project", folder / "film.vidcolor", *WORDS, "--jobs", "2"]
    line = [sys.executable, "-m", "vidcolor", *map(str, words), "--device", "cpu", "-q"]
    driver = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, start_new_session=True)
    segments = folder / "film.vidcolor" / "segments"
    deadline = time.monotonic() + 100
    while not (begun := list(segments.glob("*"))) and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert begun
    if number == signal.SIGINT:
        os.killpg(driver.pid, number)  # as a terminal does: every process of the group hears it
    else:
        driver.kill()
    told = driver.communicate(timeout=60)[1]
    if number == signal.SIGINT:
        assert driver.returncode == 130
        assert told == "\nvidcolor: interrupted; the same command goes on from here\n"
    while group_lives(driver.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    if number == signal.SIGINT:
        colour(folder, None)
        assert_same(folder, local)


def group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_words_of_the_command_line_choose():
    assert choose_engine("local", None, None) is None
    assert choose_engine("local", 1, None) is None
    assert choose_engine("local", 3, None) == ProcessEngine(3)
    with pytest.raises(EngineError, match="--engine ray"):
        choose_engine("local", None, "host:6379")


def test_a_cluster_is_asked_for_at_once(monkeypatch):
    monkeypatch.setattr("vidcolor.pipeline.engines.on_ray.find_spec", lambda name: name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        for address in (f"127.0.0.1:{server.getsockname()[1]}", f"ray://127.0.0.1:{server.getsockname()[1]}", "auto"):
            assert choose_engine("ray", 4, address) == RayEngine(address, 4)
    with pytest.raises(EngineError, match="No Ray cluster answers at 127"):
        choose_engine("ray", None, f"127.0.0.1:{silent_port()}")


def silent_port() -> int:
    """A port at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("machines", "device", "jobs", "share"),
    [
        ([{"CPU": 16}], "auto", None, (2, 0)),
        ([{"CPU": 1}, {"CPU": 1}], "cpu", None, (1, 0)),
        ([{"CPU": 16}, {"CPU": 16}], "auto", 4, (8, 0)),
        ([{"CPU": 4}, {"CPU": 4}], "auto", 1, (4, 0)),  # no worker is larger than a machine
        ([{"CPU": 4}], "auto", 9, (1, 0)),
        ([{"CPU": 16, "GPU": 2}], "auto", None, (8, 1)),
        ([{"CPU": 16, "GPU": 2}], "cpu", None, (2, 0)),
        ([{}, {"CPU": 8}], "auto", None, (2, 0)),  # a head that lends nothing
    ],
)
def test_the_share_of_a_worker(machines, device, jobs, share):
    assert tuple(_share(machines, device, jobs).values()) == share


def test_a_cluster_without_what_is_asked_for_gets_a_sentence():
    with pytest.raises(EngineError, match="no GPU"):
        _share([{"CPU": 4}], "cuda", None)
    with pytest.raises(EngineError, match="no processor"):
        _share([{}], "auto", None)


def test_without_ray_there_is_one_sentence(folder, monkeypatch):
    monkeypatch.setattr("vidcolor.pipeline.engines.on_ray.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'vidcolor\[ray\]'"):
        colour(folder, RayEngine())


@pytest.fixture(scope="module")
def ray() -> Iterator[object]:
    """A cluster of this machine alone."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = pytest.importorskip("ray", reason="Ray is not installed (pip install 'vidcolor[ray]')")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


def test_ray_makes_the_files_of_one_process(folder, local, ray):
    summary = colour(folder, RayEngine(jobs=2))
    assert_same(folder, local)
    assert summary.shots_done_twice == 0


def test_what_a_worker_on_ray_raises_comes_back_as_itself(folder, ray, monkeypatch):
    monkeypatch.setattr("vidcolor.pipeline.engines.on_ray.__version__", "0.0")
    with pytest.raises(EngineError, match=r"has vidcolor .*, and the machine that asks has 0\.0"):
        colour(folder, RayEngine())


@pytest.mark.parametrize("name", ["film.mp4", "scan", "scan/%03d.png"])
def test_a_machine_that_does_not_see_the_film_gets_a_copy(tmp_path, ray, name):
    from vidcolor.pipeline.engines.ray_desk import Shelf
    from vidcolor.pipeline.engines.ray_node import _fetch, _here
    from vidcolor.pipeline.film_identity import film_digest

    (tmp_path / "scan").mkdir()
    for file in ["film.mp4", "scan/001.png", "scan/002.png"]:
        (tmp_path / file).write_bytes(np.random.default_rng(0).bytes(5000))
    digest, node = film_digest(tmp_path / name), tmp_path / "node" / "film"
    node.parent.mkdir()

    def here(path: Path) -> Path:
        shelf = ray.remote(Shelf).remote(tmp_path / name, 1024)
        return _here(path, lambda film: film_digest(film) == digest, node, lambda folder: _fetch(shelf, folder))

    assert here(tmp_path / name) == tmp_path / name
    for _ in range(2):
        copy = here(tmp_path / "not_mounted" / name)
        assert node in copy.parents
        assert film_digest(copy) == digest
    shutil.rmtree(node)
    (tmp_path / "film.mp4").write_bytes(b"another film")
    (tmp_path / "scan" / "001.png").write_bytes(b"another picture")
    with pytest.raises(EngineError, match="was changed"):
        here(tmp_path / "not_mounted" / name)
