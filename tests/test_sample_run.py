"""The sample film, coloured by the model that ships: right references, right colours, proved."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vidcolor.pipeline.evaluate import evaluate
from vidcolor.pipeline.manifest import load_manifest
from vidcolor.pipeline.run import run

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    """The outcome of the README's command."""
    folder = tmp_path_factory.mktemp("sample")
    out, project = folder / "film.color.mp4", folder / "film.vidcolor"
    return run(SAMPLES / "film.mp4", SAMPLES / "refs", out=out, project=project)


def test_every_shot_follows_the_right_reference_and_strangers_are_used_nowhere(coloured):
    expected = yaml.safe_load((SAMPLES / "expected.yaml").read_text(encoding="utf-8"))
    manifest = load_manifest(Path(coloured.project) / "manifest.yaml")
    found = [(entry.shot.start, entry.shot.stop, *entry.references) for entry in manifest.entries]
    assert found == [(shot["start"], shot["stop"], shot["reference"]) for shot in expected["shots"]]
    assert not set(expected["strangers"]) & set(coloured.references_used)
    assert coloured.flagged == []


def test_the_colours_come_near_the_original_s(coloured):
    measured = evaluate(Path(coloured.out), SAMPLES / "film_colour.mp4")
    assert coloured.verification["ok"]
    assert measured.psnr > measured.psnr_gray + 6
    assert 0.75 < measured.colourfulness / measured.colourfulness_truth < 1.25
    assert measured.chroma_flicker < 1.2 * measured.chroma_flicker_truth
