"""Whatever befalls a run, the next one goes on and ends as an unbroken one; every fault strikes at a chosen stage."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from vidcolor.config import resolve
from vidcolor.errors import FilmError, ManifestError, OutputError
from vidcolor.pipeline import job
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.merge import Merged, merge
from vidcolor.pipeline.run import match_film, run
from vidcolor.pipeline.summary import RunSummary

SIZE, SHOTS, FRAMES = (96, 64), 3, 8
CONFIG = resolve(PipelineConfig, None, ["colorize.lines=32", "match.lines=32", "encode.codec=ffv1", "colorize.batch=8"])


def scene(shot: int, moment: int) -> np.ndarray:
    """(64, 96, 3) uint8 sRGB."""
    rng = np.random.default_rng(shot)
    picture = np.full((SIZE[1], SIZE[0], 3), 60 + 50 * shot, np.uint8)
    for _ in range(4):
        x, y, size = (int(v) for v in rng.integers((0, 0, 8), (90, 60, 20)))
        color = tuple(int(v) for v in rng.integers(30, 220, 3))
        cv2.circle(picture, (x + moment, y), size, color, -1)
    return picture


def draw(path: Path, first: int = 0) -> Path:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(SHOTS * FRAMES):
            gray = cv2.cvtColor(scene((first + number // FRAMES) % SHOTS, number % FRAMES), cv2.COLOR_RGB2GRAY)
            shown = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        film.mux(stream.encode(None))
    return path


@dataclass(frozen=True)
class Work:
    """A film, its references, a project, an output."""

    film: Path
    refs: Path
    project: Path
    out: Path

    def run(self, strike: Callable[[str, int], None] | None = None, overwrite: bool = False) -> RunSummary:
        """Run; ``strike`` is called at every step with the stage and how much of it is done."""
        heard = None if strike is None else lambda stage, done, total: strike(stage, done)
        return run(self.film, self.refs, self.out, self.project, CONFIG, overwrite, device="cpu", on_progress=heard)

    def segments(self) -> list[Path]:
        """The finished ones."""
        return sorted(path.with_suffix(".segment") for path in (self.project / "segments").glob("*.seal"))


def in_folder(folder: Path) -> Work:
    (folder / "out").mkdir()
    (folder / "refs").mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / "refs" / f"shot{number}.png"), scene(number, 3)[..., ::-1])
    return Work(draw(folder / "film.mkv"), folder / "refs", folder / "project", folder / "out" / "film.mkv")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Digest of what a run writes that nothing breaks."""
    work = in_folder(tmp_path_factory.mktemp("unbroken"))
    summary = work.run()
    assert summary.shots_computed == SHOTS
    return digest(work.out)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return in_folder(tmp_path)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def at(wanted: str, count: int, act: Callable[[], object]) -> Callable[[str, int], None]:
    """Do something once, when a stage has come so far."""
    waiting = [act]

    def strike(stage: str, done: int) -> None:
        if waiting and stage == wanted and done >= count:
            waiting.pop()()

    return strike


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("stage", "count", "finished"), [("shots", 5, 0), ("match", 1, 0), ("colorize", 12, 1), ("verify", 3, 3)]
)
def test_an_interrupted_run_goes_on(work: Work, unbroken: str, stage: str, count: int, finished: int) -> None:
    """Also after the film was put in place but not yet proved: it is known for the project's own."""
    with pytest.raises(KeyboardInterrupt):
        work.run(at(stage, count, interrupt))
    assert len(work.segments()) == finished
    assert [path for path in work.project.rglob("*") if ".part" in path.name] == []
    assert work.run().shots_computed == SHOTS - finished
    assert digest(work.out) == unbroken
    assert sorted(path.name for path in work.out.parent.iterdir()) == [work.out.name]


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_a_damaged_segment_is_rendered_again(work: Work, unbroken: str, damage: str) -> None:
    """And it alone."""
    with pytest.raises(KeyboardInterrupt):
        work.run(at("join", 0, interrupt))
    segment = work.segments()[1]
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 4
    segment.write_bytes(data if damage == "flip" else data[: len(data) // 2])
    assert work.run().shots_computed == 1
    assert digest(work.out) == unbroken


@pytest.mark.parametrize("change", ["cut", "other", "gone"])
def test_a_film_that_changes_under_the_run_poisons_nothing(work: Work, unbroken: str, change: str) -> None:
    """The run stops with a sentence; with the film put back, the next one ends as if nothing had been."""
    aside = work.film.with_name("aside")
    shutil.copy2(work.film, aside)

    def strike() -> None:
        if change == "cut":
            os.truncate(work.film, work.film.stat().st_size // 3)
        elif change == "other":
            os.replace(draw(work.film.with_name("other.mkv"), first=1), work.film)
        else:
            work.film.unlink()

    with pytest.raises(FilmError, match=r"film\.mkv"):
        work.run(at("colorize", 10, strike))
    os.replace(aside, work.film)
    work.run()
    assert digest(work.out) == unbroken


def test_references_that_change_under_the_run_change_nothing(work: Work, unbroken: str) -> None:
    """They were read when it began."""
    work.run(at("match", 1, lambda: shutil.rmtree(work.refs)))
    assert digest(work.out) == unbroken


def test_words_written_during_a_match_are_kept_and_followed(work: Work, unbroken: str) -> None:
    """And to take them back costs no rendering: the segments that were needed before are kept a while."""
    work.run()
    manifest = work.project / "manifest.yaml"
    cv2.imwrite(str(work.refs / "more.png"), scene(2, 3)[..., ::-1])

    def write() -> None:
        text = manifest.read_text()
        place = text.index("keep_gray: false", text.index("shot: 1"))
        manifest.write_text("# mine\n" + text[:place] + "keep_gray: true" + text[place + len("keep_gray: false") :])

    work.run(at("match", 1, write))
    text = manifest.read_text()
    assert text.startswith("# mine\n")
    assert text.count("keep_gray: true") == 1
    manifest.write_text(text.replace("keep_gray: true", "keep_gray: false"))
    assert work.run().shots_computed == 0


def test_a_slip_of_the_pen_during_a_match_is_not_overwritten(work: Work) -> None:
    """It gets a sentence, and stands as it was written."""
    match_film(work.film, work.refs, work.project, CONFIG, device="cpu")
    cv2.imwrite(str(work.refs / "more.png"), scene(2, 3)[..., ::-1])
    manifest = work.project / "manifest.yaml"
    with pytest.raises(ManifestError, match="manifest"):
        work.run(at("match", 1, lambda: manifest.write_text("shots: [")))
    assert manifest.read_text() == "shots: ["


@pytest.mark.parametrize("words", ["keep_gray: true", ""])
def test_what_is_saved_at_the_last_moment_stays(work: Work, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Between the last look at the manifest and its being replaced; an empty one is told of."""
    match_film(work.film, work.refs, work.project, CONFIG, device="cpu")
    cv2.imwrite(str(work.refs / "more.png"), scene(2, 3)[..., ::-1])
    manifest, waiting = work.project / "manifest.yaml", [words]

    def meanwhile(*args: Any) -> Merged:
        text = manifest.read_text().replace("keep_gray: false", words) if words else ""
        if waiting:
            waiting.pop()
            manifest.write_text(text)
        return merge(*args)

    monkeypatch.setattr(job, "merge", meanwhile)
    with nullcontext() if words else pytest.raises(ManifestError, match="empty"):
        match_film(work.film, work.refs, work.project, CONFIG, device="cpu")
    assert manifest.read_text().count(words) == (SHOTS if words else 1)


def test_somebody_s_film_that_appears_meanwhile_is_not_written_over(work: Work) -> None:
    """The look at the beginning is not enough: hours pass."""
    with pytest.raises(OutputError, match="exists already"):
        work.run(at("colorize", 1, lambda: work.out.write_text("precious")))
    assert work.out.read_text() == "precious"
    assert work.run(overwrite=True).shots_computed == 0


@pytest.mark.parametrize("garbage", [b"", b"\x00\xff\xfe", b'[{"a": 1}]', b'{"product": 3, "segments": {}}'])
def test_what_is_remembered_may_be_garbage(work: Work, unbroken: str, garbage: bytes) -> None:
    """It is made again."""
    with pytest.raises(KeyboardInterrupt):
        work.run(at("colorize", 20, interrupt))
    for name in ("state.json", "matched.json", "survey.npz", "settings.yaml"):
        (work.project / name).write_bytes(garbage)
    work.run()
    assert digest(work.out) == unbroken
