"""The manifest: what is written is what is read, a person's words are never lost, mistakes are named by their line."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.errors import ManifestError, OutputError
from vidcolor.pipeline.manifest import (
    Manifest,
    ShotEntry,
    has_own_cuts,
    load_manifest,
    load_matched,
    merge,
    save_manifest,
    save_matched,
)
from vidcolor.pipeline.manifest_text import rounded, timecode
from vidcolor.types import Shot


def entry(index: int, start: int, stop: int, *references: str, **more: object) -> ShotEntry:
    return ShotEntry(Shot(index, start, stop), references, **more)  # type: ignore[arg-type]


def manifest(*entries: ShotEntry) -> Manifest:
    return Manifest("film.mp4", entries[-1].shot.stop, Fraction(25), "refs", entries)


THREE = manifest(
    entry(0, 0, 40, "a.png", score=0.9, runner_up="b.png", runner_up_score=0.5, explained=0.8),
    entry(1, 40, 41, score=0.1, flagged=True),
    entry(2, 41, 100, "b.png", "c d.png", score=0.75),
)

signs = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
names = st.text(signs, min_size=1).map(partial(normalize, "NFC"))
shares = st.floats(0, 1)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any film plan that can exist."""
    lengths = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
    entries, start = [], 0
    for index, length in enumerate(lengths):
        made = ShotEntry(
            shot=Shot(index, start, start + length),
            references=tuple(draw(st.lists(names, max_size=3))),
            score=draw(shares),
            runner_up=draw(st.none() | names),
            runner_up_score=draw(shares),
            explained=draw(shares),
            flagged=draw(st.booleans()),
            saturation=draw(st.floats(0, 4)),
            keep_gray=draw(st.booleans()),
        )
        entries.append(rounded(made))
        start += length
    return Manifest(draw(names), start, draw(st.fractions(Fraction(1, 10), 240)), draw(names), tuple(entries))


@settings(max_examples=40)
@given(manifests())
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, plan: Manifest) -> None:
    """Names with any sign in them survive, in the YAML and in the JSON."""
    folder = tmp_path_factory.mktemp("project")
    save_manifest(folder / "manifest.yaml", plan)
    save_matched(folder / "matched.json", plan)
    assert load_manifest(folder / "manifest.yaml") == plan
    assert load_matched(folder / "matched.json") == plan


@settings(max_examples=40)
@given(manifests(), manifests())
def test_saving_over_an_old_one_says_the_new(
    tmp_path_factory: pytest.TempPathFactory, old: Manifest, new: Manifest
) -> None:
    """Spliced or fresh, the file says what was saved."""
    path = tmp_path_factory.mktemp("project") / "manifest.yaml"
    save_manifest(path, old)
    moved = [replace(mine, shot=other.shot) for mine, other in zip(new.entries, old.entries, strict=False)]
    if len(moved) == len(old.entries):
        new = replace(new, frames=old.frames, entries=tuple(moved))
    save_manifest(path, new)
    assert load_manifest(path) == new


def test_the_file_speaks_to_a_person(tmp_path: Path) -> None:
    """Timecodes stand beside frame numbers, and a header says what may be changed."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#")
    assert "time: 00:00:01.640 - 00:00:04.000" in text
    assert "reference: none" in text
    assert "reference: [b.png, c d.png]" in text


def test_timecodes() -> None:
    """Hours, minutes, seconds, milliseconds, at a broken rate too."""
    assert timecode(0, Fraction(25)) == "00:00:00.000"
    assert timecode(90_000, Fraction(24000, 1001)) == "01:02:33.750"


def test_comments_and_order_stay(tmp_path: Path) -> None:
    """Only the values that changed are touched in a file that a person has worked on."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    text = path.read_text(encoding="utf-8").replace("score: 0.9\n", "score: 0.9  # not sure\n")
    text = text.replace("  keep_gray: false\n\n- shot: 1", "\n  # a title card\n- shot: 1").replace(
        "# The plan", "# MY plan"
    )
    text = text.replace("reference: none", "reference:\n    - x.png # lost\n    - y.png # second")
    path.write_text(text, encoding="utf-8")
    mine = load_manifest(path)
    assert mine.entries[1].references == ("x.png", "y.png")
    changed = replace(mine.entries[0], score=0.25, keep_gray=True)
    save_manifest(path, replace(mine, entries=(changed, *mine.entries[1:])))
    spliced = path.read_text(encoding="utf-8")
    assert "score: 0.25  # not sure" in spliced
    assert "keep_gray: true" in spliced
    assert "# a title card\n- shot: 1" in spliced
    assert "# MY plan" in spliced
    assert "x.png # lost" in spliced
    assert load_manifest(path).entries == (changed, *mine.entries[1:])


def test_saving_the_same_leaves_the_file_alone(tmp_path: Path) -> None:
    """Not even its date changes."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    save_manifest(path, THREE)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_other_shots_keep_the_old_file_beside(tmp_path: Path) -> None:
    """Where the shots themselves changed a person's file is put aside, not lost."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    old = path.read_text(encoding="utf-8")
    save_manifest(path, manifest(entry(0, 0, 100, "a.png")))
    assert (tmp_path / "manifest.old.yaml").read_text(encoding="utf-8") == old


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    """A slip of the pen must not cost a person's work."""
    path = tmp_path / "manifest.yaml"
    path.write_text("shots: [", encoding="utf-8")
    with pytest.raises(ManifestError):
        save_manifest(path, THREE)
    assert path.read_text(encoding="utf-8") == "shots: ["


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("saturation: 1.0", "saturation: much", "line {line}: shots[0].saturation must be a number, got 'much'"),
        ("saturation: 1.0", "saturation: 9", "shots[0].saturation must be a number from 0 to 4, got '9'"),
        ("saturation: 1.0", "saturation: .nan", "saturation must be a number"),
        ("saturation: 1.0", "saturtion: 1.0", "there is no 'saturtion' here; did you mean 'saturation'?"),
        ("keep_gray: false", "keep_gray: perhaps", "keep_gray must be true or false, got 'perhaps'"),
        ("start: 40", "start: 39", "shot 1 must start where shot 0 stops, at 40, not 39"),
        ("start: 0\n", "start: 1\n", "shot 0 must start with the film, at 0, not 1"),
        ("stop: 100", "stop: 99", "the last shot must stop with the film, at 100, not 99"),
        ("stop: 40\n", "stop: 0\n", "a shot must stop after it starts, got 0 to 0"),
        ("start: 40", "start: forty", "shots[1].start must be a frame number, got 'forty'"),
        ("  reference: none\n", "", "'reference' is missing"),
        ("  reference: none\n", "  reference: {a: b}\n", "reference must be a single value, got a section"),
        ("frames: 100", "frames: yes", "frames must be the number of frames"),
        ("rate: 25", "rate: 0", "rate must be frames per second"),
        ("shots:", "shot:", "there is no 'shot' here; did you mean 'shots'?"),
        ("shots:", "shots: {", "not well-formed YAML"),
    ],
)
def test_mistakes_are_named_by_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """File, line, what is wrong and what would be right, in one line."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load_manifest(path)
    line = text[: text.index(old)].count("\n") + 1
    assert message.format(line=line) in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_lost_reference_is_named(tmp_path: Path) -> None:
    """With the line of the entry that follows it."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    assert load_manifest(path, {"a.png", "b.png", "c d.png"}.__contains__) == THREE
    with pytest.raises(ManifestError, match=r"line 47: shot 2 follows 'c d.png', which is not among the references"):
        load_manifest(path, {"a.png", "b.png"}.__contains__)


def test_missing_and_empty_files_are_told(tmp_path: Path) -> None:
    """Both say what would be right."""
    with pytest.raises(ManifestError, match="no such file"):
        load_manifest(tmp_path / "manifest.yaml")
    (tmp_path / "manifest.yaml").write_text("# nothing\n")
    with pytest.raises(ManifestError, match="match again"):
        load_manifest(tmp_path / "manifest.yaml")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Where a file stands in the folder's place."""
    (tmp_path / "project").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save_manifest(tmp_path / "project" / "manifest.yaml", THREE)


def test_a_lost_memory_is_none(tmp_path: Path) -> None:
    """matched.json is ours: broken or missing, the machine simply does not remember."""
    assert load_matched(tmp_path / "matched.json") is None
    (tmp_path / "matched.json").write_text("{")
    assert load_matched(tmp_path / "matched.json") is None


def test_merge_keeps_what_a_person_changed() -> None:
    """Changed entries stay whole, all others follow the new match."""
    mine = replace(THREE, entries=(replace(THREE.entries[0], saturation=0.5), *THREE.entries[1:]))
    new = manifest(
        entry(0, 0, 40, "z.png", score=1.0), entry(1, 40, 41, "y.png", score=0.8), entry(2, 41, 100, "z.png", score=0.7)
    )
    merged = merge(THREE, mine, new)
    assert merged.manifest.entries == (mine.entries[0], *new.entries[1:])
    assert merged.kept == (0,)
    assert merged.lost == ()


def test_merge_with_no_memory_keeps_everything() -> None:
    """Without the machine's last answer every entry may be a person's."""
    new = manifest(entry(0, 0, 40, "z.png"), entry(1, 40, 41, "y.png"), entry(2, 41, 100, "z.png"))
    assert merge(None, THREE, new).manifest.entries == THREE.entries


def test_merge_over_other_shots() -> None:
    """A person's entry follows its frames; one whose frames are gone is told."""
    mine = replace(
        THREE,
        entries=(THREE.entries[0], replace(THREE.entries[1], keep_gray=True), replace(THREE.entries[2], flagged=True)),
    )
    new = manifest(
        entry(0, 0, 20, "q.png"),
        entry(1, 20, 40, "q.png"),
        entry(2, 40, 41, "q.png"),
        entry(3, 41, 90),
        entry(4, 90, 100),
    )
    merged = merge(THREE, mine, new)
    assert merged.manifest.entries[2] == replace(mine.entries[1], shot=Shot(2, 40, 41))
    assert [one.bounds for one in merged.lost] == [(41, 100)]


def test_own_cuts_are_seen() -> None:
    """A person's shots count where they differ from the machine's."""
    split = manifest(
        entry(0, 0, 20, "a.png"),
        entry(1, 20, 40, "a.png"),
        *(replace(one, shot=Shot(one.shot.index + 1, *one.bounds)) for one in THREE.entries[1:]),
    )
    assert has_own_cuts(THREE, split)
    assert not has_own_cuts(THREE, THREE)


def test_shots_that_do_not_tile_are_refused() -> None:
    """Whoever makes a manifest makes it whole."""
    with pytest.raises(ValueError, match="tile"):
        manifest(entry(0, 0, 10), entry(1, 11, 20))
    with pytest.raises(ValueError, match="tile"):
        Manifest("f", 21, Fraction(25), "r", (entry(0, 0, 20),))
