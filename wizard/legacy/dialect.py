"""How a delimited file separates and quotes its cells, found by trying every way and seeing which one fits."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

LARGEST_CELL = 2**31 - 1
"""csv refuses cells over 128 KB unless told otherwise; how long a cell may get is decided where records are cut."""

DELIMITERS = (",", ";", "\t", "|")
LAST_RESORT = ":"
"""What separates the cells of htpasswd and passwd; it is in moments and addresses too, so that all else is tried before."""
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space", ":": "colon"}


@dataclass(frozen=True)
class Dialect:
    """What csv.reader has to know, and the encoding of the bytes it gets.

    `quote` is "" where nothing is quoted; `escape` means that a backslash takes the next character as it is, and without quotes
    that some letters after it stand for control characters, which is left to do by whoever reads the cells;
    `spaces` that blanks after a delimiter do not belong to the cell. Cells that are exactly the first of a pair of
    `instead` are read as the second.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: bool = False
    spaces: bool = False
    encoding: str = "utf-8"
    instead: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> dict[str, str]:
        """The dialect in an operator's words."""
        quoting = {'"': "double quotes", "'": "single quotes", "": "none"}.get(self.quote, self.quote)
        return {
            "delimiter": _WORDS.get(self.delimiter, self.delimiter),
            "quotes": f"{quoting}, backslash escapes" if self.escape else quoting,
        }

    def read(self, lines: Iterable[str], *, strict: bool = False) -> Reader:
        """Parse lines that keep their ends; blank lines come out as empty lists, as csv does it.

        The limit of csv is one for the whole process, so it is set each time: other code may have changed it.
        """
        csv.field_size_limit(LARGEST_CELL)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar="\\" if self.escape and self.quote else None,
            skipinitialspace=self.spaces,
            strict=strict,
        )

    def rows(self, text: str) -> Reader:
        r"""Parse text; what cells are to be read as is left to do, but for \N where its backslash would be an escape."""
        if self.unescapes:
            text = _without_escaped_ends(text, self.delimiter)
        elif self.escape and "\\N" in text and ("\\N", "") in self.instead:
            ends, quote = re.escape(self.delimiter) + "\r\n", re.escape(self.quote)
            quoted = rf"(?<![^{ends}]){quote}(?:[^{quote}\\]++|\\[\s\S]|{quote}{quote})*{quote}(?!{quote})"
            marker = rf"(?<![^{ends}])\\N(?![^{ends}])"
            text = re.sub(f"{quoted}|{marker}", lambda found: found[0] if found[0] != "\\N" else self.quote * 2, text)
        return self.read(io.StringIO(text, newline=""))

    @property
    def unescapes(self) -> bool:
        """Whether backslashes are still in the cells when a record has been parsed."""
        return self.escape and not self.quote

    def settled(self, data: bytes) -> bytes:
        r"""Lines of at least two cells, none quoted or escaped, ended by \n, with each cell as it is to be read."""
        between = self.delimiter.encode()
        for mark, meant in self.instead:
            old = mark.encode()
            if old[:1] in data and old in data:  # a single byte is found much faster
                new, data = meant.encode(), b"\n" + data + b"\n"
                inside, settled = between + old + between, between + new + between
                data = data.replace(inside, settled).replace(inside, settled)  # neighbours share a delimiter
                data = data.replace(b"\n" + old + between, b"\n" + new + between)
                data = data.replace(between + old + b"\n", between + new + b"\n")[1:-1]
        return data


_CONTROLS = {"0": "\0", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "Z": "\x1a"}
_LETTERS = {"\n": "n", "\r": "r", "\t": "t"}
_ESCAPE = re.compile(r"\\([\s\S])")
_LETTER = re.compile("[a-z]", re.IGNORECASE)


def unescaped(cell: str) -> str:
    """What stands for this cell. Source: MySQL docs, "LOAD DATA", FIELDS ESCAPED BY; PostgreSQL docs, COPY, Text Format."""
    return _ESCAPE.sub(lambda found: _CONTROLS.get(found[1], found[1]), cell) if "\\" in cell else cell


def _without_escaped_ends(text: str, delimiter: str) -> str:
    """The text with letters for escaped line ends and tabs, at which the parser would end a cell."""
    if not any("\\" + end in text for end in (delimiter, "\n", "\r")):
        return text
    return _ESCAPE.sub(lambda found: "\\" + _LETTERS.get(found[1], found[1]), text)


def find_dialect(sample: str, *, encoding: str, delimiter: str | None, quote: str | None, whole: bool) -> Dialect:
    """Return the dialect by which most of the sample's records have one width, the widest of equals.

    Args:
        sample: The first lines of the file.
        delimiter: The operator's own, or None to find it.
        quote: The operator's own ("" for none), or None to find it.
        whole: The sample is the whole file; otherwise its last record is cut off and does not count.
    """
    quotes = ('"', "'") if quote is None else (quote,)
    delimiters = (delimiter,) if delimiter else DELIMITERS
    best, score = Dialect(delimiters[0], quotes[0], encoding=encoding), _NO_SCORE
    for tried in _tried(sample, delimiters, quotes, encoding, apostrophes=quote == "'"):
        best, score = max((best, score), (tried, _score(tried, sample, whole)), key=itemgetter(1))
    if not score[0] and delimiter is None:
        for tried in _tried(sample, (LAST_RESORT,), quotes, encoding, apostrophes=quote == "'"):
            fits, width = _fit(tried, sample, whole)
            if fits == 1.0 and width > 1:
                return tried
    if quote is None and best.quote == '"' and _in_apostrophes(best, sample):
        return replace(best, quote="'")
    return best


def _tried(
    sample: str, delimiters: Sequence[str], quotes: Sequence[str], encoding: str, *, apostrophes: bool
) -> Iterator[Dialect]:
    """The dialects of which the sample shows any sign, plain ones first; quotes that are apostrophes must be `apostrophes` or
    show that they are quotes."""
    for between, around, escape, spaces in product(delimiters, quotes, (False, True), (False, True)):
        if escape and (not around or "\\" + around not in sample):
            continue
        if spaces and (not around or between + " " + around not in sample):
            continue
        if around == "'" and not apostrophes and not _opens_cells(sample, between, around):
            continue
        yield Dialect(between, around, escape, spaces, encoding)


_Score = tuple[bool, int, int, int]
_NO_SCORE: _Score = (False, 0, 0, 0)


def _score(tried: Dialect, sample: str, whole: bool) -> _Score:
    """One column fits every file, so two count for more. Within 2 % dialects fit equally well; then more columns say more."""
    fits, width = _fit(tried, sample, whole)
    return width > 1 and fits >= 0.5, round(fits * 50), width, round(fits * 10_000)


def _in_apostrophes(dialect: Dialect, sample: str) -> bool:
    """Whether nearly all cells with letters stand in single quotes, so that these are no part of them."""
    try:
        cells = [cell for row in dialect.read(io.StringIO(sample, newline="")) for cell in row]
    except csv.Error:
        return False
    quoted = [cell for cell in cells if cell[:1] == cell[-1:] == "'" and len(cell) > 1]
    if len(quoted) < 2:  # most files: their words need not be counted
        return False
    words, quoted_words = (sum(map(bool, map(_LETTER.search, some))) for some in (cells, quoted))
    return words > 1 and quoted_words >= 0.9 * words


def _opens_cells(sample: str, delimiter: str, quote: str) -> bool:
    """Apostrophes are common inside cells; as quotes they follow a delimiter or a line end and close again."""
    closed = sample.count(quote + delimiter) + sample.count(quote + "\n") + sample.count(quote + "\r")
    opened = sample.count(delimiter + quote) + sample.count("\n" + quote)
    return min(opened, closed) > 0.2 * sample.count("\n")


def _fit(dialect: Dialect, sample: str, whole: bool) -> tuple[float, int]:
    """The share of records with the commonest width, parsed strictly, and that width."""
    reader = dialect.read(io.StringIO(sample, newline=""), strict=True)
    widths: list[int] = []
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            widths.append(0)
            continue
        if row:
            widths.append(len(row))
    if not whole and len(widths) > 1:
        widths.pop()
    if not any(widths):
        return 0.0, 0
    width, rows = Counter(each for each in widths if each).most_common(1)[0]
    return rows / len(widths), width
