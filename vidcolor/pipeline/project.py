"""The project folder beside the film: where everything lies, and what the last run left there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcolor.errors import OutputError
from vidcolor.pipeline.files import remove_temporaries, write_text
from vidcolor.pipeline.segments import SegmentStore
from vidcolor.pipeline.sequence import beside, film_files, picture_names

PICTURES = "pictures"
"""In place of a stamp: numbered pictures, about to be put in their places one by one."""


@dataclass(frozen=True)
class Project:
    """A project folder; it need not exist yet."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """The plan, for people to read and change."""
        return self.folder / "manifest.yaml"

    @property
    def matched(self) -> Path:
        """The machine's last answer, by which a person's words are known."""
        return self.folder / "matched.json"

    @property
    def settings(self) -> Path:
        """What the last run used."""
        return self.folder / "settings.yaml"

    @property
    def survey(self) -> Path:
        """What the first reading of the film found."""
        return self.folder / "survey.npz"

    @property
    def report(self) -> Path:
        """What a person looks at."""
        return self.folder / "report.html"

    @property
    def segments(self) -> SegmentStore:
        """The finished pieces."""
        return SegmentStore(self.folder / "segments")

    def clean(self) -> None:
        """Remove what killed runs left half-written, here and beside the film they were joining.

        Call it with the project locked: another run's temporary files would go too.
        """
        remove_temporaries(self.folder)
        self.segments.clean()
        joining = self.state().get("joining")
        if isinstance(joining, str):
            remove_temporaries(Path(joining).parent, Path(joining))

    def state(self) -> dict[str, Any]:
        """What the last run left of itself; empty where nothing can be read."""
        try:
            state = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def product(self, out: Path) -> dict[str, Any] | None:
        """What is remembered of the finished film at ``out``; None where it is not there as this project made it.

        Numbered pictures that a run was cut short in putting there are its own too, though nobody knows how many.
        """
        now, path = stamp(out), str(out.resolve())
        for record in (self.state().get(key) for key in ("product", "placed")):
            if not isinstance(record, dict) or record.get("path") != path:
                continue
            if now is not None and record.get("stamp") in (now, PICTURES):
                return record
        return None

    def remember(self, **values: Any) -> None:
        """Change entries of the state (plain values). Raises OutputError."""
        text = json.dumps({**self.state(), **values}, ensure_ascii=False, indent=1)
        write_text(self.folder / "state.json", text + "\n")


def project_of(film: Path, project: Path | None) -> Project:
    """The project of a film: the folder given, or ``film.vidcolor`` beside ``film.mp4``."""
    return Project(project or beside(film, ".vidcolor"))


def stamp(path: Path) -> list[int] | None:
    """Size and time of change of a film, by which it is known again; None where there is none."""
    names = None if path.is_dir() else picture_names(path)
    try:
        files = [path] if names is None else [names.path(number) for number in names.numbers()]
        about = [file.stat() for file in files]
    except OSError:
        return None
    if not about:
        return None
    numbered = [len(about)] if names else []
    return [*numbered, sum(one.st_size for one in about), max(one.st_mtime_ns for one in about)]


def check_output(out: Path, film: Path, project: Project, overwrite: bool) -> None:
    """Refuse to write over anything that is not this project's own, unchanged product.

    Raises OutputError: ``out`` is the film itself, or exists and is somebody else's.
    """
    found = stamp(out)
    if found and (out.samefile(film) if out.exists() and film.exists() else _same_pictures(out, film)):
        raise OutputError(f"{out} is the film itself, which is never written to; choose another name with -o.")
    if found and not overwrite and project.product(out) is None:
        raise OutputError(f"{out} exists already; choose another name with -o, or give --overwrite to replace it.")


def _same_pictures(out: Path, film: Path) -> bool:
    """Whether both are numbered pictures of which some are the same."""
    if out.is_dir() or picture_names(out) is None or picture_names(film) is None:
        return False
    own = {file.resolve() for file in film_files(film)}
    return any(file.resolve() in own for file in film_files(out))
