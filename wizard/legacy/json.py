"""A JSON array, or one JSON object a line, as a legacy store, plain or compressed; its records stream in bounded memory."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wizard.legacy.answers import SourceAnswers
from wizard.legacy.flat import Columns, Shape
from wizard.legacy.json_block import JsonBlock
from wizard.legacy.json_cut import ArrayCutter, LineCutter, NoList
from wizard.legacy.opened import Identity, changed, fingerprint, identity, is_packed, read_as_utf8
from wizard.legacy.source import BadRecord, Record, SourceFacts

LISTS = ("users", "Users", "data", "items", "records", "results", "value", "rows")
"""Where an object may keep its list of users."""

DEEPEST = 4
"""Objects around the list of users, at most."""

Form = Literal["json", "ndjson"]


@dataclass(frozen=True)
class JsonSource:
    """A file that was read once to find its columns. Nothing stays open between reads."""

    path: Path
    form: Form
    lists: tuple[str, ...]
    encoding: str
    shape: Shape
    known: SourceFacts
    seen: Identity
    depth: int = 1

    @property
    def columns(self) -> tuple[str, ...]:
        return self.shape.columns

    def facts(self) -> SourceFacts:
        """What the first pass found.

        Raises:
            SourceError: the file is not the one that was opened.
        """
        if identity(self.path) != self.seen:
            raise changed(self.path)
        return self.known

    def blocks(self, *, expect: str | None = None) -> Iterator[JsonBlock]:
        """Yield the records in file order; see `LegacySource.blocks`."""
        digest = hashlib.sha256()
        for block in _blocks(self, digest.update if expect else lambda _: None):
            yield replace(block, shape=self.shape)
        if expect and fingerprint(digest.digest(), self.form, self.lists, self.columns) != expect:
            raise changed(self.path)

    def sample(self, count: int = 100) -> Sequence[Record]:
        """The first records; only their part of the file is read."""
        records = itertools.chain.from_iterable(
            replace(block, shape=self.shape).records() for block in _blocks(self, lambda _: None)
        )
        return list(itertools.islice(records, count))


def open_json(answers: SourceAnswers, base: Path, form: Form) -> JsonSource:
    """Read the file once: its columns, how many records, and its fingerprint.

    Raises:
        SourceError: there is no such file, or it is not JSON of this form; names the place.
    """
    path = base / Path(answers.path).expanduser()
    lists = (answers.list_key,) if answers.list_key else LISTS
    empty = JsonSource(path, form, lists, answers.encoding, Shape(), SourceFacts(form, (), 0, ""), identity(path))
    try:
        return _looked_through(empty)
    except NoList:
        return _looked_through(replace(empty, depth=DEEPEST))


def _looked_through(empty: JsonSource) -> JsonSource:
    """The same with what a look at all of it shows."""
    path, form, lists = empty.path, empty.form, empty.lists
    digest, columns, records = hashlib.sha256(), Columns(), 0
    for block in _blocks(empty, digest.update):
        records += block.count
        for each in block.objects():
            if each.__class__ is not BadRecord:
                columns.see(each)
    shape, warnings = columns.shape()
    if not records:
        warnings = (*warnings, "The file has no users.")
    details = {"file": path.name, "form": "one object a line" if form == "ndjson" else "array of objects"}
    if is_packed(path):
        details["compression"] = "gzip"
    known = SourceFacts(
        form, shape.columns, records, fingerprint(digest.digest(), form, lists, shape.columns), details, warnings
    )
    return replace(empty, shape=shape, known=known)


def _blocks(source: JsonSource, seen: Callable[[bytes], object]) -> Iterator[JsonBlock]:
    with read_as_utf8(source.path, source.encoding, seen) as read:
        cutter = ArrayCutter(read, source.lists, depth=source.depth) if source.form == "json" else LineCutter(read)
        yield from cutter.blocks()
