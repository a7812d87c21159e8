"""The report that a run leaves in the project folder: by the real road, on a film drawn here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.test_run import SHOT, film, refs  # noqa: F401
from vidcolor.config import resolve
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.measures import load_measures
from vidcolor.pipeline.run import match_film, run

SMALL = resolve(PipelineConfig, None, ["colorize.lines=64", "encode.codec=ffv1"])


def shots_of(report: Path) -> list[dict[str, Any]]:
    """What the report says of its shots, with what it shows of each."""
    text = report.read_text(encoding="utf-8")
    blocks = re.findall(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', text)
    values = {name: json.loads(value) for name, value in blocks}
    return [shot | values[f"data-{shot['shot']}"] for shot in values["film"]["shots"]]


def test_match_run_and_a_second_run(film: Path, refs: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Before rendering the pictures alone; then all measures; a second run shows the same and measures nothing."""
    matched = match_film(film, refs, config=SMALL)
    assert matched.report == str(film.with_name("film.vidcolor") / "report.html")
    before = shots_of(Path(matched.report))
    assert all(shot["before"] and not shot["after"] and "flicker" not in shot for shot in before)
    found = run(film, refs, out=film.with_name("out.mkv"), config=SMALL)
    assert found.report == matched.report == found.to_json()["report"]
    assert any("report.html" in sentence for sentence in found.sentences())
    shots = shots_of(Path(found.report))
    assert len(shots) == 3
    assert all(shot["before"] and shot["after"] and len(shot["flicker"]) == SHOT - 1 for shot in shots)
    followed = [shot for shot in shots if shot["references"]]
    assert followed
    assert all(shot["map"]["width"] > 1 and shot["distance"] is not None for shot in followed)
    segments = film.with_name("film.vidcolor") / "segments"
    kept = [load_measures(path) for path in segments.glob("*.measures")]
    assert sorted((m.start, m.stop) for m in kept if m) == [(0, SHOT), (SHOT, 2 * SHOT), (2 * SHOT, 3 * SHOT)]
    text = Path(found.report).read_text(encoding="utf-8")
    monkeypatch.setattr("vidcolor.pipeline.render.observed", None)
    again = run(film, refs, out=film.with_name("out.mkv"), config=SMALL)
    assert again.shots_computed == 0
    assert Path(again.report or "").read_text(encoding="utf-8") == text


def test_a_report_that_cannot_be_written_costs_a_warning_alone(film: Path, refs: Path) -> None:  # noqa: F811
    """The film is done and proved all the same."""
    (film.with_name("film.vidcolor") / "report.html").mkdir(parents=True)
    found = run(film, refs, out=film.with_name("out.mkv"), config=SMALL)
    assert found.verification["ok"]
    assert found.report is None
    assert any(warning.startswith("The report could not be made: ") for warning in found.warnings)
