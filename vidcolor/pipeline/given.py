"""Which references go with a call: those that it names, or those that the project's manifest names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidcolor.pipeline.plan import Manifest


@dataclass(frozen=True)
class Given:
    """Where the references of one call lie."""

    path: Path | None
    """A folder, a still or a colour film; None where there are no references."""
    matched: bool = True
    """Whether shots are matched with them. Those that a person named in the manifest of a film that was matched without
    any are followed by the shots whose entries name them, and by no other."""

    @property
    def folder(self) -> str | None:
        """What the manifest says of a match with them."""
        return str(self.path.resolve()) if self.path and self.matched else None


def given_references(refs: Path | None, before: Manifest | None, now: Manifest | None) -> Given:
    """The references of a call with ``--refs`` (None: without it).

    before: the machine's last answer. now: the manifest as it stands. Either may be missing.
    """
    if refs is not None or now is None:
        return Given(refs)
    named = None if now.references is None else Path(now.references)
    return Given(named, matched=before is None or before.references is not None)
