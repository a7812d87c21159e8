"""The road from film to film: the verbs of the command line, as functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidcolor.model.chosen import choose_models
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.engines.engine import Engine
from vidcolor.pipeline.heap import keep_pages
from vidcolor.pipeline.job import Job, Notice, Progress
from vidcolor.pipeline.lock import project_lock
from vidcolor.pipeline.project import project_of
from vidcolor.pipeline.summary import RunSummary

__all__ = ["PipelineConfig", "colorize_film", "match_film", "run"]


def run(
    film: Path,
    refs: Path | None = None,
    out: Path | None = None,
    project: Path | None = None,
    config: PipelineConfig | None = None,
    overwrite: bool = False,
    device: str = "auto",
    model: str | None = None,
    on_progress: Progress | None = None,
    on_notice: Notice | None = None,
    engine: Engine | None = None,
) -> RunSummary:
    """Colour a film by references: match, colorize, verify. What an earlier run finished is not done again.

    Without ``refs`` it goes by the references that the project's manifest names; where there are none, every shot gets
    the most natural colours.

    ``on_notice`` hears what a person should know before the work is done; ``engine`` walks over the shots, see
    :mod:`vidcolor.pipeline.engines`, None for a loop in this process. Raises VidcolorError with one sentence for
    everything that a person can mend.
    """
    with _open(film, project, config, device, model, on_progress, on_notice, engine) as job:
        out = job.output(out, overwrite)
        given = job.given(refs)
        references, warnings = job.references(given.path)
        manifest = job.plan(given, references)
        return job.finish(manifest, references, out, warnings)


def match_film(
    film: Path,
    refs: Path | None = None,
    project: Path | None = None,
    config: PipelineConfig | None = None,
    device: str = "auto",
    model: str | None = None,
    on_progress: Progress | None = None,
) -> RunSummary:
    """Write the manifest alone, by ``refs`` as in :func:`run`. What a person wrote in it stays."""
    with _open(film, project, config, device, model, on_progress) as job:
        given = job.given(refs)
        references, warnings = job.references(given.path)
        manifest = job.plan(given, references)
        by_name = {reference.name: reference for reference in references}
        return job.reported(job.summary(manifest, warnings), manifest, by_name)


def colorize_film(
    film: Path,
    project: Path,
    out: Path | None = None,
    config: PipelineConfig | None = None,
    overwrite: bool = False,
    device: str = "auto",
    model: str | None = None,
    on_progress: Progress | None = None,
    on_notice: Notice | None = None,
    engine: Engine | None = None,
) -> RunSummary:
    """Colour a film from the manifest of its project as it stands."""
    with _open(film, project, config, device, model, on_progress, on_notice, engine) as job:
        out = job.output(out, overwrite)
        references, warnings = job.references(job.given(None).path)
        manifest = job.checked_manifest(references)
        return job.finish(manifest, references, out, warnings)


@contextmanager
def _open(
    film: Path,
    project: Path | None,
    config: PipelineConfig | None,
    device: str,
    model: str | None,
    on_progress: Progress | None,
    on_notice: Notice | None = None,
    engine: Engine | None = None,
) -> Iterator[Job]:
    """Everything a verb works with, the project locked for as long as it does."""
    config = config or PipelineConfig()
    info = probe(film, config.decode)
    keep_pages(info.width * info.height)
    models = choose_models(model, config.colorize.automatic)
    folder = project_of(film, project)
    with project_lock(folder.folder):
        folder.clean()
        yield Job(info, folder, config, models, device, on_progress or _silent, on_notice, engine)


def _silent(stage: str, done: int, total: int | None) -> None:
    """Nobody watches."""
