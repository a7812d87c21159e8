"""Finished pieces, digests and the lock: what carries a name is whole, and two runs never share a project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.errors import ConfigError, FilmError, OutputError
from vidcolor.pipeline.files import temporary_name, write_text
from vidcolor.pipeline.lock import project_lock
from vidcolor.pipeline.segments import SegmentStore, film_digest, segment_digest
from vidcolor.pipeline.settings import ModelNote, load_settings, save_settings

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(), plain))
def test_digests_do_not_depend_on_the_order_of_keys(parts: dict[str, object]) -> None:
    """The same things in another order are the same."""
    assert segment_digest(parts) == segment_digest(dict(reversed(parts.items())))


@settings(max_examples=40)
@given(st.dictionaries(st.text(), plain), st.dictionaries(st.text(), plain))
def test_other_parts_have_another_digest(one: dict[str, object], other: dict[str, object]) -> None:
    """Equal digests mean equal parts."""
    if segment_digest(one) == segment_digest(other):
        assert one == other


def test_digests_are_the_same_for_ever() -> None:
    """A change of this value would cost every project its finished segments."""
    parts = {"film": "ä", "shot": (0, 12), "saturation": 1.0, "references": ["a", None]}
    assert segment_digest(parts) == "8c1c11ba5bb7e2bdefea8d45dbe952a5f1315cc597b05e94225bd4cdaaabfbf3"


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), Path("a")])
def test_what_has_no_fixed_form_is_refused(value: object) -> None:
    """A digest must not rest on how Python happens to print a thing."""
    with pytest.raises((TypeError, ValueError)):
        segment_digest({"value": value})


def test_a_segment_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Not before, and nothing else is left."""
    store = SegmentStore(tmp_path / "segments")
    with store.writing("abc") as temporary:
        temporary.write_bytes(b"film")
        assert temporary.suffix == ".nut"
        assert not store.has("abc")
    assert store.path("abc").read_bytes() == b"film"
    assert [path.name for path in store.folder.iterdir()] == ["abc.nut"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """Neither the segment nor its temporary file; the error goes on as it is."""
    store = SegmentStore(tmp_path / "segments")
    with pytest.raises(RuntimeError, match="film torn"), store.writing("abc") as temporary:  # noqa: PT012
        temporary.write_bytes(b"half")
        raise RuntimeError("film torn")
    assert list(store.folder.iterdir()) == []


def test_what_a_killed_run_left_is_cleaned(tmp_path: Path) -> None:
    """Temporary files of whichever process go, finished segments stay."""
    store = SegmentStore(tmp_path)
    store.path("abc").write_bytes(b"film")
    for name in ("abd.99999.part.nut", "abe.1.part.mkv"):
        (tmp_path / name).write_bytes(b"half")
    assert not store.has("abd")
    assert store.clean() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["abc.nut"]


def test_pruning_keeps_what_is_needed(tmp_path: Path) -> None:
    """And leaves temporary files to those who write them."""
    store = SegmentStore(tmp_path)
    for name in ("abc.nut", "abd.nut", "abe.5.part.nut"):
        (tmp_path / name).write_bytes(b"film")
    assert store.prune({"abc"}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["abc.nut", "abe.5.part.nut"]
    assert SegmentStore(tmp_path / "none").prune({"abc"}) == 0


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where a file stands in its place."""
    (tmp_path / "segments").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), SegmentStore(tmp_path / "segments").writing("abc"):
        pass


def test_a_text_is_replaced_in_one_go(tmp_path: Path) -> None:
    """The old text stays until the new one is whole."""
    path = tmp_path / "a" / "b.yaml"
    write_text(path, "ä\n")
    assert path.read_bytes() == "ä\n".encode()
    assert temporary_name(path).parent == path.parent
    assert [one.name for one in path.parent.iterdir()] == ["b.yaml"]


@settings(max_examples=40)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_small_films_are_read_whole(tmp_path_factory: pytest.TempPathFactory, one: bytes, other: bytes) -> None:
    """Every byte counts, the name does not."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "a").write_bytes(one)
    (folder / "b").write_bytes(other)
    assert (film_digest(folder / "a") == film_digest(folder / "b")) == (one == other)


@pytest.mark.parametrize("place", [0, 10**8, 10**9 - 1])
def test_large_films_are_sampled(tmp_path: Path, place: int) -> None:
    """Beginning, end and blocks between count, and it takes no time."""
    path = tmp_path / "film"
    with path.open("wb") as file:
        file.truncate(10**9)
    before = film_digest(path)
    place = place if place in (0, 10**9 - 1) else (10**9 - (1 << 16)) * 64 // 127
    with path.open("rb+") as file:
        file.seek(place)
        file.write(b"x")
    assert film_digest(path) != before


def test_a_lost_film_is_told(tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(FilmError, match="cannot be read"):
        film_digest(tmp_path / "film")


HOLD = "import sys; from pathlib import Path; from vidcolor.pipeline.lock import project_lock\n" + (
    "with project_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def test_two_runs_on_one_project(tmp_path: Path) -> None:
    """The second gets a sentence; when the first is killed, the next one works."""
    project = tmp_path / "film.vidcolor"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"held"
        with pytest.raises(OutputError, match=rf"another run \(process {other.pid}\)"), project_lock(project):
            pass
        other.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        other.wait()
    with project_lock(project):
        assert (project / "lock").read_text().strip() == str(os.getpid())
    with project_lock(project):
        pass


def test_a_project_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where a file stands in its place."""
    (tmp_path / "p").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), project_lock(tmp_path / "p"):
        pass


@dataclass(frozen=True)
class Inner:
    strength: float = 0.5


@dataclass(frozen=True)
class Settings:
    inner: Inner = field(default_factory=Inner)
    name: str | None = None


def test_settings_come_back(tmp_path: Path) -> None:
    """Settings, model and versions are on record, and further words win."""
    path = tmp_path / "settings.yaml"
    save_settings(path, Settings(Inner(0.25), "x"), ModelNote("film", "00ff"))
    assert load_settings(path, Settings) == (Settings(Inner(0.25), "x"), "film")
    assert load_settings(path, Settings, ("inner.strength=1",))[0] == Settings(Inner(1.0), "x")
    assert "vidcolor:" in path.read_text(encoding="utf-8")


def test_settings_of_another_version_are_told(tmp_path: Path) -> None:
    """With the line of the setting that is no more."""
    path = tmp_path / "settings.yaml"
    path.write_text("settings:\n  inner:\n    power: 3\n")
    with pytest.raises(ConfigError, match=r"line 3: there is no setting 'inner\.power'"):
        load_settings(path, Settings)
    path.write_text("setings:\n")
    with pytest.raises(ConfigError, match="did you mean 'settings'"):
        load_settings(path, Settings)
