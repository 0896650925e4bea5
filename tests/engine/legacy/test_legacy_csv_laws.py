"""Cutting agrees with parsing, whatever is in the file and wherever a block ends."""

from __future__ import annotations

import csv
import io
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wizard.errors import SourceError
from wizard.legacy.csv_block import CsvBlock
from wizard.legacy.csv_cut import Cutter
from wizard.legacy.csv_cuts import Cuts
from wizard.legacy.dialect import Dialect
from wizard.legacy.source import BadRecord
from wizard.mapping.table import Table

MESS = st.text(st.sampled_from('",\n\r\t\\ abnN;é'), max_size=80).map(str.encode)
DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ";", "é"]),
    quote=st.sampled_from(['"', "", "é"]),
    escape=st.booleans(),
    spaces=st.booleans(),
).filter(lambda dialect: dialect.delimiter != dialect.quote and not (dialect.escape and not dialect.quote))
TABLES = Dialect("\t", "", escape=True, instead=((r"\N", ""),))
"""As MySQL and PostgreSQL write a table: nothing is quoted, a backslash escapes."""
DIALECTS |= st.just(TABLES)


def cut(data: bytes, dialect: Dialect, step: int) -> list[CsvBlock]:
    """All blocks of about `step` bytes, from a file that gives no more at once; runaway quotes are lost after 60."""
    file = io.BytesIO(data)
    cutter = Cutter(lambda size: file.read(min(size, step)), dialect, block=step, longest_quoted=60)
    return list(cutter.blocks(2))


def flat(blocks: list[CsvBlock]) -> Iterator[list[str] | str]:
    for block in blocks:
        for row in block.rows():
            yield row.code if isinstance(row, BadRecord) else list(row)


@given(MESS, DIALECTS, st.integers(1, 90))
@settings(max_examples=600, deadline=None)
def test_the_count_before_parsing_is_the_number_of_records_after_it(data: bytes, dialect: Dialect, step: int) -> None:
    for block in cut(data, dialect, step):
        records = list(block.records())
        assert block.count == len(records) == len(list(block.rows()))
        assert [block.position(index) for index in range(block.count)] == [record.position for record in records]


@given(MESS, DIALECTS, st.integers(1, 90))
@example('"\r"é'.encode(), Dialect("é"), 1)
@settings(max_examples=600, deadline=None)
def test_where_blocks_end_changes_nothing(data: bytes, dialect: Dialect, step: int) -> None:
    in_steps, at_once = cut(data, dialect, step), cut(data, dialect, len(data) + 1)
    assert list(flat(in_steps)) == list(flat(at_once))
    positions = [record.position for block in in_steps for record in block.records()]
    assert positions == [record.position for block in at_once for record in block.records()]


@given(MESS, DIALECTS, st.integers(1, 90))
@settings(max_examples=600, deadline=None)
def test_blocks_cut_as_remembered_are_the_same(data: bytes, dialect: Dialect, step: int) -> None:
    blocks, cuts, here = cut(data, dialect, step), Cuts(), (1, 2, 3, 4)
    for block in blocks:
        cuts.add(block)
    assert not cuts.hold("seen", here)
    cuts.settle("seen", here)
    assert cuts.hold("seen", here) == all(block.pieces is None for block in blocks)
    assert not cuts.hold("other", here)
    assert not cuts.hold("seen", (1, 2, 3, 5))
    if cuts.hold("seen", here):
        file = io.BytesIO(data)
        assert list(cuts.blocks(file.read, dialect, 2)) == blocks
        assert file.read() == b""


@given(MESS, st.integers(1, 90))
@settings(max_examples=600, deadline=None)
def test_records_are_those_of_csv_unless_a_quote_slipped(data: bytes, step: int) -> None:
    blocks = cut(data, Dialect(), step)
    if any(block.pieces for block in blocks):
        return
    with io.StringIO(data.decode(), newline="") as text:
        expected = [row if len(row) == 2 else "ragged_row" for row in csv.reader(text) if row]
    assert list(flat(blocks)) == expected


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_what_csv_wrote_is_read_back(rows: list[tuple[str, str]], end: str, step: int) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    assert list(flat(cut(file.getvalue().encode(), Dialect(), step))) == [list(row) for row in rows]


def test_memory_does_not_grow_with_the_file() -> None:
    line = b'%07d,"Lee, Kim",somebody@example.com\n' % 1

    def peak(lines: int) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "users.csv"
            path.write_bytes(line * lines)
            tracemalloc.start()
            with path.open("rb") as file:
                assert sum(block.count for block in Cutter(file.read, Dialect()).blocks(3)) == lines
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    assert peak(100_000) < 1.2 * peak(20_000) < 2_000_000


def test_a_file_without_line_ends_is_refused() -> None:
    file = io.BytesIO(b"id,name\n" + b"x" * 5000)
    with pytest.raises(SourceError, match="Line 2 of the file is longer"):
        list(Cutter(file.read, Dialect(), block=64, longest_line=1000).blocks(2))


@given(
    st.lists(st.tuples(CELL | st.none(), CELL | st.none()), max_size=12),
    st.sampled_from([{"\n": "\\\n", "\t": "\\\t"}, {"\n": r"\n", "\t": r"\t"}]),
    st.integers(1, 60),
)
@settings(max_examples=300, deadline=None)
def test_what_databases_write_is_read_back(rows: list[tuple[Any, Any]], escapes: dict[str, str], step: int) -> None:
    codes = str.maketrans({"\\": r"\\", "\r": r"\r", **escapes})
    lines = ["\t".join(r"\N" if cell is None else cell.translate(codes) for cell in row) for row in rows]
    blocks = cut("".join(line + "\n" for line in lines).encode(), TABLES, step)
    assert list(flat(blocks)) == [[cell or "" for cell in row] for row in rows]
    for block in blocks:
        table = Table.of(block, 2)
        assert [list(table.row(index)) for index in range(block.count)] == list(flat([block]))
