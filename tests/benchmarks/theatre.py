"""The migration theatre with a whole company: `python tests/benchmarks/theatre.py [PEOPLE]`, 5,000 by default.

It is `tests/theatre/test_theatre.py` with more people, and prints its seconds. Ends with the status of the test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

PEOPLE = "5000"


def main() -> int:
    people = sys.argv[1] if len(sys.argv) > 1 else PEOPLE
    root = Path(__file__).parents[2]
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-n0", "tests/theatre/test_theatre.py"]
    status = subprocess.run(command, cwd=root, env={**os.environ, "PEOPLE": people}, check=False).returncode
    told = "held" if status == 0 else "did not hold" if status == 1 else f"no result, status {status}"
    sys.stdout.write(f"{int(people):,} people: {time.monotonic() - began:.0f} s, {told}\n")
    return abs(status)


if __name__ == "__main__":
    sys.exit(main())
