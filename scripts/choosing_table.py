"""Print how well references are chosen, strangers refused and shots tied, over a film cut together from colour clips.

The film is made of pieces of 2 to 8 seconds in shuffled order, black and white at 320 x 240. Of a part of the sets the
first frame that is not part of a fade serves as reference (no piece begins before half a second later), of the others
there is none; strangers lie among the references. A set is one shot of a clip: another shot of the same clip
counts as related, neither right nor wrong.

    python scripts/choosing_table.py CLIPS... --strangers heldout.tar [--shots 120] [--references 20] [--mend]
        [--set ties.neighbours=0 ...] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from cut_together import RATE, Piece, Set, piece_of, read_sets, shuffled, write_films, write_still
from shot_references import load_strangers, write_strangers

from vidcolor.config import resolve
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.manifest import load_manifest
from vidcolor.pipeline.plan import Manifest, ShotEntry
from vidcolor.pipeline.run import match_film, run

SIZE = (320, 240)
SECONDS = (2.0, 8.0)
HEAD = RATE // 2
FADED = 0.75
"""Share of the middle frame's standard deviation below which a frame is still part of a fade."""
SEED = 11


def main() -> None:
    """Cut the film, match it, print the table; with --mend colour it, mend one shot and colour it again."""
    args = _arguments()
    rng = np.random.default_rng(SEED)
    sets = list(read_sets(args.clips, SIZE, SECONDS[0] + 0.7))
    pieces = shuffled(_cut(sets, args.shots, rng), rng)
    known = {one.name for one in (sets[n] for n in rng.permutation(len(sets))[: args.references])}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(args.keep or scratch)
        film, refs, project = folder / "film.mp4", folder / "refs", folder / "film.vidcolor"
        refs.mkdir(parents=True, exist_ok=True)
        write_films(pieces, film)
        for one in sets:
            if one.name in known:
                write_still(refs / f"{one.name}.png", one.frame(_opening(one)))
        write_strangers(load_strangers(args.strangers), refs)
        config = resolve(PipelineConfig, overrides=args.set)
        clock = _Clock()
        match_film(film, refs, project, config, model=args.model, on_progress=clock)
        clock.stop()
        manifest = load_manifest(project / "manifest.yaml")
        minutes = manifest.frames / RATE / 60
        print(f"{len(pieces)} pieces of {len(sets)} sets, {minutes:.1f} minutes, {len(known)} references and strangers")
        spent = ", ".join(f"{stage} {seconds}" for stage, seconds in clock.spent.items())
        print(f"{len(manifest.entries)} shots found; time in seconds: {spent}", flush=True)
        _print_choices(manifest, pieces, known)
        _print_ties(manifest, pieces)
        if args.mend:
            _mend(film, refs, project, config, args.model)


def _cut(sets: Sequence[Set], count: int, rng: np.random.Generator) -> list[Piece]:
    """Pieces of random length and place, as many of each set as of any other, more or less."""
    pieces = []
    for number in range(count):
        source = sets[number % len(sets)]
        head = _opening(source) + HEAD
        room = len(source) - head - 2
        length = min(room, int(rng.uniform(*SECONDS) * RATE))
        start = head + int(rng.integers(0, room - length + 1))
        pieces.append(Piece(source, start, start + length))
    return pieces


def _opening(one: Set) -> int:
    """The first frame that is not part of a fade."""
    least = FADED * one.frame(len(one) // 2).std()
    return next(number for number in range(len(one)) if one.frame(number).std() >= least)


def _print_choices(manifest: Manifest, pieces: Sequence[Piece], known: set[str]) -> None:
    """What became of the shots that have a reference of their set, and of those that have none."""
    related = {name.partition(".")[0] for name in known}
    tallies: dict[str, dict[str, int]] = {}
    misses = []
    for entry in manifest.entries:
        piece, _ = piece_of(pieces, *entry.bounds)
        of_set, of_clip = piece.source.name in known, piece.source.clip in related
        kind = "set has a reference" if of_set else "clip has one" if of_clip else "no reference"
        tally = tallies.setdefault(
            kind, dict.fromkeys(("shots", "right", "related", "stranger", "other", "flagged"), 0)
        )
        tally["shots"] += 1
        tally[_followed(entry, piece)] += 1
        if _followed(entry, piece) != ("right" if of_set else "flagged"):
            followed = entry.references[0] if entry.references else f"nothing, best {entry.runner_up}"
            certainty = entry.score if entry.references else entry.runner_up_score
            misses.append(f"  shot {entry.shot.index} of {piece.source.name} follows {followed} ({certainty:.2f})")
        tally["several"] = tally.get("several", 0) + (len(entry.references) > 1)
    for kind, tally in sorted(tallies.items(), reverse=True):
        shares = "  ".join(f"{name} {count} ({count / tally['shots']:.0%})" for name, count in tally.items())
        print(f"{kind:20} {shares}")
    print("\n".join(misses))


def _followed(entry: ShotEntry, piece: Piece) -> str:
    if not entry.references:
        return "flagged"
    name = entry.references[0].removesuffix(".png")
    if name == piece.source.name:
        return "right"
    if name.startswith("stranger"):
        return "stranger"
    return "related" if name.partition(".")[0] == piece.source.clip else "other"


def _print_ties(manifest: Manifest, pieces: Sequence[Piece]) -> None:
    """How many ties are right, and how many pairs of shots of one set end in one group."""
    sources = [piece_of(pieces, *entry.bounds)[0].source for entry in manifest.entries]
    anchors = [entry.shot.index if entry.tied_to is None else entry.tied_to for entry in manifest.entries]
    tied = [(entry.shot.index, entry.tied_to) for entry in manifest.entries if entry.tied_to is not None]
    right = sum(sources[a].name == sources[b].name for a, b in tied)
    related = sum(sources[a].clip == sources[b].clip for a, b in tied) - right
    wrong = [f"{sources[a].name} to {sources[b].name}" for a, b in tied if sources[a].clip != sources[b].clip]
    pairs = [(a, b) for a, b in combinations(range(len(sources)), 2) if sources[a].name == sources[b].name]
    together = sum(anchors[a] == anchors[b] for a, b in pairs)
    print(f"ties {len(tied)}: right {right}, other shot of the clip {related}, wrong {len(wrong)} {wrong}")
    print(f"pairs of shots of one set: {len(pairs)}, in one group {together} ({together / max(1, len(pairs)):.0%})")


def _mend(film: Path, refs: Path, project: Path, config: PipelineConfig, model: str | None) -> None:
    """Colour the film; change one shot that no other is tied to; colour again."""
    first = run(film, refs, project=project, config=config, overwrite=True, model=model)
    print(f"coloured {first.shots_computed} shots, {first.frames_computed} frames in {first.seconds:.0f} s", flush=True)
    path = project / "manifest.yaml"
    entries = load_manifest(path).entries
    anchors = {entry.tied_to for entry in entries}
    chosen = next(entry for entry in entries if entry.shot.index not in anchors and entry.references)
    text = path.read_text(encoding="utf-8")
    before, mark, after = text.partition(f"- shot: {chosen.shot.index}\n")
    path.write_text(before + mark + after.replace("saturation: 1.0", "saturation: 1.3", 1), encoding="utf-8")
    mended = run(film, refs, project=project, config=config, model=model)
    print(f"shot {chosen.shot.index} mended: {mended.shots_computed} shots computed, {mended.seconds:.0f} s")


class _Clock:
    """Hears of progress, and tells how long each stage took: by the clock, and of the processor's time."""

    def __init__(self) -> None:
        self.spent: dict[str, str] = {}
        self._stage, self._since = "start", self._now()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note of the time where another stage begins."""
        if stage != self._stage:
            self.stop()
            self._stage = stage

    def stop(self) -> None:
        """End the stage."""
        before, self._since = self._since, self._now()
        wall, processor = (end - start for end, start in zip(self._since, before, strict=True))
        self.spent[self._stage] = f"{wall:.0f} ({processor:.0f} of the processor)"

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.monotonic(), time.process_time()


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="folders of colour clips")
    parser.add_argument("--strangers", type=Path, required=True, help="folder or tar shard of pictures of other things")
    parser.add_argument("--shots", type=int, default=130)
    parser.add_argument("--references", type=int, default=20)
    parser.add_argument("--mend", action="store_true")
    parser.add_argument("--keep", help="folder in which film, references and project stay")
    parser.add_argument("--model")
    parser.add_argument("--set", action="append", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
