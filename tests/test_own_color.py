"""A shot that keeps the colours which the film itself has: bit for bit, and gray where it is black and white."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from vidcolor.config import resolve
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.encode import EncodeConfig, output_format
from vidcolor.pipeline.run import colorize_film, match_film

SIZE = (64, 48)


def colour_film(path: Path, pixel_format: str, frames: int = 6) -> Path:
    """A film whose three planes are noise."""
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, pixel_format
        for _ in range(frames):
            small = rng.integers(60, 190, (6, 8, 3), dtype=np.uint8)
            rgb = cv2.resize(small, SIZE, interpolation=cv2.INTER_NEAREST)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel_format)))
        film.mux(stream.encode(None))
    return path


def planes(path: Path, pixel_format: str) -> list[list[bytes]]:
    """The planes of all frames as FFmpeg gives them, without what lies behind the lines' ends."""
    full = {"src_color_range": ColorRange.JPEG, "dst_color_range": ColorRange.JPEG}
    with av.open(str(path)) as film:
        pictures = [frame.reformat(format=pixel_format, **full) for frame in film.decode(video=0)]
        return [
            [_samples(plane, picture.format.components[0].bits) for plane in picture.planes] for picture in pictures
        ]


def _samples(plane: av.video.plane.VideoPlane, bits: int) -> bytes:
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width * (1 if bits == 8 else 2)].tobytes()


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p12le", "yuv411p", "yuv420p9le", "gray"])
def test_own_chroma_is_read_bit_for_bit(tmp_path: Path, name: str) -> None:
    """Where the output has chroma of the film's size; a gray film has neutral chroma."""
    info = probe(colour_film(tmp_path / "film.mkv", name, frames=2))
    form = output_format(info, EncodeConfig("ffv1"))
    with FilmReader(info, chroma=form) as reader:
        found = [frame.chroma for frame in reader.frames()]
    for (cb, cr), (_, *own) in zip(found, planes(info.path, name), strict=True):
        assert cb.shape == cr.shape == (form.chroma_height, form.chroma_width)
        if not own:
            assert np.unique([cb, cr]).tolist() == [128]
            continue
        assert np.ptp(cb) > 20
        assert [cb.tobytes(), cr.tobytes()] == own


def test_own_chroma_comes_at_the_output_s_size(tmp_path: Path) -> None:
    """Of an RGB film as luma is, and to full size for pictures."""
    info = probe(colour_film(tmp_path / "film.mkv", "gbrp10le", frames=1))
    for codec, shape in (("ffv1", (24, 32)), ("pictures", (48, 64))):
        with FilmReader(info, chroma=output_format(info, EncodeConfig(codec))) as reader:
            [frame] = reader.frames()
        assert frame.chroma is not None
        assert frame.chroma[0].shape == shape
        assert np.ptp(frame.chroma[0]) > 100


def test_a_shot_may_keep_its_colours(tmp_path: Path) -> None:
    """`keep_color: true` in the manifest: luma and chroma of the copy are the film's."""
    film = colour_film(tmp_path / "film.mkv", "yuv420p")
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), np.full((48, 64, 3), (40, 90, 200), np.uint8))
    config = resolve(PipelineConfig, overrides=["encode.codec=ffv1", "colorize.lines=64", "shots.threshold=100"])
    match_film(film, still, config=config, device="cpu")
    manifest = tmp_path / "film.vidcolor" / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("keep_gray: false", "keep_gray: false\n  keep_color: true"))
    summary = colorize_film(film, tmp_path / "film.vidcolor", config=config, device="cpu")
    assert summary.verification["ok"]
    assert summary.out is not None
    assert planes(film, "yuv420p") == planes(Path(summary.out), "yuv420p")
