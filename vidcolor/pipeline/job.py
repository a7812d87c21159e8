"""One call of one verb: survey, match, render, join, verify, as far as they are not done yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from vidcolor import __version__
from vidcolor.config import to_dict
from vidcolor.errors import ManifestError, ReferencesError, VidcolorError
from vidcolor.model.any_colorist import AnyColorist
from vidcolor.model.chosen import ChosenModels
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.encode import output_format
from vidcolor.pipeline.engines.engine import Engine, Piece, Production, ShotTask
from vidcolor.pipeline.engines.local import LocalEngine
from vidcolor.pipeline.files import contents
from vidcolor.pipeline.film_identity import WatchedFilm
from vidcolor.pipeline.film_notes import film_notes
from vidcolor.pipeline.film_report import write_film_report
from vidcolor.pipeline.given import Given, given_references
from vidcolor.pipeline.heap import return_pages
from vidcolor.pipeline.hints import is_in_picture
from vidcolor.pipeline.load_colorist import load_colorist, network_threads
from vidcolor.pipeline.manifest import load_manifest, load_matched, save_manifest, save_matched
from vidcolor.pipeline.manifest_text import timecode
from vidcolor.pipeline.merge import Merged, has_own_cuts, merge
from vidcolor.pipeline.missing import SUFFIX, continued, missing
from vidcolor.pipeline.mux import check_writable, default_output
from vidcolor.pipeline.output_plan import fitting_encode
from vidcolor.pipeline.plan import Hint, Manifest
from vidcolor.pipeline.plan_film import plan_film
from vidcolor.pipeline.product import known_product, make_product
from vidcolor.pipeline.project import Project, check_output
from vidcolor.pipeline.reference_set import load_reference_set
from vidcolor.pipeline.render import used_references
from vidcolor.pipeline.room import bytes_per_frame, shortage
from vidcolor.pipeline.segments import segment_digest
from vidcolor.pipeline.settings import ModelNote, save_settings
from vidcolor.pipeline.stretch import RenderConfig, Source, Stretch, film_stretches, stretch_digest
from vidcolor.pipeline.summary import RunSummary
from vidcolor.pipeline.survey import Survey, load_survey, save_survey, survey_film
from vidcolor.pipeline.trial import check_holds, check_times
from vidcolor.pipeline.verify import Verification, VerifyConfig, verify
from vidcolor.types import FilmInfo, Reference, Shot

Progress = Callable[[str, int, "int | None"], None]
"""Called with the stage's name, how much of it is done, and how much there is (None where nobody knows)."""

Notice = Callable[[str], None]
"""Called with a sentence that a person should read before the work is done."""


class Job:
    """One call of one verb."""

    def __init__(
        self,
        info: FilmInfo,
        project: Project,
        config: PipelineConfig,
        models: ChosenModels,
        device: str,
        on_progress: Progress,
        on_notice: Notice | None = None,
        engine: Engine | None = None,
    ) -> None:
        """``engine``: who walks over the shots; None for a loop in this process."""
        self.info, self.project, self.config = info, project, config
        self._models, self._device, self._on_progress = models, device, on_progress
        self._on_notice = on_notice
        self._began = time.monotonic()
        self._film = WatchedFilm(info.path, info.frame_rate)
        self._survey: Survey | None = None
        self._colorist: AnyColorist[Any, Any] | None = None
        self._engine: Engine = engine or LocalEngine(self.colorist, self._film.check)
        self._done_twice = 0
        self._notes: list[str] = []
        self._encode = config.encode
        self._overwrite = False

    def output(self, out: Path | None, overwrite: bool) -> Path:
        """Where the coloured film goes; all that could stop it from being written is found now."""
        self._overwrite = overwrite
        self._encode = fitting_encode(self.info, self.config.encode, out)
        codec = output_format(self.info, self._encode).codec
        out = out or default_output(self.info, codec)
        check_output(out, self.info.path, self.project, overwrite)
        check_writable(out, codec)
        check_holds(out, self.info, self.config.mux, self._encode)
        return out

    def given(self, refs: Path | None) -> Given:
        """Which references go with this call; ``refs`` are those that it names."""
        given = given_references(refs, load_matched(self.project.matched), self._manifest_now())
        if given.path is not None and not self._models.takes_references:
            where = "--refs" if refs else "the manifest"
            raise ReferencesError(
                f"{self._models.asked_as} takes no references, and {where} names {given.path}: leave them out, or have "
                f"it colour only the shots that none fits by --set colorize.automatic={self._models.asked_as}"
            )
        return given

    def references(self, refs: Path | None) -> tuple[list[Reference], list[str]]:
        """The references, and warnings about those that cannot be used."""
        if refs is None:
            return [], []
        ours = (self.info.path, default_output(self.info, output_format(self.info, self.config.encode).codec))
        return load_reference_set(refs, self.config.shots, self.config.match.film_frames, leave_out=ours)

    def survey(self) -> Survey:
        """The first reading of the film, or what is kept of it."""
        if self._survey is None:
            key = {"film": self._film.digest, "shots": to_dict(self.config.shots), "version": __version__}
            kept = load_survey(self.project.survey, key)
            if kept is None:
                kept = survey_film(
                    self.info, self.config.shots, lambda n, total: self._on_progress("shots", n, total),
                    self.config.decode,
                )  # fmt: skip
                self._film.check()
                save_survey(self.project.survey, kept, key)
            self._survey = kept
        return self._survey

    def colorist(self) -> AnyColorist[Any, Any]:
        """The network on its device, loaded when first needed."""
        if self._colorist is None:
            half = self.config.colorize.half
            self._colorist = load_colorist(self._models, self._device, half, network_threads())
        return self._colorist

    def plan(self, given: Given, references: list[Reference]) -> Manifest:
        """The manifest: as it stands where nothing it was made of changed, else matched anew, a person's words kept."""
        followed = references if given.matched else []
        key = segment_digest(
            {
                "film": self._film.digest,
                "shots": to_dict(self.config.shots),
                "plan": to_dict(self.config.plan),
                "model": self._models.follower.digest,
                "references": [[reference.name, reference.digest] for reference in followed],
                "folder": given.folder,
            }
        )
        exists = self.project.manifest.exists()
        if exists and self.project.state().get("match") == key:
            return self.checked_manifest(references)
        before = load_matched(self.project.matched)
        matched = self._match(given, followed, self._shots(before, self._manifest_now()))
        while True:
            seen, now = contents(self.project.manifest), self._manifest_now()
            if (shots := self._shots(before, now)) != matched.shots:
                matched = self._match(given, followed, shots)
            self._film.check()
            merged = _merged(given, before, now, matched)
            if save_manifest(self.project.manifest, merged.manifest, seen):
                break  # else a person has written in it meanwhile, and keeps every word
        self._notes += [
            f"What was written for frames {entry.shot.start} to {entry.shot.stop} fits no shot of the new match; "
            "it is kept in manifest.old.yaml."
            for entry in merged.lost
        ]
        save_matched(self.project.matched, matched)
        self.project.remember(match=key)
        return self.checked_manifest(references)

    def _manifest_now(self) -> Manifest | None:
        """The manifest as it stands at this moment; None where there is none. Raises ManifestError."""
        return load_manifest(self.project.manifest) if self.project.manifest.exists() else None

    def _shots(self, before: Manifest | None, now: Manifest | None) -> list[Shot]:
        """The shots to match: a person's cuts where there are some, else those detected."""
        if now is not None and now.frames == self.survey().frames and has_own_cuts(before, now):
            return now.shots
        return list(self.survey().shots)

    def _match(self, given: Given, references: list[Reference], shots: list[Shot]) -> Manifest:
        return plan_film(
            self.info, self.survey(), shots, references, given.folder, self.colorist,
            self.config.plan, self._on_progress,
        )  # fmt: skip

    def checked_manifest(self, references: list[Reference]) -> Manifest:
        """The manifest as it stands; raises ManifestError where it does not fit the film or the references."""
        names = {reference.name for reference in references}
        manifest = load_manifest(self.project.manifest, names.__contains__, self._in_picture)
        if manifest.frames != self.survey().frames:
            raise ManifestError(
                f"{self.project.manifest} is of a film of {manifest.frames} frames, but {self.info.path} has "
                f"{self.survey().frames}; remove it and match again."
            )
        return manifest

    def _in_picture(self, shot: Shot, hint: Hint) -> bool:
        return shot.stop > self.survey().frames or is_in_picture(hint, self.survey().area(shot, self.info), self.info)

    def finish(self, manifest: Manifest, references: list[Reference], out: Path, warnings: list[str]) -> RunSummary:
        """Render what is missing, join it where anything changed, and prove the result."""
        save_settings(self.project.settings, self.config, ModelNote(self._models.asked_as, self._models.digest))
        by_name = {reference.name: reference for reference in references}
        check_times(out, self.info, self.survey().pts)
        source = Source(self.info, self.survey(), self._film.digest)
        config = replace(self.config.render, encode=self._encode)
        pieces = film_stretches(manifest, config)
        digests = [stretch_digest(piece, source, by_name, self._models.digest, config) for piece in pieces]
        by_digest = dict(zip(digests, pieces, strict=True))
        product, computed = known_product(self.project, digests, out), {}
        if product is None:
            self._look_at_disks(by_digest, out)
            followed = {name: by_name[name] for entry in manifest.entries for name in entry.references}
            computed = self._complete(by_digest, source, followed, config)
            product = make_product(
                self.project, digests, SUFFIX, self.info, self._film, out, self._overwrite,
                lambda n, total: self._on_progress("join", n, total), lambda: self._prove(out),
            )  # fmt: skip
        summary = replace(
            self.summary(manifest, [*warnings, *product["notes"]]),
            out=str(out),
            shots_computed=len({piece.entry.shot.index for piece in computed.values()}),
            frames_computed=sum(len(piece) for piece in computed.values()),
            shots_done_twice=self._done_twice,
            verification=product["verification"],
        )
        return self.reported(summary, manifest, by_name)

    def reported(self, summary: RunSummary, manifest: Manifest, references: Mapping[str, Reference]) -> RunSummary:
        """Write the report with all that is known by now; where that fails, a warning says so: the film is done."""
        source = Source(self.info, self.survey(), self._film.digest)
        config = replace(self.config.render, encode=self._encode)
        segments = [
            [
                self.project.segments.path(stretch_digest(p, source, references, self._models.digest, config), SUFFIX)
                for p in pieces
            ]
            for _, pieces in groupby(film_stretches(manifest, config), lambda piece: piece.entry.shot.index)
        ]
        try:
            report = write_film_report(
                self.project, self.info, self.survey(), manifest, references, segments,
                summary.proof_sentences(), summary.warnings, lambda n, total: self._on_progress("report", n, total),
            )  # fmt: skip
        except VidcolorError as error:
            summary = replace(summary, warnings=[*summary.warnings, f"The report could not be made: {error}"])
        else:
            summary = replace(summary, report=str(report))
        return replace(summary, seconds=time.monotonic() - self._began)

    def summary(self, manifest: Manifest, warnings: list[str]) -> RunSummary:
        """What the manifest says, in short."""
        damage, notes = self.survey().damage, film_notes(self.info, self.survey().carried)
        return RunSummary(
            film=str(self.info.path),
            project=str(self.project.folder),
            frames=manifest.frames,
            shots=len(manifest.entries),
            references_used=used_references([entry for entry in manifest.entries if entry.is_drawn]),
            shots_without_reference=len(manifest.guessed),
            flagged=[
                f"{timecode(entry.shot.start, manifest.rate)} to {timecode(entry.shot.stop, manifest.rate)}"
                for entry in manifest.entries
                if entry.flagged
            ],
            seconds=time.monotonic() - self._began,
            warnings=[*([damage] if damage else []), *notes, *self._notes, *warnings],
        )

    def _look_at_disks(self, pieces: Mapping[str, Stretch], out: Path) -> None:
        """Say so where they may not hold what is to come: the missing segments, and the film."""
        if self._on_notice is None:
            return
        frame = bytes_per_frame(self.info, output_format(self.info, self._encode))
        undone = sum(len(piece) for digest, piece in pieces.items() if not self.project.segments.has(digest, SUFFIX))
        film = frame * sum(len(piece) for piece in pieces.values())
        for sentence in shortage({self.project.folder: frame * undone, out.parent: film}):
            self._on_notice(sentence)

    def _complete(
        self,
        pieces: Mapping[str, Stretch],
        source: Source,
        references: Mapping[str, Reference],
        config: RenderConfig,
    ) -> dict[str, Stretch]:
        """Render what is missing and what the disk did not keep, until every segment is whole; gives what was done."""
        computed: dict[str, Stretch] = {}
        while todo := missing(
            self.project.segments, pieces, computed, lambda n, total: self._on_progress("check", n, total)
        ):
            self._render(_tasks(todo, continued(pieces)), source, references, config)
            computed |= todo
        return computed

    def _render(
        self, tasks: list[ShotTask], source: Source, references: Mapping[str, Reference], config: RenderConfig
    ) -> None:
        """Have the engine make segments."""
        total, folder = sum(map(len, tasks)), self.project.segments.folder
        folder.mkdir(parents=True, exist_ok=True)
        return_pages()
        production = Production(source, references, self._models, config, self._device, network_threads())
        self._done_twice += self._engine.render(
            production, tasks, folder, lambda done: self._on_progress("colorize", done, total)
        )

    def _prove(self, out: Path) -> Verification:
        return verify(
            self.info.path, out, lambda n, total: self._on_progress("verify", n, total),
            VerifyConfig(leave_out=self.config.mux.leave_out), self.config.decode,
        )  # fmt: skip


def _tasks(pieces: Mapping[str, Stretch], before: Mapping[str, str]) -> list[ShotTask]:
    """Stretches by their digests to one task for each shot, or for several of which one goes on from the other.

    ``before`` names the stretch that another goes on from.
    """
    tasks: list[list[Piece]] = []
    for digest, stretch in pieces.items():
        piece = Piece(stretch, digest, before.get(digest))
        last = tasks[-1][-1] if tasks else None
        if last and (piece.before == last.digest or stretch.entry is last.stretch.entry):
            tasks[-1].append(piece)
        else:
            tasks.append([piece])
    return [ShotTask(members[0].stretch.entry.shot.index, tuple(members)) for members in tasks]


def _merged(given: Given, before: Manifest | None, now: Manifest | None, matched: Manifest) -> Merged:
    """The new match joined with the manifest as it stands, if there is one."""
    if now is None:
        return Merged(matched, (), ())
    merged = merge(before, now, matched)
    references = matched.references if given.matched else now.references
    return replace(merged, manifest=replace(merged.manifest, references=references))
