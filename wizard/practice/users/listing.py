"""GET /users: pages of users, all or those that a query finds, as the lagging index has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from wizard.practice.errors import ApiError
from wizard.practice.management.access import require
from wizard.practice.requests.reading import listing, narrowed, offset_window, query, within_first_records
from wizard.practice.requests.schema import FLAG, choice, text
from wizard.practice.users.search_sql import order_by, where
from wizard.practice.users.shape import connection_names, shown
from wizard.practice.users.table import index_source

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

SORT = r"^(([a-zA-Z0-9_\\.]+))\:(1|-1)$"


def list_users(tenant: PracticeTenant) -> Any:
    async def list_or_search(request: Request) -> Response:
        require(request, "read:users")
        window = offset_window(request, lowest=0)
        asked = query(
            request,
            {
                "q": text(),
                "search_engine": choice("v1", "v2", "v3"),
                "sort": text(pattern=SORT),
                "fields": text(),
                "include_fields": FLAG,
                "primary_order": FLAG,
            },
        )
        _check_engine(asked.get("search_engine", "v3"))
        within_first_records(window)
        condition, values = where(asked["q"]) if asked.get("q", "").strip() else ("1", ())
        field, _, direction = asked.get("sort", "").partition(":")
        order = order_by(field, direction != "-1")
        source, source_values = index_source(tenant)
        total = 0
        if window.totals:
            counted = tenant.db.execute(
                f"select count(*) from {source} where {condition}",  # noqa: S608 - values are parameters
                (*source_values, *values),
            )
            total = counted.fetchone()[0]
        rows = tenant.db.execute(
            f"select * from {source} where {condition} order by {order} limit ? offset ?",  # noqa: S608 - likewise
            (*source_values, *values, window.limit, window.offset),
        ).fetchall()
        names, fields = connection_names(tenant), _fields(asked)
        return listing(window, "users", [narrowed(shown(row, names), fields) for row in rows], total)

    return list_or_search


def _check_engine(engine: str) -> None:
    if engine == "v1":
        raise ApiError(400, "You are not allowed to use search_engine=v1.", "invalid_query_string")
    if engine == "v2":
        raise ApiError(
            400, "You are not allowed to use search_engine=v2. Use search_engine=v3 instead.", "invalid_query_string"
        )


def _fields(asked: dict[str, Any]) -> tuple[frozenset[str], bool] | None:
    if not asked.get("fields"):
        return None
    return frozenset(asked["fields"].split(",")), asked.get("include_fields", True)
