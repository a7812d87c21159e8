"""Size and load time of a report of many shots: realistic pictures under grain, measures drawn by chance.

    python scripts/report_size.py [--shots 1500] [--out report.html]

Prints one JSON object: megabytes of the page, seconds to write it, and, where Chromium and Selenium are there, seconds
until the page is loaded, until a shot is open in it, and until it is sorted anew.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from vidcolor.pipeline.measures import Measures
from vidcolor.pipeline.plan import Manifest, ShotEntry
from vidcolor.pipeline.references import load_references
from vidcolor.pipeline.report import ReportInput, write_report
from vidcolor.pipeline.shot_measures import palette_of
from vidcolor.pipeline.small_picture import jpeg
from vidcolor.types import Reference, Shot

ROOT = Path(__file__).parent.parent
VIEWS = 120
"""Different pictures; more shots show them again."""


def main() -> None:
    """Make the report, load it, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=1500)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = (args.out or Path(folder) / "report.html").resolve()
        given = synthetic_report(args.shots, ROOT / "samples" / "refs")
        began = time.monotonic()
        write_report(path, given)
        answer: dict[str, object] = {"shots": args.shots, "write_seconds": round(time.monotonic() - began, 2)}
        answer["megabytes"] = round(path.stat().st_size / 1e6, 2)
        print(json.dumps(answer | load_times(path), indent=1))


def synthetic_report(shots: int, stills: Path, seed: int = 1) -> ReportInput:
    """All that a report of so many shots is made of; the same for the same seed."""
    rng = np.random.default_rng(seed)
    references = load_references(stills)[0]
    views = [view(references[k % len(references)], rng) for k in range(min(VIEWS, shots))]
    lengths = np.clip(rng.lognormal(4.4, 0.7, shots), 8, 900).astype(int)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    names = [reference.name for reference in references]
    entries = tuple(entry(k, int(starts[k]), int(starts[k + 1]), names, rng) for k in range(shots))
    histograms = {reference.name: palette_of(reference.rgb).histogram for reference in references}
    measures = [shot_measures(one, histograms, *views[k % len(views)], rng) for k, one in enumerate(entries)]
    manifest = Manifest("A long film.mkv", int(starts[-1]), Fraction(24000, 1001), str(stills), entries)
    return ReportInput(manifest, {reference.name: reference for reference in references}, measures, [])


def entry(number: int, start: int, stop: int, names: list[str], rng: np.random.Generator) -> ShotEntry:
    """Most shots have a reference, one in sixteen has none."""
    first, second = (str(name) for name in rng.choice(names, 2, replace=False))
    score = float(rng.beta(9, 4))
    if rng.random() < 0.06:
        return ShotEntry(Shot(number, start, stop), runner_up=first, runner_up_score=score / 2, flagged=True)
    explained = float(np.clip(score + rng.normal(0.15, 0.1), 0, 1))
    return ShotEntry(Shot(number, start, stop), (first,), score, second, score * 0.8, explained)


def view(reference: Reference, rng: np.random.Generator) -> tuple[bytes, bytes]:
    """A part of a still under the grain of film, in black and white and in colour, as JPEGs of 480 by 270."""
    height, width = reference.rgb.shape[:2]
    scale = rng.uniform(0.5, 0.95) * min(width, height * 16 / 9)
    x, y = rng.uniform(0, width - scale), rng.uniform(0, height - scale * 9 / 16)
    part = reference.rgb[int(y) : int(y + scale * 9 / 16), int(x) : int(x + scale)]
    grain = cv2.GaussianBlur(rng.normal(0, 12, (270, 480)).astype(np.float32), (0, 0), 0.7)
    colour = cv2.resize(part, (480, 270), interpolation=cv2.INTER_AREA) + grain[..., None]
    rgb = np.clip(colour, 0, 255).astype(np.uint8)
    return jpeg(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 80), jpeg(rgb, 80)


def shot_measures(
    one: ShotEntry, histograms: dict[str, np.ndarray], before: bytes, after: bytes, rng: np.random.Generator
) -> Measures:
    """Steady in most shots, wild in some; colours much like those of the reference, or of none."""
    count = min(32, len(one.shot) - 1)
    wild = rng.random() < 0.07
    near = histograms[(*one.references, next(iter(histograms)))[0]] + np.float32(2e-4)
    histogram = near * rng.lognormal(0, 1, 441).astype(np.float32)
    ends = [np.full((9, 16, 3), (50, *rng.normal(0, 12, 2)), np.float32) for _ in range(2)]
    leaking = rng.random() < 0.03
    return Measures(
        start=one.shot.start,
        stop=one.shot.stop,
        samples=np.linspace(one.shot.start, one.shot.stop - 2, count).astype(np.int64),
        saturation=np.float32(rng.gamma(6, 2.5) * (1 + 0.02 * np.cumsum(rng.normal(0, 1, count)))),
        flicker=np.float32(rng.gamma(8, 0.35 if wild else 0.07, count)),
        growth=np.float32(rng.normal(0, 0.02, count)),
        histogram=histogram / histogram.sum(),
        gray=float(rng.beta(1, 8)),
        limited=float(rng.beta(1, 60)),
        first=ends[0],
        settled=ends[1] if leaking else ends[0],
        last=ends[0],
        before=before,
        after=after,
        explained=rng.integers(60, 256, (24, 44), np.uint8) if one.references else None,
    )


def load_times(path: Path) -> dict[str, float]:
    """Seconds until the page is loaded, a shot is open, the shots are sorted; empty without a browser."""
    sys.path.insert(0, str(ROOT / "tests"))
    from browser import browser, missing

    if missing():
        return {}
    with browser() as driver:
        began = time.monotonic()
        driver.get(path.as_uri())
        loaded = time.monotonic()
        driver.execute_script("document.querySelector('#shots button').click()")
        driver.execute_async_script("document.getElementById('after').decode().then(arguments[0])")
        opened = time.monotonic()
        driver.execute_script("document.getElementById('close').click()")
        inside = driver.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
        began_order = time.monotonic()
        driver.execute_script(
            "const o = document.getElementById('order'); o.value = 'film'; o.dispatchEvent(new Event('change'))"
        )
        sorted_at = time.monotonic()
        heap = driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]
    return {
        "load_seconds": round(loaded - began, 2),
        "load_event_seconds": round(inside / 1000, 2),
        "open_shot_seconds": round(opened - loaded, 2),
        "sort_seconds": round(sorted_at - began_order, 2),
        "heap_megabytes": round(heap / 1e6, 1),
    }


if __name__ == "__main__":
    main()
