"""Print what becomes of films as they are found in the wild: coloured and proved, or refused with which sentence.

Every case is made by the ffmpeg program, coloured by the whole road with the model that ships at a small working size,
and verified; twice, where the case asks for no output of its own: without loss (the luma must be identical, and
ffmpeg's own digests of it must agree) and with the codec that vidcolor chooses; the container is its choice. A case
fails that ends in anything but a proved film or one sentence, that takes too long, or that loses something without a
word; then the exit status is 1.

    python scripts/media_table.py WORK [--clips FOLDER_OF_FILMS] [--only WORDS] [--timeout 60] [--json NEW]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import shutil
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from media_broken import BROKEN_CASES, HARMFUL_CASES
from media_case import Case, ffmpeg, reference
from media_formats import FORMAT_CASES, OUTPUT_CASES, SEQUENCE_CASES
from media_streams import NAME_CASES, SHAPE_CASES, STREAM_CASES, TIME_CASES

from vidcolor.config import resolve
from vidcolor.errors import VidcolorError
from vidcolor.pipeline.decode import probe
from vidcolor.pipeline.run import PipelineConfig, run
from vidcolor.pipeline.sequence import film_files

CASES = [
    *(*FORMAT_CASES, *SEQUENCE_CASES, *OUTPUT_CASES, *STREAM_CASES, *TIME_CASES, *SHAPE_CASES, *NAME_CASES),
    *(*BROKEN_CASES, *HARMFUL_CASES),
]
QUICK = ("colorize.lines=64",)
LOSSES = re.compile(r"left out|ends early|damaged|breaks off|cannot|lost")
"""Words by which a warning tells of a loss."""


@dataclass
class Row:
    """What became of one case."""

    name: str
    source: str = ""
    """Codec, pixel format, size and container."""
    lossless: str = "-"
    """Outcome without loss: ``proved``, ``refused``, or what is wrong."""
    default: str = "-"
    said: list[str] = field(default_factory=list)
    """The refusal, or the warnings."""
    wrong: list[str] = field(default_factory=list)
    """Why the case failed; empty where it passed."""


def main() -> int:
    """Make and judge every case, print the table."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    cases = [case for case in [*CASES, *_clips(args.clips)] if args.only in case.name]
    still = reference(args.work.resolve())
    rows = []
    print("| case | source | FFV1 | default codec | said |\n|---|---|---|---|---|")
    for number, case in enumerate(cases):
        folder = args.work.resolve() / f"case{number:03d}"
        rows.append(_judge(case, folder, still, args.timeout))
        print(_line(rows[-1]), flush=True)
        if not (rows[-1].wrong or args.keep):
            shutil.rmtree(folder)
    failed = [row for row in rows if row.wrong]
    proved, refused = (sum(row.default == word for row in rows) for word in ("proved", "refused"))
    print(
        f"\n{len(rows)} cases: {proved} coloured and proved, {refused} refused with a sentence, {len(failed)} failed."
    )
    for row in failed:
        print(f"FAILED {row.name!r}: {'; '.join(row.wrong)}")
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
    return 1 if failed else 0


def _judge(case: Case, folder: Path, still: Path, timeout: float) -> Row:
    row = Row(case.name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        film = case.make(folder)
    except RuntimeError as error:
        row.wrong = [f"cannot be made: {error}"]
        return row
    before = _contents(film)
    outcomes = []
    if case.out is None and case.lossless:
        row.lossless, *outcome = _attempt(case, film, still, None, ("encode.codec=ffv1",), timeout)
        outcomes.append(outcome)
    out = folder / case.out if case.out else None
    row.default, *outcome = _attempt(case, film, still, out, (), timeout)
    outcomes.append(outcome)
    row.source = next((source for source, _, _ in outcomes if source), "")
    row.said = list(dict.fromkeys(said for _, sentences, _ in outcomes for said in sentences))
    row.wrong = [wrong for _, _, problems in outcomes for wrong in problems]
    if _contents(film) != before:
        row.wrong.append("the film itself was written to")
    return row


def _attempt(
    case: Case, film: Path, still: Path, out: Path | None, settings: tuple[str, ...], timeout: float
) -> tuple[str, str, list[str], list[str]]:
    """Colour a film in a process of its own; outcome, source, sentences, what is wrong."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    work = (film, still, out, (*QUICK, *settings, *case.settings), there)
    child = context.Process(target=_colour, args=work)
    child.start()
    there.close()
    answer: dict[str, Any] = {}
    if here.poll(timeout):
        try:
            answer = here.recv()
        except EOFError:
            child.join()
            return "CRASHED", "", [], [f"the process died ({child.exitcode})"]
    child.kill()
    child.join()
    if not answer:
        return "HUNG", "", [], [f"no answer in {timeout:g} seconds"]
    return _outcome(case, film, answer)


def _outcome(case: Case, film: Path, answer: dict[str, Any]) -> tuple[str, str, list[str], list[str]]:
    source = answer.get("source", "")
    if crash := answer.get("crash"):
        return "CRASHED", source, [], [crash]
    if refusal := answer.get("refusal"):
        fits = any(words and re.search(words, refusal) for words in (case.refused, case.may_refuse))
        return "refused", source, [refusal], [] if fits else [f"refused: {refusal}"]
    proof, warnings = answer["verification"], answer["warnings"]
    asked = "mux.leave_out=true" in case.settings
    wrong = [] if asked else list(proof["problems"])
    if case.refused is not None:
        wrong.append("coloured, but should have been refused")
    if case.said is not None and not any(re.search(case.said, warning) for warning in warnings):
        wrong.append(f"nobody said {case.said!r}")
    if case.said is None:
        wrong += [f"loses: {warning}" for warning in warnings if LOSSES.search(warning)]
    wrong += _own_proof(film, answer) if proof["lossless"] and not wrong else []
    return ("proved" if not wrong else "WRONG"), source, warnings, wrong


def _own_proof(film: Path, answer: dict[str, Any]) -> Iterator[str] | list[str]:
    """What ffmpeg's own digests of luma and times say, where it reads the luma of both films alike."""
    if (
        not re.match(r"(yuv[4j]|gray)", answer["pixel_format"])
        or "%" in answer["out"]
        or answer["pixel_format"].endswith("be")
    ):
        return []
    stream, out_stream = answer["video_stream"], answer["out_video_stream"]
    if film.is_dir() or not film.exists():
        return []
    one, other = _digests(film, stream), _digests(Path(answer["out"]), out_stream)
    return [] if one == other else [f"ffmpeg sees other luma or times: {len(one)} and {len(other)} frames"]


def _digests(film: Path, stream: int) -> list[str]:
    words = ("-map", f"0:{stream}", "-vf", "extractplanes=y", "-fps_mode", "passthrough", "-f", "framehash", "-")
    lines = ffmpeg("-noautorotate", "-i", f"file:{film}", *words).splitlines()
    return [line.split(",")[-1] for line in lines if not line.startswith("#")]


def _colour(film: Path, still: Path, out: Path | None, settings: tuple[str, ...], pipe: Any) -> None:
    """In the child: the whole road, and what it says."""
    answer: dict[str, Any] = {}
    try:
        config = resolve(PipelineConfig, overrides=list(settings))
        info = probe(film, config.decode)
        answer["source"] = f"{info.codec} {info.pixel_format} {info.width}x{info.height} {info.container.split(',')[0]}"
        answer["pixel_format"], answer["video_stream"] = info.pixel_format, info.video_stream
        project = still.parent / "project"
        shutil.rmtree(project, ignore_errors=True)
        summary = run(film, still, out=out, project=project, config=config, device="cpu", overwrite=True)
        assert summary.out is not None
        answer |= {"verification": summary.verification, "warnings": summary.warnings, "out": summary.out}
        answer["out_video_stream"] = probe(Path(summary.out)).video_stream
    except VidcolorError as error:
        answer["refusal"] = str(error)
    except BaseException:
        answer["crash"] = traceback.format_exc()[-600:]
    pipe.send(answer)


def _clips(folder: Path | None) -> list[Case]:
    files = sorted(folder.iterdir()) if folder else []
    way_on = r"cannot hold stream .*(choose another container|go without)"
    return [
        Case(f"clip {file.name}", lambda place, file=file: _copied(file, place), may_refuse=way_on) for file in files
    ]


def _copied(file: Path, folder: Path) -> Path:
    return Path(shutil.copy(file, folder))


def _contents(film: Path) -> list[tuple[str, int, int]]:
    """Names, sizes and times of a film, or of its pictures."""
    return [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in film_files(film)]


def _line(row: Row) -> str:
    cells = [row.name, row.source, row.lossless, row.default, " ".join(row.said or ["-"])]
    return "| " + " | ".join(" ".join(cell.replace("|", "/").split()) for cell in cells) + " |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("work", type=Path, help="folder for the films; what passes is removed")
    parser.add_argument("--clips", type=Path, help="a folder of further films")
    parser.add_argument("--only", default="", help="cases whose name has these words")
    parser.add_argument("--timeout", type=float, default=60, help="seconds that one film may take")
    parser.add_argument("--keep", action="store_true", help="remove nothing")
    parser.add_argument("--json", type=Path, metavar="NEW", help="the table as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
