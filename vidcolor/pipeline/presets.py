"""Named sets of settings that trade speed for quality; what is in none of them is as the stages' defaults have it."""

from __future__ import annotations

DEFAULT = "default"

PRESETS: dict[str, tuple[str, ...]] = {
    "fast": ("colorize.lines=256", "keys.interval=16", "keys.covered=0.6"),
    DEFAULT: (),
    "best": ("colorize.lines=384", "keys.interval=8", "keys.covered=0.8"),
}
"""Settings by the preset's name, the fastest first; ``section.key=value``, as for ``--set``."""
