"""Objects as rows: nested objects become dotted columns, arrays stay values, types are kept.

The columns are the union of what all objects have, found in a first pass. An object below the depth or beyond the number
of keys that is plausible for a user stays one value. MongoDB's way of writing types (`{"$oid": …}`) becomes the value.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from wizard.errors import SourceError
from wizard.legacy.source import BadRecord

DEEPEST = 8
MOST_INSIDE = 200
MOST_COLUMNS = 2000
MOST_FORMS = 500
NOT_OBJECT = BadRecord("not_object", "it is not an object with the fields of a user")

Node = tuple[tuple[str, bool, "Node"], ...]
"""Keys in order: the key, whether it is a column itself, and the keys inside it."""


@dataclass(frozen=True)
class Shape:
    """How objects become rows; picklable, and the same for all blocks of a source."""

    columns: tuple[str, ...] = ()
    tree: Node = ()

    def row(self, record: Any) -> list[Any] | BadRecord:
        """The cells of one object; None where it has nothing."""
        if record.__class__ is not dict:
            return NOT_OBJECT
        cells: list[Any] = []
        _fill(self.tree, record, cells)
        return cells


@dataclass
class _Found:
    """What is known of one key."""

    column: bool = False
    whole: bool = False
    inside: dict[str, _Found] = field(default_factory=dict)
    forms: dict[Any, tuple[str, ...]] = field(default_factory=dict)


class Columns:
    """Collects the keys of objects."""

    def __init__(self) -> None:
        self._root = _Found()
        self._top = self._root.inside

    def see(self, record: Any) -> None:
        """Remember the keys of one object.

        Raises:
            SourceError: there are so many different keys that these cannot be users.
        """
        if record.__class__ is dict:
            _see(self._root, record, 1)
            if len(self._top) > MOST_COLUMNS:
                raise SourceError(
                    f"The objects have more than {MOST_COLUMNS} different keys",
                    why="a list of users has one object a user with a few keys",
                    remedy="export the users as an array of objects, or as one object a line.",
                )

    def shape(self) -> tuple[Shape, tuple[str, ...]]:
        """The shape, and warnings about it."""
        columns: list[str] = []
        renamed: list[str] = []
        tree = _tree(self._top, "", columns, renamed)
        whole = [column for column in columns if _whole(self._top, column)]
        warnings = [
            f"{column} holds objects with too many different keys for columns; it stays one value." for column in whole
        ]
        warnings += [f"Two paths lead to the name {name}; the second column has a number." for name in renamed]
        return Shape(tuple(columns), tree), tuple(warnings)


def _see(node: _Found, record: dict[str, Any], depth: int) -> None:
    """Most objects have the keys and types of one before; then only the objects inside have to be looked at."""
    form = (*record, *map(type, record.values()))
    again = node.forms.get(form)
    for key in record if again is None else again:
        _see_value(node.inside, key, record[key], depth)
    if again is None and len(node.forms) < MOST_FORMS:
        node.forms[form] = tuple(key for key, value in record.items() if value.__class__ is dict)


def _see_value(known: dict[str, _Found], key: str, value: Any, depth: int) -> None:
    found = known.get(key)
    if found is None:
        found = known[key] = _Found()
    if value.__class__ is dict:
        value = unwrapped(value)
    if value.__class__ is not dict:
        found.column = True
    elif found.whole or depth >= DEEPEST:
        found.column = found.whole = True
    else:
        _see(found, value, depth + 1)
        if len(found.inside) > MOST_INSIDE:
            found.inside.clear()
            found.forms.clear()
            found.column = found.whole = True


def _tree(known: dict[str, _Found], prefix: str, columns: list[str], renamed: list[str]) -> Node:
    nodes = []
    for key, found in known.items():
        column = found.column or not found.inside
        if column:
            columns.append(_free(prefix + key, columns, renamed))
        nodes.append((key, column, _tree(found.inside, f"{prefix}{key}.", columns, renamed)))
    return tuple(nodes)


def _free(name: str, columns: Sequence[str], renamed: list[str]) -> str:
    if name not in columns:
        return name
    renamed.append(name)
    number = 2
    while f"{name}_{number}" in columns:
        number += 1
    return f"{name}_{number}"


def _whole(known: dict[str, _Found], column: str) -> bool:
    found = known.get(column)
    if found is not None:
        return found.whole and not found.inside
    first, _, rest = column.partition(".")
    return first in known and bool(rest) and _whole(known[first].inside, rest)


def _fill(tree: Node, record: dict[str, Any], cells: list[Any]) -> None:
    for key, column, inside in tree:
        value = record.get(key)
        if value.__class__ is dict:
            value = unwrapped(value)
            if inside and value.__class__ is dict:
                if column:
                    cells.append(None)
                _fill(inside, value, cells)
                continue
        if column:
            cells.append(value)
        if inside:
            cells.extend([None] * _width(inside))


def _width(tree: Node) -> int:
    return sum(column + _width(inside) for _, column, inside in tree)


_NUMBER = re.compile(r"-?\d{1,19}", re.ASCII)


def unwrapped(value: dict[str, Any]) -> Any:
    """The value that MongoDB's extended JSON wraps; the object itself if it is none of these.

    Source: MongoDB docs, "MongoDB Extended JSON (v2)"; dates of the canonical form are milliseconds since 1970.
    """
    if "$binary" in value:
        return _binary(value)
    if len(value) != 1:
        return value
    ((key, inner),) = value.items()
    if key[:1] != "$":
        return value
    if key in ("$oid", "$uuid", "$numberDecimal", "$symbol") and isinstance(inner, str):
        return inner
    if key in ("$numberLong", "$numberInt") and isinstance(inner, str) and _NUMBER.fullmatch(inner):
        return int(inner)
    if key == "$date":
        return _moment(unwrapped(inner) if isinstance(inner, dict) else inner, value)
    if key == "$numberDouble" and isinstance(inner, str):
        try:
            return float(inner)
        except ValueError:
            return value
    return value


def _binary(value: dict[str, Any]) -> Any:
    """A UUID, of the old and the new form, the bytes of subtype 03 in the order in which they are stored; plain bytes as the
    text that they are, such as a hash, or in hex.

    Source: MongoDB docs, "MongoDB Extended JSON (v2)" and (v1), Binary; BSON specification, subtypes 0, 3 and 4.
    """
    inner = value["$binary"]
    data, kind = (inner.get("base64"), inner.get("subType")) if isinstance(inner, dict) else (inner, value.get("$type"))
    kind = {"00": 0, "0": 0, "03": 3, "3": 3, "04": 4, "4": 4}.get(kind, kind) if isinstance(kind, str) else kind
    if not isinstance(data, str) or kind not in (0, 3, 4):
        return value
    try:
        found = base64.b64decode(data, validate=True)
        if kind:
            return str(UUID(bytes=found))
    except ValueError:
        return value
    return found.decode() if found.isascii() and found.decode().isprintable() else found.hex()


def _moment(inner: Any, otherwise: Any) -> Any:
    if isinstance(inner, str):
        return inner
    if inner.__class__ is int:
        try:
            moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=inner)
        except OverflowError:
            return otherwise
        return moment.replace(tzinfo=None).isoformat() + "Z"
    return otherwise
