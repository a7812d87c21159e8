"""``python -m vidcolor`` and the ``vidcolor`` program."""

from __future__ import annotations

import sys

from vidcolor.cli import main

if __name__ == "__main__":
    sys.exit(main())
