"""The results as a picture: a point for each model with its interval, beside the line of what nobody can tell."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from vidcolor.turing.results import ModelResult, Results, percent

SCALE = 2
"""Pixels for every unit below."""
WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 860, 220, 170, 84, 44, 62
INK, SOFT, LINE, POINT, PAPER = "#1b1b1b", "#5c5c5c", "#d4d4d4", "#0b57d0", "#fbfbfb"


def draw(results: Results) -> bytes:
    """A PNG file."""
    bounds = [share for model in results.models for share in model.interval]
    most = min(1.0, max(0.6, -(-max(bounds) // 0.1) / 10))
    canvas = _Canvas(TOP + ROW * len(results.models) + BOTTOM, most)
    canvas.head(results)
    for place, model in enumerate(results.models):
        canvas.row(TOP + ROW * place + ROW // 2, model)
    return canvas.png()


class _Canvas:
    """A drawing in units, twice as fine in pixels."""

    def __init__(self, height: int, most: float) -> None:
        self.height, self.most = height, most
        self.image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def head(self, results: Results) -> None:
        """Title, axis and legend."""
        people = len({rater.rater for rater in results.raters if rater.answers})
        self.text(20, 28, "Share of coloured pictures taken for photographs", 19, INK, "lm")
        self.text(20, 54, f"{results.answers} answers, {people} rater{'s' * (people != 1)}", 13, SOFT, "lm")
        end = self.height - BOTTOM
        for tenth in range(round(self.most * 10) + 1):
            x, even = self.x(tenth / 10), tenth == 5
            self.line(x, TOP - 4, x, end + 4, SOFT if even else LINE, 1.5 if even else 1)
            self.text(x, end + 16, f"{tenth * 10} %", 12, INK if even else SOFT, "mm")
        self.text(self.x(0.5), TOP - 14, "nobody can tell", 12, INK, "mm")
        self.text(20, self.height - 16, "bar: 95 % Wilson interval; ±: standard error over raters", 12, SOFT, "lm")

    def row(self, y: int, model: ModelResult) -> None:
        """One model."""
        low, high = (self.x(share) for share in model.interval)
        self.line(low, y, high, y, POINT, 3)
        for x in (low, high):
            self.line(x, y - 6, x, y + 6, POINT, 2)
        x, reach = self.x(model.fooled), 6
        self.pen.ellipse([SCALE * v for v in (x - reach, y - reach, x + reach, y + reach)], fill=POINT)
        error = "" if model.standard_error is None else f" ± {percent(model.standard_error)}"
        self.text(LEFT - 22, y, _short(model.model), 14, INK, "rm")
        self.text(WIDTH - RIGHT + 22, y - 8, f"{percent(model.fooled)}{error}", 14, INK, "lm")
        self.text(WIDTH - RIGHT + 22, y + 10, f"{model.fooled_answers} of {model.answers}", 12, SOFT, "lm")

    def x(self, share: float) -> float:
        """Where a share stands."""
        return LEFT + (WIDTH - LEFT - RIGHT) * share / self.most

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str, width: float) -> None:
        self.pen.line([SCALE * v for v in (x0, y0, x1, y1)], fill=colour, width=round(SCALE * width))

    def text(self, x: float, y: float, words: str, size: int, colour: str, anchor: str) -> None:
        font = ImageFont.load_default(size * SCALE)
        self.pen.text((SCALE * x, SCALE * y), words, fill=colour, font=font, anchor=anchor)

    def png(self) -> bytes:
        data = BytesIO()
        self.image.save(data, "PNG", optimize=True)
        return data.getvalue()


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"…{name[1 - most :]}"
