"""A JSON array, or one JSON object a line, as a legacy store, plain or compressed; its records stream in bounded memory."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wizard.errors import SourceError
from wizard.legacy.encoding import Read
from wizard.legacy.flat import Columns, Shape
from wizard.legacy.json_arrangements import ListsCutter, MapCutter, PathCutter, SequenceCutter
from wizard.legacy.json_block import INVALID, JsonBlock
from wizard.legacy.json_choice import ChoosingCutter, ChoosingMapCutter, NamedMapCutter, NoneLikeUsers
from wizard.legacy.json_cut import ArrayCutter, LineCutter, NoList, no_list
from wizard.legacy.json_layout import (
    DEEPEST,
    LISTS,
    OTHER_LISTS,
    Layout,
    holds_users,
    key_column,
    layout_of,
    member_of_users,
    members_of,
)
from wizard.legacy.opened import Identity, changed, fingerprint, identity, is_packed, read_as_utf8
from wizard.legacy.sniff import beginning_of
from wizard.legacy.source import BadRecord, Record, SourceFacts
from wizard.located import located

if TYPE_CHECKING:
    from wizard.legacy.answers import SourceAnswers

Form = Literal["json", "ndjson"]

FORMS: Mapping[Layout, str] = {
    "list": "array of objects",
    "sequence": "objects one after another",
    "map": "object with a user a key",
    "realms": "array of realms",
    "table": "table of phpMyAdmin",
}

_REALMS = (
    "The file holds the users of {count} realms, and all are read, administrators in the realm master among them. Export one "
    "realm (kc.sh export --realm) to take its users alone."
)


_ASIDE = (
    "Not read, though what it holds has e-mail addresses or usernames: {lists}. If these are users too, name the list in list of "
    "[source] to take them."
)

_ONE_PAGE = "The file says that there are {total:,} users and holds {records:,}: it may be one page of an export."

_PAGES = (
    "These records do not look like users, but each may be a page with a list of them, called {name}. Put the lists together: "
    "jq -s 'flatten | map(.{name}[]?)' {file} > users.json"
)


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
    layout: Layout = "list"
    key: str = ""
    member: str = ""
    inside_lists: bool = False
    at: str = ""
    choosing: bool = False

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
        if expect and _fingerprint(self, digest.digest(), self.columns) != expect:
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
    path = located(answers.path, base)
    lists = (answers.list_key,) if answers.list_key else LISTS
    empty = JsonSource(path, form, lists, answers.encoding, Shape(), SourceFacts(form, (), 0, ""), identity(path))
    if form == "json":
        empty = _laid_out(empty, beginning_of(path), answers.list_key)
    deep = replace(empty, depth=DEEPEST, layout="list", choosing=not answers.list_key)
    for attempt in (empty, deep) if answers.list_key or empty.layout != "list" or form != "json" else (deep,):
        try:
            return _looked_through(attempt)
        except NoneLikeUsers as only:
            return _looked_through(replace(deep, at=only.path, choosing=False))
        except NoList:
            continue
    if answers.list_key and form == "json":
        with suppress(NoList):
            return _looked_through(replace(empty, layout="map", member=answers.list_key))
    more = lists if answers.list_key else (*LISTS, *OTHER_LISTS)
    found = _looked_through(replace(deep, lists=more, inside_lists=True, choosing=False))
    if not answers.list_key and not holds_users(found.columns):
        raise no_list(more)
    return found


def _laid_out(empty: JsonSource, beginning: str, wanted: str) -> JsonSource:
    if wanted:
        _, start = member_of_users(beginning, wanted)
        key = key_column(members_of(beginning, start)) if start else ""
        return replace(empty, layout="map", member=wanted, key=key) if start else empty
    layout = layout_of(beginning)
    if layout != "map":
        return replace(empty, layout=layout)
    member, start = member_of_users(beginning)
    key = key_column(members_of(beginning, start))
    return replace(empty, layout=layout, member=member, key=key, choosing=bool(member))


def _is_by_columns(record: Any) -> bool:
    """Whether it is a whole table. Source: pandas docs, DataFrame.to_json, orient "columns" and "split"."""
    if record.__class__ is not dict or len(record) < 2:
        return False
    if record.keys() in ({"columns", "data"}, {"columns", "index", "data"}):
        return all(isinstance(part, list) for part in record.values())
    first, *others = record.values()
    if not all(isinstance(part, dict) for part in (first, *others)):
        return False
    numbers = {str(number) for number in range(len(first))}
    return bool(first) and all(part.keys() == numbers for part in (first, *others))


def _looked_through(empty: JsonSource) -> JsonSource:
    """The same with what a look at all of it shows."""
    path, form = empty.path, empty.form
    digest, columns, records, bad = hashlib.sha256(), Columns(), 0, Counter[BadRecord]()
    each: Any = None
    with read_as_utf8(path, empty.encoding, digest.update) as read:
        cutter = _cutter(empty, read)
        for block in cutter.blocks():
            records += block.count
            for each in block.objects():
                if each.__class__ is BadRecord:
                    bad[each] += 1
                else:
                    columns.see(each)
    if records and records == bad.total():
        raise _none_valid(path, bad)
    if records == 1 and _is_by_columns(each):
        raise SourceError(
            f"{path.name} holds columns of users instead of users",
            why="each of its members has the values of everybody, as pandas writes it",
            remedy='export the users as an array of objects, with pandas to_json(orient="records").',
        )
    shape, warnings = columns.shape()
    if not records:
        warnings = (*warnings, "The file has no users.")
    pages = [column for column in shape.columns if column in LISTS]
    if len(pages) == 1 and not isinstance(cutter, ListsCutter) and not holds_users(shape.columns):
        warnings = (*warnings, _PAGES.format(name=pages[0], file=path.name))
    if isinstance(cutter, ListsCutter) and cutter.found > 1:
        warnings = (*warnings, _REALMS.format(count=cutter.found))
    details = {"file": path.name, "form": "one object a line" if form == "ndjson" else FORMS[empty.layout]}
    at = cutter.path if isinstance(cutter, ArrayCutter) and empty.layout == "list" and not empty.inside_lists else ""
    if isinstance(cutter, ChoosingCutter | ChoosingMapCutter) and cutter.aside:
        warnings = (*warnings, _ASIDE.format(lists=", ".join(cutter.aside)))
    if isinstance(cutter, ArrayCutter) and cutter.total > records:
        warnings = (*warnings, _ONE_PAGE.format(total=cutter.total, records=records))
    if at and at not in empty.lists:
        details["list"] = at
    if isinstance(cutter, PathCutter):
        details["list"] = cutter.path
        if cutter.found > 1:
            warnings = (*warnings, f"The users of {cutter.found} lists are read, all that are at {cutter.path}.")
    if is_packed(path):
        details["compression"] = "gzip"
    chosen = replace(empty, shape=shape, at=at, choosing=False)
    known = SourceFacts(
        form, shape.columns, records, _fingerprint(chosen, digest.digest(), shape.columns), details, warnings
    )
    return replace(chosen, known=known)


def _none_valid(path: Path, bad: Counter[BadRecord]) -> SourceError:
    ((most, _),) = bad.most_common(1)
    looked_at = f"{bad.total():,} were looked at" if bad.total() > 1 else ""
    return SourceError(
        f"No record of {path.name} is valid JSON",
        why=looked_at if most == INVALID else f"{looked_at}; of most: {most.message}".removeprefix("; "),
        remedy="export the users once more, or correct what wrote the file: a comma before } is not JSON.",
    )


def _blocks(source: JsonSource, seen: Callable[[bytes], object]) -> Iterator[JsonBlock]:
    with read_as_utf8(source.path, source.encoding, seen) as read:
        yield from _cutter(source, read).blocks()


def _cutter(source: JsonSource, read: Read) -> ArrayCutter | LineCutter:
    if source.form == "ndjson":
        return LineCutter(read)
    if source.layout == "sequence":
        return SequenceCutter(read, ())
    if source.layout == "map":
        if not source.key:
            return NamedMapCutter(read, source.member)
        return (ChoosingMapCutter if source.choosing else MapCutter)(read, source.key, source.member)
    if source.layout in ("realms", "table"):
        realms = source.layout == "realms"
        return ListsCutter(read, ("users",) if realms else ("data",), several=realms)
    if source.choosing:
        return ChoosingCutter(read)
    if source.inside_lists:
        return PathCutter(read, source.lists, depth=source.depth)
    return ArrayCutter(read, source.lists, depth=source.depth, at=source.at)


def _fingerprint(source: JsonSource, digest: bytes, columns: Sequence[str]) -> str:
    layout = () if source.layout == "list" else (source.layout, source.key, *([source.member] if source.member else ()))
    layout += (source.at,) if source.at and source.at not in source.lists else ()
    return fingerprint(digest, source.form, source.lists, columns, *layout)
