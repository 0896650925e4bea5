"""Delimited files as tests open and read them."""

from __future__ import annotations

import pickle
from collections.abc import Callable

from wizard.legacy.csv import CsvSource
from wizard.legacy.source import BadRecord

Open = Callable[..., CsvSource]


def cells(source: CsvSource) -> list[list[str] | str]:
    """Every record: its cells, or the code of what is wrong with it. All ways of reading must agree."""
    found: list[list[str] | str] = []
    number = 0
    for block in source.blocks(expect=source.facts().fingerprint):
        block = pickle.loads(pickle.dumps(block))  # noqa: S301 - our own
        records, rows = list(block.records()), list(block.rows())
        assert len(records) == len(rows) == block.count
        for index, (record, row) in enumerate(zip(records, rows, strict=True)):
            number += 1
            assert record.number == block.first + index == number
            assert record.position == block.position(index)
            assert row == (record.bad or record.values)
            found.append(row.code if isinstance(row, BadRecord) else list(row))
    assert number == source.facts().records
    return found
