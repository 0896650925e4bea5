"""Patterns that every supported Python reads alike."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\+")


def test_no_group_is_possessive() -> None:
    """Python 3.11.0 to 3.11.4, which Debian 12 has, do not match some of them (issues 101955 and 106052 of CPython)."""
    files = [path for folder in ("wizard", "screens") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 200
    assert not [path.name for path in files if POSSESSIVE_GROUP.search(path.read_text(encoding="utf-8"))]
