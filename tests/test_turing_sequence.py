"""Laws of a rater's sequence of pairs."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcolor.errors import ConfigError
from vidcolor.turing.sequence import Trial, TuringConfig, sequence

CONFIGS = st.builds(TuringConfig, practice=st.integers(0, 12), test=st.integers(1, 45), seed=st.integers(-5, 5))
PICTURES = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=70, unique=True)
MODELS = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4, unique=True)
RATERS = st.text(min_size=1, max_size=12)


@given(RATERS, PICTURES, MODELS, CONFIGS)
def test_a_sequence_is_fair(rater: str, pictures: list[str], models: list[str], config: TuringConfig) -> None:
    """No picture twice, practice first, models and sides in balance in each round, all pairs asked for if they last."""
    trials = sequence(rater, pictures, models, config)
    assert len({trial.picture for trial in trials}) == len(trials) == min(len(pictures), config.practice + config.test)
    assert [trial.round for trial in trials] == sorted(trial.round for trial in trials)  # practice before test
    assert {trial.picture for trial in trials} <= set(pictures)
    assert any(trial.round == "test" for trial in trials)
    for name in ("practice", "test"):
        found = [trial for trial in trials if trial.round == name]
        assert spread(Counter(dict.fromkeys(models, 0)) | count_of(found, "model"), models) <= 1
        assert spread(count_of(found, "fake"), ["left", "right"]) <= 1
        for start in range(0, len(found), len(models)):  # interleaved
            block = [trial.model for trial in found[start : start + len(models)]]
            assert len(set(block)) == len(block)


def count_of(trials: list[Trial], word: str) -> Counter[str]:
    return Counter(getattr(trial, word) for trial in trials)


def spread(counts: Counter[str], words: list[str]) -> int:
    return max(counts[word] for word in words) - min(counts[word] for word in words)


@given(RATERS, PICTURES, MODELS, CONFIGS, st.randoms())
def test_it_depends_on_rater_seed_and_names_alone(rater, pictures, models, config, random) -> None:  # type: ignore[no-untyped-def]
    """Not on the order in which a folder happens to be read."""
    once = sequence(rater, pictures, models, config)
    random.shuffle(pictures)
    random.shuffle(models)
    assert sequence(rater, pictures, models, config) == once


def test_raters_and_seeds_see_other_orders_sides_and_models() -> None:
    """Over many raters every side and every model meets every picture."""
    pictures, models = [f"{n:02d}" for n in range(12)], ["a", "b", "c"]
    config = TuringConfig(practice=2, test=10)
    sequences = [sequence(f"rater {n}", pictures, models, config) for n in range(200)]
    assert len(set(sequences)) == 200
    assert sequence("rater 0", pictures, models, TuringConfig(practice=2, test=10, seed=1)) not in sequences
    seen = Counter((trial.picture, trial.model, trial.fake) for trials in sequences for trial in trials)
    assert len(seen) == 12 * 3 * 2
    assert min(seen.values()) > 10  # 33 in the mean
    places = Counter((place, trials[place].fake) for trials in sequences for place in range(12))
    assert min(places.values()) > 60  # 100 in the mean


def test_a_sequence_stays_the_same_in_later_versions() -> None:
    """Raters go on after an update: the order is part of the file's meaning."""
    trials = sequence("anna", ["1", "2", "3", "4"], ["m", "n"], TuringConfig(practice=1, test=3))
    assert [(t.round, t.picture, t.model, t.fake) for t in trials] == [
        ("practice", "1", "n", "right"),
        ("test", "3", "m", "right"),
        ("test", "4", "n", "left"),
        ("test", "2", "m", "left"),
    ]


@pytest.mark.parametrize(
    ("pictures", "rounds"), [(50, (10, 40)), (500, (10, 40)), (25, (5, 20)), (4, (0, 4)), (1, (0, 1))]
)
def test_few_pictures_make_short_rounds(pictures: int, rounds: tuple[int, int]) -> None:
    """Practice and test shrink alike."""
    assert tuple(TuringConfig().rounds(pictures).values()) == rounds


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"test": 0}, "at least one test pair"),
        ({"seconds": 0.0}, "0.05 to 60"),
        ({"side": 4}, "16 to 2048 pixels, got 4"),
    ],
)
def test_impossible_protocols_are_refused(values: dict[str, float], words: str) -> None:
    """In a sentence with the bounds."""
    with pytest.raises(ConfigError, match=words):
        TuringConfig(**values)  # type: ignore[arg-type]
