"""The report's page: from what is known of every shot to one HTML file that asks nobody for anything."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

ORDERS = {
    "need": "need of attention",
    "film": "as in the film",
    "score": "score, lowest first",
    "explained": "least explained",
    "flicker": "flicker",
    "leak": "leak across the cut",
    "drift": "drift of saturation",
    "gray": "left gray",
    "distance": "distance to reference",
    "length": "longest",
}
"""Orders to choose from, and their names."""

Explanation = tuple[str, str]
"""A term and what it means."""


def page(
    title: str,
    facts: Sequence[str],
    proofs: Sequence[str],
    notes: Sequence[str],
    plots: str,
    film: dict[str, Any],
    shots: Sequence[dict[str, Any]],
    explanations: Sequence[Explanation],
) -> str:
    """The whole file.

    title, facts, proofs, notes: plain text. plots: HTML. film: what the page's script needs of all shots, with a plain
    ``shots`` for every member of ``shots``, which has ``card`` (what its card says: ``shot``, ``need``, ``level``,
    ``word``, ``time``, ``reasons``) and ``data`` (what is shown of it alone).
    """
    cards = sorted((shot["card"] for shot in shots), key=lambda card: (-card["need"], card["shot"]))
    style, script = _part("page.css"), _part("page.js")
    return Template(_part("page.html")).substitute(
        title=escape(title),
        facts=" · ".join(map(escape, facts)),
        proofs="\n".join(f'<p class="proof">{escape(proof)}</p>' for proof in proofs),
        notes="\n".join(f'<p class="note">{escape(note)}</p>' for note in notes),
        plots=plots,
        film=embedded(film),
        shots=len(shots),
        shots_in_words=f"{len(shots)} shot{'' if len(shots) == 1 else 's'}",
        to_look_at=sum(card["level"] != "fine" for card in cards),
        flagged=sum(bool(shot["flagged"]) for shot in film["shots"]),
        orders="\n".join(f'<option value="{key}">{name}</option>' for key, name in ORDERS.items()),
        cards="\n".join(map(_card, cards)),
        explanations=_terms(explanations),
        data="\n".join(_data(shots)),
        style=style,
        script=script,
        style_hash=_source(style),
        script_hash=_source(script),
    )


def embedded(values: Any) -> str:
    """Plain values as JSON that may stand in a script element: nothing in it can end the element."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _data(shots: Sequence[dict[str, Any]]) -> Iterator[str]:
    for shot in shots:
        number = shot["card"]["shot"]
        yield f'<script type="application/json" id="data-{number}">{embedded(shot["data"])}</script>'


def _card(card: dict[str, Any]) -> str:
    number, reasons = card["shot"], ", ".join(card["reasons"])
    chip = f'<span class="chip {card["level"]}">{escape(card["word"])}</span>' if card["word"] else ""
    return (
        f'<li data-shot="{number}"><button type="button" class="card" aria-haspopup="dialog">'
        f'<span class="picture"><img alt="">{chip}</span>'
        f'<span class="line"><b>Shot {number}</b><span>{escape(card["time"])}</span></span>'
        f'<span class="why">{escape(reasons)}</span></button></li>'
    )


def _terms(explanations: Sequence[Explanation]) -> str:
    terms = (f"<div><dt>{escape(term)}</dt><dd>{escape(meaning)}</dd></div>" for term, meaning in explanations)
    return f"<dl>{''.join(terms)}</dl>"


@cache
def _part(name: str) -> str:
    return (files("vidcolor") / "report_page" / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """The digest by which a browser is told that this style or script alone is ours (CSP level 2)."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
