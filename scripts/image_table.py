"""Print how well pictures are coloured by references of every kind, beside what needs no training.

Each picture is made gray and coloured by: itself; itself warped; another moment of the same scene (--clips); the
nearest of its class; a half or quarter of itself (scored also on the half that it lacks); itself warped beside a
stranger; its gray copy; noise; a stranger alone; nothing. Columns: the gray copy, the reference's mean chroma,
untrained features alone, vidcolor. Pictures have 256 lines and their true L*; figures are means over pictures:

  PSNR      dB, RGB                           cf/true  colourfulness over the truth's own
  ab RMSE   CIELAB units                      dE00     CIEDE2000
  HIS       with the (right) reference's ab   AuC      share of ab within 0..150, all pixels alike; bal: all colours

    python scripts/image_table.py heldout.tar --backbone mobilenet_v2_imagenet.safetensors [--clips FOLDER]
        [--limit 200] [--cases stranger none] [--model NAME|FILE] [--json FILE] [--sheet PNG]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from image_cases import Case, PictureCases, moments
from image_scores import COLUMNS, FIGURES, Painter, Resistance, Tally, as_rgb
from training_free import LINES, Features

from vidcolor.errors import VidcolorError
from vidcolor.model.checkpoint import find_weights, load_network
from vidcolor.model.colorist_of import colorist_of
from vidcolor.model.image_sets import load_images
from vidcolor.pipeline.contact_sheet import contact_sheet

MOMENT = "other moment"
KINDS = (
    "same picture", "warped", MOMENT, "same class", "partial", "distractor", "gray", "noise", "stranger", "none",
)  # fmt: skip
TITLES = ("PSNR", "ab RMSE", "HIS", "cf/true", "dE00", "AuC", "AuC bal")
STILLS = 40
SHEET_COLUMNS = ("gray", "reference", "vidcolor", "truth")


def main() -> None:
    """Print the table, case by case."""
    args = _arguments()
    try:
        table = Table(args)
        for kind in args.cases:
            table.measure(kind)
    except VidcolorError as error:
        raise SystemExit(str(error)) from error
    table.print_resistance()
    if args.json:
        args.json.write_text(json.dumps(table.to_json(), indent=1), encoding="utf-8")
    if args.sheet:
        args.sheet.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(args.sheet), cv2.cvtColor(table.sheet(), cv2.COLOR_RGB2BGR))


class Table:
    """The cases measured so far."""

    def __init__(self, args: argparse.Namespace) -> None:
        pictures = load_images([args.images], LINES)
        features = Features(args.backbone, args.grid)
        self._painter = Painter(colorist_of(load_network(find_weights(args.model)), args.device), features)
        self._cases = PictureCases(pictures, features)
        self._chosen = np.unique(np.linspace(0, len(pictures) - 1, args.limit).astype(int)).tolist()
        self._args = args
        self._rows: list[dict[str, Any]] = []
        self._pictures: list[dict[str, Any]] = []
        self._resistance = Resistance()
        self._stills: list[list[np.ndarray]] = []
        print(f"{'case':16}{'column':10}{'pictures':>9}" + "".join(f"{title:>9}" for title in TITLES), flush=True)

    def measure(self, kind: str) -> None:
        """Colour all pictures of one kind of case and print its rows."""
        whole, rest = ({column: Tally() for column in COLUMNS} for _ in range(2))
        for number, case in enumerate(self._of_kind(kind)):
            painted = self._painter.paint(case)
            for column, ab in painted.items():
                whole[column].add(case, ab)
                if case.rest:
                    rest[column].add(case, ab, case.rest)
            if kind == "stranger":
                self._resistance.add(case, painted, self._painter.natural(case))
            self._keep_still(kind, number, case, painted["vidcolor"])
        self._print(kind, whole)
        self._print(f"{kind}, rest", rest)

    def print_resistance(self) -> None:
        """Print where vidcolor stands between natural colours and the stranger's."""
        figures = self._resistance.figures()
        if figures:
            print("\nvidcolor beside a stranger (natural: without a reference; distances of ab in CIELAB units):")
        for name, figure in figures.items():
            print(f"  {name:34}{figure:8.2f}")

    def to_json(self) -> dict[str, Any]:
        """Return all figures, and those of every picture."""
        names = ("model", "grid", "limit")
        settings = {name: getattr(self._args, name) for name in names}
        stranger = self._resistance.figures()
        return {"settings": settings, "rows": self._rows, "stranger": stranger, "pictures": self._pictures}

    def sheet(self) -> np.ndarray:
        """Return the contact sheet, two stills to a row, (H, W, 3) uint8 RGB."""
        rows = [first + second for first, second in zip(self._stills[::2], self._stills[1::2], strict=False)]
        rows += [self._stills[-1]] if len(self._stills) % 2 else []
        return contact_sheet(rows, SHEET_COLUMNS * 2, lines=160)

    def _of_kind(self, kind: str) -> Iterator[Case]:
        if kind == MOMENT:
            yield from moments(self._args.clips, self._args.limit) if self._args.clips else ()
            return
        for index in self._chosen:
            case = self._cases.taxonomy[kind](index)
            if case is not None:
                yield case

    def _keep_still(self, kind: str, number: int, case: Case, ab: np.ndarray) -> None:
        """Other pictures for every kind, until the sheet is full."""
        share = -(-STILLS // len(self._args.cases))
        first = self._args.cases.index(kind) * share % max(1, self._args.limit - share + 1)
        if first <= number < first + share and len(self._stills) < STILLS:
            gray = np.repeat(case.target.gray[..., None], 3, axis=-1)
            gray[:32] = 32
            cv2.putText(gray, kind, (6, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
            shown = [_to_height(reference.rgb) for reference in case.references] or [np.zeros_like(gray)]
            self._stills.append([gray, np.hstack(shown), as_rgb(case, ab), case.target.rgb])

    def _print(self, kind: str, tallies: dict[str, Tally]) -> None:
        for column, tally in tallies.items():
            if not tally.scores:
                continue
            figures = tally.figures()
            self._rows.append({"case": kind, "column": column, "pictures": len(tally.scores), **figures})
            self._pictures += [{"case": kind, "column": column, **asdict(score)} for score in tally.scores]
            shown = [figures[name] for name in FIGURES]
            line = "".join(f"{'-':>9}" if figure is None else f"{figure:9.3f}" for figure in shown)
            print(f"{kind:16}{column:10}{len(tally.scores):9}{line}", flush=True)


def _to_height(rgb: np.ndarray) -> np.ndarray:
    return cv2.resize(rgb, (round(rgb.shape[1] * LINES / rgb.shape[0]), LINES), interpolation=cv2.INTER_AREA)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, metavar="FOLDER|TAR", help="colour pictures with their classes")
    parser.add_argument("--backbone", type=Path, required=True, help="MobileNetV2 of ImageNet as safetensors")
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help=f"colour clips for the case {MOMENT!r}")
    parser.add_argument("--limit", type=int, default=200, help="pictures of every case, a fixed spread")
    parser.add_argument("--cases", nargs="+", choices=KINDS, default=KINDS, metavar="CASE", help=", ".join(KINDS))
    parser.add_argument("--grid", type=int, choices=(4, 8), default=8, help="stride of the features column's grid")
    parser.add_argument("--model", metavar="NAME|FILE", help="a model that ships, or a weights file")
    parser.add_argument("--device", default="cpu", help="where the network runs")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="file for a contact sheet of forty stills")
    return parser.parse_args()


if __name__ == "__main__":
    main()
