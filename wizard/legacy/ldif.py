"""An LDIF file as a legacy store: one record an entry, a column an attribute, streaming in bounded memory."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.errors import SourceError
from wizard.legacy.encoding import Read
from wizard.legacy.ldif_block import ALL, HASHES, Entry, LdifBlock, LdifColumns, chunks, is_entry
from wizard.legacy.opened import Identity, changed, fingerprint, identity, is_packed, read_as_utf8
from wizard.legacy.source import BadRecord, Record, SourceFacts
from wizard.located import located

if TYPE_CHECKING:
    from wizard.legacy.answers import SourceAnswers

BLOCK_BYTES = 1 << 16
LONGEST = 64 << 20
MOST_ATTRIBUTES = 2000

BORDERS = (b"\n\n", b"\n\r\n")
"""What ends an entry."""


@dataclass(frozen=True)
class LdifSource:
    """A file that was read once to find its attributes. Nothing stays open between reads."""

    path: Path
    encoding: str
    attributes: LdifColumns
    known: SourceFacts
    seen: Identity

    @property
    def columns(self) -> tuple[str, ...]:
        return self.attributes.columns

    def facts(self) -> SourceFacts:
        """What the first pass found.

        Raises:
            SourceError: the file is not the one that was opened.
        """
        if identity(self.path) != self.seen:
            raise changed(self.path)
        return self.known

    def blocks(self, *, expect: str | None = None) -> Iterator[LdifBlock]:
        """Yield the records in file order; see `LegacySource.blocks`."""
        digest = hashlib.sha256()
        for block in _blocks(self, digest.update if expect else lambda _: None):
            yield replace(block, attributes=self.attributes)
        if expect and fingerprint(digest.digest(), self.columns) != expect:
            raise changed(self.path)

    def sample(self, count: int = 100) -> Sequence[Record]:
        """The first records; only their part of the file is read."""
        records = itertools.chain.from_iterable(
            replace(block, attributes=self.attributes).records() for block in _blocks(self, lambda _: None)
        )
        return list(itertools.islice(records, count))


def open_ldif(answers: SourceAnswers, base: Path) -> LdifSource:
    """Read the file once: its attributes, how many entries, and its fingerprint.

    Raises:
        SourceError: there is no such file, or it has no entries with a dn.
    """
    path = located(answers.path, base)
    seen = identity(path)
    empty = LdifSource(path, answers.encoding, LdifColumns(), SourceFacts("ldif", (), 0, ""), seen)
    digest, records, bad = hashlib.sha256(), 0, 0
    names: dict[str, str] = {}
    several: set[str] = set()
    for block in _blocks(empty, digest.update):
        records += block.count
        for entry, _ in block.entries():
            if isinstance(entry, BadRecord):
                bad += 1
            else:
                _see(entry, names, several)
    if records and records == bad:
        raise SourceError(
            f"{path.name} has no LDIF entry that can be read",
            remedy="export entries, not changes: each begins with a line dn: … and ends with an empty line.",
        )
    attributes = LdifColumns(tuple(names.values()), frozenset(several))
    details = {"file": path.name, "form": "LDIF"}
    if is_packed(path):
        details["compression"] = "gzip"
    columns = attributes.columns
    warnings = _warnings(attributes) if records else ("The file has no entries.",)
    known = SourceFacts("ldif", columns, records, fingerprint(digest.digest(), columns), details, warnings)
    return replace(empty, attributes=attributes, known=known)


def _see(entry: Entry, names: dict[str, str], several: set[str]) -> None:
    for name, values in entry.items():
        names.setdefault(name, SPELLINGS.get(name, name))
        if len(values) > 1:
            several.add(name)
    if len(names) > MOST_ATTRIBUTES:
        raise SourceError(
            f"The entries have more than {MOST_ATTRIBUTES} different attributes",
            remedy="check that this is an LDIF export of users.",
        )


def _warnings(attributes: LdifColumns) -> tuple[str, ...]:
    warnings = []
    if "pwdaccountlockedtime" in {name.lower() for name in attributes.names}:
        warnings.append(
            "pwdAccountLockedTime is there: only 000001010000Z, for ever, is taken for disabled. Other moments are lockouts "
            "after wrong passwords; if yours do not end by themselves, map blocked to them."
        )
    named = [name for name in attributes.names if name.lower() in attributes.several]
    if named:
        warnings.append(
            f"Some entries have several values of {', '.join(named)}: the column has the first, "
            f"and the column that ends with {ALL} has the list of all."
        )
    if HASHES in attributes.several:
        warnings.append(
            "Some entries have several passwords, all of which let in: Auth0 keeps one, the first that it can take. Whoever "
            "uses another must reset it."
        )
    return tuple(warnings)


def _blocks(source: LdifSource, seen: Callable[[bytes], object]) -> Iterator[LdifBlock]:
    with read_as_utf8(source.path, source.encoding, seen) as read:
        yield from _cut(read)


def _cut(read: Read) -> Iterator[LdifBlock]:
    """Blocks that end at a blank line."""
    rest, first, line = bytearray(), 1, 1
    while data := read(BLOCK_BYTES):
        unseen = max(0, len(rest) - 2)  # a border may have begun in the last two bytes
        rest += data
        end = max(_end_of_last(border, rest, unseen) for border in BORDERS)
        if not end and len(rest) > LONGEST:
            raise SourceError(
                f"From line {line} on there is no empty line in {LONGEST >> 20} MB",
                remedy="check that this is LDIF, in which an empty line ends each entry.",
            )
        if end:
            yield from (block := _block(bytes(rest[:end]), first, line))
            first, line = first + sum(each.count for each in block), line + rest.count(b"\n", 0, end)
            del rest[:end]
    yield from _block(bytes(rest), first, line)


def _end_of_last(border: bytes, data: bytearray, start: int) -> int:
    """Where the last border ends; 0 where there is none from `start` on."""
    found = data.rfind(border, start)
    return 0 if found < 0 else found + len(border)


def _block(data: bytes, first: int, line: int) -> tuple[LdifBlock, ...]:
    count = sum(map(is_entry, chunks(data)))
    return (LdifBlock(data, first, count, line),) if count else ()


_SCHEMAS = (
    "objectClass userPassword givenName displayName telephoneNumber employeeNumber employeeID "
    "preferredLanguage postalAddress homePhone jpegPhoto entryUUID nsUniqueId createTimestamp "
    "modifyTimestamp pwdChangedTime sAMAccountName userPrincipalName objectGUID objectSid whenCreated "
    "whenChanged lastLogonTimestamp lastLogon pwdLastSet userAccountControl proxyAddresses memberOf "
    "physicalDeliveryOfficeName nsAccountLock authTimestamp pwdAccountLockedTime krbLastSuccessfulAuth "
    "homeDirectory loginShell uidNumber gidNumber "
)
SPELLINGS = {name.lower(): name for name in _SCHEMAS.split()}
"""Names of attributes in any case of letters are the same; this is how schemas spell them."""
