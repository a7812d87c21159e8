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
    load_manifest,
    load_matched,
    save_manifest,
    save_matched,
)
from vidcolor.pipeline.manifest_text import rounded, timecode
from vidcolor.pipeline.merge import has_own_cuts, merge
from vidcolor.pipeline.plan import Hint, Manifest, ShotEntry
from vidcolor.types import Shot


def entry(index: int, start: int, stop: int, *references: str, **more: object) -> ShotEntry:
    return ShotEntry(Shot(index, start, stop), references, **more)  # type: ignore[arg-type]


def manifest(*entries: ShotEntry) -> Manifest:
    return Manifest("film.mp4", entries[-1].shot.stop, Fraction(25), "refs", entries)


THREE = manifest(
    entry(0, 0, 40, "a.png", score=0.9, runner_up="b.png", runner_up_score=0.5, explained=0.8),
    entry(1, 40, 41, score=0.1, flagged=True),
    entry(2, 41, 100, "b.png", "c d.png", score=0.75, tied_to=1),
)

signs = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
names = st.text(signs, min_size=1).map(partial(normalize, "NFC"))
shares = st.floats(0, 1)


def hints(start: int, stop: int) -> st.SearchStrategy[Hint]:
    """Any colour point in frames ``start`` to ``stop``."""
    colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
    return st.builds(Hint, st.integers(start, stop - 1), shares, shares, colors, st.floats(0.001, 1))


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any film plan that can exist; the first shot is tied to none, and anchors are not tied."""
    lengths = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
    entries, start = [], 0
    for index, length in enumerate(lengths):
        references = tuple(draw(st.lists(names, max_size=3, unique=True)))
        anchors = [other.shot.index for other in entries if other.tied_to is None]
        made = ShotEntry(
            shot=Shot(index, start, start + length),
            references=references,
            weights=draw(st.just(()) | st.tuples(*(st.floats(0.01, 100) for _ in references))),
            strength=draw(st.just(1.0) | shares),
            temperature=draw(st.just(0.0) | st.floats(-100, 100)),
            dissolve=draw(st.integers(0, min(lengths[index - 1], length))) if index else 0,
            hints=tuple(draw(st.lists(hints(start, start + length), max_size=3))),
            tied_to=draw(st.none() | st.sampled_from(anchors)) if anchors else None,
            score=draw(shares),
            runner_up=draw(st.none() | names),
            runner_up_score=draw(shares),
            explained=draw(shares),
            flagged=draw(st.booleans()),
            saturation=draw(st.floats(0, 4)),
            keep_gray=draw(st.booleans()),
            keep_color=draw(st.booleans()),
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
    moved = [
        replace(
            mine,
            shot=other.shot,
            hints=tuple(replace(hint, frame=other.shot.start) for hint in mine.hints),
            dissolve=min(mine.dissolve, other.dissolve),
        )
        for mine, other in zip(new.entries, old.entries, strict=False)
    ]
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


def test_a_file_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """What was seen is no longer what would be replaced."""
    path = tmp_path / "manifest.yaml"
    assert save_manifest(path, THREE)
    seen, text = path.read_bytes(), path.read_text(encoding="utf-8") + "# by hand\n"
    path.write_text(text, encoding="utf-8")
    assert not save_manifest(path, replace(THREE, film="other.mp4"), seen)
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


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
        ("saturation: 1.0", "saturation: " + "9" * 400, "saturation must be a number, got '999999"),
        ("saturation: 1.0", "k" * 900 + ": 1.0", "there is no 'kkkkkkkkk"),
        ("saturation: 1.0", "saturtion: 1.0", "there is no 'saturtion' here; did you mean 'saturation'?"),
        ("keep_gray: false", "keep_gray: perhaps", "keep_gray must be true or false, got 'perhaps'"),
        ("start: 40", "start: 39", "shot 1 must start where shot 0 stops, at 40, not 39"),
        ("start: 0\n", "start: 1\n", "shot 0 must start with the film, at 0, not 1"),
        ("stop: 100", "stop: 99", "the last shot must stop with the film, at 100, not 99"),
        ("stop: 40\n", "stop: 0\n", "a shot must stop after it starts, got 0 to 0"),
        ("stop: 100", "stop: 99999999999999999999", "shots[2].stop must be a frame number, got '99999999999999999999'"),
        ("start: 40", "start: !!timestamp 9", "line {line}: cannot be read"),
        ("start: 40", "start: forty", "shots[1].start must be a frame number, got 'forty'"),
        ("  reference: none\n", "", "'reference' is missing"),
        ("  reference: none\n", "  reference: {a: b}\n", "reference.a must be the weight of this reference"),
        ("  reference: none\n", "  reference: {a: 0}\n", "a number from 0.01 to 100 such as 2, got '0'"),
        ("  reference: none\n", "  reference: [a: 2]\n", "several with weights are written {{a.jpg: 2, b.jpg: 1}}"),
        ("saturation: 1.0", "strength: 1.1", "shots[0].strength must be a number from 0 to 1, got '1.1'"),
        ("saturation: 1.0", "temperature: 4000", "temperature must be a number from -100 to 100, got '4000'"),
        ("saturation: 1.0", "temprature: 40", "there is no 'temprature' here; did you mean 'temperature'?"),
        (
            "saturation: 1.0",
            "dissolve: 12",
            "line {line}: nothing stands before the first shot that could melt into it",
        ),
        (
            "stop: 100",
            "stop: 100\n  dissolve: 41",
            "must not be longer than the shorter of the two: write 1 or less, not 41",
        ),
        ("stop: 100", "stop: 100\n  dissolve: -1", "dissolve must be a number of frames, 0 for a hard cut, got '-1'"),
        ("stop: 100", "stop: 100\n  dissolve: long", "dissolve must be a number of frames, 0 for a hard cut"),
        ("saturation: 1.0", "hints: 7", "hints must be a list of points such as - {{frame: 0, x: 0.5"),
        (
            "saturation: 1.0",
            "hints: [{frame: 40, x: 0, y: 0, color: '#ffffff'}]",
            "line {line}: frame 40 is not in this shot, whose frames are 0 to 39",
        ),
        (
            "saturation: 1.0",
            "hints: [{frame: 1, x: 2, y: 0, color: '#ffffff'}]",
            "hints[0].x must be a share from 0 to 1 of the picture's width, got '2'",
        ),
        ("saturation: 1.0", "hints: [{frame: 1, x: 0, y: 0, color: '#ffffff', radius: 0}]", "radius must be a share"),
        ("saturation: 1.0", "hints: [{frame: 1, x: 0, y: 0, color: red}]", "color must be a colour such as '#c8a078'"),
        ("saturation: 1.0", "hints: [{frame: 1, x: 0, y: 0}]", "'color' is missing"),
        ("saturation: 1.0", "hints: [{frame: 1, x: 0, y: 0, colour: red}]", "did you mean 'color'?"),
        (
            "saturation: 1.0",
            "hints: [{frame: 1, x: 0, color: #ffffff, y: 0}]",
            "line {line}: a colour must stand in quotes",
        ),
        ("saturation: 1.0", "hints:\n  - frame: 1\n    x: 0\n    y: 0\n    color: #ffffff", "in quotes, for without"),
        ("saturation: 1.0", "tied_to: 0", "line {line}: a shot cannot be tied to itself; name another, or none"),
        ("saturation: 1.0", "tied_to: 3", "there is no shot '3' to tie this one to; name one by its number, or none"),
        ("shot: 0", "shot: 0\n  tied_to: 2", "shot 2 is tied itself, to shot 1; tie this one to shot 1 as well"),
        ("shot: 1", "shot: 1\n  tied_to: 2", "shot 2 is tied itself, to shot 1; untie one of the two, or write none"),
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
    assert len(str(caught.value)) < 600


def test_a_lost_reference_is_named(tmp_path: Path) -> None:
    """With the line of the entry that follows it."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    assert load_manifest(path, {"a.png", "b.png", "c d.png"}.__contains__) == THREE
    with pytest.raises(ManifestError, match=r"line 5\d: shot 2 follows 'c d.png', which is not among the references"):
        load_manifest(path, {"a.png", "b.png"}.__contains__)


def test_a_hint_in_a_black_bar_is_named(tmp_path: Path) -> None:
    """With its own line, for a shot may have many."""
    path = tmp_path / "manifest.yaml"
    points = tuple(Hint(3, 0.5, y, "#c8a078") for y in (0.5, 0.05))
    save_manifest(path, manifest(entry(0, 0, 9, hints=points)))
    assert load_manifest(path, None, lambda shot, hint: True).entries[0].hints == points
    with pytest.raises(ManifestError, match=r"x 0.5, y 0.05 of frame 3 lies in a black bar; name a point of the"):
        load_manifest(path, None, lambda shot, hint: hint.y > 0.1)


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


def test_what_goes_without_saying_is_not_said(tmp_path: Path) -> None:
    """A person's further settings take no lines where nobody set them."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, manifest(entry(0, 0, 100, "a.png")))
    said = path.read_text(encoding="utf-8").partition("shots:")[2]
    assert not {"strength", "temperature", "dissolve", "hints", "tied_to"} & {
        line.partition(":")[0].strip() for line in said.splitlines()
    }


def test_a_person_writes_little(tmp_path: Path) -> None:
    """Frames and a reference are enough; a colour needs no sign before it."""
    path = tmp_path / "manifest.yaml"
    path.write_text(
        "film: f\nframes: 9\nrate: 25\nreferences: r\nshots:\n"
        "- {start: 0, stop: 4, reference: none}\n"
        "- {start: 4, stop: 9, reference: {a.png: 3, b.png: 1}, tied_to: 0,\n"
        "   hints: [{frame: 5, x: .5, y: 1, color: 'C8A078'}]}\n"
    )
    first, second = load_manifest(path).entries
    assert first == entry(0, 0, 4)
    assert second == entry(
        *(1, 4, 9, "a.png", "b.png"), weights=(3.0, 1.0), tied_to=0, hints=(Hint(5, 0.5, 1.0, "#c8a078", 0.1),)
    )


def test_equal_weights_are_none(tmp_path: Path) -> None:
    """However they are written."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, manifest(entry(0, 0, 9, "a.png", "b.png")))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("reference: [a.png, b.png]", "reference: {a.png: 2, b.png: 2}"), encoding="utf-8")
    assert load_manifest(path) == manifest(entry(0, 0, 9, "a.png", "b.png"))


def test_ties_hold_while_a_person_splits_and_joins(tmp_path: Path) -> None:
    """A tie names the number that the anchor's entry carries, wherever that entry has come to stand."""
    path = tmp_path / "manifest.yaml"
    save_manifest(path, THREE)
    text = path.read_text(encoding="utf-8")
    split = text.replace("  stop: 40\n", "  stop: 20\n", 1).replace(
        "\n- shot: 1\n", "\n- {start: 20, stop: 40, reference: none}\n\n- shot: 1\n"
    )
    path.write_text(split, encoding="utf-8")
    plan = load_manifest(path)
    assert [one.tied_to for one in plan.entries] == [None, None, None, 2]
    save_manifest(path, replace(plan, references="elsewhere"))
    assert load_manifest(path) == replace(plan, references="elsewhere")
    assert "shot: 3" in path.read_text(encoding="utf-8")
    assert "tied_to: 2" in path.read_text(encoding="utf-8")


def test_merge_after_splitting_takes_nobodys_entry_for_a_persons() -> None:
    """A tie whose anchor only got another number is still the machine's."""
    before = manifest(entry(0, 0, 40, "a.png"), entry(1, 40, 41), entry(2, 41, 100, tied_to=1))
    shots = (entry(0, 0, 20, "a.png"), entry(1, 20, 40, "b.png"), entry(2, 40, 41), entry(3, 41, 100, tied_to=2))
    merged = merge(before, manifest(*shots), manifest(*shots[:1], entry(1, 20, 40), *shots[2:]))
    assert merged.kept == (0, 1)
    assert merged.manifest.entries == shots


def test_merge_joins_shots_under_the_words_of_the_first() -> None:
    """An entry with the frames of two keeps what a person left in it."""
    joined = manifest(replace(THREE.entries[0], shot=Shot(0, 0, 41), strength=0.5), entry(1, 41, 100, "b.png"))
    merged = merge(THREE, joined, manifest(entry(0, 0, 41, "z.png", score=1.0), entry(1, 41, 100, "y.png")))
    assert merged.manifest.entries == joined.entries


@pytest.mark.parametrize(
    ("mine", "theirs", "merged"),
    [
        ((None, None, 0), (None, 0, 0), (None, 0, 0)),
        ((None, None, 1), (None, 0, 0), (None, None, 1)),  # the person's anchor is untied
        ((1, None, None), (None, None, 0), (1, None, 1)),  # the anchor of an anchor
        ((1, None, None), (None, 0, None), (1, None, None)),  # no circle
    ],
)
def test_merged_anchors_are_not_tied(
    mine: tuple[int | None, ...], theirs: tuple[int | None, ...], merged: tuple[int | None, ...]
) -> None:
    """Where a person's ties and new ones meet, the person's win."""
    bounds = ((0, 0, 40), (1, 40, 41), (2, 41, 100))
    plain, now, new = (
        manifest(*(entry(*place, tied_to=tie) for place, tie in zip(bounds, ties, strict=True)))
        for ties in ((None, None, None), mine, theirs)
    )
    assert tuple(one.tied_to for one in merge(plain, now, new).manifest.entries) == merged
