"""What the machine may refuse through nobody's fault in the program, and what a person can do about it."""

from __future__ import annotations

import errno

_GO_ON = "and run the same command again"

_REFUSALS = {
    errno.ENOSPC: f"the disk is full; make room {_GO_ON}",
    errno.EDQUOT: f"the disk quota is used up; make room {_GO_ON}",
    errno.EFBIG: "the file would be larger than the disk allows; choose another place with -o and --project",
    errno.EROFS: "the disk is read-only; choose another place with -o and --project",
    errno.EACCES: "permission denied; choose another place with -o and --project, or change the permissions",
    errno.EPERM: "permission denied; choose another place with -o and --project, or change the permissions",
    errno.EIO: f"the disk or the network share reports an error; see to it {_GO_ON}",
    errno.EPIPE: "whoever was reading the output has left",
    errno.EMFILE: f"too many files are open; close other programs {_GO_ON}",
    errno.ENFILE: f"too many files are open; close other programs {_GO_ON}",
    **{
        getattr(errno, name): f"the network share does not answer; mount it {_GO_ON}"
        for name in ("ESTALE", "ENOTCONN", "EHOSTDOWN", "ETIMEDOUT", "ENODEV", "ENXIO")
        if hasattr(errno, name)
    },
}


def refusal(error: OSError) -> str | None:
    """What happened and what would help, without the file's name; None for an error that is the program's own."""
    return None if error.errno is None else _REFUSALS.get(error.errno)


def told(error: OSError) -> str:
    """The same for a file that is being written, in the machine's own words where we have none."""
    if error.errno == errno.ENOENT:
        return "its folder is gone; make it, or choose another place with -o and --project"
    return refusal(error) or str(error.strerror or error)
