"""A film against a film: drawn here, encoded losslessly, measured."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vidcolor.errors import FilmError
from vidcolor.pipeline.evaluate import evaluate
from vidcolor.pipeline.read_rgb import read_rgb

WIDTH, HEIGHT = 96, 64


def scene(index: int, seed: int = 3) -> np.ndarray:
    """Frame ``index`` of a coloured texture that moves two pixels a frame, (H, W, 3) uint8 RGB."""
    grain = np.random.default_rng(seed).normal(size=(HEIGHT, 3 * WIDTH, 3)).astype(np.float32)
    texture = cv2.normalize(cv2.GaussianBlur(grain, (0, 0), 3), None, 40, 215, cv2.NORM_MINMAX)
    return texture[:, 2 * index : 2 * index + WIDTH].astype(np.uint8)


def write(
    path: Path, pictures: list[np.ndarray], pixel_format: str = "bgr0", matrix: int = 1, full: bool = False
) -> Path:
    """Encode RGB pictures losslessly (FFV1)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", 25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixel_format
        if pixel_format != "bgr0":
            stream.codec_context.colorspace = matrix
            stream.codec_context.color_range = 2 if full else 1
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if pixel_format != "bgr0":
                colorspace = {1: "ITU709", 5: "ITU601", 6: "ITU601"}[matrix]
                frame = frame.reformat(
                    format=pixel_format, dst_colorspace=colorspace, dst_color_range="JPEG" if full else "MPEG"
                )
                frame.colorspace, frame.color_range = matrix, 2 if full else 1
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def gray_of(picture: np.ndarray) -> np.ndarray:
    luma = picture @ np.array([0.2126, 0.7152, 0.0722])
    return np.repeat(np.rint(luma)[..., None], 3, axis=-1).astype(np.uint8)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return write(tmp_path / "truth.mkv", [scene(t) for t in range(8)])


def test_a_film_against_itself_is_perfect(original: Path):
    result = evaluate(original, original)
    assert (result.frames, result.psnr, result.delta_e2000) == (8, 100, 0)
    assert result.ssim == pytest.approx(1, abs=1e-5)
    assert result.colourfulness == result.colourfulness_truth > 10
    assert result.cdc == result.cdc_truth
    assert result.chroma_flicker == result.chroma_flicker_truth
    assert [(shot.start, shot.stop) for shot in result.shots] == [(0, 8)]


def test_the_gray_film_scores_exactly_the_gray_copy(original: Path, tmp_path: Path):
    gray = write(tmp_path / "gray.mkv", [gray_of(scene(t)) for t in range(8)])
    result = evaluate(gray, original)
    assert result.psnr == pytest.approx(result.psnr_gray, abs=0.01)
    assert result.colourfulness == 0
    assert result.chroma_flicker < 0.01 < result.chroma_flicker_truth


def test_psnr_is_the_mean_over_frames(original: Path, tmp_path: Path):
    """Half of the frames off by 10 in every channel, half exact: the mean of decibels, not of errors."""
    pictures = [scene(t) + np.uint8(10 * (t % 2)) for t in range(8)]
    result = evaluate(write(tmp_path / "out.mkv", pictures), original)
    assert result.psnr == pytest.approx((100 + 20 * math.log10(25.5)) / 2, abs=1e-4)


@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv444p10le"])
@pytest.mark.parametrize("matrix", [1, 6])
@pytest.mark.parametrize("full", [False, True])
def test_matrix_range_and_depth_are_honoured(
    original: Path, tmp_path: Path, pixel_format: str, matrix: int, full: bool
):
    pictures = [scene(t) for t in range(4)]
    result = evaluate(write(tmp_path / "out.mkv", pictures, pixel_format, matrix, full), original)
    assert result.psnr > 45


def test_subsampled_chroma_is_read_smoothly(original: Path, tmp_path: Path):
    result = evaluate(write(tmp_path / "out.mkv", [scene(t) for t in range(4)], "yuv420p"), original)
    assert result.psnr > 35


def test_the_gray_copy_is_the_films_own_luma(tmp_path: Path):
    film = write(tmp_path / "film.mkv", [scene(0)], "yuv420p", matrix=1)
    with av.open(str(film)) as container:
        luma = next(container.decode(video=0)).to_ndarray()[:HEIGHT]
    expected = np.rint((luma.astype(np.float64) - 16) * 255 / 219).clip(0, 255)
    assert np.abs(next(read_rgb(film)).gray - expected).max() <= 1


def test_flicker_of_the_output_shows_and_a_cut_does_not_count(tmp_path: Path):
    frames = [scene(t) if t < 6 else scene(t, seed=11) for t in range(12)]
    truth = write(tmp_path / "truth.mkv", frames)
    warm = np.array([1.15, 1.0, 0.85])
    restless = [np.rint(f * (warm if t % 2 else 1)).clip(0, 255).astype(np.uint8) for t, f in enumerate(frames)]
    result = evaluate(write(tmp_path / "out.mkv", restless), truth)
    assert [(shot.start, shot.stop) for shot in result.shots] == [(0, 6), (6, 12)]
    assert result.chroma_flicker_truth < 3
    assert result.chroma_flicker > result.chroma_flicker_truth + 5
    assert result.cdc > result.cdc_truth


def test_films_of_different_length_compare_as_far_as_both_go(original: Path, tmp_path: Path):
    shorter = write(tmp_path / "out.mkv", [scene(t) for t in range(5)])
    result = evaluate(shorter, original)
    assert (result.frames, result.frames_out, result.frames_truth) == (5, 5, 8)
    assert result.psnr == 100


def test_a_film_of_one_frame_has_nothing_to_flicker(tmp_path: Path):
    film = write(tmp_path / "one.mkv", [scene(0)])
    result = evaluate(film, film)
    assert (result.frames, result.chroma_flicker, result.cdc) == (1, 0, 0)


def test_films_of_different_size_are_refused_in_one_sentence(original: Path, tmp_path: Path):
    small = write(tmp_path / "small.mkv", [scene(0)[:32]])
    with pytest.raises(FilmError, match=r"96x32 .* 96x64; only films of the same size compare"):
        evaluate(small, original)


def test_what_is_no_film_is_refused_in_one_sentence(original: Path, tmp_path: Path):
    (tmp_path / "text.mp4").write_text("no film")
    for path in (tmp_path / "text.mp4", tmp_path / "nowhere.mp4"):
        with pytest.raises(FilmError, match="cannot be opened as a film"):
            evaluate(path, original)


def test_the_evaluation_speaks_json_and_tells_its_progress(original: Path):
    seen: list[int] = []
    result = evaluate(original, original, lambda done, total: seen.append(done))
    names = {"frames", "psnr", "psnr_gray", "ssim", "delta_e2000", "colourfulness", "colourfulness_truth", "cdc"}
    assert names | {"chroma_flicker", "chroma_flicker_truth"} <= json.loads(json.dumps(result.to_json())).keys()
    assert seen == list(range(1, 9))
