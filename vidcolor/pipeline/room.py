"""Will the disk hold what is about to be written? A rough answer before hours of work."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from vidcolor.pipeline.output_format import OutputFormat
from vidcolor.types import FilmInfo

_LOSSY = 0.15
"""Bits a pixel of a grainy film takes in a lossy codec at its usual quality; a clean one takes a third of it."""
_PRORES = 3.5
_LOSSLESS = 0.55
"""Share of a pixel's own bits, luma and chroma together, that a codec without loss does not get rid of."""


def bytes_per_frame(info: FilmInfo, form: OutputFormat) -> float:
    """What a coloured frame takes on the disk, within a factor of three or so."""
    lossy = _PRORES if form.codec == "prores" else _LOSSY
    bits = _LOSSLESS * form.bit_depth if form.lossless else lossy
    return info.width * info.height * bits / 8


def shortage(needs: Mapping[Path, float]) -> list[str]:
    """One sentence for every disk with less room than is likely needed.

    needs: bytes, by the folder they go to; a folder need not exist yet.
    """
    by_disk: dict[int, tuple[Path, float]] = {}
    for folder, need in needs.items():
        place = next((path for path in (folder, *folder.absolute().parents) if path.is_dir()), None)
        if place is not None:
            first, before = by_disk.get(place.stat().st_dev, (place, 0.0))
            by_disk[place.stat().st_dev] = first, before + need
    return [
        f"about {_size(need)} will be needed on the disk of {place}, which has {_size(free)} free; where it runs full "
        "the run stops, and goes on from there when there is room"
        for place, need in by_disk.values()
        if (free := shutil.disk_usage(place).free) < need
    ]


def _size(count: float) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1e3:.0f} kB"
