"""What was measured as a picture: a bar for each way, as long as it took, in the colours of the stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from vidcolor.bench.answer import Answer
from vidcolor.bench.stages import STAGES, WAITING

COLOURS = dict(
    zip(
        STAGES,
        (
            *("#9aa5b1", "#4e79a7", "#76b7b2", "#59a14f", "#edc948", "#e15759", "#b07aa1", "#ff9da7", "#f28e2b"),
            *("#86bcb6", "#9c755f", "#8cd17d", "#d37295", "#d4cfc9", "#eeeeee"),
        ),
        strict=True,
    )
)
TRANSCODE = "#555555"
WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 960, 150, 120, 30, 16, 64
LEGEND_ROW, LEGEND_COLUMNS = 22, 5
LEAST_LABELLED = 0.07
"""Share of a bar from which on its percentage is written into it."""


def draw(answer: Answer) -> str:
    """An SVG document, 960 pixels wide."""
    rounds = answer.rounds
    rows: list[tuple[str, float, float, Mapping[str, float]]] = [
        ("plain transcode", rounds.typical_transcode.seconds, 1.0, {})
    ]
    for kind in rounds.runs:
        run = rounds.typical(kind)
        rows.append((" ".join(kind), run.cost.seconds, rounds.ratio(kind), run.stage_shares))
    longest = max(seconds for _, seconds, _, _ in rows)
    legend = TOP + len(rows) * (BAR + GAP) + 14
    height = legend + LEGEND_ROW * -(-len(STAGES) // LEGEND_COLUMNS) + 8
    parts = [*_head(answer, height)]
    for place, (name, seconds, ratio, shares) in enumerate(rows):
        length = (WIDTH - LEFT - RIGHT) * seconds / longest
        parts += _bar(TOP + place * (BAR + GAP), length, shares)
        parts += _words(TOP + place * (BAR + GAP), length, name, answer.frames / seconds, ratio)
    one = LEFT + (WIDTH - LEFT - RIGHT) * rows[0][1] / longest
    parts.append(f'<path d="M{one:.1f} {TOP - 8}V{legend - 18}" stroke="{TRANSCODE}" stroke-dasharray="3 4"/>')
    return "\n".join([*parts, *_legend(legend), "</svg>", ""])


def _head(answer: Answer, height: int) -> Iterator[str]:
    film = answer.film
    title = f"{film.path.name}: {answer.frames} frames of {film.width} × {film.height}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13" fill="#222222">'
    )
    yield '<rect width="100%" height="100%" fill="#ffffff"/>'
    yield f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>'
    yield '<text x="16" y="46">length: wall time; colours: share of the processor; dashed: the plain transcode</text>'


def _bar(y: int, length: float, shares: Mapping[str, float]) -> Iterator[str]:
    if not shares:
        yield f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{TRANSCODE}"/>'
    x = float(LEFT)
    for name in STAGES:
        width = length * shares.get(name, 0.0)
        if width > 0:
            yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{COLOURS[name]}"/>'
        if width > LEAST_LABELLED * (WIDTH - LEFT - RIGHT):
            middle = x + width / 2
            yield f'<text x="{middle:.1f}" y="{y + 20}" text-anchor="middle">{shares[name]:.0%}</text>'
        x += width


def _words(y: int, length: float, name: str, rate: float, ratio: float) -> Iterator[str]:
    yield f'<text x="{LEFT - 10}" y="{y + 20}" text-anchor="end">{escape(name)}</text>'
    yield f'<text x="{LEFT + length + 8:.1f}" y="{y + 13}">× {ratio:.2f}</text>'
    yield f'<text x="{LEFT + length + 8:.1f}" y="{y + 28}" fill="#666666">{rate:.1f} frames/s</text>'


def _legend(top: int) -> Iterator[str]:
    column = (WIDTH - 32) / LEGEND_COLUMNS
    for place, name in enumerate(STAGES):
        x, y = 16 + place % LEGEND_COLUMNS * column, top + place // LEGEND_COLUMNS * LEGEND_ROW
        edge = ' stroke="#bbbbbb"' if name == WAITING else ""
        yield f'<rect x="{x:.1f}" y="{y}" width="12" height="12" fill="{COLOURS[name]}"{edge}/>'
        yield f'<text x="{x + 18:.1f}" y="{y + 11}">{name}</text>'
