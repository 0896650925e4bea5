"""Whatever is sent to users and jobs, the answer is one of Auth0's, never a server error."""

from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st
from user_world import API, World

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
likely = st.sampled_from(
    ["people", "jane@example.com", "auth0|1", "json", "csv", "+4930", 5, True, {}, {"a": {"b": 1}}, [{"name": "email"}]]
)
keys = st.sampled_from(
    [
        *("connection", "email", "password", "user_id", "username", "phone_number", "name", "picture", "blocked"),
        *("user_metadata", "app_metadata", "email_verified", "verify_email", "custom_password_hash", "mfa_factors"),
        *("format", "fields", "limit", "connection_id", "result_url", "identity", "ttl_sec"),
    ]
)
bodies = json_values | st.dictionaries(keys, json_values | likely, max_size=5)
segments = st.text(max_size=10) | st.sampled_from(
    ["auth0|1", "auth0|", "|", "job_0000000000000000", "a/b", "\x00", "%"]
)
calls = st.sampled_from(
    [
        ("POST", "/users"),
        ("GET", "/users"),
        ("GET", "/users/{}"),
        ("PATCH", "/users/{}"),
        ("PATCH", "/users/auth0%7C1"),
        ("DELETE", "/users/{}"),
        ("GET", "/users-by-email"),
        ("POST", "/jobs/users-exports"),
        ("POST", "/jobs/users-imports"),
        ("GET", "/jobs/{}"),
        ("GET", "/jobs/{}/errors"),
        ("GET", "/user-blocks"),
        ("DELETE", "/user-blocks/{}"),
        ("POST", "/tickets/password-change"),
    ]
)
queries = st.dictionaries(
    st.sampled_from(
        ["q", "sort", "fields", "page", "per_page", "include_totals", "email", "identifier", "include_fields"]
    ),
    st.text(max_size=10) | st.sampled_from(["1", "true", "email:1", "name:x* OR _exists_:y", "user_metadata.a:-1"]),
    max_size=3,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(calls, segments, queries, bodies), min_size=1, max_size=15))
async def test_no_request_about_users_or_jobs_breaks_the_tenant(
    requests: list[tuple[tuple[str, str], str, dict[str, str], Any]],
) -> None:
    world = World()
    await world.connection()
    await world.imported([{"email": "jane@example.com", "user_id": "1"}])
    for (method, path), segment, query, body in requests:
        whole = API + path.format(quote(segment, safe=""))
        answer = await world.client.request(method, whole, params=query, json=body)
        assert answer.status_code < 500, (method, whole, query, body, answer.text)
        if answer.status_code >= 400:
            assert set(answer.json()) >= {"statusCode", "error", "message"}
        world.clock.at += 1
    world.tenant.close()


@settings(max_examples=25, deadline=None)
@given(users=st.lists(bodies, max_size=8), upsert=st.booleans())
async def test_no_file_of_users_breaks_an_import(users: list[Any], upsert: bool) -> None:
    world = World()
    await world.connection(requires_username=True)
    job = await world.imported(users, upsert=str(upsert).lower())
    assert sum(job["summary"][name] for name in ("inserted", "updated", "failed")) == len(users)
    world.tenant.close()
