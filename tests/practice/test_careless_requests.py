"""Requests as careless programs send them, and rules that one door of the tenant keeps like another."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from core_support import START, Api, error, open_api, still_tenant
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from wizard.practice.switches import Switches

KEY = rsa.generate_private_key(65537, 2048)
PEM = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
STRONG = "correct-Horse-battery-9"
REALM = "http://auth0.com/oauth/grant-type/password-realm"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def shop(api: Api, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A connection, and an application that may sign people up in it and log them in."""
    connection = await api.new_connection("people", **options)
    client = await api.new_client("Shop", grant_types=["password", REALM])
    change = [{"client_id": client["client_id"], "status": True}]
    assert (await api.patch(f"/connections/{connection['id']}/clients", change)).status_code == 204
    return connection, client


async def sign_up(api: Api, client: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"client_id": client["client_id"], "connection": "people", "email": "ann@example.com", "password": STRONG}
    return await api.client.post("/dbconnections/signup", json=body | more)


# Crashes: a 500 where a refusal is due.


@pytest.mark.parametrize("body", [5, 1.5, True, [{}], [[1]]])
async def test_a_body_that_is_no_object_is_refused_to_the_narrower_scope_too(api: Api, body: Any) -> None:
    await shop(api)
    made = await api.post("/users", {"connection": "people", "email": "ann@example.com", "password": STRONG})
    answer = await api.patch(f"/users/{made.json()['user_id']}", body, "update:users_app_metadata")
    assert answer.status_code in (400, 403), answer.text


@pytest.mark.parametrize("username", [5, True, ["a"], {}])
async def test_a_sign_up_with_a_username_that_is_no_string_is_refused(api: Api, username: Any) -> None:
    _, client = await shop(api, requires_username=True)
    answer = await sign_up(api, client, username=username)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("metadata", [[1], "x", 5])
async def test_metadata_of_a_sign_up_that_is_no_object_does_not_break_the_user(api: Api, metadata: Any) -> None:
    _, client = await shop(api)
    answer = await sign_up(api, client, user_metadata=metadata)
    if answer.status_code == 200:
        changed = await api.patch(f"/users/auth0|{answer.json()['_id']}", {"user_metadata": {"b": 1}})
        assert changed.status_code != 500, changed.text
    assert answer.status_code == 400, answer.text


async def test_half_a_character_is_taken_as_javascript_takes_it(api: Api) -> None:
    _, client = await shop(api)
    headers = {"content-type": "application/json"}
    body = b'{"connection":"people","email":"eve@example.com","password":"correct-Horse-battery-9","name":"x\\ud83d"}'
    made = await api.call("POST", "/users", content=body, headers=headers)
    assert (made.status_code, made.json().get("name")) == (201, "x\ufffd"), made.text
    login = {"realm": "people", "username": "eve@example.com", "client_id": client["client_id"]}
    login |= {"grant_type": REALM, "client_secret": client["client_secret"]}
    raw = json.dumps(login | {"password": "\ud83d"}).encode()
    refused = await api.client.post("/oauth/token", content=raw, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (403, "invalid_grant")
    for broken in (b'{"connection":"\\ud83d"', b'{"a":"\\ud83d\xff"}', b'\xef\xbb\xbf{"a":"\\ud83d"}'):
        assert (await api.call("POST", "/users", content=broken, headers=headers)).status_code == 400


@pytest.mark.parametrize("digits", [30, 5000])
async def test_a_number_of_any_length_is_refused_and_breaks_nothing(api: Api, digits: int) -> None:
    await shop(api)
    long = "1" * digits
    assert (await api.get(f"/users?per_page={long}")).status_code == 400
    assert (await api.get(f"/logs?take={long}")).status_code == 400
    form = {"identifier": "https://form.example.com", "token_lifetime": long}
    assert (await api.call("POST", "/resource-servers", data=form)).status_code == 400


async def test_a_form_says_yes_and_numbers_and_lists_in_letters(api: Api) -> None:
    await shop(api)
    form = {
        "connection": "people",
        "email": "eve@example.com",
        "password": "correct-Horse-battery-9",
        "email_verified": "true",
    }
    made = await api.call("POST", "/users", data=form)
    assert (made.status_code, made.json().get("email_verified")) == (201, True), made.text
    path = f"/users/{made.json()['user_id'].replace('|', '%7C')}"
    assert (await api.call("PATCH", path, data={"blocked": "true"})).json()["blocked"] is True
    assert (await api.call("PATCH", path, data={"blocked": "yes"})).status_code == 400
    server = {"identifier": "https://form.example.com", "token_lifetime": "600"}
    assert (await api.call("POST", "/resource-servers", data=server)).json()["token_lifetime"] == 600
    client = {"name": "Form", "grant_types": ["client_credentials", "refresh_token"]}
    assert (await api.call("POST", "/clients", data=client)).json()["grant_types"] == client["grant_types"]
    export = {"format": "json", "limit": "5"}
    assert (await api.call("POST", "/jobs/users-exports", data=export)).json()["limit"] == 5


def assertion(payload: str) -> str:
    """A signed JWT of this very text: its numbers may be ones a JSON writer does not write."""
    parts = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in ('{"alg":"RS256","typ":"JWT"}', payload)]
    signed = b".".join(parts)
    signature = KEY.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize("exp", ["NaN", "1" + "0" * 400, "-1" + "0" * 400])
async def test_an_expiry_that_is_no_time_is_refused(api: Api, exp: str) -> None:
    credential = {"credential_type": "public_key", "pem": PEM, "alg": "RS256"}
    methods = {"private_key_jwt": {"credentials": [credential]}}
    client = await api.new_client("Keyed", grant_types=["client_credentials"], client_authentication_methods=methods)
    grant = {"client_id": client["client_id"], "audience": api.tenant.audience, "scope": ["read:clients"]}
    assert (await api.post("/client-grants", grant)).status_code == 201
    name = client["client_id"]
    payload = f'{{"iss":"{name}","sub":"{name}","aud":"{api.tenant.issuer}","jti":"j1","iat":{int(START)},"exp":{exp}}}'
    form = {
        "grant_type": "client_credentials",
        "audience": api.tenant.audience,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(payload),
    }
    answer = await api.client.post("/oauth/token", data=form)
    assert answer.status_code == 401, answer.text


# Rules that one door keeps and another does not.


@pytest.mark.parametrize("way", ["create", "change"])
@pytest.mark.parametrize("holds", [True, False])
async def test_the_password_policy_holds_at_the_management_api_as_at_sign_up(way: str, holds: bool) -> None:
    switches = Switches() if holds else Switches(management_password_policy=False)
    async with open_api(still_tenant(switches=switches)) as api:
        _, client = await shop(api)
        assert (await sign_up(api, client, password="short")).json()["code"] == "invalid_password"
        new = {"connection": "people", "email": "bob@example.com"}
        if way == "create":
            answer = await api.post("/users", new | {"password": "short"})
        else:
            made = await api.post("/users", new | {"password": STRONG})
            answer = await api.patch(f"/users/{made.json()['user_id']}", {"password": "x"})
        if holds:
            assert error(answer) == (400, "PasswordStrengthError: Password is too weak", None)
        else:
            assert answer.is_success, answer.text


@pytest.mark.parametrize("username", ["a b c", "a" * 16, "me@example.com"])
async def test_a_sign_up_keeps_the_rules_of_usernames(api: Api, username: str) -> None:
    _, client = await shop(api, requires_username=True)
    answer = await sign_up(api, client, username=username)
    assert answer.status_code == 400, answer.text


async def test_a_sign_up_where_a_username_is_required_needs_one(api: Api) -> None:
    _, client = await shop(api, requires_username=True)
    assert (await sign_up(api, client)).status_code == 400


async def test_a_connection_without_usernames_stores_none_at_sign_up(api: Api) -> None:
    _, client = await shop(api)
    answer = await sign_up(api, client, username="ann")
    assert answer.status_code == 400 or "username" not in answer.json(), answer.text


@pytest.mark.parametrize(
    "more", [{"name": 5}, {"name": {}}, {"nickname": [1]}, {"given_name": "g" * 151}, {"picture": "notaurl"}]
)
async def test_a_sign_up_stores_no_profile_the_user_schema_forbids(api: Api, more: dict[str, Any]) -> None:
    _, client = await shop(api)
    answer = await sign_up(api, client, **more)
    assert answer.status_code == 400, answer.text


async def test_a_sign_up_keeps_the_key_rules_of_metadata(api: Api) -> None:
    _, client = await shop(api)
    assert (await sign_up(api, client, user_metadata={"a.b": "x", "$x": "y"})).status_code == 400


# Requests as the OpenAPI document has them.


async def test_logs_can_be_narrowed_to_fields(api: Api) -> None:
    api.tenant.log("s", "Successful login")
    rows = (await api.get("/logs?fields=type,date&include_fields=true")).json()
    assert rows
    assert all(set(row) <= {"type", "date", "log_id", "_id"} for row in rows), rows[0]


@pytest.mark.parametrize("kind", ["clients", "connections", "client-grants", "tenants", "rules"])
async def test_a_change_that_changes_nothing_is_refused(kind: str) -> None:
    async with open_api(still_tenant(switches=Switches(rules="run"))) as api:
        rule = await api.post("/rules", {"name": "a", "script": "x"})
        ids = {
            "clients": api.tenant.client_id,
            "connections": (await api.new_connection())["id"],
            "client-grants": (await api.get("/client-grants")).json()[0]["id"],
            "tenants": "settings",
            "rules": rule.json()["id"],
        }
        answer = await api.patch(f"/{kind}/{ids[kind]}", {})
        message = "Payload validation error: 'Too few properties defined (0), minimum 1'."
        assert error(answer) == (400, message, "invalid_body")


@pytest.mark.parametrize("quota", [{}, {"per_hour": 2**31}, {"per_day": 0}])
async def test_a_token_quota_says_something_that_can_be_counted(api: Api, quota: dict[str, int]) -> None:
    whole = {"client_credentials": quota}
    assert (await api.patch("/tenants/settings", {"default_token_quota": {"clients": whole}})).status_code == 400
    assert (await api.post("/clients", {"name": "Counted", "token_quota": whole})).status_code == 400


@pytest.mark.parametrize("path", ["/clients", "/client-grants", "/connections"])
@pytest.mark.parametrize("wrong", ["page=-1", "page=x", "per_page=101", "include_totals=yes"])
async def test_a_wrong_page_is_refused_beside_a_cursor_too(api: Api, path: str, wrong: str) -> None:
    answer = await api.get(f"{path}?take=5&{wrong}")
    assert (answer.status_code, error(answer)[2]) == (400, "invalid_query_string")
    assert f"on property {wrong.partition('=')[0]}." in error(answer)[1]


async def test_users_of_a_missing_connection_are_deleted_without_404(api: Api) -> None:
    answer = await api.delete("/connections/con_aaaaaaaaaaaaaaaa/users?email=a@b.co")
    assert answer.status_code in (204, 400), answer.text


async def test_a_default_grant_names_no_client(api: Api) -> None:
    assert (await api.post("/resource-servers", {"identifier": "urn:x"})).status_code == 201
    body = {"audience": "urn:x", "scope": [], "default_for": "third_party_clients"}
    answer = await api.post("/client-grants", body)
    assert answer.status_code == 201, answer.text
    third = await api.new_client("Partner", grant_types=["client_credentials"], is_first_party=False)
    form = {"grant_type": "client_credentials", "audience": "urn:x", "client_id": third["client_id"]}
    token = await api.client.post("/oauth/token", data=form | {"client_secret": third["client_secret"]})
    assert token.status_code == 200, token.text


@pytest.mark.parametrize("per_page", [0, 200])
async def test_a_page_about_actions_may_be_of_any_size(api: Api, per_page: int) -> None:
    draft = {"name": "a", "supported_triggers": [{"id": "post-login", "version": "v3"}]}
    made = await api.post("/actions/actions", draft)
    lists = (
        "/actions/actions",
        f"/actions/actions/{made.json()['id']}/versions",
        "/actions/triggers/post-login/bindings",
    )
    for path in lists:
        answer = await api.get(f"{path}?per_page={per_page}")
        assert (answer.status_code, answer.json().get("per_page", 0)) == (200, per_page), (path, answer.text)


async def test_the_refusal_of_too_many_resets_does_not_say_that_calls_remain(api: Api) -> None:
    async with open_api(still_tenant(plan="enterprise-production")) as limited:
        await shop(limited)
        body = {"connection": "people", "email": "ann@example.com"}
        for _ in range(11):
            answer = await limited.client.post("/dbconnections/change_password", json=body)
        assert answer.status_code == 429
        assert answer.headers.get("x-ratelimit-remaining", "0") == "0", dict(answer.headers)


@pytest.mark.parametrize("before", ["preamble\r\n", ""])
@pytest.mark.parametrize("closed", [True, False])
async def test_multipart_as_the_standard_has_it(api: Api, before: str, closed: bool) -> None:
    connection, _ = await shop(api)
    body = (
        f'{before}--BB\r\nContent-Disposition: form-data; name="users"; filename="u"\r\n\r\n[]\r\n'
        f'--BB\r\nContent-Disposition: form-data; name="connection_id"\r\n\r\n{connection["id"]}\r\n'
        + ("--BB--\r\n" if closed else "")
    )
    headers = {"content-type": "multipart/form-data; boundary=BB"}
    answer = await api.call("POST", "/jobs/users-imports", content=body.encode(), headers=headers)
    if closed:
        assert answer.status_code == 202, answer.text
    else:
        assert error(answer)[1] == "Payload validation error: 'Invalid multipart payload format'."
