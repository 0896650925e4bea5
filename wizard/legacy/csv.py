"""A delimited file as a legacy store: how it is written is found out, and its records stream in bounded memory."""

from __future__ import annotations

import codecs
import hashlib
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from wizard.errors import SourceError
from wizard.legacy.columns import is_data, named_by_header, named_by_operator
from wizard.legacy.csv_block import RAGGED, CsvBlock
from wizard.legacy.csv_cut import Cutter
from wizard.legacy.csv_cuts import Cuts
from wizard.legacy.dialect import Dialect, find_dialect
from wizard.legacy.digest import Digest
from wizard.legacy.encoding import Encoding, Read, find_encoding, readable_bytes
from wizard.legacy.markers import escapes_backslashes, markers_of
from wizard.legacy.opened import Identity, Stretch, changed, identified, identity, is_packed, opened
from wizard.legacy.source import Record, SourceFacts
from wizard.located import located

if TYPE_CHECKING:
    from wizard.legacy.answers import SourceAnswers

SAMPLE_BYTES = 1 << 18
MARKERS_IN = 1000
"""Records in which NULL is looked for."""

_SEPARATOR_LINE = re.compile(r"\Asep=(.)\r?\n", re.IGNORECASE)
"""Excel's own way of naming the delimiter, on a line before the header."""

_COMMENTS = re.compile(r"\A(?:#[^\r\n]*\r?\n)+")
"""Lines that some exports put before the header."""

_TITLE_ROWS = 60
_VALUE = re.compile(r"\A[-+\d.,:/ ]+\Z|\A(?:true|false)\Z|\A[$*!{]")
_NAME_OF_USERS = re.compile(r"mail|user|login|(?:\A|[_ .-])u?u?id\Z|\Aid(?:\Z|[_ .-])")

NO_HEADER = (
    "The first line looks like a user and names no columns, so they have numbers. Set header to false and columns to their "
    "names in [source]; if that line does name them, skip_lines to 1 as well."
)
_DUMP_LINES = 100
_DUMP = re.compile(
    r"(?:INSERT (?:IGNORE )?|REPLACE )INTO \S|CREATE (?:\w+ )?TABLE \S|DROP TABLE \S|LOCK TABLES? \S|COPY \S.* FROM stdin"
    r"|-- (?:MySQL|MariaDB|PostgreSQL|phpMyAdmin)\b.*\bdump\b",
    re.IGNORECASE,
)
_OF_DUMPS = re.compile(r"--|/\*|\*/|(?:SET|USE|BEGIN|START TRANSACTION|PRAGMA|SELECT pg_catalog)\b", re.IGNORECASE)

_OTHER_FORMATS = (
    (b"PK\x03\x04", "a workbook or a zip archive", "save the sheet as CSV (UTF-8), or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first (gunzip)"),
    (b"SQLite format 3\0", "an SQLite database", "set kind to sql, and url to sqlite:///FILE"),
    (b"PAR1", "a Parquet file", "export it as CSV"),
    (b"BZh", "compressed with bzip2", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ\0", "compressed with xz", "unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    (b"%PDF", "a PDF document", "export the users as CSV"),
)


_OF_TAR = 257
"""Where a tar archive says that it is one. Source: POSIX, pax, "ustar Interchange Format"."""

_DRAWN = re.compile(r"\ufeff?\s*(?:(?:\+-+)+\+[ \t]*\r?\n\||[^\r\n]*\r?\n-{2,}(?: +-{2,})+[ \t]*\r?\n)")
_BETWEEN_RULES, _RULE = re.compile(r"[|,;+\t]"), re.compile(r" *:?-+:? *")
_MARKUP = re.compile(
    r"\ufeff?\s*<(?:(\?xml|mysqldump|resultset|pma_xml_export)|!doctype|html|table|meta)\b", re.IGNORECASE
)
"""The beginning of XML as databases export it, and of the HTML that some programs call an Excel file."""


@dataclass(frozen=True)
class CsvSource:
    """A file whose encoding, dialect and columns are known. Nothing stays open between reads."""

    path: Path
    encoding: Encoding
    dialect: Dialect
    columns: tuple[str, ...]
    has_header: bool
    leading_lines: int = 0
    warnings: tuple[str, ...] = ()
    _cuts: Cuts = field(default_factory=Cuts, init=False, repr=False, compare=False)

    def facts(self) -> SourceFacts:
        """Count and fingerprint the file in one pass, without parsing cells.

        Raises:
            SourceError: the file can't be read, or changed in the meantime.
        """
        self._cuts.forget()
        before = identity(self.path)
        with Digest() as digest:
            records = 0
            for block in self._read_blocks(digest.update):
                records += block.count
                self._cuts.add(block)
        fingerprint = self._fingerprint(digest.digest())
        if self._as_it_is:
            self._cuts.settle(fingerprint, before)
        warnings = self.warnings if records else (*self.warnings, "The file has column names but no users.")
        details = {
            "file": self.path.name,
            "encoding": self.encoding.name,
            **self.dialect.words,
            "header": "first line" if self.has_header else "none",
        }
        return SourceFacts("csv", self.columns, records, fingerprint, details, warnings)

    def blocks(self, *, expect: str | None = None) -> Iterator[CsvBlock]:
        """Yield the records in file order; see `LegacySource.blocks`."""
        digest = hashlib.sha256()
        now = identity(self.path) if self._as_it_is else None
        if expect and now and self._cuts.hold(expect, now):
            blocks = self._read_as_cut(digest.update)
        else:
            blocks = self._read_blocks(digest.update if expect else lambda _: None)
        for block in blocks:
            yield block if now is None else replace(block, again=self._stretch(block, now))
        if expect and self._fingerprint(digest.digest()) != expect:
            raise changed(self.path)

    def sample(self, count: int = 100) -> Sequence[Record]:
        """The first records; only their part of the file is read."""
        records = itertools.chain.from_iterable(block.records() for block in self._read_blocks(lambda _: None))
        return list(itertools.islice(records, count))

    @property
    def _as_it_is(self) -> bool:
        """Whether the blocks hold the very bytes of the file."""
        return self.encoding.in_blocks == self.encoding.name and not is_packed(self.path)

    def _read_blocks(self, seen: Callable[[bytes], object]) -> Iterator[CsvBlock]:
        with opened(self.path) as file:
            before = identified(file)
            read = _watched(file, seen)
            cutter = _cutter(read, self.encoding, self.dialect, self.leading_lines, self.path.name)
            if self.has_header:
                cutter.header()
            yield from cutter.blocks(len(self.columns))
            if before != identified(file) or before != identity(self.path):
                raise changed(self.path)

    def _read_as_cut(self, seen: Callable[[bytes], object]) -> Iterator[CsvBlock]:
        """The same blocks from a file that is the one `facts` looked through, without looking for their ends again."""
        with opened(self.path) as file:
            before = identified(file)
            read = _watched(file, seen)
            read(self.encoding.mark)
            yield from self._cuts.blocks(read, self.dialect, len(self.columns))
            if before != identified(file) or before != identity(self.path):
                raise changed(self.path)

    def _stretch(self, block: CsvBlock, now: Identity) -> Stretch:
        return Stretch(self.path, self.encoding.mark + block.offset, len(block.data), now)

    def _fingerprint(self, digest: bytes) -> str:
        """The data and the way of reading it."""
        reading = repr((self.encoding.name, self.dialect, self.columns, self.has_header, self.leading_lines))
        return hashlib.sha256(digest + reading.encode("utf-8", "surrogatepass")).hexdigest()


def open_csv(answers: SourceAnswers, base: Path) -> CsvSource:
    """Find out how the file is written and what its columns are called.

    Raises:
        SourceError: there is no such file, it is empty or no delimited text, or the header can't be read.
    """
    path = located(answers.path, base)
    with opened(path) as file:
        _refuse_other_formats(path, file)
        encoding = find_encoding(file, answers.encoding)
        file.seek(0)
        head = readable_bytes(file.read, encoding)(SAMPLE_BYTES).decode(encoding.in_blocks, "replace")
        _refuse_markup(path, head)
        _refuse_dumps(path, head)
        _refuse_drawn(path, head, ruled=answers.skip_lines is None)
        dialect, leading_lines, told = _find_dialect(file, encoding, answers)
        file.seek(0)
        first = _first_record(path, _cutter(file.read, encoding, dialect, leading_lines, path.name))
    has_header = answers.header and not is_data(first)
    if has_header:
        columns, warnings = named_by_header(first)
    elif answers.header:
        columns, warnings = named_by_operator((), width=len(first)), (NO_HEADER,)
    else:
        columns, warnings = named_by_operator(answers.columns, width=len(first)), ()
    warnings = (*filter(None, (encoding.warning,)), *told, *warnings)
    source = CsvSource(path, encoding, dialect, columns, has_header, leading_lines, warnings)
    return _with_markers(_with_last_column(source) if has_header else source, answers.quote_character)


def _cutter(read: Read, encoding: Encoding, dialect: Dialect, leading_lines: int, name: str) -> Cutter:
    cutter = Cutter(readable_bytes(read, encoding), dialect, name=name)
    for _ in range(leading_lines):
        cutter.skip_line()
    return cutter


def _find_dialect(file: BinaryIO, encoding: Encoding, answers: SourceAnswers) -> tuple[Dialect, int, tuple[str, ...]]:
    """The dialect, how many lines come before the header (Excel's with the separator, comments, titles), and warnings."""
    file.seek(0)
    data = readable_bytes(file.read, encoding)(SAMPLE_BYTES)
    whole = not file.read(1)
    sample = codecs.getincrementaldecoder(encoding.in_blocks)("replace").decode(data, final=whole)
    named = _SEPARATOR_LINE.match(sample)

    def found(start: int) -> Dialect:
        return find_dialect(
            sample[start:],
            encoding=encoding.in_blocks,
            delimiter=answers.delimiter_character or (named.group(1) if named else None),
            quote=answers.quote_character,
            whole=whole,
        )

    if answers.skip_lines is not None:
        start = sum(map(len, io.StringIO(sample, newline="").readlines()[: answers.skip_lines]))
        return found(start), answers.skip_lines, ()
    if named:
        return found(named.end()), 1, ()
    if not answers.header:
        return found(0), 0, ()
    if remarks := _COMMENTS.match(sample):
        dialect = found(remarks.end())
        if _are_comments(remarks[0], sample[remarks.end() :], dialect):
            return dialect, remarks[0].count("\n"), ()
    dialect = found(0)
    return dialect, *_titles(sample, dialect)


def _titles(sample: str, dialect: Dialect) -> tuple[int, tuple[str, ...]]:
    """How many lines of titles stand above the names of the columns, and a warning about them.

    A file is only taken to have titles where they have fewer cells than the rows, and what follows them is names of columns
    beyond doubt. Where there is doubt the first line names the columns, and the warning says what to do.
    """
    reader = dialect.read(io.StringIO(sample, newline=""))
    rows: list[tuple[int, list[str]]] = []
    before = 0
    for row in itertools.islice(reader, _TITLE_ROWS):
        rows.append((before, row))
        before = reader.line_num
    width, most = (
        Counter(len(row) for _, row in rows if row).most_common(1)[0] if any(row for _, row in rows) else (0, 0)
    )
    first = next((row for _, row in rows if row), [])
    if width < 2 or not _is_title(first, width) or (len(first) > 1 and _names_columns(first, len(first))):
        return 0, ()
    for line, row in rows:
        if row and not _is_title(row, width):
            if _names_columns(row, width):
                lines = "The first line is" if line == 1 else f"The first {line} lines are"
                return line, (f"{lines} taken for a title; skip_lines in [source] says otherwise.",)
            break
    if len(first) < width and most > 1:
        return 0, (
            f"Most lines have {width} cells and the first has {len(first)}: if titles stand above the names of the columns, "
            "set skip_lines in [source].",
        )
    return 0, ()


def _is_title(row: Sequence[str], width: int) -> bool:
    """Whether a row says too little to be of the table; Excel pads titles with empty cells."""
    return len(row) < width or sum(1 for cell in row if cell.strip()) <= min(1, width - 2)


def _names_columns(row: Sequence[str], width: int) -> bool:
    """Whether these are names of columns beyond doubt: all there, all different, no values, and one that users have."""
    names = [cell.strip().casefold() for cell in row]
    return (
        len(names) == width
        and all(names)
        and len(set(names)) == len(names)
        and not any("@" in name or _VALUE.search(name) for name in names)
        and any(_NAME_OF_USERS.search(name) for name in names)
    )


def _are_comments(remarks: str, rest: str, dialect: Dialect) -> bool:
    """Whether no line of these has as many cells as what follows: a header may begin with # too."""
    header = next((row for row in dialect.read(io.StringIO(rest, newline="")) if row), [])
    return bool(header) and all(
        len(row) != len(header) for row in dialect.read(remarks.splitlines(keepends=True)) if row
    )


def _first_record(path: Path, cutter: Cutter) -> list[str]:
    block = cutter.header()
    if block is None:
        raise SourceError(f"The file {path.name} is empty", remedy="check the path and the export that wrote it.")
    first = next(block.records())
    if first.bad:
        raise SourceError(
            f"The first line of {path.name} can't be read",
            why=first.bad.message,
            remedy="correct that line, or set encoding, delimiter and quote in [source].",
        )
    return list(first.values)


def _with_markers(source: CsvSource, quote: str | None) -> CsvSource:
    """The source with what cells of this file are to be read as, and its escapes where nothing is quoted."""
    dialect = source.dialect
    sample = source.sample(MARKERS_IN)
    instead, warnings = markers_of(source.columns, sample, _first_text(source), dialect.delimiter)
    if quote is None and (dialect.delimiter, dialect.quote, dialect.escape) == ("\t", '"', False):
        escaped = replace(source, dialect=replace(dialect, quote="", escape=True))
        if escapes_backslashes(_first_text(escaped), instead) and _bad(escaped.sample(MARKERS_IN)) <= _bad(sample):
            dialect = escaped.dialect
    instead = tuple(pair for pair in instead if dialect.delimiter not in "".join(pair))
    return replace(source, dialect=replace(dialect, instead=instead), warnings=(*source.warnings, *warnings))


def _first_text(source: CsvSource) -> str:
    """The first records as they are in the file."""
    block = next(source._read_blocks(lambda _: None), None)
    return block.data.decode(source.dialect.encoding, "replace") if block else ""


def _bad(records: Sequence[Record]) -> int:
    return sum(record.bad is not None for record in records)


def _with_last_column(source: CsvSource) -> CsvSource:
    """Some exports end every line but the header with one more delimiter: that is an empty column, not ragged rows."""
    first = source.sample(50)
    if not first or not all(record.bad and record.bad.code == RAGGED for record in first):
        return source
    name = f"column_{len(source.columns) + 1}"
    warning = f"Every line has one cell more than the header; the last, empty one is called {name}."
    wider = replace(source, columns=(*source.columns, name), warnings=(*source.warnings, warning))
    fits = all(record.bad is None and record.values[-1] == "" for record in wider.sample(50))
    return wider if fits and name not in source.columns else source


def _refuse_other_formats(path: Path, file: BinaryIO) -> None:
    head = file.read(_OF_TAR + 5)
    if head[_OF_TAR:] == b"ustar":
        raise SourceError(
            f"{path.name} is a tar archive, which may hold many files",
            remedy="unpack it (tar -xf), and give the file of users.",
        )
    for magic, name, remedy in _OTHER_FORMATS:
        if head.startswith(magic):
            raise SourceError(f"{path.name} is no delimited text but {name}", remedy=f"{remedy}.")


def _refuse_markup(path: Path, head: str) -> None:
    """Tags would be read as cells. Source: what mysqldump --xml, mysql --xml and phpMyAdmin write first."""
    if found := _MARKUP.match(head):
        raise SourceError(
            f"{path.name} is no delimited text but {'XML' if found[1] else 'HTML'}",
            remedy="export the users as CSV with a header, or as JSON.",
        )


def _refuse_dumps(path: Path, head: str) -> None:
    """Statements of SQL would be read as cells, and a table of users on one line as the names of columns.

    Source: what mysqldump, pg_dump, phpMyAdmin and sqlite3 .dump write before the first row.
    """
    for line in itertools.islice(io.StringIO(head), _DUMP_LINES):
        words = " ".join(line[:500].split()).removeprefix("\ufeff")
        if _DUMP.match(words):
            raise SourceError(
                f"{path.name} is no delimited text but a dump of SQL",
                remedy="load it into a database and give that as the source, or export the table of users as CSV with a "
                "header.",
            )
        if words and not _OF_DUMPS.match(words):
            return


def _refuse_drawn(path: Path, head: str, *, ruled: bool) -> None:
    """What clients of databases draw for a screen has rules of dashes for rows, and cells that are cut or padded.

    Args:
        ruled: Refuse also what has cells between delimiters and a rule below their names, which an operator can skip.

    Source: MySQL docs, "mysql Client Options", --table; PostgreSQL docs, "psql", its aligned format; Microsoft Learn,
    "sqlcmd utility", the line under the header.
    """
    if _DRAWN.match(head) or (ruled and _is_rule(*itertools.islice(io.StringIO(head), 1, 2))):
        raise SourceError(
            f"{path.name} is no delimited text but a table drawn for a screen",
            remedy="export the users as CSV with a header (mysql --batch, psql --csv, sqlcmd -s and -W without the rule and "
            "with SET NOCOUNT ON), or give the database as the source.",
        )


def _is_rule(line: str = "") -> bool:
    """Whether a line has nothing but dashes in each of several cells."""
    cells = _BETWEEN_RULES.split(line.strip(" |\r\n"))
    return "--" in line and len(cells) > 1 and all(map(_RULE.fullmatch, cells))


def _watched(file: BinaryIO, seen: Callable[[bytes], object]) -> Read:
    """Let `seen` have every byte that is read."""

    def read(size: int) -> bytes:
        data = file.read(size)
        seen(data)
        return data

    return read
