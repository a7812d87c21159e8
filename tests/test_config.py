"""Settings: defaults, file, overrides; and what is said about wrong ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcolor.config import dump_yaml, resolve, setting_names, to_dict
from vidcolor.errors import ConfigError
from vidcolor.pipeline.config import PipelineConfig
from vidcolor.pipeline.presets import DEFAULT, PRESETS


class Mood(Enum):
    CALM = "calm"
    LOUD = "loud"


@dataclass(frozen=True)
class Inner:
    strength: float = 0.5
    count: int = 3
    on: bool = True

    def __post_init__(self) -> None:
        if self.strength < 0:
            raise ValueError(f"strength must not be negative, got {self.strength}")


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    name: str = "film"
    codec: str | None = None
    folder: Path | None = None
    sizes: tuple[int, ...] = (1, 2)
    pair: tuple[int, float] = (1, 0.5)
    kind: Literal["a", "b", 3] = "a"
    mood: Mood = Mood.CALM
    rate: Fraction = Fraction(24)
    weights: dict[str, float] = field(default_factory=dict)


def config_file(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_alone() -> None:
    """Nothing asked for gives the defaults."""
    assert resolve(Outer) == Outer()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_set_of_settings(preset: str) -> None:
    """Names and values that the road knows; the default changes nothing."""
    config = resolve(PipelineConfig, base=PRESETS[preset])
    assert (config == PipelineConfig()) == (preset == DEFAULT)


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    """Later words win, and what nobody names keeps its default."""
    file = config_file(tmp_path, "inner:\n  strength: 1\n  count: 7\nname: other\n")
    config = resolve(Outer, file, ["inner.strength=2e-1", "inner.strength=0.25"])
    assert config.inner == Inner(strength=0.25, count=7)
    assert config.name == "other"
    assert isinstance(resolve(Outer, file).inner.strength, float)


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        ("name=1932", "name", "1932"),
        ("name=a: b # c", "name", "a: b # c"),
        ("name=", "name", ""),
        ("codec=x265", "codec", "x265"),
        ("codec=none", "codec", None),
        ("folder=/a b/c", "folder", Path("/a b/c")),
        ("sizes=[4, 5]", "sizes", (4, 5)),
        ("sizes=4,5", "sizes", (4, 5)),
        ("sizes=[]", "sizes", ()),
        ("pair=[2, 3]", "pair", (2, 3.0)),
        ("kind=b", "kind", "b"),
        ("kind=3", "kind", 3),
        ("mood=loud", "mood", Mood.LOUD),
        ("rate=24000/1001", "rate", Fraction(24000, 1001)),
        ("weights={l1: 1, tv: 0.5}", "weights", {"l1": 1.0, "tv": 0.5}),
    ],
)
def test_overrides_follow_the_annotation(override: str, name: str, value: object) -> None:
    """The text after the equals sign is read as the field's type."""
    assert getattr(resolve(Outer, None, [override]), name) == value


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("inner.strenght=1", "no setting 'inner.strenght'; did you mean 'inner.strength'?"),
        ("inner=1", "'inner' is a section"),
        ("inner.strength", "section.key=value"),
        ("inner.strength=much", "inner.strength must be a number, got 'much'"),
        ("inner.count=2.5", "inner.count must be a whole number, got '2.5'"),
        ("inner.count=true", "a whole number"),
        ("inner.on=1", "inner.on must be true or false"),
        ("sizes=a,b", "sizes must be a list"),
        ("pair=1,2,3", "pair must be a list"),
        ("kind=c", "kind must be one of a, b, 3"),
        ("mood=sad", "mood must be one of calm, loud"),
        ("rate=1/0", "rate must be"),
        ("inner.strength=-1", "--set inner.strength=-1: inner: strength must not be negative, got -1.0"),
    ],
)
def test_wrong_overrides_get_a_sentence(override: str, message: str) -> None:
    """Unknown keys get the nearest name, wrong values what is expected."""
    with pytest.raises(ConfigError) as caught:
        resolve(Outer, None, [override])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner:\n  strenght: 1\n", "line 2: there is no setting 'inner.strenght'; did you mean 'inner.strength'?"),
        ("name: x\ninner:\n  count: much\n", "line 3: inner.count must be a whole number, got 'much'"),
        ("inner: 3\n", "line 1: inner must be a section"),
        ("inner:\n  strength: -2\n", "line 2: inner: strength must not be negative"),
        ("name: 3\n", "name must be a text"),
        ("name: a\nname: b\n", "line 2: name stands here a second time"),
        ("- a\n", "must be a section"),
        ("a: [\n", "not well-formed YAML"),
        ("a: \x00\n", "not well-formed YAML"),
    ],
)
def test_wrong_files_get_a_sentence_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    """A file's mistake is told with file and line."""
    path = config_file(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        resolve(Outer, path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """No file, a folder and foreign bytes are told apart."""
    with pytest.raises(ConfigError, match="there is no such file"):
        resolve(Outer, tmp_path / "no.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        resolve(Outer, tmp_path)
    (tmp_path / "film.mp4").write_bytes(b"\x00\xff\xfe\x80")
    with pytest.raises(ConfigError, match="not a text file"):
        resolve(Outer, tmp_path / "film.mp4")


@pytest.mark.parametrize("text", ["", "# only words\n", "inner:\n", "---\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, text: str) -> None:
    """A file without values is no mistake."""
    assert resolve(Outer, config_file(tmp_path, text)) == Outer()


@settings(max_examples=40)
@given(
    st.builds(
        Outer,
        inner=st.builds(Inner, strength=st.floats(0, 1e9), count=st.integers(), on=st.booleans()),
        name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
        sizes=st.lists(st.integers()).map(tuple),
        kind=st.sampled_from(["a", "b", 3]),
        mood=st.sampled_from(Mood),
        rate=st.fractions(min_value=0),
        weights=st.dictionaries(st.sampled_from("abc"), st.floats(0, 1)),
    )
)
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, config: Outer) -> None:
    """to_dict, YAML and resolve come full circle."""
    file = config_file(tmp_path_factory.mktemp("config"), dump_yaml(to_dict(config)))
    assert resolve(Outer, file) == config


def test_setting_names_are_dotted() -> None:
    """All leaves, none of the sections."""
    assert setting_names(Outer)[:4] == ["inner.strength", "inner.count", "inner.on", "name"]


def test_a_mistake_in_our_own_defaults_stays_ours() -> None:
    """A dataclass that refuses its defaults is a bug, not a person's error."""

    @dataclass(frozen=True)
    class Broken:
        size: int = 0

        def __post_init__(self) -> None:
            raise ValueError("never right")

    with pytest.raises(ValueError, match="never right"):
        resolve(Broken)


def test_the_shipped_configs_are_yaml() -> None:
    """Every file in configs/ is a section of settings."""
    for path in (Path(__file__).parent.parent / "configs").glob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict), path
