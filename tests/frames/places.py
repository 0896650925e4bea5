"""Makes the stage of the screens' tests and the events of the picture importable, for scripts and tests alike."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "screens"), str(ROOT / "tests" / "pictures")]
