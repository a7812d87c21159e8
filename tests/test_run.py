"""The whole road, by the real command line, on films drawn here and with the model that ships."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vidcolor.errors import FilmError, ManifestError, OutputError
from vidcolor.pipeline.run import colorize_film, match_film, run

SIZE = (128, 96)
SHOT = 16
COLOURS = ((200, 60, 40), (40, 150, 60), (60, 70, 190))


def scene(number: int, moment: int) -> np.ndarray:
    """One of three scenes of shapes of their own, slowly moving; (96, 128, 3) uint8 sRGB."""
    rng = np.random.default_rng(number)
    picture = np.full((SIZE[1], SIZE[0], 3), 70 + 50 * number, np.uint8)
    for _ in range(5):
        x, y, size = (int(v) for v in rng.integers((0, 0, 10), (128, 96, 24)))
        if number % 2:
            cv2.rectangle(picture, (x + moment, y), (x + size + moment, y + size), COLOURS[number], -1)
        else:
            cv2.circle(picture, (x + moment, y), size, COLOURS[number], -1)
    noise = rng.integers(0, 12, picture.shape[:2])[..., None]
    return np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)


def write_film(path: Path, pictures: list[np.ndarray], codec: str = "libx264") -> Path:
    with av.open(str(path), "w") as film:
        stream = film.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for picture in pictures:
            gray = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(gray, format="rgb24")))
        film.mux(stream.encode(None))
    return path


@pytest.fixture
def film(tmp_path):
    """A black-and-white film of three shots."""
    return write_film(tmp_path / "film.mp4", [scene(n, t) for n in range(3) for t in range(SHOT)])


@pytest.fixture
def refs(tmp_path):
    """Stills of the first two scenes, a moment later and brighter, and something quite different."""
    folder = tmp_path / "refs"
    folder.mkdir()
    for number in range(2):
        still = np.clip(scene(number, 5).astype(int) + 8, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"scene{number}.png"), still[..., ::-1])
    return folder


def command(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "vidcolor", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=300, check=False, **options)


def chroma_spread(path: Path) -> list[float]:
    """Of every frame, how far its chroma is from neutral, in code values."""
    with av.open(str(path)) as film:
        return [
            float(np.abs(frame.to_ndarray()[SIZE[1] :].astype(float) - 128).mean()) for frame in film.decode(video=0)
        ]


def test_a_film_is_coloured_proved_and_left_alone_the_second_time(film, refs):
    before = film.read_bytes()
    first = command("run", film, "--refs", refs, "--json")
    assert first.returncode == 0, first.stderr
    summary = json.loads(first.stdout)
    assert summary["verification"]["ok"]
    assert summary["verification"]["pts_equal"]
    assert summary["frames"] == summary["verification"]["frames_out"] == 3 * SHOT
    assert summary["shots"] == summary["shots_computed"] == 3
    out = film.with_name("film.color.mp4")
    assert max(chroma_spread(out)) > 2
    made = out.stat().st_mtime_ns
    second = json.loads(command("run", film, "--refs", refs, "--json").stdout)
    assert second["shots_computed"] == second["frames_computed"] == 0
    assert out.stat().st_mtime_ns == made
    assert film.read_bytes() == before


def test_luma_is_kept_bit_for_bit_by_a_lossless_codec(film, refs, tmp_path):
    summary = run(film, refs, out=tmp_path / "proved.mkv", config=lossless())
    assert summary.verification["luma_max_abs_difference"] == 0
    assert summary.verification["lossless"]


def lossless():
    from vidcolor.config import resolve
    from vidcolor.pipeline.run import PipelineConfig

    return resolve(PipelineConfig, None, ["encode.codec=ffv1"])


def test_one_mended_shot_is_computed_alone(film, refs):
    run(film, refs)
    manifest = film.with_name("film.vidcolor") / "manifest.yaml"
    text = manifest.read_text()
    place = text.index("keep_gray: false", text.index("shot: 1"))
    manifest.write_text("# mine\n" + text[:place] + "keep_gray: true" + text[place + len("keep_gray: false") :])
    mended = run(film, refs)
    assert mended.shots_computed == 1
    assert mended.frames_computed == SHOT
    spread = chroma_spread(film.with_name("film.color.mp4"))
    assert max(spread[SHOT : 2 * SHOT]) < 1
    assert min(spread[:SHOT]) > 1
    assert manifest.read_text().startswith("# mine\n")


def test_a_mend_of_an_anchor_computes_the_shots_tied_to_it_too(film, refs):
    """And no other; what is written of the shots stays in the file as it was written."""
    run(film, refs)
    manifest = film.with_name("film.vidcolor") / "manifest.yaml"

    def mend(shot: int, words: str) -> int:
        text = manifest.read_text()
        head, number, rest = text.partition(f"shot: {shot}\n")
        # a tie that the machine wrote gives way to the person's
        ties = "".join(line for line in rest.splitlines(True) if not line.lstrip().startswith("tied_to:"))
        manifest.write_text(f"{head}{number}  {words}\n{ties if 'tied_to' in words else rest}")
        return run(film, refs).shots_computed

    assert mend(2, "tied_to: 0") == 1
    assert mend(0, f"hints: [{{frame: {SHOT // 2}, x: 0.5, y: 0.5, color: '#308050'}}]") == 2
    assert mend(1, "temperature: 20") == 1
    match_film(film, refs)
    assert all(words in manifest.read_text() for words in ("tied_to: 0", "color: '#308050'}]", "temperature: 20"))
    wrong = manifest.read_text().replace("temperature: 20", "temperature: warm")
    manifest.write_text(wrong)
    line = wrong[: wrong.index("temperature: warm")].count("\n") + 1
    told = command("run", film, "--refs", refs)
    assert told.returncode == 1
    assert f"line {line}: shots[1].temperature must be a number" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_person_s_choice_survives_matching_anew(film, refs):
    match_film(film, refs)
    manifest = film.with_name("film.vidcolor") / "manifest.yaml"
    text = manifest.read_text()
    place = text.index("saturation: 1.0", text.index("shot: 2"))
    manifest.write_text(text[:place] + "saturation: 0.5" + text[place + len("saturation: 1.0") :])
    cv2.imwrite(str(refs / "another.png"), scene(2, 3)[..., ::-1])
    match_film(film, refs)
    assert "saturation: 0.5" in manifest.read_text()


def test_colorize_follows_the_manifest_as_it_stands(film, refs):
    match_film(film, refs)
    project = film.with_name("film.vidcolor")
    summary = colorize_film(film, project)
    assert summary.verification["ok"]
    assert summary.shots_computed == 3


def test_a_killed_run_goes_on_and_ends_as_an_unbroken_one(film, refs, tmp_path):
    whole = tmp_path / "whole.mp4"
    run(film, refs, out=whole, project=tmp_path / "whole.vidcolor")
    words = ["run", film, "--refs", refs, "-o", tmp_path / "cut.mp4", "--project", tmp_path / "cut.vidcolor"]
    process = subprocess.Popen([sys.executable, "-m", "vidcolor", *map(str, words)], stderr=subprocess.DEVNULL)
    segments = tmp_path / "cut.vidcolor" / "segments"
    deadline = time.monotonic() + 200
    while not list(segments.glob("*.seal")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    sealed = [path.with_suffix(".segment") for path in segments.glob("*.seal")]
    finished = {path.name: path.stat().st_mtime_ns for path in sealed}
    assert finished
    again = command(*words, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["shots_computed"] == 3 - len(finished)
    assert {name: (segments / name).stat().st_mtime_ns for name in finished} == finished
    assert (tmp_path / "cut.mp4").read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("painted", [(), (30,), (30, 120)])
def test_long_shots_are_walked_in_stretches_without_a_seam(tmp_path, refs, painted):
    """The same film in one stretch and in three: the same chroma, but for the rounding of another batch."""
    from vidcolor.config import resolve
    from vidcolor.pipeline.run import PipelineConfig

    pictures = [scene(0, t // 6) for t in range(250)]
    film = write_film(tmp_path / "long.mkv", pictures, "ffv1")
    for number in painted:
        cv2.imwrite(str(refs / f"painted-{number}.png"), pictures[number][..., ::-1])
    shared = ["encode.codec=ffv1", "shots.threshold=50", "keys.interval=6", "colorize.lines=96"]
    outs = []
    for stretch in (2400, 100):
        out = tmp_path / f"{stretch}.mkv"
        config = resolve(PipelineConfig, None, [*shared, f"colorize.stretch={stretch}"])
        summary = run(film, refs, out=out, project=tmp_path / f"{stretch}.vidcolor", config=config)
        assert summary.shots == 1
        with av.open(str(out)) as coloured:
            outs.append(np.stack([frame.to_ndarray() for frame in coloured.decode(video=0)]).astype(int))
    assert len(list((tmp_path / "100.vidcolor" / "segments").glob("*.segment"))) == 3
    assert np.abs(outs[0] - outs[1]).max() <= 1


def test_a_reference_that_is_a_frame_of_the_film_gives_that_frame_its_very_colours(tmp_path):
    pictures = [scene(1, t) for t in range(SHOT)]
    film = write_film(tmp_path / "film.mkv", pictures, "ffv1")
    (tmp_path / "refs").mkdir()
    cv2.imwrite(str(tmp_path / "refs" / "painted.png"), pictures[4][..., ::-1])
    out = run(film, tmp_path / "refs", out=tmp_path / "out.mkv", config=lossless()).out
    with av.open(str(out)) as coloured:
        found = list(coloured.decode(video=0))[4].to_ndarray(format="rgb24").astype(float)
    error = np.abs(found - pictures[4])
    assert np.median(error) < 6


@pytest.mark.parametrize("frames", [1, 2])
def test_a_film_of_a_frame_or_two(tmp_path, refs, frames):
    film = write_film(tmp_path / "short.mkv", [scene(0, t) for t in range(frames)], "ffv1")
    assert run(film, refs).verification["frames_out"] == frames


def test_a_truncated_film_is_coloured_as_far_as_it_goes(tmp_path, refs):
    whole = write_film(tmp_path / "whole.mkv", [scene(0, t) for t in range(72)], "ffv1")
    film = tmp_path / "cut.mkv"
    film.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    summary = run(film, refs)
    assert 0 < summary.verification["frames_out"] < 40
    assert any("cut.mkv" in warning for warning in summary.warnings)


def test_wrong_input_gets_one_line_and_status_one(tmp_path, film, refs):
    text = tmp_path / "text.mp4"
    text.write_text("this is no film")
    (tmp_path / "empty").mkdir()
    cases = [
        ("run", tmp_path / "nowhere.mp4", "--refs", refs),
        ("run", text, "--refs", refs),
        ("run", film, "--refs", tmp_path / "empty"),
        ("run", film, "--refs", refs, "-o", tmp_path / "no" / "such" / "folder.mp4"),
        ("run", film, "--refs", refs, "--model", "no-such-model"),
        ("run", film, "--refs", refs, "--set", "colorize.lnes=3"),
        ("colorize", film, "--project", tmp_path / "nothing.vidcolor"),
    ]
    for words in cases:
        result = command(*words, "-q")
        assert result.returncode == 1, words
        assert result.stderr.count("\n") == 1, result.stderr
        assert result.stderr.startswith("vidcolor: ")
        assert not film.with_name("film.color.mp4").exists()


def test_a_broken_still_among_good_ones_is_left_out_and_said(film, refs):
    (refs / "broken.jpg").write_bytes(b"\xff\xd8 not much of a picture")
    summary = match_film(film, refs)
    assert any("broken.jpg" in warning for warning in summary.warnings)


def test_somebody_else_s_file_is_not_written_over(film, refs):
    out = film.with_name("film.color.mp4")
    out.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        run(film, refs)
    assert out.read_text() == "precious"
    with pytest.raises(OutputError, match="is the film itself"):
        run(film, refs, out=film, overwrite=True)


def test_a_manifest_of_another_film_and_a_lost_reference_get_a_sentence(film, refs, tmp_path):
    match_film(film, refs)
    other = write_film(tmp_path / "other.mp4", [scene(0, t) for t in range(9)])
    with pytest.raises(ManifestError, match="frames"):
        colorize_film(other, film.with_name("film.vidcolor"))
    (refs / "scene0.png").unlink()
    with pytest.raises(ManifestError, match=r"scene0\.png"):
        colorize_film(film, film.with_name("film.vidcolor"))


def test_a_colour_film_serves_as_references(film, tmp_path):
    path = tmp_path / "other_episode.mkv"
    with av.open(str(path), "w") as other:
        stream = other.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv444p"
        for number in (0, 1):
            for moment in range(12):
                picture = av.VideoFrame.from_ndarray(scene(number, moment + 3), format="rgb24")
                other.mux(stream.encode(picture))
        other.mux(stream.encode(None))
    summary = match_film(film, path)
    assert all(name.startswith("other_episode.mkv#") for name in summary.references_used)
    assert summary.references_used


def test_no_film_at_all_is_refused_before_anything_is_made(tmp_path, refs):
    with pytest.raises(FilmError):
        run(tmp_path / "none.mp4", refs)
    assert not (tmp_path / "none.vidcolor").exists()
