"""``python -m vidcolor`` and the ``vidcolor`` program."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; Ctrl-C while it is still being loaded has interrupted nothing."""
    try:
        from vidcolor.cli import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
