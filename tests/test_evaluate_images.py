"""Coloured pictures against their originals: vidcolor.model.evaluate_images and `vidcolor evaluate` on two folders."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vidcolor.cli import main
from vidcolor.model.evaluate_images import ImagesError, evaluate_images, score_image
from vidcolor.model.lpips import Lpips
from vidcolor.model.metrics import PSNR_CEILING, colourfulness


def _picture(seed: int, size: tuple[int, int] = (40, 48)) -> np.ndarray:
    """Smooth random colours, (H, W, 3) uint8."""
    colours = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return cv2.resize(colours, size[::-1], interpolation=cv2.INTER_CUBIC)


def _gray(rgb: np.ndarray) -> np.ndarray:
    return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1)


def _write(path: Path, rgb: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two originals, one of them in a folder within; the first comes back perfect, the second gray."""
    out, truth = tmp_path / "out", tmp_path / "truth"
    for name, seed in (("a", 1), ("deep/b", 2)):
        _write(truth / f"{name}.bmp", _picture(seed))
        _write(out / f"{name}.png", _picture(seed) if seed == 1 else _gray(_picture(seed)))
    return out, truth


def test_figures_of_every_picture_and_their_means(folders: tuple[Path, Path]) -> None:
    steps: list[tuple[int, int | None]] = []
    result = evaluate_images(*folders, on_progress=lambda done, total: steps.append((done, total))).to_json()
    perfect, gray = result["pictures"]
    assert [perfect["name"], gray["name"]] == ["a.bmp", "deep/b.bmp"]
    assert (perfect["psnr"], perfect["ab_rmse"], perfect["delta_e2000"], perfect["auc"]) == (PSNR_CEILING, 0, 0, 1)
    assert perfect["ssim"] == pytest.approx(1, abs=1e-4)
    assert gray["colourfulness"] == 0
    assert gray["colourfulness_distance"] == gray["colourfulness_truth"] == colourfulness(_picture(2))
    assert result["images"] == 2
    for name in ("psnr", "ssim", "ab_rmse", "delta_e2000", "auc", "colourfulness", "colourfulness_distance"):
        assert result[name] == pytest.approx((perfect[name] + gray[name]) / 2)
    assert 0 < result["auc_balanced"] < 1
    assert steps == [(1, 2), (2, 2)]


def test_what_cannot_be_measured_is_left_out_and_said(folders: tuple[Path, Path]) -> None:
    out, truth = folders
    bare = evaluate_images(out, truth).to_json()
    assert not {"lpips", "his"} & (bare.keys() | bare["pictures"][0].keys())
    assert [sentence.split()[0] for sentence in bare["left_out"]] == ["LPIPS", "HIS"]
    whole = evaluate_images(out, truth, references=truth, lpips=Lpips()).to_json()
    assert whole["left_out"] == []
    assert whole["pictures"][0]["his"] == pytest.approx(1)
    assert whole["pictures"][1]["his"] < 0.9
    assert whole["pictures"][0]["lpips"] == 0


def test_a_reference_may_have_any_size_and_pictures_any_precision() -> None:
    truth = _picture(3)
    score = score_image("x", truth.astype(np.float32), truth, _picture(3, (80, 96)), None)
    assert score.psnr == PSNR_CEILING
    assert score.his == pytest.approx(1, abs=0.1)


def test_spare_references_do_no_harm(folders: tuple[Path, Path]) -> None:
    out, truth = folders
    _write(truth.parent / "refs" / "a.png", _picture(1))
    _write(truth.parent / "refs" / "deep" / "b.png", _picture(2))
    _write(truth.parent / "refs" / "c.png", _picture(3))
    assert "his" in evaluate_images(out, truth, truth.parent / "refs").to_json()


def _lose(out: Path, truth: Path) -> None:
    (out / "a.png").unlink()


def _add(out: Path, truth: Path) -> None:
    _write(out / "c.png", _picture(4))


def _grow(out: Path, truth: Path) -> None:
    _write(out / "a.png", _picture(1, (40, 50)))


def _spoil(out: Path, truth: Path) -> None:
    (out / "a.png").write_bytes(b"no picture")


def _double(out: Path, truth: Path) -> None:
    _write(out / "a.jpg", _picture(1))


def _empty(out: Path, truth: Path) -> None:
    for path in truth.rglob("*.bmp"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_lose, r"out lacks a of .*truth; both need pictures of the same names"),
        (_add, r"truth lacks c of .*out; both need"),
        (_grow, r"a\.png is 50x40 and .*a\.bmp is 48x40; sizes must be equal"),
        (_spoil, r"a\.png cannot be read as a picture"),
        (_double, r"share a name"),
        (_empty, r"truth: there is no picture in it"),
    ],
)
def test_folders_that_do_not_fit_get_a_sentence(folders: tuple[Path, Path], spoil, sentence: str) -> None:
    spoil(*folders)
    with pytest.raises(ImagesError, match=sentence):
        evaluate_images(*folders)


def test_a_tiny_picture_is_no_matter_but_for_lpips(tmp_path: Path) -> None:
    for folder in ("out", "truth"):
        _write(tmp_path / folder / "a.png", _picture(1, (16, 20)))
    assert evaluate_images(tmp_path / "out", tmp_path / "truth").to_json()["psnr"] == PSNR_CEILING
    with pytest.raises(ImagesError, match="LPIPS needs 32 pixels"):
        evaluate_images(tmp_path / "out", tmp_path / "truth", lpips=Lpips())


def test_the_command_measures_two_folders(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", *map(str, folders)]
    assert main([*words, "--json", "-q"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["images"], len(result["pictures"])) == (2, 2)
    assert main([*words, "-q", "--references", str(folders[1]), "--json"]) == 0
    assert "his" in json.loads(capsys.readouterr().out)
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "auc_balanced" in shown
    assert "LPIPS is left out: its weights are not given (--lpips FILE)" in shown


def test_the_command_says_in_a_line_what_is_wrong(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    out, truth = folders
    for words, sentence in (
        ([out, truth / "a.bmp"], "is no folder of pictures; give two films or two folders of pictures"),
        ([out, truth, "--lpips", out / "a.png"], "cannot be read as a weights file"),
    ):
        assert main(["evaluate", *map(str, words)]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert sentence in captured.err
        assert len(captured.err.strip().splitlines()) == 1
