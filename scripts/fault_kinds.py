"""The faults: how each is brought about, what the run that meets it may say, and how the next run finds the world."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fault_case import STAGES, Case, Result, Run, digest

Act = Callable[[Case, Run, int], None]
"""Something done to a case while a run is under way; the number is the moment's, by which variants take turns."""


def nothing(case: Case, run: Run, turn: int) -> None:
    """The default."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    name: str
    what: str
    strike: Act = nothing
    statuses: tuple[int, ...] = (0, 1)
    """Exit statuses that the struck run may end with."""
    says: str = ""
    """A pattern in what it says where it ends with 1 (or with a signal's status)."""
    before: Callable[[Case], None] = lambda case: None
    """Makes the case ready."""
    child: Callable[[Case, int], Callable[[], None]] | None = None
    """Makes what is done in the struck run's own process before it begins."""
    mend: Act = nothing
    """Puts the world right again between the struck run and the next."""
    stages: tuple[str, ...] = STAGES
    """Stages in which it strikes."""
    whole: bool = True
    """Whether the segments finished before the next run must not be computed again."""
    cold: bool = False
    """Whether the struck run's first moment is tried from the very start of the program."""
    wide: bool = False
    """Whether the film has pixels that are not square, which takes the ffmpeg program."""
    moments: int | None = None
    """How many moments there are, where not as many as asked for."""
    check: Callable[[Case, Result], list[str]] | None = None
    """What must hold after the next run, in place of an output like the unbroken one's; gets its result."""
    blind: bool = False
    """Whether the run cannot be heard, so that it is struck by the clock alone."""


def signalled(number: int) -> Act:
    """Send a signal."""
    return lambda case, run, turn: run.send(number)


# ---------------------------------------------------------------- disks


def small_disk(place: str) -> Callable[[Case], None]:
    """Mount a disk of 24 MB in memory for the project or for the output."""

    def mount(case: Case) -> None:
        folder = case.project if place == "project" else case.out.parent
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "faults", str(folder)], check=True)
        case.notes["disk"] = folder

    return mount


def fill(case: Case, run: Run, turn: int) -> None:
    """Fill the small disk to the last byte (every other time to the last but a few thousand)."""
    folder = Path(str(case.notes["disk"]))
    left = (0, 9000, 60000)[turn % 3]
    case.notes["filler"] = filler = folder / "filler"
    room = os.statvfs(folder)
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - left)))
        while not left:
            file.write(bytes(4096))


def make_room(case: Case, run: Run, turn: int) -> None:
    """Take the filler away."""
    Path(str(case.notes["filler"])).unlink(missing_ok=True)


def immutable(place: str, flag: str) -> Act:
    """Make a folder (and what is in it) one that not even root can write to, or an ordinary one again."""

    def act(case: Case, run: Run, turn: int) -> None:
        folders = [case.out.parent] if place == "out" else [case.project, case.project / "segments"]
        for folder in folders:
            if folder.is_dir():
                subprocess.run(["chattr", flag, str(folder)], check=True)

    return act


def remove_output_folder(case: Case, run: Run, turn: int) -> None:
    """The output folder goes, as a share that is unplugged."""
    shutil.rmtree(case.out.parent, ignore_errors=True)


def restore_output_folder(case: Case, run: Run, turn: int) -> None:
    """It comes back, empty."""
    case.out.parent.mkdir(exist_ok=True)


def remove_project(case: Case, run: Run, turn: int) -> None:
    """Somebody deletes the project folder."""
    shutil.rmtree(case.project, ignore_errors=True)


# ---------------------------------------------------------------- inputs


def take_away(what: str) -> Act:
    """An input is moved elsewhere."""
    return lambda case, run, turn: os.replace(_input(case, what), case.folder / "elsewhere")


def bring_back(what: str) -> Act:
    """The input comes back as it was."""
    return lambda case, run, turn: os.replace(case.folder / "elsewhere", _input(case, what))


def cut_short(case: Case, run: Run, turn: int) -> None:
    """The film is cut short in place, as by a copy that goes wrong."""
    shutil.copy2(case.film, case.folder / "elsewhere")
    os.truncate(case.film, case.film.stat().st_size * (1 + turn % 3) // 4)


def put_another(what: str) -> Act:
    """An input is replaced by another one of its kind, of the same name (and of the same date)."""

    def act(case: Case, run: Run, turn: int) -> None:
        path = _input(case, what)
        about = path.stat()
        os.replace(path, case.folder / "elsewhere")
        other = case.folder.parent / "other" / ("film.mkv" if what == "film" else "shot3.png")
        shutil.copy(other, path)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        if what == "still":
            case.notes["damaged"] = 1  # a shot may have been finished by the other picture

    return act


def _input(case: Case, what: str) -> Path:
    return case.film if what == "film" else case.refs / "shot1.png"


# ---------------------------------------------------------------- locks, segments, memory of earlier runs


def second_run(case: Case, run: Run, turn: int) -> None:
    """Another run on the same project; it must end at once and say who is at work."""
    other = case.start()
    result = other.result()
    if not run.alive():
        return
    told = f"process {run.pid}" in result.err
    if result.status != 1 or not (told or run.stage() == "start") or len(result.lines()) != 1:
        case.notes["second"] = f"second run: status {result.status}, {result.lines()}"


def kill_and(act: Act) -> Act:
    """SIGKILL, and then something done to what it left."""

    def strike(case: Case, run: Run, turn: int) -> None:
        run.send(signal.SIGKILL)
        run.result()
        act(case, run, turn)

    return strike


def forge_lock(case: Case, run: Run, turn: int) -> None:
    """The lock file says that somebody else is at work: a process of another computer, one that lives, garbage."""
    text = (b"4711 another-computer\n", f"{os.getpid()}\n".encode(), b"\xff\x00 what?", b"")[turn % 4]
    if case.project.is_dir():
        (case.project / "lock").write_bytes(text)


def damage_segment(case: Case, run: Run, turn: int) -> None:
    """A finished segment gets another bit, an end, no content, no file, or its seal does."""
    sealed = sorted(case.finished())
    if not sealed:
        return
    stem = case.project / "segments" / sealed[turn % len(sealed)]
    segment, seal = stem.with_suffix(".segment"), stem.with_suffix(".seal")
    match turn % 6:
        case 0 | 5:
            data = bytearray(segment.read_bytes())
            data[(turn * 7919) % len(data)] ^= 1 << turn % 8
            segment.write_bytes(data)
        case 1:
            os.truncate(segment, segment.stat().st_size // 2)
        case 2:
            os.truncate(segment, 0)
        case 3:
            segment.unlink()
        case 4:
            os.truncate(seal, 10)
    case.notes["damaged"] = 1


def garble_memory(case: Case, run: Run, turn: int) -> None:
    """What vidcolor remembers is cut, emptied, garbage or nonsense that is well-formed."""
    for name in ("state.json", "matched.json", "survey.npz", "settings.yaml"):
        path = case.project / name
        if path.is_file():
            data = path.read_bytes()
            path.write_bytes((data[: len(data) // 2], b"", b"\x00\xff\xfe garbage" * 9, b'[{"a": 1}, 2]')[turn % 4])


def future_dates(case: Case, run: Run, turn: int) -> None:
    """All that the project holds was written years from now: the clock has jumped back."""
    for path in case.project.rglob("*"):
        os.utime(path, (4_000_000_000 + turn, 4_000_000_000))


# ---------------------------------------------------------------- the manifest


def matched_before(case: Case) -> None:
    """There is a manifest already, of a match with one reference less, so that the struck run matches anew."""
    aside = case.folder / "aside.png"
    os.replace(case.refs / "shot3.png", aside)
    words = case.words()
    words[0] = "match"
    place = words.index("-o")
    del words[place : place + 2]
    place = words.index("--preset")
    del words[place : place + 2]
    result = case.start(words=words).result()
    assert result.status == 0, result.err
    os.replace(aside, case.refs / "shot3.png")


def write_by_hand(case: Case, run: Run, turn: int) -> None:
    """A person saves the manifest with a comment and one shot kept gray, in place or by renaming, as editors do."""
    path = case.project / "manifest.yaml"
    case.notes["before"] = text = path.read_text(encoding="utf-8")
    head, entry = text.split("- shot: 2\n", 1)
    own, *rest = entry.split("- shot: 3\n")
    own = own.replace("keep_gray: false", "keep_gray: true") if "keep_gray" in own else f"  keep_gray: true\n{own}"
    _save(path, "# by hand\n" + head + "- shot: 2\n" + own + "".join("- shot: 3\n" + part for part in rest), turn)


def slip_of_the_pen(case: Case, run: Run, turn: int) -> None:
    """A person saves a manifest that is no YAML, names nothing that exists, or is empty."""
    path = case.project / "manifest.yaml"
    text = path.read_text(encoding="utf-8")
    case.notes["before"] = text
    wrong = (text + "\n  shots: [", text.replace("reference: shot", "reference: no such "), "", text[: len(text) // 2])
    case.notes["wrong"] = wrong[turn % 4]
    _save(path, wrong[turn % 4], turn)


def _save(path: Path, text: str, turn: int) -> None:
    if turn % 2:
        path.write_text(text, encoding="utf-8")
        return
    path.with_name("saved by an editor").write_text(text, encoding="utf-8")
    os.replace(path.with_name("saved by an editor"), path)


def check_hand(case: Case, result: Result) -> list[str]:
    """What was written by hand stands, is followed, and its undoing brings the unbroken film back."""
    path = case.project / "manifest.yaml"
    text = path.read_text(encoding="utf-8")
    problems = [] if text.startswith("# by hand") and "keep_gray: true" in text else ["the person's words are lost"]
    if digest(case.out) == case.notes["whole"]:
        problems.append("the person's words are not followed")
    path.write_text(text.replace("keep_gray: true", "keep_gray: false"), encoding="utf-8")
    undone = case.start().result()
    if undone.status or (undone.computed() or 0) > 1 or digest(case.out) != case.notes["whole"]:
        problems.append(f"undoing: status {undone.status}, {undone.computed()} shots computed")
    return problems


def check_slip(case: Case, run: Run, turn: int) -> None:
    """The manifest is as the person left it, a run says where it is wrong; then the person mends it."""
    path = case.project / "manifest.yaml"
    if path.read_text(encoding="utf-8") != case.notes["wrong"]:
        case.notes["second"] = "the manifest was overwritten"
        return
    result = case.start().result()
    if result.status != 1 or "manifest" not in "".join(result.lines()) or len(result.lines()) != 1:
        case.notes["second"] = f"a wrong manifest: status {result.status}, {result.lines()}"
    path.write_text(str(case.notes["before"]), encoding="utf-8")
