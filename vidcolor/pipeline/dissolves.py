"""Dissolves: one picture melting into another, found while a film's small grays go by.

A mixed picture m = (1 - a) A + a B has gradients of the energy (1 - a)^2 |A|^2 + a^2 |B|^2 + 2 a (1 - a) <A, B>: two
pictures that have nothing in common lose half of it in the middle, and that parabola stands however much moves in
either (the variance curve of Alattar, "Detecting and compressing dissolve regions in video sequences", ISCAS 1993, on
gradients, which no lamp or fog shifts). A moving camera or a blur loses energy too, but neither along the parabola,
nor into pictures made of what was before and what comes after. Everything is read off the inner products of the
gradients of the last few seconds' pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vidcolor.pipeline.gradient_ring import GradientRing
from vidcolor.pipeline.likeness import gradients, likeness, tiny

SHORTEST = 6
"""Frames of the shortest dissolve that is looked for; what is shorter is a cut."""

_STEP = 1.2
"""Ratio of one length that is tried to the next."""

_FLAT = 15.0
"""Mean square of the gradients, in gray levels, from which a picture shows enough to melt."""

_ALIKE = 0.2
"""Correlation of the gradients of both ends, place by place, above which they show the same thing."""

_SAME_PICTURE = 0.35
"""Correlation within a small shift, from which on they do."""

_COVER = 0.5
"""How unlike both ends must be in all but the most alike quarter of the cells: a title coming up is no dissolve."""

_JUMP = (0.35, 5.0)
"""A step that makes more than this share of the whole change, and more than so many times the mean step, is a cut."""

_DIP = 0.3
"""Distance of the middle's energy from the parabola, in the mean of both ends', beyond which nothing melts."""

_COST = 0.45
"""Cost (see `_Window.cost`) up to which a window is a dissolve."""

_LEAST = 0.4
"""Share of the least energy of a mixture, below which a picture between the ends is black or white: a fade."""

_CELLS = 4


@dataclass(frozen=True)
class Dissolve:
    """A stretch of mixed frames."""

    start: int
    """The first frame that shows both pictures."""
    length: int
    """How many frames do."""

    @property
    def stop(self) -> int:
        """The first frame that shows the second picture alone."""
        return self.start + self.length

    @property
    def middle(self) -> int:
        """The frame at which the second shot begins."""
        return self.start + self.length // 2


class DissolveFinder:
    """Finds the dissolves of one film from pictures pushed in order; what it holds does not grow with the film."""

    def __init__(self, longest: int) -> None:
        """``longest``: frames of the longest dissolve that is looked for; below `SHORTEST` none is."""
        self._longest = longest
        self._lengths = _lengths(longest)
        self._recent = GradientRing(3 * longest + 8)
        self._waiting: list[_Window] = []
        self.found: list[Dissolve] = []
        """In order, those that no later frame can change; all of them after :meth:`finish`."""

    def push(self, gray: np.ndarray) -> None:
        """Take the next picture: shape (h, w), uint8, the same size for the whole film."""
        if not self._lengths.size:
            return
        self._recent.push(tiny(gray))
        last = self._recent.frames - 1
        for a in self._promising(last, last - 1 - self._lengths[self._lengths <= last - 1]):
            self._judge(int(a), last)
        while self._waiting and min(window.b for window in self._waiting) + self._longest < last:
            self._settle()

    def finish(self) -> list[Dissolve]:
        """The film is over: all its dissolves in order."""
        while self._waiting:
            self._settle()
        return self.found

    def _promising(self, last: int, firsts: np.ndarray) -> np.ndarray:
        """Those of the frames ``firsts`` from which a dissolve to ``last`` may lead, by three products each.

        Both show something, not the same, and half-way the energy is about what a mixture has.
        """
        first, own = self._recent.energies(firsts), self._recent.energies(np.array(last))
        both, middle = self._recent.with_frame(last, firsts), self._recent.energies((firsts + last) // 2)
        dip = np.abs(middle - (first + own + 2 * both) / 4) <= _DIP * (first + own) / 2
        return firsts[dip & (np.minimum(first, own) >= _FLAT) & (both <= _ALIKE * np.sqrt(first * own))]

    def _judge(self, a: int, b: int) -> None:
        """Keep the window of two frames that show different things, if a dissolve lies in it."""
        window = _Window(a, b, self._recent.products(a, b + 1))
        if window.is_dissolve() and self._shows_two(a, b):
            self._waiting.append(window)

    def _shows_two(self, a: int, b: int) -> bool:
        """True where the pictures at both ends show different things, and nearly everywhere."""
        first, second = self._recent.picture(a), self._recent.picture(b)
        return likeness(first, second) < _SAME_PICTURE and _cover(first, second) >= _COVER

    def _settle(self) -> None:
        """The surest of the earliest windows that overlap becomes a dissolve, at the bounds that fit best."""
        group = [min(self._waiting, key=lambda window: window.b)]
        group = [window for window in self._waiting if window.a < group[0].b]
        best = min(group, key=lambda window: window.cost)
        self._waiting = [window for window in self._waiting if window.a >= best.b]
        found = self._refined(best)
        if not self.found or found.start >= self.found[-1].stop:
            self.found.append(found)

    def _refined(self, window: _Window) -> Dissolve:
        """Move both ends of a window to where the parabola fits the frames in and around it best."""
        length = window.b - window.a - 1
        room = max(3, length // 2)
        first = max(window.a - room, self._recent.first)
        last = min(window.b + room, self._recent.frames - 1)
        products = self._recent.products(first, last + 1)
        reach = max(2, length // 3)
        ends = [
            (a, b)
            for a in range(max(first, window.a - reach), window.a + reach + 1)
            for b in range(window.b - reach, min(last, window.b + reach) + 1)
            if SHORTEST <= b - a - 1 <= self._longest
        ]
        a, b = min(ends, key=lambda end: _misfit(products, end[0] - first, end[1] - first))
        return Dissolve(a + 1, b - a - 1)


def _lengths(longest: int) -> np.ndarray:
    """The lengths that are tried: every fifth part longer than the one before."""
    lengths: list[int] = []
    length = float(SHORTEST)
    while round(length) <= longest:
        lengths.append(round(length))
        length = max(length * _STEP, length + 1)
    return np.array(lengths, int)


class _Window:
    """Frames ``a`` to ``b``, both included: is everything between a mixture of the two?"""

    def __init__(self, a: int, b: int, products: np.ndarray) -> None:
        self.a, self.b = a, b
        self._products = products
        self.cost = np.inf
        """Distance from the parabola, what both ends leave unexplained, less what they explain."""

    def is_dissolve(self) -> bool:
        products = self._products
        first, last, both = float(products[0, 0]), float(products[-1, -1]), float(products[0, -1])
        energy, with_first, with_last = products.diagonal(), products[:, 0], products[:, -1]
        if self._jumps() or energy.min() < _LEAST * first * last / (first + last):
            return False
        difference = first + last - 2 * both
        error, share = _nearest_parabola(products)
        mixed = (with_last - with_first - both + first) / difference
        left = (energy - 2 * with_first + first) / difference - mixed**2
        told = ((1 - share) * with_first / first + share * with_last / last) / ((1 - share) ** 2 + share**2)
        self.cost = 10 * error + float(left[1:-1].mean()) - float(told[1:-1].mean())
        return self.cost < _COST

    def _jumps(self) -> bool:
        """True where one step alone makes most of the change: a cut."""
        products = self._products
        energy, next_to = products.diagonal(), products.diagonal(1)
        steps = energy[:-1] + energy[1:] - 2 * next_to
        whole = energy[0] + energy[-1] - 2 * products[0, -1]
        share, times = _JUMP
        return bool(steps.max() > share * whole and steps.max() > times * steps.mean())


def _nearest_parabola(products: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean distance of the energies from those of a mixture of both ends, and its share of the last, even or eased."""
    answers = [(_distance(products, share), share) for share in _shares(len(products))]
    return min(answers, key=lambda answer: answer[0])


def _shares(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """How far the second picture has come, 0 to 1, at a steady pace and eased at both ends."""
    even = np.linspace(0, 1, frames)
    return even, (1 - np.cos(np.pi * even)) / 2


def _distance(products: np.ndarray, share: np.ndarray) -> float:
    """Mean distance of the inner frames' energies from the mixture's, in the mean energy of both ends."""
    first, last, both = products[0, 0], products[-1, -1], products[0, -1]
    expected = (1 - share) ** 2 * first + share**2 * last + 2 * share * (1 - share) * both
    return float(np.abs(products.diagonal() - expected)[1:-1].mean() / ((first + last) / 2))


def _misfit(products: np.ndarray, a: int, b: int) -> float:
    """Mean distance of all frames from: the first picture up to ``a``, a mixture, the second picture from ``b``."""
    energy = products.diagonal()
    inner, _ = _nearest_parabola(products[a : b + 1, a : b + 1])
    outer = np.abs(energy[:a] - energy[a]).sum() + np.abs(energy[b + 1 :] - energy[b]).sum()
    return (inner * (b - a - 1) + float(outer) / float((energy[a] + energy[b]) / 2)) / (len(products) - 2)


def _cover(first: np.ndarray, second: np.ndarray) -> float:
    """How unlike two pictures are, 0 to about 1, in the cell at the first quarter when all are put in order."""
    a, b = gradients(first), gradients(second)
    unlike = []
    for y0, y1 in pairwise(np.linspace(0, a.shape[0], _CELLS + 1).astype(int)):
        for x0, x1 in pairwise(np.linspace(0, a.shape[1], _CELLS + 1).astype(int)):
            p, q = a[y0:y1, x0:x1], b[y0:y1, x0:x1]
            energy = float((p**2).mean() + (q**2).mean()) if p.size else 0.0
            if energy > _FLAT / 2:
                unlike.append(float(((p - q) ** 2).mean()) / energy)
    return float(np.percentile(unlike, 25)) if unlike else 0.0
