"""Small ICC profiles (ICC.1:2001-04, version 2) made by hand, for stills that carry one."""

from __future__ import annotations

import struct

import numpy as np

ADOBE_RGB = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))
"""Linear Adobe RGB (1998) to XYZ, D50: columns are the colorants."""
D50 = (0.9642, 1.0, 0.8249)


def matrix_profile(colorants: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """An RGB display profile of these colorants (3 x 3, XYZ of D50) and one gamma."""
    columns = np.array(colorants).T
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"wtpt": _xyz(D50)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True):
        tags[name] = _xyz(tuple(column))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def cmyk_profile(lab_of_inks: np.ndarray) -> bytes:
    """A printer's profile; lab_of_inks (2, 2, 2, 2, 3): CIELAB of every ink absent (0) or full (1), C first."""
    lightness, ab = lab_of_inks[..., :1] * 2.55, lab_of_inks[..., 1:] + 128
    table = np.concatenate([lightness, ab], axis=-1).round().clip(0, 255).astype(np.uint8)
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if n % 4 == 0 else 0 for n in range(9)))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + table.tobytes() + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": _xyz(D50), b"A2B0": lut, b"A2B1": lut})


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = b"test\0"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": described, b"cprt": b"text" + bytes(4) + text, **tags}
    place, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", place + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12s4s", place + len(body), bytes(4), 0x02100000, kind, space, connection, bytes(12), b"acsp"
    )
    head += bytes(28) + struct.pack(">3i", *(round(value * 65536) for value in D50))
    return head.ljust(128, b"\0") + table + body
