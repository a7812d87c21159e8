"""What a run came to, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunSummary:
    """The outcome of :func:`~vidcolor.pipeline.run.run` and its parts."""

    film: str
    project: str
    frames: int
    shots: int
    references_used: dict[str, int]
    """How many shots follow each reference."""
    shots_without_reference: int
    """Shots whose colours no reference, hint or other shot told: they have the most natural ones."""
    flagged: list[str]
    """Timecode ranges of the shots that a person should look at."""
    out: str | None = None
    """The coloured film; None where only the manifest was made."""
    shots_computed: int = 0
    """Shots of which a segment was computed by this call."""
    frames_computed: int = 0
    shots_done_twice: int = 0
    """How often a shot was begun again because its worker was lost."""
    seconds: float = 0.0
    """Wall time of the call."""
    report: str | None = None
    """The page to look at; None where it could not be written."""
    verification: dict[str, Any] = field(default_factory=dict)
    """As :class:`~vidcolor.pipeline.verify.Verification` says it."""
    warnings: list[str] = field(default_factory=list)
    """One sentence for everything a person should know: broken stills, a film cut short, streams left out."""

    @property
    def frames_per_second(self) -> float:
        """Frames computed by this call, over its wall time."""
        return self.frames_computed / self.seconds if self.seconds > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``ok`` is False where the finished film breaks a law."""
        return {
            **asdict(self),
            "frames_per_second": round(self.frames_per_second, 2),
            "ok": self.verification.get("ok", True),
        }

    def sentences(self) -> list[str]:
        """What a person wants to know, a line each."""
        return [
            *(f"Note: {warning}" for warning in self.warnings),
            self._shots_sentence(),
            *self._reference_sentences(),
            *self._work_sentences(),
            *self.proof_sentences(),
            *([f"Look at it shot by shot, worst first: {self.report}"] if self.report else []),
        ]

    def _shots_sentence(self) -> str:
        return f"{self.film}: {_count(self.frames, 'frame')} in {_count(self.shots, 'shot')}."

    def _reference_sentences(self) -> list[str]:
        used = ", ".join(f"{name} ({_count(shots, 'shot')})" for name, shots in self.references_used.items())
        sentences = [f"References followed: {used or 'none'}."]
        if self.shots_without_reference:
            sentences.append(
                f"In natural colours, without a reference: {_count(self.shots_without_reference, 'shot')}."
            )
        if self.flagged:
            sentences.append(
                f"No reference fits {_count(len(self.flagged), 'shot')} well; have a look at {', '.join(self.flagged)}."
            )
        return sentences

    def _work_sentences(self) -> list[str]:
        if self.out is None:
            return [f"The plan is in {self.project}: change it by hand, then run or colorize."]
        if not self.frames_computed:
            return [f"{self.out}: nothing had changed, no shot was computed ({self.seconds:.1f} s)."]
        again = self.shots_done_twice
        return [
            f"{self.out}: {_count(self.shots_computed, 'shot')} computed in {self.seconds:.1f} s, "
            f"{self.frames_per_second:.1f} frames per second.",
            *([f"Workers were lost on the way: {_count(again, 'shot')} begun again."] if again else []),
        ]

    def proof_sentences(self) -> list[str]:
        """What was proved of the finished film, or found not to be as it should."""
        proof = self.verification
        if not proof:
            return []
        if problems := proof.get("problems"):
            return [f"Not as it should be: {problem}" for problem in problems]
        psnr = proof.get("luma_psnr")
        luma = "luma identical" if psnr is None else f"luma within the codec's loss ({psnr:.1f} dB)"
        copies = len(proof.get("streams_copied", []))
        times = f"{_count(proof['frames_out'], 'frame')}, each at its time"
        return [f"Proved: {times}, {luma}, {_count(copies, 'other stream')} copied packet for packet."]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
