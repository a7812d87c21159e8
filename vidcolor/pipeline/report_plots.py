"""Plots over the length of a film, as inline SVG without any colour of its own: classes name what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

LENGTH, HEIGHT = 1000, 100
"""Units of a plot's drawing, stretched to whatever place there is."""
NARROWEST = 1.2
"""Units, so that a short shot of a long film can still be seen."""

Bar = tuple[float, float, float]
"""Where a bar begins and ends, 0 to 1 along the film, and how high it is, 0 to 1."""


def plot(name: str, note: str, summary: str, body: str, thin: bool = False) -> str:
    """One strip: its name, a note on its scale, a summary for those who do not see it, its drawing."""
    return (
        f'<div class="plot{" thin" if thin else ""}"><div class="plot-name">{escape(name)}<small>{escape(note)}</small>'
        f'</div><svg viewBox="0 0 {LENGTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(f"{name}: {summary}")}">{body}</svg></div>'
    )


def bars(drawn: Sequence[Bar], style: str) -> str:
    """Bars of one class, as one path."""
    steps = []
    for start, stop, height in drawn:
        width = max(NARROWEST, (stop - start) * LENGTH)
        top = HEIGHT * (1 - min(1.0, max(0.0, height)))
        steps.append(f"M{start * LENGTH:.1f} {HEIGHT}V{top:.0f}h{width:.1f}V{HEIGHT}z")
    return f'<path class="{style}" d="{"".join(steps)}"/>' if steps else ""


def rule(height: float) -> str:
    """A dashed line at a height, 0 to 1."""
    y = f"{HEIGHT * (1 - height):.0f}"
    return f'<line class="rule" x1="0" x2="{LENGTH}" y1="{y}" y2="{y}"/>'


def time_axis(labels: Sequence[str]) -> str:
    """Labels at even places from the film's beginning to its end."""
    last = max(1, len(labels) - 1)
    marks = []
    for place, label in enumerate(labels):
        anchor = "start" if place == 0 else "end" if place == last else "middle"
        style = ' class="minor"' if place % 2 else ""  # left out where there is little room
        x = f"{100 * place / last:g}%"
        text = f'<text x="{x}" y="16" text-anchor="{anchor}">{escape(label)}</text>'
        marks.append(f'<g{style}><line x1="{x}" x2="{x}" y1="0" y2="4"/>{text}</g>')
    body = "".join(marks)
    return f'<div class="plot axis" aria-hidden="true"><div class="plot-name"></div><svg>{body}</svg></div>'
