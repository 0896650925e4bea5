"""What the words that answers can be mean to people; where a word says it itself, or is a name, it stands alone."""

from __future__ import annotations

from typing import Any

from textual.content import Content

MEANINGS = {
    # whatever is asked
    "auto": "found out by looking",
    "reject": "left out",
    "ask": "stop and ask",
    "import": "imported",
    "without_password": "without a password",
    # how the store is read
    "csv": "CSV file",
    "sql": "SQL database",
    "json": "JSON file",
    "ndjson": "JSON, a user a line",
    "ldif": "LDIF file",
    # several users with one address
    "keep_newest": "the newest",
    "keep_verified": "the verified one",
    "keep_most_recently_active": "the last to log in",
    # how hashes were made
    "hex": "hexadecimal",
    "prefix": "before",
    "suffix": "after",
    "utf8": "UTF-8 text",
    "utf16le": "UTF-16 text",
    "latin1": "Latin-1 text",
    "ascii": "ASCII text",
    # the connection and what calls it
    "new": "a new one",
    "existing": "one that is there",
    "either": "new or there already",
    "none": "no rules",
    "legacy_api": "the legacy API",
    "postgresql": "PostgreSQL itself",
    "mysql": "MySQL itself",
    # the automatic phase and the evidence
    "hand": "when you say so",
    "share": "at a share of users",
    "date": "on a day",
    "full": "every user",
    "sample": "some users",
}


def words_of(choice: Any) -> Content:
    """What a choice means, and beside it the word that the answers file has, which help and messages speak of."""
    word = str(choice)
    meaning = MEANINGS.get(word)
    return Content.assemble(meaning, (f"  {word}", "$foreground-muted")) if meaning else Content(word)
