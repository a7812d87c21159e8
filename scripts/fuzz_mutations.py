"""Mutated files, drawn by Hypothesis: bytes of films and stills, lines and words of manifests."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Edit = Callable[[bytes], bytes]
"""One change of a file's contents."""

EDGE = 4096
"""Bytes at either end where headers and indexes stand; half of all edits strike there."""
BITS = (7, 8, 15, 16, 31, 32, 63, 64)
NUMBERS = (0, 1, 0x7F, 0x7FFF, *(1 << bits for bits in BITS[:-1]), *((1 << bits) - 1 for bits in BITS))
WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}

WORDS = (
    *("", "~", "null", "none", "None", "true", "yes", "no", "0", "-1", "1", "1.5", "1e999", "-.inf", ".nan", "0x7f"),
    *("0o17", "1_000", "9" * 30, "9" * 400, "9" * 5000, "1e-400", "12:30:45", "2001-01-01", "2001-99-99", "1/0"),
    *("25/1", "24000/1001", "-24", "[]", "{}", "[[]]", "{a: {b: c}}", "[a.png, b.png]", "{a.png: 2, b.png: -1}"),
    *(
        "{a.png: .nan}",
        "{? [x] : y}",
        "&x [*x]",
        "&x {*x : *x}",
        "*x",
        "<<: *x",
        "!!binary x",
        "!!float abc",
        "!!int x",
    ),
    *("!!python/object/apply:os.getcwd []", "!!set {a, b}", "!!timestamp 2", "!unknown y", "'", '"', "'a", "#c8a078"),
    *("'#c8a078'", "'#c8a0'", "|", ">", "-", "- -", "? ", ": ", "---", "...", "%YAML 9.9", "%TAG ! x", "\t", "\u2028"),
    *("\x00", "\x85", "\ufeff", "\U0001f3ac", "é", "e\u0301", "[" * 40, "{a: " * 40, "[" * 3000, "- " * 3000),
)
"""What a person, an editor or an enemy might put in the place of a word."""


def mutated(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Files of bytes with one to eight edits."""
    edits = st.one_of(_flip(), _number(), _removal(), _repetition(), _insertion(), _blank(), _cut(), _splice(seeds))
    return _edited(seeds, edits, 8)


def mutated_text(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Manifests with one to six edits of words and lines, or of bytes."""
    edits = st.one_of(_value(), _value(), _word(), _line_removal(), _line_repetition(), _indent(), _flip(), _cut())
    return _edited(seeds, edits, 6)


def _edited(seeds: Sequence[bytes], edits: st.SearchStrategy[Edit], most: int) -> st.SearchStrategy[bytes]:
    def apply(seed: bytes, chosen: list[Edit]) -> bytes:
        for edit in chosen:
            seed = edit(seed)
        return seed

    return st.builds(apply, st.sampled_from(seeds), st.lists(edits, min_size=1, max_size=most))


def _place() -> st.SearchStrategy[Callable[[int], int]]:
    """Where in a file of a length: near its beginning, near its end, anywhere."""
    near = st.integers(0, EDGE)
    start = near.map(lambda n: lambda length: min(n, length))
    end = near.map(lambda n: lambda length: max(0, length - n))
    anywhere = st.floats(0, 1).map(lambda share: lambda length: int(share * length))
    return st.one_of(start, end, anywhere, anywhere)


def _span() -> st.SearchStrategy[int]:
    return st.one_of(st.integers(1, 16), st.integers(1, 2000), st.integers(1, 100_000))


def _replace(at: Callable[[int], int], removed: int, new: bytes) -> Edit:
    def edit(data: bytes) -> bytes:
        place = at(len(data))
        return data[:place] + new + data[place + removed :]

    return edit


def _flip() -> st.SearchStrategy[Edit]:
    def flip(at: Callable[[int], int], bit: int) -> Edit:
        def edit(data: bytes) -> bytes:
            place = min(at(len(data)), len(data) - 1)
            return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :] if data else data

        return edit

    return st.builds(flip, _place(), st.integers(0, 7))


def _number() -> st.SearchStrategy[Edit]:
    """A number of one to eight bytes is overwritten with one at the edge of its range."""

    def number(at: Callable[[int], int], width: int, value: int, order: str) -> Edit:
        return _replace(at, width, struct.pack(order + WIDTHS[width], value & ((1 << 8 * width) - 1)))

    values = st.one_of(st.sampled_from(NUMBERS), st.integers(0, (1 << 64) - 1))
    return st.builds(number, _place(), st.sampled_from(list(WIDTHS)), values, st.sampled_from("<>"))


def _removal() -> st.SearchStrategy[Edit]:
    return st.builds(lambda at, count: _replace(at, count, b""), _place(), _span())


def _insertion() -> st.SearchStrategy[Edit]:
    return st.builds(lambda at, new: _replace(at, 0, new), _place(), st.binary(min_size=1, max_size=64))


def _blank() -> st.SearchStrategy[Edit]:
    return st.builds(
        lambda at, count, value: _replace(at, count, bytes([value]) * count),
        _place(), _span(), st.sampled_from((0, 255)),
    )  # fmt: skip


def _cut() -> st.SearchStrategy[Edit]:
    return st.builds(lambda at: lambda data: data[: at(len(data))], _place())


def _repetition() -> st.SearchStrategy[Edit]:
    """A span stands there twice, or again somewhere else."""

    def repeat(source: Callable[[int], int], at: Callable[[int], int], count: int) -> Edit:
        return lambda data: _replace(at, 0, data[source(len(data)) :][:count])(data)

    return st.builds(repeat, _place(), _place(), _span())


def _splice(seeds: Sequence[bytes]) -> st.SearchStrategy[Edit]:
    """The file goes on as another one does."""
    return st.builds(
        lambda at, other: lambda data: data[: at(len(data))] + other[at(len(other)) :], _place(), st.sampled_from(seeds)
    )


def _lines(change: Callable[[list[str], int], list[str]]) -> st.SearchStrategy[Edit]:
    """An edit of one line, chosen by chance."""

    def edit_at(share: float) -> Edit:
        def edit(data: bytes) -> bytes:
            lines = data.decode("utf-8", "surrogateescape").split("\n")
            changed = change(lines, min(int(share * len(lines)), len(lines) - 1))
            return "\n".join(changed).encode("utf-8", "surrogateescape")

        return edit

    return st.floats(0, 1).map(edit_at)


def _value() -> st.SearchStrategy[Edit]:
    """What stands behind a key is replaced."""

    def replaced(word: str) -> st.SearchStrategy[Edit]:
        def change(lines: list[str], at: int) -> list[str]:
            key, colon, _ = lines[at].partition(": ")
            return [*lines[:at], f"{key}: {word}" if colon else word, *lines[at + 1 :]]

        return _lines(change)

    return st.sampled_from(WORDS).flatmap(replaced)


def _word() -> st.SearchStrategy[Edit]:
    """A word is pushed in anywhere."""
    return st.builds(lambda at, word: _replace(at, 0, word.encode()), _place(), st.sampled_from(WORDS))


def _line_removal() -> st.SearchStrategy[Edit]:
    return _lines(lambda lines, at: lines[:at] + lines[at + 1 :])


def _line_repetition() -> st.SearchStrategy[Edit]:
    return _lines(lambda lines, at: lines[: at + 1] + lines[at:])


def _indent() -> st.SearchStrategy[Edit]:
    return _lines(lambda lines, at: [*lines[:at], f" {lines[at]}", *lines[at + 1 :]])
