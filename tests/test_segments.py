"""Finished pieces, digests and the lock: what carries a name is whole, and two runs never share a project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidcolor.errors import ConfigError, FilmError, OutputError
from vidcolor.pipeline.files import remove_temporaries, temporary_name, write_text
from vidcolor.pipeline.film_identity import WatchedFilm, film_digest
from vidcolor.pipeline.lock import project_lock
from vidcolor.pipeline.segments import SegmentStore, segment_digest
from vidcolor.pipeline.settings import ModelNote, load_settings, save_settings

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(), plain))
def test_digests_do_not_depend_on_the_order_of_keys(parts: dict[str, object]) -> None:
    """The same things in another order are the same."""
    assert segment_digest(parts) == segment_digest(dict(reversed(parts.items())))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
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
        assert not store.path("abc").exists()
    assert store.path("abc").read_bytes() == b"film"
    assert [path.name for path in store.folder.iterdir()] == ["abc.nut"]
    assert not store.has("abc")
    store.seal("abc")
    assert store.has("abc", ".nut")
    assert store.is_whole("abc")


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "lost", "seal cut", "seal garbage", "seal lost"])
def test_what_the_disk_did_to_a_segment_is_seen(tmp_path: Path, damage: str) -> None:
    """A changed size by a look at the folder, changed bytes by reading them; nothing raises."""
    store = SegmentStore(tmp_path)
    for suffix in (".nut", ".seam"):
        store.path("abc", suffix).write_bytes(b"coloured film")
    store.seal("abc")
    assert store.is_whole("abc")
    segment, seal = store.path("abc"), store.path("abc", ".seal")
    if damage == "flipped":
        segment.write_bytes(b"coloureD film")
    elif damage.startswith("seal"):
        changed = {"seal cut": seal.read_bytes()[:20], "seal garbage": b"[1, \xff", "seal lost": None}[damage]
        _ = seal.unlink() if changed is None else seal.write_bytes(changed)
    else:
        changed = {"cut": b"coloured", "emptied": b"", "lost": None}[damage]
        _ = segment.unlink() if changed is None else segment.write_bytes(changed)
    assert store.has("abc", ".nut") == (damage == "flipped")
    assert not store.is_whole("abc")


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
    for name in ("abd.nut.99999.part", "abe.mkv.1.part"):
        (tmp_path / name).write_bytes(b"half")
    assert store.clean() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["abc.nut"]


def test_pruning_keeps_what_is_needed(tmp_path: Path) -> None:
    """And leaves temporary files to those who write them."""
    store = SegmentStore(tmp_path)
    for name in ("abc.nut", "abd.nut", "abe.nut.5.part"):
        (tmp_path / name).write_bytes(b"film")
    assert store.prune({"abc"}) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["abc.nut", "abe.nut.5.part"]
    assert SegmentStore(tmp_path / "none").prune({"abc"}) == []


def test_pruning_spares_what_an_undo_would_need(tmp_path: Path) -> None:
    """The latest first, as far as the room goes; what an interrupted run made is the latest of all."""
    store = SegmentStore(tmp_path)
    for name in ("now", "new", "old", "older", "oldest"):
        store.path(name).write_bytes(bytes(100))
    assert store.prune({"now"}, ["old", "older", "oldest"], share=2.5) == ["new", "old"]
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["new", "now", "old"]


def test_only_the_temporaries_of_a_film_go(tmp_path: Path) -> None:
    """A folder of films is not ours: other people's files and half-written films of other names stay."""
    ours = ["a.color.mkv.7.part", "a.color.mkv.7.part.8.part"]
    others = ["a.color.mkv", "b.color.mkv.7.part", "a.color.mkv.part", "a.color.mp4.7.part", "a.part.2"]
    for name in ours + others:
        (tmp_path / name).write_bytes(b"x")
    assert remove_temporaries(tmp_path, tmp_path / "a.color.mkv") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)
    assert remove_temporaries(tmp_path / "none") == 0


@pytest.mark.parametrize("change", ["none", "touched", "copied back", "cut", "other", "gone"])
def test_a_film_that_changes_under_the_run_is_noticed(tmp_path: Path, change: str) -> None:
    """By its contents: a touch or a copy of the same is no change."""
    path = tmp_path / "film"
    path.write_bytes(b"abcdef")
    film = WatchedFilm(path)
    if change == "touched":
        os.utime(path, (1, 1))
    elif change == "copied back":
        path.unlink()
        path.write_bytes(b"abcdef")
    elif change == "cut":
        os.truncate(path, 3)
    elif change == "other":
        about = path.stat()
        path.write_bytes(b"abcxef")
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    elif change == "gone":
        path.unlink()
    if change in ("none", "touched", "copied back"):
        film.check()
        film.check()
    else:
        with pytest.raises(FilmError, match="run the same command again"):
            film.check()


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


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
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
        assert (project / "lock").read_text().split()[0] == str(os.getpid())
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
