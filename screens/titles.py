"""The words of an answers file in those of the screens: a key by the title of its field, a table by its page.

Messages of the engine are for whoever writes the file, too: they name keys as in `set query in [source]`, and what a key is
called in words as in `a file (path)`.
"""

from __future__ import annotations

import re
from functools import cache

from pydantic import BaseModel

from screens.guide import SHORT
from wizard.answers.section import keys
from wizard.steps import STEPS

TITLES = {step.section.table: SHORT.get(step.key, step.title) for step in STEPS}
"""The page of each table, as the rail has it."""

SECTIONS = {step.section.table: step.section for step in STEPS}

TICKED = {("prepare", "skip"): "a tick", ("passwords", "decisions"): "a tick"}
"""Keys that have no field with a title: what is done on their page instead."""

WORDS = {"true": "yes", "false": "no"}

_TABLE = rf"\[({'|'.join(TITLES)})\]"
_KEY = r'[a-z_]+(?: = (?:"[^"]*"|\[[^\]]*\]|\w+))?'
_KEYS_OF = re.compile(rf"({_KEY}(?:(?:, (?:or |and )?| or | and ){_KEY})*) (?:in|of) {_TABLE}")
_TABLES = ((re.compile(rf"\bin {_TABLE}"), "on the page {}"), (re.compile(rf"(?:the table )?{_TABLE}"), "the page {}"))


def on_pages(text: str) -> str:
    """The text with `key in [table]` as “Title” on the page of the table."""
    text = _KEYS_OF.sub(_fields_of, text)
    for pattern, words in _TABLES:
        text = pattern.sub(lambda found, words=words: words.format(TITLES[found[1]]), text)  # type: ignore[misc]
    return text


def _fields_of(found: re.Match[str]) -> str:
    """The keys of a list by their titles; other words in it stay, and words that are no keys at all."""
    listed, table = found.groups()
    titles = {key: info.title or key for key, info in keys(SECTIONS[table]).items()}

    def title(found: re.Match[str]) -> str:
        key, _, value = found[0].partition(" = ")
        if (table, key) in TICKED:
            return TICKED[table, key]
        if key not in titles:
            return found[0]
        value = value.strip('"')
        return f"“{titles[key]}”" + (f": {WORDS.get(value, value)}" if value else "")

    named = re.sub(_KEY, title, listed)
    return found[0] if named == listed else f"{named} on the page {TITLES[table]}"


@cache
def _beside(section: type[BaseModel]) -> re.Pattern[str]:
    return re.compile(rf" \((?:{'|'.join(map(re.escape, keys(section)))})(?: = [^()]*)?\)")


def in_form(section: type[BaseModel], text: str) -> str:
    """The text without the keys in brackets behind words, as the fields of a form go by their titles."""
    return _beside(section).sub("", text)
