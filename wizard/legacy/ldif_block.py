"""Consecutive entries of an LDIF file as raw bytes, parsed by whoever receives them.

Source: RFC 2849, "The LDAP Data Interchange Format": folded lines, comments, base64 values, changes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from wizard.legacy.source import BadRecord, Record

Entry = dict[str, list[Any]]
"""Values by the name of the attribute in lower case; `dn` is one of them."""

_BLANK_LINES = re.compile(rb"\n(?:\r?\n)+")
ALL = ".all"
"""Ending of the column with all values of an attribute that has several in some entries."""

_NAME = re.compile(rb"([A-Za-z0-9][A-Za-z0-9.-]*(?:;[A-Za-z0-9-]+)*)(:[:<]?)[ ]*")
DISABLED = "accountDisabled"
"""Name of the column that says whether an account is disabled, where entries have an attribute that tells."""

TELL_DISABLED = frozenset(("nsaccountlock", "useraccountcontrol", "pwdaccountlockedtime"))
HASHES = "userpassword"
FOR_EVER = "000001010000Z"
"""pwdAccountLockedTime of an account that only an administrator can unlock."""

PEOPLE = frozenset(("person", "organizationalperson", "inetorgperson", "user", "posixaccount", "account"))
NO_PEOPLE = frozenset(
    (
        *("organizationalunit", "organization", "organizationalrole", "domain", "dcobject", "domaindns", "container"),
        *("groupofnames", "groupofuniquenames", "posixgroup", "group", "nscontainer", "builtindomain", "computer"),
    )
)

_CHANGE = BadRecord("change_record", "it is a change (changetype), not an entry")
_NOT_A_USER = BadRecord("not_a_user", "it is an entry of something other than a person")
_ELSEWHERE = BadRecord("value_elsewhere", "one of its values lies in another file (:<)")
_NO_DN = BadRecord("ldif_invalid", "it does not begin with dn")
_BAD_LINE = BadRecord("ldif_invalid", "it has a line that is not of the form name: value")
_BAD_BASE64 = BadRecord("ldif_invalid", "it has a value that is not base64")
_UNDECODABLE = BadRecord("undecodable", "it has text that is not UTF-8")


@dataclass(frozen=True)
class LdifColumns:
    """The attributes in the order and spelling of the first entry that has them; those of `several` have a list beside."""

    names: tuple[str, ...] = ()
    several: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        named = [column for name in self.names for column in ([name, name + ALL] if self._many(name) else [name])]
        return (*named, DISABLED) if self._tells else tuple(named)

    def row(self, entry: Entry) -> list[Any]:
        """The cells: the first value of each attribute (of passwords, one that Auth0 takes), and the list of all."""
        cells: list[Any] = []
        for name in self.names:
            values = entry.get(name.lower())
            cells.append(_first(name, values) if values else None)
            if self._many(name):
                cells.append(values)
        if self._tells:
            cells.append(is_disabled(entry))
        return cells

    @cached_property
    def _tells(self) -> bool:
        known = {name.lower() for name in self.names}
        return not TELL_DISABLED.isdisjoint(known) and DISABLED.lower() not in known

    def _many(self, name: str) -> bool:
        return name.lower() in self.several


def _first(name: str, values: list[Any]) -> Any:
    if len(values) == 1 or name.lower() != HASHES or not all(isinstance(each, str) for each in values):
        return values[0]
    from wizard.passwords.cells import best_of

    return best_of(values)


@dataclass(frozen=True)
class LdifBlock:
    """Entries `first` to `first + count - 1`, the bytes of which begin at line `line`."""

    data: bytes
    first: int
    count: int
    line: int
    attributes: LdifColumns = field(default_factory=LdifColumns)

    def entries(self) -> Iterator[tuple[Entry | BadRecord, int]]:
        """Each entry, or what is wrong with it, and the line on which it begins."""
        line = self.line
        for chunk in chunks(self.data):
            if is_entry(chunk):
                yield parse(chunk), line + _before(chunk)
            line += chunk.count(b"\n")

    def rows(self) -> Iterator[Sequence[Any] | BadRecord]:
        for entry, _ in self.entries():
            yield entry if isinstance(entry, BadRecord) else self.attributes.row(entry)

    def records(self) -> Iterator[Record]:
        for index, (entry, line) in enumerate(self.entries()):
            number, position = self.first + index, f"line {line}"
            if isinstance(entry, BadRecord):
                yield Record(number, position, (), entry)
            else:
                yield Record(number, position, self.attributes.row(entry))

    def position(self, index: int) -> str:
        """The line on which the entry begins."""
        return next(f"line {line}" for at, (_, line) in enumerate(self.entries()) if at == index)


def chunks(data: bytes) -> Iterator[bytes]:
    """What ends at blank lines, each with the blank lines before it, so that lines can be counted."""
    start = 0
    for found in _BLANK_LINES.finditer(data):
        yield data[start : found.start() + 1]
        start = found.start() + 1
    if start < len(data):
        yield data[start:]


def is_entry(chunk: bytes) -> bool:
    """Comments, the version alone, and what ldapsearch says about its search are no entries."""
    for line in chunk.split(b"\n"):
        if line.strip() and not line.startswith((b"#", b" ", b"version:")):
            return not line.startswith((b"search:", b"result:", b"# "))
    return False


def is_disabled(entry: Entry) -> bool:
    """Whether an administrator has disabled the account; a lockout after wrong passwords ends, so it is none.

    Source: 389 Directory Server, nsAccountLock; Microsoft, "User-Account-Control attribute", ACCOUNTDISABLE (0x2);
    slapo-ppolicy(5), pwdAccountLockedTime.
    """
    control = str(entry.get("useraccountcontrol", [""])[0]).strip()
    return (
        any(str(value).strip().lower() == "true" for value in entry.get("nsaccountlock", ()))
        or FOR_EVER in entry.get("pwdaccountlockedtime", ())
        or (control.isdecimal() and len(control) < 12 and bool(int(control) & 2))
    )


def _is_nobody(entry: Entry) -> bool:
    """Whether the classes are those of a unit, group or machine, and nothing says that it logs in."""
    classes = {str(value).lower() for value in entry.get("objectclass", ())}
    return (
        not NO_PEOPLE.isdisjoint(classes)
        and ("computer" in classes or PEOPLE.isdisjoint(classes))
        and not entry.get("mail")
        and not entry.get("userpassword")
    )


def _before(chunk: bytes) -> int:
    """Lines before the entry's own first one."""
    for number, line in enumerate(chunk.split(b"\n")):
        if line.strip() and not line.startswith((b"#", b" ", b"version:")):
            return number
    return 0


def parse(chunk: bytes) -> Entry | BadRecord:
    """The values of one entry, or what is wrong with it."""
    entry: Entry = {}
    for line in _unfolded(chunk):
        found = _NAME.match(line)
        if found is None:
            return _BAD_LINE
        name, mark = found[1].decode().lower(), found[2]
        if not entry and name != "dn":
            if name == "version":
                continue
            return _NO_DN
        value = _value(mark, line[found.end() :], name)
        if name == "changetype" and str(value).strip().lower() == "add":
            continue  # as Active Directory's ldifde writes entries
        if name in ("changetype", "control"):
            return _CHANGE
        if isinstance(value, BadRecord):
            return value
        entry.setdefault(name, []).append(value)
    if not entry:
        return _NO_DN
    return _NOT_A_USER if _is_nobody(entry) else entry


def _unfolded(chunk: bytes) -> Iterator[bytes]:
    """Whole lines without comments; a line that begins with a space goes on with the line before."""
    whole: list[bytes] = []
    for line in chunk.replace(b"\r\n", b"\n").split(b"\n"):
        if line.startswith(b" ") and whole:
            whole[-1] += line[1:]
        elif line:
            whole.append(line)
    return (line for line in whole if not line.startswith(b"#"))


def _value(mark: bytes, text: bytes, name: str) -> Any:
    if mark == b":<":
        return _ELSEWHERE
    if mark == b"::":
        try:
            data = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            return _BAD_BASE64
        return _decoded(data, name)
    try:
        return text.decode()
    except UnicodeDecodeError:
        return _UNDECODABLE


def _decoded(data: bytes, name: str) -> Any:
    """Text where it is text; Active Directory's id as it is usually written; else bytes."""
    if name == "objectguid" and len(data) == 16:
        return str(UUID(bytes_le=data))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
