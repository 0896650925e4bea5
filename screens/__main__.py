"""The wizard in whatever terminal this process has; `auth0-migrate serve` starts it so, once for every browser page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from screens import open_wizard


def main() -> int:
    """Open the wizard; the exit code is its own."""
    parser = argparse.ArgumentParser(prog="python -m screens")
    parser.add_argument("--practice", action="store_true")
    parser.add_argument("--runs", type=Path)
    given = parser.parse_args()
    return open_wizard(practice=given.practice, runs=given.runs)


if __name__ == "__main__":
    sys.exit(main())
