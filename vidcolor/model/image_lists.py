"""Lists of pictures to train on: a text file with one path a line, as `vidcolor clean` writes it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from vidcolor.errors import TrainingError


def read_image_list(path: Path) -> Iterator[tuple[bytes, str]]:
    """The encoded bytes and the class of every picture that ``path`` lists, in its order.

    A line is a path, absolute or relative to the list, and its class after a tab where it has one. A member of a tar
    shard is named as if the shard were a folder; its class is its ``.cls`` text. Blank lines and lines that begin with
    ``#`` are passed over. Raises TrainingError, naming the line, for a picture that is not there.
    """
    with ExitStack() as stack:
        shard, tar = "", None
        for number, name, label in _lines(path):
            shard_name, member = _split(name)
            try:
                if not member:
                    yield Path(path.parent, name).read_bytes(), label
                    continue
                if tar is None or shard_name != shard:
                    stack.close()
                    shard, tar = shard_name, stack.enter_context(tarfile.open(Path(path.parent, shard_name), "r:"))
                yield _read(tar, member), label or _label(tar, member)
            except (OSError, KeyError, tarfile.TarError) as error:
                raise TrainingError(
                    f"line {number} of {path} names {name}, which cannot be read: a path should be absolute or "
                    "relative to the list"
                ) from error


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Number, path and class of every line that holds a picture."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                name, _, label = line.rstrip("\r\n").partition("\t")
                if name.strip() and not name.startswith("#"):
                    yield number, name, label
    except OSError as error:
        raise TrainingError(f"the list {path} cannot be read: {error.strerror}") from error


def _split(name: str) -> tuple[str, str]:
    """The shard and the member of ``folder/shard.tar/member``; no member for a file of its own."""
    before, between, member = name.partition(".tar/")
    return (before + ".tar", member) if between else (name, "")


def _read(tar: tarfile.TarFile, member: str) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise KeyError(member)
    return file.read()


def _label(tar: tarfile.TarFile, member: str) -> str:
    try:
        return _read(tar, member.rpartition(".")[0] + ".cls").decode().strip()
    except KeyError:
        return ""
