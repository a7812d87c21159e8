"""The scripts that train and compare networks without references."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from vidcolor.model.checkpoint import find_weights

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "configs" / "automatic"


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import automatic_table

    return automatic_table


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Green below, blue above, a red disc."""
    root = tmp_path_factory.mktemp("pictures")
    for name, count in (("train", 6), ("heldout", 3)):
        (root / name).mkdir()
        for number in range(count):
            picture = np.full((80, 110, 3), (200, 120, 60), np.uint8)
            picture[40 + number :] = (40, 140 + 10 * number, 50)
            cv2.circle(picture, (20 + 10 * number, 40), 14, (30, 40, 200), -1)
            cv2.imwrite(str(root / name / f"{number}.png"), picture)
    return root


def test_the_truth_scores_full_marks_and_gray_none_for_colour(table):
    rgb = np.random.default_rng(0).integers(60, 200, (32, 64, 3), dtype=np.uint8)
    true_ab = table._lab(rgb)[..., 1:]
    perfect, gray = table.Tally(), table.Tally()
    painted = perfect.add(rgb, true_ab)
    gray.add(rgb, np.zeros((32, 64, 2), np.float32))
    assert np.abs(painted - rgb).max() < 0.1
    figures = perfect.figures()
    assert figures["auc"] > 0.99
    assert figures["auc_balanced"] > 0.99
    assert figures["colourfulness_ratio"] == pytest.approx(1, abs=1e-3)
    assert gray.figures()["colourfulness"] == pytest.approx(0, abs=0.01)
    assert gray.figures()["ab_rmse"] == pytest.approx(np.sqrt(np.mean(true_ab**2)), rel=0.01)


def test_two_of_a_name_are_told_apart(table, folders, tmp_path, capsys):
    trained = tmp_path / "colorful" / "best.safetensors"
    trained.parent.mkdir()
    trained.write_bytes(find_weights("colorful").read_bytes())
    rows, sheet = table.compare(folders / "heldout", ["colorful", str(trained)], 1, 32, "cpu")
    assert list(rows) == ["gray", "mean colour", "colorful", str(trained)]
    assert rows["colorful"] == rows[str(trained)]
    assert sheet.shape[0] == 24 + 96
    assert "colorful" in capsys.readouterr().out


def test_all_are_trained_alike_and_compared_and_a_second_call_trains_nothing_again(folders, tmp_path):
    words = [
        sys.executable, str(ROOT / "scripts" / "automatic_runs.py"),
        str(CONFIGS / "colorful.yaml"), str(CONFIGS / "colorful-regression.yaml"),
        "--images", str(folders / "train"), "--heldout", str(folders / "heldout"), "--steps", "3", "--lines", "64",
        "--out", str(tmp_path / "runs"), "--device", "cpu", "--set", "data.batch=2", "--set", "data.sides=[64]",
        "--set", "colorful.network.width=0.0625", "--set", "data.heldout_side=64",
    ]  # fmt: skip
    first = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    saved = json.loads((tmp_path / "runs" / "table.json").read_text())
    assert saved["steps"] == 3
    assert list(saved["rows"]) == ["gray", "mean colour", "gray2color-film", "colorful", "colorful-regression"]
    assert saved["rows"]["gray"]["colourfulness"] == pytest.approx(0, abs=0.01)
    assert all(0 < row["auc"] <= 1 and 0 < row["auc_balanced"] <= 1 for row in saved["rows"].values())
    assert "colorful-regression          3 steps" in first.stdout
    assert cv2.imread(str(tmp_path / "runs" / "sheet.png")).shape[0] == 24 + 3 * 96
    weights = tmp_path / "runs" / "colorful" / "best.safetensors"
    written = weights.stat().st_mtime_ns
    second = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert weights.stat().st_mtime_ns == written
    assert second.stdout.splitlines()[2:] == first.stdout.splitlines()[2:]


def test_the_frequencies_of_colours_are_measured(folders, tmp_path):
    from vidcolor.model.automatic.colorful.bins import CENTRES
    from vidcolor.model.automatic.colorful.rebalancing import load_prior

    out = tmp_path / "prior.txt"
    words = [
        sys.executable,
        str(ROOT / "scripts" / "measure_color_prior.py"),
        str(folders / "train"),
        "--out",
        str(out),
    ]
    subprocess.run(words, capture_output=True, check=True)
    prior = load_prior(out)
    green = sum(float(share) for (a, b), share in zip(CENTRES, prior, strict=True) if a < -30 and b > 20)
    assert green == pytest.approx(0.45, abs=0.1)
