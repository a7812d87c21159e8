"""Films without references, by the real command line: natural colours, and what a person may mend later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vidcolor.config import resolve
from vidcolor.errors import CheckpointError, ManifestError, ReferencesError
from vidcolor.model.checkpoint import build_network, save_network
from vidcolor.pipeline.manifest import load_manifest
from vidcolor.pipeline.run import PipelineConfig, colorize_film, match_film, run

SIZE = (128, 96)
SHOT = 14


def scene(number: int, moment: int) -> np.ndarray:
    """One of several scenes of shapes of their own, slowly moving; (96, 128, 3) uint8 sRGB."""
    rng = np.random.default_rng(number)
    picture = np.full((SIZE[1], SIZE[0], 3), 60 + 40 * number, np.uint8)
    for _ in range(5):
        x, y, size = (int(v) for v in rng.integers((0, 0, 10), (128, 96, 24)))
        shade = tuple(int(v) for v in rng.integers(30, 226, 3))
        if number % 2:
            cv2.rectangle(picture, (x + moment, y), (x + size + moment, y + size), shade, -1)
        else:
            cv2.circle(picture, (x + moment, y), size, shade, -1)
    noise = rng.integers(0, 12, picture.shape[:2])[..., None]
    return np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)


def write_film(path: Path, scenes: tuple[int, ...]) -> Path:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in scenes:
            for moment in range(SHOT):
                gray = cv2.cvtColor(scene(number, moment), cv2.COLOR_RGB2GRAY)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(gray, format="gray").reformat(format="yuv420p")))
        film.mux(stream.encode(None))
    return path


@pytest.fixture
def film(tmp_path):
    """A black-and-white film of three shots."""
    return write_film(tmp_path / "film.mp4", (0, 1, 2))


def command(*words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "vidcolor", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)


def chroma(path: Path) -> np.ndarray:
    """Cb over Cr of all frames, (frames, h, w) uint8."""
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray()[SIZE[1] :] for frame in film.decode(video=0)])


def test_a_film_is_coloured_proved_and_left_alone_the_second_time(film):
    first = command("run", film, "--json")
    assert first.returncode == 0, first.stderr
    summary = json.loads(first.stdout)
    assert summary["ok"]
    assert summary["verification"]["ok"]
    assert summary["shots"] == summary["shots_computed"] == summary["shots_without_reference"] == 3
    assert summary["references_used"] == {}
    assert summary["flagged"] == []
    out = film.with_name("film.color.mp4")
    assert np.abs(chroma(out).astype(int) - 128).mean() > 1
    again = command("run", film)
    assert "nothing had changed" in again.stdout
    assert "In natural colours, without a reference: 3 shots." in again.stdout


def test_the_manifest_names_no_references_and_the_report_does_not_miss_them(film):
    match_film(film)
    project = film.with_name("film.vidcolor")
    text = (project / "manifest.yaml").read_text()
    assert "\nreferences: none\n" in text
    assert text.count("reference: none") == 3
    manifest = load_manifest(project / "manifest.yaml")
    assert manifest.references is None
    assert not any(entry.flagged for entry in manifest.entries)
    report = (project / "report.html").read_text()
    assert "no reference fits" not in report
    assert '"score":null' in report.replace(" ", "")


def test_a_film_of_one_shot(tmp_path):
    film = write_film(tmp_path / "film.mp4", (1,))
    assert run(film).shots_computed == 1


def test_a_killed_run_goes_on_and_ends_as_an_unbroken_one(film, tmp_path):
    whole = tmp_path / "whole.mp4"
    run(film, out=whole, project=tmp_path / "whole.vidcolor")
    process = subprocess.Popen([sys.executable, "-m", "vidcolor", "run", str(film), "-q"])
    segments = film.with_name("film.vidcolor") / "segments"
    deadline = time.monotonic() + 200
    while not list(segments.glob("*.seal")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = len(list(segments.glob("*.seal")))
    assert finished
    assert run(film).shots_computed == 3 - finished
    assert film.with_name("film.color.mp4").read_bytes() == whole.read_bytes()


def stills(folder: Path, *numbers: int) -> Path:
    folder.mkdir()
    for number in numbers:
        cv2.imwrite(str(folder / f"scene{number}.png"), scene(number, 5)[..., ::-1])
    return folder


@pytest.mark.parametrize("verb", ["run", "colorize"])
def test_a_shot_given_a_reference_in_the_manifest_is_done_again_alone(film, tmp_path, verb):
    run(film)
    project = film.with_name("film.vidcolor")
    manifest, before = project / "manifest.yaml", chroma(film.with_name("film.color.mp4"))
    refs = stills(tmp_path / "stills", 0, 1, 2)
    head, entry, rest = manifest.read_text().partition("shot: 1")
    head = head.replace("\nreferences: none", f"\nreferences: {refs}  # mine")
    manifest.write_text(head + entry + rest.replace("reference: none", "reference: scene1.png", 1))
    mended = run(film) if verb == "run" else colorize_film(film, project)
    assert (mended.shots_computed, mended.frames_computed) == (1, SHOT)
    assert mended.references_used == {"scene1.png": 1}
    assert mended.shots_without_reference == 2
    after = chroma(film.with_name("film.color.mp4"))
    changed = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert all(changed[SHOT : 2 * SHOT])
    assert not any(changed[:SHOT] + changed[2 * SHOT :])
    assert run(film).shots_computed == 0


def test_words_of_a_person_stay_where_a_film_is_matched_anew_without_references(film, tmp_path):
    match_film(film)
    manifest = film.with_name("film.vidcolor") / "manifest.yaml"
    refs = stills(tmp_path / "stills", 1)
    text = manifest.read_text().replace("\nreferences: none", f"\nreferences: {refs}")
    head, entry, rest = text.partition("shot: 1")
    manifest.write_text(head + entry + rest.replace("reference: none", "reference: scene1.png", 1))
    match_film(film, config=resolve(PipelineConfig, None, ["ties.closeness=0.7"]))
    now = load_manifest(manifest)
    assert now.references == str(refs)
    assert [entry.references for entry in now.entries] == [(), ("scene1.png",), ()]


def test_references_given_later_are_matched_and_a_person_s_words_kept(film, tmp_path):
    match_film(film)
    manifest = film.with_name("film.vidcolor") / "manifest.yaml"
    head, entry, rest = manifest.read_text().partition("shot: 2")
    manifest.write_text(head + entry + rest.replace("saturation: 1.0", "saturation: 0.5", 1))
    match_film(film, stills(tmp_path / "stills", 0, 1, 2))
    now = load_manifest(manifest)
    assert now.references == str((tmp_path / "stills").resolve())
    assert [entry.references for entry in now.entries[:2]] == [("scene0.png",), ("scene1.png",)]
    assert now.entries[2].saturation == 0.5
    written = manifest.read_text()
    match_film(film)  # without --refs: by those that the manifest names
    assert manifest.read_text() == written


def test_a_reference_without_a_folder_gets_a_sentence(film):
    match_film(film)
    manifest = film.with_name("film.vidcolor") / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("reference: none", "reference: coat.png", 1))
    with pytest.raises(
        ManifestError, match=r"line \d+: shot 0 follows 'coat.png', but the manifest names no references"
    ):
        run(film)


def test_neither_batches_nor_workers_change_a_byte(film, tmp_path):
    """The automatic key frames are the same whoever colours them."""
    from vidcolor.pipeline.engines.choose import choose_engine

    run(film)
    one = film.with_name("film.color.mp4").read_bytes()
    batches = resolve(PipelineConfig, None, ["colorize.batch=3"])
    run(film, out=tmp_path / "batches.mp4", project=tmp_path / "batches", config=batches)
    run(film, out=tmp_path / "jobs.mp4", project=tmp_path / "jobs", engine=choose_engine("local", 2, None))
    assert (tmp_path / "jobs.mp4").read_bytes() == one
    assert (tmp_path / "batches.mp4").read_bytes() == one


@pytest.fixture
def colorful(tmp_path):
    """Weights of a small network that colours without references, and has learned nothing."""
    import torch

    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    network = build_network("colorful", {"width": 0.125})
    save_network(network, path, {"settings": json.dumps(network.settings())})
    return path


def test_a_model_without_references_colours_the_key_frames(film, colorful, tmp_path):
    done = command("run", film, "--model", colorful, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"]
    settings = (film.with_name("film.vidcolor") / "settings.yaml").read_text()
    assert f"name: {colorful}" in settings
    own = chroma(film.with_name("film.color.mp4"))
    same = tmp_path / "same.mp4"
    as_fallback = resolve(PipelineConfig, None, [f"colorize.automatic={colorful}"])
    run(film, out=same, project=tmp_path / "same", config=as_fallback)
    assert np.array_equal(chroma(same), own)
    run(film, out=tmp_path / "usual.mp4", project=tmp_path / "usual")
    assert not np.array_equal(chroma(tmp_path / "usual.mp4"), own)


def test_a_model_without_references_says_that_it_takes_none(film, colorful, tmp_path):
    refs = stills(tmp_path / "stills", 1)
    with pytest.raises(ReferencesError, match=r"small.safetensors takes no references, and --refs names .*stills"):
        run(film, refs, model=str(colorful))
    match_film(film, refs)
    with pytest.raises(ReferencesError, match=r"takes no references, and the manifest names .*stills"):
        run(film, model=str(colorful))
    wrong = resolve(PipelineConfig, None, ["colorize.automatic=gray2color-film"])
    with pytest.raises(CheckpointError, match=r"gray2color-film follows references: colorize.automatic takes a model"):
        run(film, config=wrong)
