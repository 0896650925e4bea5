"""Whatever is sent, the practice tenant answers like a server that stands: never with a 5xx, always with its own bodies."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from core_support import Api, open_api, still_tenant
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        *("name", "strategy", "options", "client_id", "audience", "scope", "identifier", "scopes", "grant_types"),
        *("realms", "enabled_clients", "metadata", "status", "client_authentication_methods", "flags", "pem"),
        *("configuration", "customScripts", "attributes", "jwt_configuration", "client_metadata", "token_lifetime"),
    ]
)
LIKELY = st.sampled_from(
    ["acme", "auth0", "public_key", "https://practice.auth0.test/api/v2/", "read:users", True, 1, {}, []]
)
BODIES = JSON | st.dictionaries(NAMES, JSON | LIKELY | st.dictionaries(NAMES, LIKELY, max_size=4), max_size=6)
PATHS = st.sampled_from(
    [
        *("connections", "connections/{}", "connections/{}/clients", "connections/{}/users", "connections/{}/status"),
        *("clients", "clients/{}", "clients/{}/connections", "clients/{}/credentials", "clients/{}/rotate-secret"),
        *("client-grants", "client-grants/{}", "resource-servers", "resource-servers/{}", "tenants/settings"),
        *("rules", "rules/{}", "rules-configs", "logs", "logs/{}", "{}"),
    ]
)
SEGMENTS = st.text(max_size=12) | st.sampled_from(["con", "client", "a/b", "%", "..", "\x00"])
QUERIES = st.dictionaries(
    st.sampled_from(
        ["page", "per_page", "take", "from", "fields", "include_totals", "name", "strategy", "q", "email", "sort"]
    ),
    st.text(max_size=12) | st.sampled_from(["1", "100", "-1", "true", "name", "99999999999999999999", "bmFt"]),
    max_size=3,
)
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"])
KINDS = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", ""])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(METHODS, PATHS, SEGMENTS, QUERIES, BODIES), min_size=1, max_size=12))
def test_no_management_request_breaks_the_tenant(requests: list[tuple[str, str, str, dict[str, str], Any]]) -> None:
    async def run(api: Api) -> None:
        named = {"con": (await api.new_connection())["id"], "client": (await api.new_client())["client_id"]}
        for method, path, segment, query, body in requests:
            whole = "/" + path.format(quote(named.get(segment, segment), safe=""))
            answer = await api.call(method, whole, params=query, json=body)
            assert answer.status_code < 500
            if answer.status_code >= 400:
                assert set(answer.json()) >= {"statusCode", "error", "message"}

    async def opened() -> None:
        async with open_api(still_tenant()) as api:
            await run(api)

    asyncio.run(opened())


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["/oauth/token", "/dbconnections/change_password"]),
            KINDS,
            st.binary(max_size=60) | st.none(),
            st.dictionaries(
                st.sampled_from(
                    [
                        "grant_type",
                        "client_id",
                        "client_secret",
                        "audience",
                        "client_assertion",
                        "client_assertion_type",
                        "realm",
                        "username",
                        "connection",
                        "email",
                    ]
                ),
                st.text(max_size=12)
                | st.sampled_from(
                    ["client_credentials", "password", "own-id", "own-secret", "a.b.c", "eyJhbGciOiJub25lIn0.e30."]
                ),
            ),
        ),
        max_size=10,
    )
)
def test_no_authentication_request_breaks_the_tenant(
    requests: list[tuple[str, str, bytes | None, dict[str, str]]],
) -> None:
    async def opened() -> None:
        async with open_api(still_tenant()) as api:
            own = {"own-id": api.tenant.client_id, "own-secret": api.tenant.client_secret}
            for path, kind, raw, form in requests:
                filled = {name: own.get(value, value) for name, value in form.items()}
                sent: dict[str, Any] = {"content": raw} if raw is not None else {"data": filled}
                headers = {"content-type": kind} if raw is not None and kind else {}
                answer = await api.client.post(path, headers=headers, **sent)
                assert answer.status_code < 500
                if answer.status_code >= 400:
                    assert set(answer.json()) == {"error", "error_description"}

    asyncio.run(opened())
