"""The command line: its words, its answers, its exit statuses; the pipeline itself is played by a stand-in."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from vidcolor import __version__
from vidcolor.cli import main
from vidcolor.errors import FilmError
from vidcolor.pipeline.engines.processes import ProcessEngine
from vidcolor.pipeline.presets import PRESETS
from vidcolor.pipeline.settings import ModelNote, save_settings


@dataclass(frozen=True)
class Encode:
    codec: str | None = None
    crf: int | None = None
    preset: str | None = None


@dataclass(frozen=True)
class Shots:
    threshold: float = 3.0


@dataclass(frozen=True)
class PipelineConfig:
    encode: Encode = field(default_factory=Encode)
    shots: Shots = field(default_factory=Shots)


@dataclass(frozen=True)
class Answer:
    ok: bool = True
    frames: int = 12
    luma_psnr: float = float("inf")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def sentences(self) -> list[str]:
        return [f"{self.frames} frames"]


@dataclass
class Pipeline:
    """Stands in for the library, and remembers how it was called."""

    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    error: BaseException | None = None

    def function(self, name: str) -> Callable[..., Answer]:
        def call(*args: Any, **options: Any) -> Answer:
            self.calls.append((name, args, options))
            if on_progress := options.get("on_progress"):
                staged = name in ("run", "match_film", "colorize_film")
                _ = on_progress("shots", 3, 12) if staged else on_progress(3, None)
            if self.error is not None:
                raise self.error
            return self.answer

        return call


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The commands find the stand-in where they look for the library."""
    stand_in = Pipeline()
    homes = {
        "vidcolor.pipeline.run": ("run", "match_film", "colorize_film"),
        "vidcolor.pipeline.verify": ("verify",),
        "vidcolor.pipeline.evaluate": ("evaluate",),
    }
    for home, names in homes.items():
        module = ModuleType(home)
        for name in names:
            setattr(module, name, stand_in.function(name))
        module.PipelineConfig = PipelineConfig  # type: ignore[attr-defined]
        module.VerifyConfig = dict  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, home, module)
    return stand_in


def test_help_is_quick_and_needs_nothing_heavy() -> None:
    """Without torch, OpenCV, PyAV or numpy, which are what takes time."""
    code = (
        "import sys\nfrom vidcolor.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'torch', 'cv2', 'av', 'numpy', 'scenedetect'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    commands = ["run", "match", "colorize", "verify", "evaluate", "train", "models", "bench"]
    overview = subprocess.run([sys.executable, "-c", code, "--help"], check=True, capture_output=True, text=True)
    for command in commands:
        assert f"\n    {command} " in overview.stdout
    loop = f"for command in {commands!r}:\n" + "".join(
        f"    {line}\n" for line in code.replace("sys.argv[1:]", "[command, '--help']").splitlines()
    )
    subprocess.run([sys.executable, "-c", loop], check=True, capture_output=True)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """One line."""
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"vidcolor {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["paint"],
        ["run"],
        ["run", "--refs", "refs"],
        ["run", "film.mp4", "--refs", "refs", "--device", "gpu"],
        ["run", "film.mp4", "--refs", "refs", "--crf", "low"],
        ["run", "film.mp4", "--refs", "refs", "-q", "-v"],
        ["colorize", "film.mp4"],
        ["verify", "film.mp4"],
        ["train"],
        ["run", "film.mp4", "--refs", "refs", "--fast", "--best"],
        ["bench", "--repeats", "0"],
        ["run", "film.mp4", "--refs", "refs", "--jobs", "0"],
        ["run", "film.mp4", "--refs", "refs", "--engine", "tractor"],
    ],
)
def test_wrong_usage_is_status_2(words: list[str]) -> None:
    """As argparse has it."""
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2


def test_run_hands_everything_on(pipeline: Pipeline, tmp_path: Path) -> None:
    """Every word arrives where it belongs; --set wins over the options, and they over the file."""
    (tmp_path / "c.yaml").write_text("encode: {codec: ffv1, preset: slow}\nshots: {threshold: 4}\n")
    words = ["run", "f.mp4", "--refs", "r", "-o", "o.mp4", "--project", "p", "--device", "cuda:1", "--model", "m"]
    words += ["--config", str(tmp_path / "c.yaml"), "--codec", "x265", "--crf", "20", "--overwrite", "--jobs", "3"]
    assert main([*words, "--set", "encode.crf=21", "--set", "shots.threshold=2.5"]) == 0
    ((name, args, options),) = pipeline.calls
    assert name == "run"
    assert args == (Path("f.mp4"), Path("r"))
    assert options.pop("on_progress") is not None
    assert options.pop("on_notice") is not None
    assert options == {
        "out": Path("o.mp4"),
        "project": Path("p"),
        "config": PipelineConfig(Encode("x265", 21, "slow"), Shots(2.5)),
        "overwrite": True,
        "device": "cuda:1",
        "model": "m",
        "engine": ProcessEngine(3),
    }


def test_match_and_colorize_hand_everything_on(pipeline: Pipeline, tmp_path: Path) -> None:
    """The other two verbs of the pipeline."""
    assert main(["match", "f.mp4", "--refs", "r", "--project", "p"]) == 0
    assert main(["colorize", "f.mp4", "--project", str(tmp_path), "--preset", "fast"]) == 0
    match, colorize = pipeline.calls
    assert match[:2] == ("match_film", (Path("f.mp4"), Path("r")))
    assert match[2]["project"] == Path("p")
    assert colorize[:2] == ("colorize_film", (Path("f.mp4"), tmp_path))
    assert colorize[2]["config"] == PipelineConfig(Encode(preset="fast"))
    assert colorize[2]["engine"] is None  # the loop in this process


def test_a_preset_comes_before_the_file(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What --config and --set say wins over it."""
    monkeypatch.setitem(PRESETS, "fast", ("shots.threshold=2", "encode.preset=fast", "encode.crf=30"))
    (tmp_path / "c.yaml").write_text("encode: {preset: slow}\n")
    words = ["run", "f.mp4", "--refs", "r", "--fast", "--config", str(tmp_path / "c.yaml"), "--set", "encode.crf=21"]
    assert main(words) == 0
    assert pipeline.calls[0][2]["config"] == PipelineConfig(Encode(None, 21, "slow"), Shots(2.0))


def test_a_preset_comes_after_the_settings_of_the_project(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked for now."""
    monkeypatch.setitem(PRESETS, "best", ("shots.threshold=2",))
    save_settings(tmp_path / "settings.yaml", PipelineConfig(Encode("ffv1"), Shots(5.0)), ModelNote("old", "00"))
    assert main(["colorize", "f.mp4", "--project", str(tmp_path), "--best"]) == 0
    assert pipeline.calls[0][2]["config"] == PipelineConfig(Encode("ffv1"), Shots(2.0))


def test_colorize_starts_from_the_settings_of_the_project(pipeline: Pipeline, tmp_path: Path) -> None:
    """What was asked of the last run still holds, unless other words are given."""
    used = PipelineConfig(Encode("ffv1"), Shots(5.0))
    save_settings(tmp_path / "settings.yaml", used, ModelNote("old", "00"))
    words = ["colorize", "f.mp4", "--project", str(tmp_path)]
    assert main(words) == 0
    assert main([*words, "--set", "shots.threshold=6", "--model", "new"]) == 0
    first, second = (options for _, _, options in pipeline.calls)
    assert (first["config"], first["model"]) == (used, "old")
    assert (second["config"], second["model"]) == (PipelineConfig(Encode("ffv1"), Shots(6.0)), "new")


@pytest.mark.parametrize("words", [["run", "f", "--refs", "r"], ["verify", "f", "o"], ["evaluate", "o", "t"]])
def test_json_is_one_object_on_stdout(pipeline: Pipeline, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """Progress goes to stderr; infinity, which JSON does not know, is null."""
    assert main([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"ok": True, "frames": 12, "luma_psnr": None}
    assert "3" in err


def test_quiet_says_nothing(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither bars nor summary, and the library need not report."""
    assert main(["run", "f", "--refs", "r", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert pipeline.calls[0][2]["on_progress"] is None


def test_summaries_are_sentences(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the library; verify and evaluate give a line for every figure."""
    main(["run", "f", "--refs", "r"])
    assert capsys.readouterr().out == "12 frames\n"
    main(["verify", "f", "o"])
    assert capsys.readouterr().out.splitlines() == ["ok         yes", "frames     12", "luma_psnr  inf"]


def test_verbose_shows_the_settings(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, as YAML."""
    main(["run", "f", "--refs", "r", "-v", "--json"])
    out, err = capsys.readouterr()
    assert "threshold: 3.0" in err
    json.loads(out)


@pytest.mark.parametrize(
    "words", [["run", "f", "--refs", "r"], ["colorize", "f", "--project", "p"], ["verify", "f", "o"]]
)
def test_a_broken_law_is_status_1(pipeline: Pipeline, words: list[str]) -> None:
    """Said by `ok`."""
    pipeline.answer = Answer(ok=False)
    assert main(words) == 1


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (FilmError("f.mp4: this is\nno film"), 1, "vidcolor: f.mp4: this is no film"),
        (KeyboardInterrupt(), 130, "vidcolor: interrupted; the same command goes on from here"),
        (
            OSError(errno.ENOSPC, "No space", "a.mp4"),
            1,
            "vidcolor: a.mp4: the disk is full; make room and run the same",
        ),
        (OSError(errno.EROFS, "Read-only"), 1, "vidcolor: the disk is read-only"),
        (MemoryError(), 1, "vidcolor: the memory does not suffice"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), 1, "vidcolor: the memory does not suffice"),
    ],
)
def test_errors_are_one_line(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str], error: BaseException, status: int, line: str
) -> None:
    """And an exit status; nothing on stdout."""
    pipeline.error = error
    assert main(["run", "f", "--refs", "r", "-q"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip().startswith(line)
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("error", [ValueError("ours"), RuntimeError("ours"), FileNotFoundError(errno.ENOENT, "ours")])
def test_our_own_mistakes_show_their_traceback(pipeline: Pipeline, error: Exception) -> None:
    """They are not dressed up as the person's."""
    pipeline.error = error
    with pytest.raises(type(error)):
        main(["run", "f", "--refs", "r", "-q"])


def test_verbose_errors_show_where_they_came_from(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback first, the line last."""
    pipeline.error = FilmError("no film")
    assert main(["run", "f", "--refs", "r", "-v"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1] == "vidcolor: no film"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("shots.treshold=2", "did you mean 'shots.threshold'?"),
        ("shots.threshold=high", "shots.threshold must be a number, got 'high'"),
    ],
)
def test_wrong_settings_are_one_line(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str], override: str, message: str
) -> None:
    """Status 1, and nothing is begun."""
    assert main(["run", "f", "--refs", "r", "--set", override]) == 1
    assert message in capsys.readouterr().err
    assert pipeline.calls == []


def test_a_reader_that_leaves_is_no_error() -> None:
    """`vidcolor models | true` says nothing about pipes."""
    code = (
        "import sys, types; home = types.ModuleType('vidcolor.model.checkpoint'); home.shipped_models = lambda: [];"
        "other = types.ModuleType('vidcolor.model.untrained'); other.untrained_models = lambda: [];"
        "sys.modules |= {home.__name__: home, other.__name__: other};"
        "from vidcolor.cli import main; sys.exit(main(['models', '--json']))"
    )
    command = f'{sys.executable} -c "{code}" | true'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("film", ["none.mp4", "text.mp4"])
def test_the_real_library_behind_the_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], film: str) -> None:
    """A missing film and a text that is no film: one line that names it, and nothing left behind."""
    (tmp_path / "refs").mkdir()
    (tmp_path / "text.mp4").write_text("this is no film")
    assert main(["run", str(tmp_path / film), "--refs", str(tmp_path / "refs"), "-q"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("vidcolor: ")
    assert len(err.splitlines()) == 1
    assert film in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["refs", "text.mp4"]


def test_the_models_that_ship(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its size and its licence."""
    assert main(["models", "--json"]) == 0
    for model in json.loads(capsys.readouterr().out)["models"]:
        assert model["parameters"] > 0
        assert model["licence"]


def test_training_needs_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The configuration arrives at the library, which says what it lacks."""
    (tmp_path / "c.yaml").write_text(f"training: {{out: {tmp_path / 'out'}}}\n")
    assert main(["train", str(tmp_path / "c.yaml"), "--device", "cpu", "-q"]) == 1
    assert capsys.readouterr().err.startswith("vidcolor: ")
    assert main(["train", str(tmp_path / "none.yaml"), "-q"]) == 1
    assert "there is no such file" in capsys.readouterr().err


def test_bars_live_without_a_total() -> None:
    """Matroska does not say how many frames it has; the bar then only counts."""
    from vidcolor.commands.console import Bars

    bars = Bars()
    for done in (1, 2, 3):
        bars("shots", done, None)
    bars.close()
