"""What a request says: its body, its query and its place in a list, refused in Auth0's words when malformed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wizard.javascript_json import well_formed
from wizard.practice.errors import ApiError, invalid_body, invalid_query
from wizard.practice.requests.schema import FLAG, Shape, number, problems, text

LARGEST_BODY = 1_048_576
FIRST_RECORDS = 1000
DEEPEST_JSON = 128
MOST_DIGITS = 1000
"""Of a number in a query or a form. Python reads no more than 4300, and no limit of Auth0's has half as many as this."""
PAGE: Shape = number(0, 1_000_000)
COUNTED = frozenset({"connections", "users"})
"""Lists whose wrapper also says how many items this page has."""


async def body_bytes(request: Request, limit: int = LARGEST_BODY) -> bytes:
    """Read the body, and refuse one of more than `limit` bytes without holding it."""
    too_large = ApiError(413, f"Payload content length greater than maximum allowed: {limit}.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
    return b"".join(parts)


async def json_body(request: Request, shape: Shape | None = None, *, form: Shape | None = None) -> Any:
    """Read a JSON (or form) body and check it against the shape.

    Args:
        form: What the members of a form are, where no shape says it.

    Raises:
        ApiError: 400 for malformed JSON or a body outside the shape, 413 for a large one, 415 for another media type.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    raw = await body_bytes(request)
    if kind == "application/x-www-form-urlencoded":
        value: Any = _typed(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True), shape or form or {})
    elif kind == "application/json" or kind.endswith("+json"):
        value = _parsed(raw)
    else:
        raise ApiError(415, "Unsupported Media Type")
    if shape is not None:
        check(value, shape)
    return value


def _typed(pairs: list[tuple[str, str]], shape: Shape) -> dict[str, Any]:
    """Turn a form into what JSON would say: members that are to be flags, whole numbers or lists of texts become such."""
    members, value = shape.get("properties", {}), dict[str, Any](pairs)
    for name in value.keys() & members.keys():
        listed = "array" in _kinds(members[name])
        value[name] = (
            [part for other, part in pairs if other == name] if listed else _converted(value[name], members[name])
        )
    return value


def check(value: Any, shape: Shape) -> None:
    """Refuse a body that does not fit: `Payload validation error: '…' on property x.`"""
    for problem in problems(value, shape):
        raise invalid_body(problem.message, problem.path)


def _parsed(raw: bytes) -> Any:
    if not raw.strip():
        return None
    malformed = ApiError(400, "Invalid request payload JSON format", "invalid_body")
    try:
        value = well_formed(raw)
    except (ValueError, RecursionError):
        raise malformed from None
    # What Python cannot nest it must not store either.
    if raw.count(b"[") + raw.count(b"{") > DEEPEST_JSON and _depth(value) > DEEPEST_JSON:
        raise malformed
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        insides = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [part for inside in insides for part in inside]
    return depth


def query(request: Request, shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """Read the query parameters named in `shapes`, converted to their types; others are ignored, as Auth0 does.

    Raises:
        ApiError: 400 `Query validation error: '…' on property x.`
    """
    found: dict[str, Any] = {}
    for name, shape in shapes.items():
        values = request.query_params.getlist(name)
        if not values:
            continue
        value: Any = (
            [part for item in values for part in item.split(",")] if shape.get("type") == "array" else values[-1]
        )
        found[name] = _converted(value, shape)
        for problem in problems(found[name], shape):
            raise invalid_query(problem.message, name)
    return found


def _converted(value: Any, shape: Shape) -> Any:
    kinds = _kinds(shape)
    if not isinstance(value, str) or "string" in kinds:
        return value
    if "integer" in kinds and value.removeprefix("-").isdecimal() and value.isascii() and len(value) <= MOST_DIGITS:
        return int(value)
    return value == "true" if "boolean" in kinds and value in {"true", "false"} else value


def _kinds(shape: Shape) -> list[str]:
    kinds: str | list[str] = shape.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that a request asks for.

    Args:
        offset: Rows to leave out.
        limit: Rows to give.
        totals: The answer is wrapped with start, limit, length and total.
        checkpoint: The answer is wrapped with `next`; `after` is the row number the page before ended with.
    """

    offset: int = 0
    limit: int = 50
    totals: bool = False
    checkpoint: bool = False
    after: int = 0


def offset_window(request: Request, *, highest: int = 100, lowest: int = 1) -> Window:
    """Read page, per_page and include_totals."""
    asked = query(request, {"page": PAGE, "per_page": number(lowest, highest), "include_totals": FLAG})
    limit = asked.get("per_page", 50)
    return Window(asked.get("page", 0) * limit, limit, totals=asked.get("include_totals", False))


def checkpoint_window(request: Request, *, highest: int = 100, always: bool = False) -> Window | None:
    """Read take and from; None when the request has neither and the list also knows pages.

    A `from` without a value is none: the SDK for Ruby asks so for a first page, and the reference sets no least length.
    """
    asked = query(request, {"take": number(1, highest), "from": text(0, 1000)})
    beginning = asked.get("from")
    if not beginning and "take" not in asked and not always:
        return None
    return Window(0, asked.get("take", 50), checkpoint=True, after=_row_number(beginning) if beginning else 0)


def any_window(request: Request, *, lowest: int = 1) -> Window:
    """Read either form; take and from win, and what stands beside them must be right too."""
    pages = offset_window(request, lowest=lowest)
    return checkpoint_window(request) or pages


def within_first_records(window: Window) -> None:
    """Refuse a page beyond the first 1000 records, as lists with such a cap do.

    Raises:
        ApiError: 400; Auth0 refuses also when there are fewer records.
    """
    if window.offset + window.limit > FIRST_RECORDS:
        raise ApiError(
            400,
            f"You can only page through the first {FIRST_RECORDS} records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
            "invalid_paging",
        )


def listing(window: Window, key: str, items: list[Any], total: int, last_row: int | None = None) -> Response:
    """Answer with a list in the form that was asked for.

    Args:
        last_row: Row number of the last item when there are more behind it, else None.
    """
    if window.checkpoint:
        return JSONResponse({key: items} | ({} if last_row is None else {"next": cursor(last_row)}))
    if window.totals:
        length = {"length": len(items)} if key in COUNTED else {}
        return JSONResponse({"total": total, "start": window.offset, "limit": window.limit, **length, key: items})
    return JSONResponse(items)


def cursor(row: int) -> str:
    return base64.urlsafe_b64encode(f"row:{row}".encode()).decode().rstrip("=")


def _row_number(value: str) -> int:
    try:
        kind, _, row = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        kind, row = "", ""
    if kind != "row" or not row.isdecimal() or len(row) > 18:
        raise ApiError(400, "The 'from' parameter is not a cursor of this list.", "invalid_query_string")
    return int(row)


FIELDS: dict[str, Shape] = {"fields": text(), "include_fields": FLAG}


def chosen_fields(request: Request, known: frozenset[str]) -> tuple[frozenset[str], bool] | None:
    """Read fields and include_fields; None when all fields are wanted.

    Raises:
        ApiError: 400 for a field this kind of thing does not have, and for no field at all.
    """
    asked = query(request, FIELDS)
    if "fields" not in asked:
        return None
    names = asked["fields"].split(",")
    if not known.issuperset(names):
        one = "|".join(f"({re.escape(name)})" for name in sorted(known))
        raise invalid_query(f"String does not match pattern ^({one})(,({one}))*$", "fields")
    return frozenset(names), asked.get("include_fields", True)


def narrowed(body: dict[str, Any], choice: tuple[frozenset[str], bool] | None) -> dict[str, Any]:
    """Keep (or drop) the chosen fields of an object; `a.b` names a field inside another."""
    if choice is None:
        return body
    names, include = choice
    kept: dict[str, Any] = {}
    for name, part in body.items():
        inner = frozenset(each.removeprefix(f"{name}.") for each in names if each.startswith(f"{name}."))
        if inner and name not in names:
            kept[name] = _narrowed_inside(part, (inner, include))
        elif (name in names) == include:
            kept[name] = part
    return kept


def _narrowed_inside(part: Any, choice: tuple[frozenset[str], bool]) -> Any:
    if isinstance(part, list):
        return [_narrowed_inside(each, choice) for each in part]
    return narrowed(part, choice) if isinstance(part, dict) else part
