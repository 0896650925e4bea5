"""Ways in which a hash may have been made, cheapest first, as answers that an operator could have given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from wizard.passwords.encoded import SIZES, from_base64, from_hex
from wizard.passwords.judging import rounds_in

Given = Mapping[str, Any]
"""Keys of the table [passwords]."""

ITERATIONS = (
    *(1, 2, 10, 100, 500, 1000, 1024, 2000, 2048, 4096, 5000, 8192, 10_000, 12_000, 15_000, 16_384, 20_000, 24_000),
    *(25_000, 27_500, 29_000, 30_000, 32_768, 36_000, 50_000, 60_000, 64_000, 65_536, 80_000, 100_000, 120_000),
    *(131_072, 150_000, 180_000, 185_000, 200_000, 210_000, 216_000, 250_000, 260_000, 310_000, 320_000, 390_000),
    *(480_000, 500_000, 600_000, 720_000, 870_000, 1_000_000, 1_200_000),
)
"""Counts that makers have had as defaults and people have chosen."""

QUICK = 19
"""So many of them take milliseconds each."""
SCRYPTS = ((16_384, 8, 1), (16_384, 16, 1), *product((1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072), (8,), (1, 5)))
"""Cost, block size and parallelization; the usual ones first."""
SEPARATORS = ":.$|,;#-_"
LETTERS = ("utf8", "utf16le", "latin1")
NAMED_SALT = re.compile(r"salt|nonce|seed|key", re.IGNORECASE)
NUMBER = re.compile(r"((?:[a-z]{1,10}=)?)[1-9][0-9]{0,8}")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}")
COUNTS = re.compile(r"iter|round|algo|method|scheme|work|factor|cost|count", re.IGNORECASE)
LONGEST_SALT = 256
MOST_COLUMNS = 20


def candidates(row: Mapping[str, str], column: str, given: Given) -> Iterator[Given]:
    """Yield answers to try, each in place of what describes the hash so far.

    Args:
        row: The cells of an account as text, by column.
        column: Where the hash is.
        given: Decisions that stay: the key, a declared salt column or iterations.
    """
    value = row[column]
    if re.match(r"(md5|sha1)\$", value):
        yield from ({"format": "django"}, {"format": "werkzeug"})
    if value.startswith("{pbkdf2"):
        yield from ({"format": "spring-pbkdf2", "iterations": rounds, **_key(given)} for rounds in ITERATIONS)
    if re.match(r"(\{bcrypt\}|bcrypt\$)?\$2", value):
        yield from _bcrypts(row, column, given)
    sources = list(_sources(row, column, given))
    for source, hashed, salt, _ in sources:
        yield from _digests(source, hashed, salt, given)
    named = [source for source in sources if source[3]]
    if given.get("iterations") is not None or any("{iterations}" in source.get("layout", "") for source, *_ in named):
        yield from _pbkdf2s(named, given)
        return
    yield from _pbkdf2s(named, given, told_by=_telling(row, column))
    yield from _pbkdf2s(named, given, ITERATIONS[:QUICK])
    yield from _scrypts(named, SCRYPTS[:2])
    yield from _pbkdf2s(named, given, ITERATIONS[QUICK:])
    yield from _scrypts(named, SCRYPTS[2:])


def _bcrypts(row: Mapping[str, str], column: str, given: Given) -> Iterator[Given]:
    """bcrypt over the password and the key, or the salt in another column."""
    if given.get("key"):
        for where, form in product(("suffix", "prefix"), ("utf8", "hex", "base64")):
            yield {"format": "bcrypt", "key": given["key"], "key_position": where, "key_encoding": form}
    for name in row:
        if row[name] and name != column and (name == given.get("salt") or NAMED_SALT.search(name)):
            for where, form in product(("prefix", "suffix"), _forms(row[name])):
                yield {"format": "bcrypt", "salt": name, "salt_position": where, "salt_encoding": form}


def _telling(row: Mapping[str, str], column: str) -> list[dict[str, Any]]:
    """The columns that tell this account's iterations: better than one number for all, as stores raise it with the years."""
    told = [name for name, cell in row.items() if name != column and (COUNTS.search(name) or "pbkdf2" in cell.lower())]
    return [{"iterations": name} for name in told if any(rounds_in(row[name], digest) for digest in SIZES)]


Source = tuple[dict[str, Any], bytes, str, bool]
"""Answers that say where hash and salt are, both of them, and whether the salt is where one is expected."""


def _sources(row: Mapping[str, str], column: str, given: Given) -> Iterator[Source]:
    value = row[column]
    if (hashed := _bytes(value)) is not None:
        columns = [name for name in row if name != column and 0 < len(row[name]) <= LONGEST_SALT]
        declared = given.get("salt")
        columns.sort(key=lambda name: (name != declared, NAMED_SALT.search(name) is None))
        yield {}, hashed, "", True
        for name in columns[:MOST_COLUMNS]:
            yield {"salt": name}, hashed, row[name], name == declared or NAMED_SALT.search(name) is not None
    for separator in SEPARATORS:
        parts = value.split(separator)
        if len(parts) == 2 and all(parts):
            for at, layout in enumerate(("{{hash}}{0}{{salt}}", "{{salt}}{0}{{hash}}")):
                if (hashed := _bytes(parts[at])) is not None:
                    yield {"layout": layout.format(separator)}, hashed, parts[1 - at], True
        numbered = [at for at, part in enumerate(parts) if part.isdecimal() and len(part) < 10]
        if len(parts) == 2 and len(numbered) == 1 and (hashed := _bytes(parts[1 - numbered[0]])) is not None:
            names = ("{iterations}", "{hash}") if numbered[0] == 0 else ("{hash}", "{iterations}")
            for name in row:
                if NAMED_SALT.search(name) and name != column and row[name]:
                    yield {"layout": separator.join(names), "salt": name}, hashed, row[name], True
        if len(parts) == 3 and all(parts) and numbered:
            yield from _with_rounds(parts, separator, numbered[0])
        if len(parts) > 3 and all(parts[1:]):
            yield from _named(parts, separator)


def _with_rounds(parts: list[str], separator: str, at: int) -> Iterator[Source]:
    others = [index for index in range(3) if index != at]
    for hash_at, salt_at in (others, others[::-1]):
        if (hashed := _bytes(parts[hash_at])) is not None:
            names = {at: "{iterations}", hash_at: "{hash}", salt_at: "{salt}"}
            yield {"layout": separator.join(names[index] for index in range(3))}, hashed, parts[salt_at], True


def _named(parts: list[str], separator: str) -> Iterator[Source]:
    """How it was made, the iterations, perhaps a length, then salt and hash in any order.

    Such as `sha1:64000:18:<salt>:<hash>` and `$pbkdf2-sha256$i=600000$<hex>$<hex>`.
    """
    words = next((at for at, part in enumerate(parts) if part and not WORD.fullmatch(part)), len(parts))
    told, numbers = parts[:words], parts[words:-2]
    rounds = NUMBER.fullmatch(numbers[0]) if any(told) and len(numbers) in (1, 2) else None
    if rounds is None or not all(map(NUMBER.fullmatch, numbers)):
        return
    for names, at in ((("{salt}", "{hash}"), -1), (("{hash}", "{salt}"), -2)):
        if (hashed := _bytes(parts[at])) is not None:
            layout = separator.join((*told, f"{rounds[1]}{{iterations}}", *numbers[1:], *names))
            yield {"layout": layout}, hashed, parts[-3 - at], True


def _digests(source: dict[str, Any], hashed: bytes, salt: str, given: Given) -> Iterator[Given]:
    """One pass of each digest with this length, and HMAC."""
    names = [name for name, size in SIZES.items() if size == len(hashed)]
    key = _key(given)
    for letters in LETTERS:
        typed = {} if letters == "utf8" else {"password_encoding": letters}
        forms = [*_forms(salt), *([letters] if letters == "utf16le" else [])] if salt else ["utf8"]
        for name, form in product(names, forms):
            salted = {**source, **typed, **({"salt_encoding": form} if salt and form != "utf8" else {})}
            for where in ("prefix", "suffix") if salt or key else ("prefix",):
                placed = {**salted, "salt_position": where} if where == "suffix" else salted
                if not (salt and key):
                    yield {**placed, **key, "format": name}
                if salt and key:
                    yield {**placed, "format": name}
                    yield {**placed, **key, "format": f"hmac-{name}"}
            if salt or key:
                yield {**salted, **({} if salt else key), "format": f"hmac-{name}"}


def _scrypts(sources: list[Source], numbers: Iterable[tuple[int, int, int]]) -> Iterator[Given]:
    for (cost, block, lanes), (source, hashed, salt, _) in product(numbers, sources):
        if salt and len(hashed) >= 16:
            for form in _forms(salt):
                sized = {"cost": cost, "block_size": block, "parallelization": lanes}
                yield {**source, **sized, "format": "scrypt", "salt_encoding": form}


def _pbkdf2s(
    sources: list[Source], given: Given, counts: Sequence[int] = (), told_by: Sequence[dict[str, Any]] = ()
) -> Iterator[Given]:
    """With these counts; without any, with what the answers declare or the row itself tells."""
    known = given.get("iterations")
    fixed: list[dict[str, Any]] = [{}, *([{"iterations": known}] if known is not None else told_by)]
    wanted: list[dict[str, Any]] = [{"iterations": rounds} for rounds in counts] if counts else fixed
    for rounds in wanted:
        for source, hashed, salt, _ in sources:
            in_layout = "{iterations}" in source.get("layout", "")
            if not salt or len(hashed) < 16 or in_layout != (not rounds):
                continue
            for form, name in product(_forms(salt), _likely(len(hashed))):
                yield {**source, **rounds, "salt_encoding": form, "format": f"pbkdf2-{name}"}


def _likely(size: int) -> tuple[str, ...]:
    """Digests for a key of this length, the one whose own length it is first; makers also ask for longer and shorter keys."""
    return tuple(sorted(("sha1", "sha256", "sha512"), key=lambda name: SIZES[name] != size))


def _key(given: Given) -> dict[str, Any]:
    return {name: given[name] for name in ("key", "key_encoding")} if given.get("key") else {}


def _forms(salt: str) -> list[str]:
    """The encodings of which this salt may be."""
    readers = {"hex": from_hex, "base64": from_base64}
    return ["utf8", *(name for name, read in readers.items() if read(salt))]


def _bytes(text: str) -> bytes | None:
    """The bytes of a hash; None if it is neither hex nor base64, or too short for one."""
    data = from_hex(text) or from_base64(text)
    return data if data and len(data) >= 14 else None
