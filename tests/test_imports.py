"""The floor plan: imports go down only, and every room keeps to its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import vidcolor

PACKAGE = Path(__file__).parent.parent / "vidcolor"

GROUND = {"errors", "refusals", "types", "color", "flow", "wide_gamut"}
SETTINGS = {"yaml_node", "setting_types", "config"}

STAGES = {
    *("decode", "shots", "references", "match", "manifest", "segments", "colorize", "smooth", "propagate", "upsample"),
    *("encode", "mux", "evaluate", "ties"),
}
"""The verbs of the road. They speak in types and never import each other."""

COMPOSERS = {
    *("run", "job", "config", "render", "stretch", "shot_walk", "ghost", "survey", "plan_film", "reference_film"),
    *("reference_set", "project", "missing", "product", "verify", "trial", "film_report"),
    *("common_choice", "engines"),
}
"""The walk over the film: the only files that may import stages."""

MEDIA = {
    *("decode", "encode", "mux", "verify", "evaluate", "read_rgb", "film_file", "codecs", "containers"),
    *("output_format", "pictures", "pixel_format", "damage", "metadata", "stamps", "side_data"),
    *("stream_copies", "tag_copies", "luma_difference", "holding", "output_plan", "write_pictures", "picture_luma"),
    *("film_notes",),
}
"""The files of the pipeline that may open a film."""


@cache
def modules() -> dict[str, Path]:
    """All modules of the package by dotted name."""
    paths = {path: path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py")}
    return {".".join(name.parts).removesuffix(".__init__"): path for path, name in paths.items()}


@cache
def imports(module: str) -> frozenset[str]:
    """What a module imports, wherever in it, as dotted names of modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in modules() else str(node.module))
    return frozenset(found)


def own_imports(module: str) -> set[str]:
    """What a module imports of this package; the lazy face is nobody's floor."""
    return {name for name in imports(module) if name.startswith("vidcolor.")}


def floor(module: str) -> int:
    """Height of a module in the house."""
    _, *rooms = module.split(".")
    match rooms:
        case [name] if name in GROUND:
            return 0
        case [name] if name in SETTINGS:
            return 1
        case ["model", *_]:
            return 2
        case ["pipeline", *names]:
            return 4 if set(names) & COMPOSERS else 3
        case ["bench" | "turing", *_]:
            return 5
        case ["commands", *_]:
            return 6
        case ["cli"]:
            return 7
        case ["__main__"]:
            return 8
    raise AssertionError(f"{module} has no floor; give it one")


INNER = sorted(name for name in modules() if name != "vidcolor")


@pytest.mark.parametrize("module", INNER)
def test_imports_go_down_only(module: str) -> None:
    """Never to a higher floor."""
    assert {name for name in own_imports(module) if floor(name) > floor(module)} == set()


@pytest.mark.parametrize("module", INNER)
def test_there_are_no_circles(module: str) -> None:
    """No module reaches itself."""
    reached: set[str] = set()
    waiting = own_imports(module)
    while waiting:
        reached |= waiting
        waiting = set().union(*(own_imports(name) for name in waiting)) - reached
    assert module not in reached


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_stages_do_not_know_each_other(stage: str) -> None:
    """Only the composers do."""
    others = {f"vidcolor.pipeline.{name}" for name in (STAGES | COMPOSERS) - {stage}}
    assert own_imports(f"vidcolor.pipeline.{stage}") & others == set()


@pytest.mark.parametrize("module", [name for name in INNER if floor(name) == 3])
def test_only_composers_import_stages(module: str) -> None:
    """What helps a stage does not call one."""
    assert own_imports(module) & {f"vidcolor.pipeline.{name}" for name in STAGES} == set()


def test_nothing_in_the_pipeline_stands_above_run() -> None:
    """run is the top of the walk."""
    above = {name for name in INNER if "vidcolor.pipeline.run" in own_imports(name)}
    assert {name.split(".")[1] for name in above} <= {"bench", "commands"}


@pytest.mark.parametrize("module", [name for name in INNER if name.startswith("vidcolor.model")])
def test_the_model_knows_no_film(module: str) -> None:
    """Neither the pipeline nor the command line nor the types of a film."""
    rooms = {name.split(".")[1] for name in own_imports(module)}
    assert rooms <= {"model", "errors", "color", "flow"}


def packages(module: str) -> set[str]:
    """The foreign packages a module imports."""
    return {name.split(".")[0] for name in imports(module)}


@pytest.mark.parametrize("module", INNER)
def test_every_package_has_its_place(module: str) -> None:
    """Films are opened by the media files, cuts judged in one file, YAML read in few, bars drawn on the console."""
    name = module.rpartition(".")[2]
    foreign = packages(module)
    if module.startswith("vidcolor.pipeline."):
        assert name in MEDIA or "av" not in foreign
        assert "yaml" not in foreign or name == "manifest_text"
    assert "scenedetect" not in foreign or module == "vidcolor.pipeline.shots"
    assert "tqdm" not in foreign or module == "vidcolor.commands.console"
    assert "argparse" not in foreign or floor(module) >= 6


def test_there_is_no_drawer_for_everything() -> None:
    """A file has a name for what it does."""
    assert not {"utils", "util", "helpers", "misc", "common"} & {name.rpartition(".")[2] for name in modules()}


@pytest.mark.parametrize("module", [name for name in INNER if floor(name) < 6])
def test_the_library_is_silent(module: str) -> None:
    """No print, no logging: callbacks and return values instead."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert "print" not in calls
    assert "logging" not in packages(module)


def test_the_face_exports_what_it_says() -> None:
    """Every name of the face can be had."""
    assert dir(vidcolor) == sorted(vidcolor.__all__)
    for name in vidcolor.__all__:
        assert getattr(vidcolor, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        vidcolor.nothing  # noqa: B018


def test_the_face_costs_nothing() -> None:
    """Importing the package imports nothing heavy."""
    code = "import sys, vidcolor; assert not {'torch', 'cv2', 'av', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
