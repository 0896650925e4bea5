"""The /client-grants and /resource-servers endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from core_support import Api, error, open_api, still_tenant

IDENTIFIER = "https://legacy.example.com/api/"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def test_an_api_gets_the_usual_settings(api: Api) -> None:
    made = await api.post("/resource-servers", {"identifier": IDENTIFIER})
    assert made.status_code == 201
    assert len(made.json()["id"]) == 24
    assert {name: part for name, part in made.json().items() if name != "id"} == {
        "identifier": IDENTIFIER,
        "allow_offline_access": False,
        "skip_consent_for_verifiable_first_party_clients": False,
        "subject_type_authorization": {
            "client": {"policy": "require_client_grant"},
            "user": {"policy": "allow_all"},
        },
        "token_lifetime": 86400,
        "token_lifetime_for_web": 7200,
        "signing_alg": "RS256",
    }


async def test_an_api_is_found_by_id_and_by_encoded_identifier(api: Api) -> None:
    made = (await api.post("/resource-servers", {"identifier": IDENTIFIER})).json()
    assert (await api.get(f"/resource-servers/{made['id']}")).json() == made
    assert (await api.get(f"/resource-servers/{quote(IDENTIFIER, safe='')}")).json() == made
    missing = await api.get("/resource-servers/nothing")
    assert error(missing) == (404, "The resource server does not exist", "inexistent_resource_server")


async def test_an_api_is_found_by_an_identifier_that_is_encoded_twice(api: Api) -> None:
    """As go-auth0 1, and with it the Terraform provider, asks for it."""
    made = (await api.post("/resource-servers", {"identifier": IDENTIFIER})).json()
    twice = quote(quote(IDENTIFIER, safe=":"), safe=":")
    assert "%252F" in twice
    assert (await api.get(f"/resource-servers/{twice}")).json() == made
    literal = (await api.post("/resource-servers", {"identifier": "urn:a%2Fb"})).json()
    assert (await api.get(f"/resource-servers/{quote('urn:a%2Fb', safe='')}")).json() == literal


async def test_an_identifier_is_taken_once_and_never_the_management_apis(api: Api) -> None:
    await api.post("/resource-servers", {"identifier": IDENTIFIER})
    again = await api.post("/resource-servers", {"identifier": IDENTIFIER})
    assert error(again)[:2] == (409, "A resource server with the same identifier already exists.")
    reserved = await api.post("/resource-servers", {"identifier": api.tenant.audience})
    assert error(reserved)[:2] == (400, "The selected identifier is reserved.")


async def test_an_api_can_be_changed_but_not_renamed(api: Api) -> None:
    made = (await api.post("/resource-servers", {"identifier": IDENTIFIER})).json()
    path = f"/resource-servers/{made['id']}"
    patched = await api.patch(path, {"scopes": [{"value": "read:legacy"}], "token_lifetime": 60})
    assert patched.status_code == 200
    assert patched.json()["scopes"] == [{"value": "read:legacy"}]
    assert error(await api.patch(path, {"identifier": "x"}))[2] == "invalid_body"
    for wrong in ({"token_lifetime": -1}, {"name": "<b>"}, {"scopes": [{"value": ""}]}, {"signing_alg": "none"}):
        assert error(await api.patch(path, wrong))[2] == "invalid_body"


async def test_the_management_api_is_listed_and_stays(api: Api) -> None:
    listed = (await api.get("/resource-servers?include_totals=true")).json()
    assert set(listed) == {"total", "start", "limit", "resource_servers"}
    system = listed["resource_servers"][0]
    assert system["is_system"] is True
    assert system["identifier"] == api.tenant.audience
    assert (await api.delete(f"/resource-servers/{system['id']}")).status_code == 403
    assert (await api.patch(f"/resource-servers/{system['id']}", {"token_lifetime": 3600})).status_code == 200
    assert (await api.patch(f"/resource-servers/{system['id']}", {"name": "Mine"})).status_code == 400


async def test_deleting_an_api_takes_its_grants_along(api: Api) -> None:
    made = (await api.post("/resource-servers", {"identifier": IDENTIFIER})).json()
    await api.post("/client-grants", {"client_id": api.tenant.client_id, "audience": IDENTIFIER, "scope": []})
    for _ in range(2):
        assert (await api.delete(f"/resource-servers/{made['id']}")).status_code == 204
    assert (await api.get(f"/client-grants?audience={quote(IDENTIFIER, safe='')}")).json() == []


async def test_a_grant_is_one_for_client_api_and_subject(api: Api) -> None:
    await api.post("/resource-servers", {"identifier": IDENTIFIER})
    body = {"client_id": api.tenant.client_id, "audience": IDENTIFIER, "scope": ["read:legacy"]}
    made = await api.post("/client-grants", body)
    assert made.status_code == 201
    assert made.json() == body | {"id": made.json()["id"], "subject_type": "client"}
    assert made.json()["id"].startswith("cgr_")
    assert (await api.post("/client-grants", body)).status_code == 409
    assert (await api.post("/client-grants", body | {"subject_type": "user"})).status_code == 201


async def test_a_grant_needs_an_api_and_a_client_that_exist(api: Api) -> None:
    body = {"client_id": api.tenant.client_id, "audience": IDENTIFIER, "scope": []}
    assert error(await api.post("/client-grants", body))[:2] == (404, "Resource server not found")
    await api.post("/resource-servers", {"identifier": IDENTIFIER})
    assert error(await api.post("/client-grants", body | {"client_id": "nobody"}))[:2] == (404, "Client not found")
    assert error(await api.post("/client-grants", {"audience": IDENTIFIER}))[2] == "invalid_body"


async def test_a_grants_scopes_are_replaced_by_a_patch(api: Api) -> None:
    await api.post("/resource-servers", {"identifier": IDENTIFIER})
    body = {"client_id": api.tenant.client_id, "audience": IDENTIFIER, "scope": ["a", "b"]}
    path = f"/client-grants/{(await api.post('/client-grants', body)).json()['id']}"
    assert (await api.patch(path, {"scope": ["c"]})).json()["scope"] == ["c"]
    assert (await api.get(path)).json()["scope"] == ["c"]
    assert error(await api.patch(path, {"audience": "x"}))[2] == "invalid_body"
    for _ in range(2):
        assert (await api.delete(path)).status_code == 204
    assert error(await api.get(path)) == (404, "The grant does not exist.", "inexistent_client_grant")


@pytest.mark.parametrize("first", [True, False])
async def test_a_grant_of_all_scopes_lists_none(api: Api, first: bool) -> None:
    await api.post("/resource-servers", {"identifier": IDENTIFIER, "scopes": [{"value": "read:legacy"}]})
    client = await api.new_client("Machine", grant_types=["client_credentials"])
    whole = {"allow_all_scopes": True}
    scopes: dict[str, object] = dict(whole) if first else {"scope": []}
    body = {"client_id": client["client_id"], "audience": IDENTIFIER} | scopes
    made = (await api.post("/client-grants", body)).json()
    path = f"/client-grants/{made['id']}"
    if not first:
        assert made["scope"] == []
        made = (await api.patch(path, whole)).json()
    assert made["allow_all_scopes"] is True
    assert "scope" not in made
    assert (await api.get(path)).json() == made
    form = {"grant_type": "client_credentials", "audience": IDENTIFIER, "client_id": client["client_id"]}
    token = await api.client.post("/oauth/token", data=form | {"client_secret": client["client_secret"]})
    assert token.json()["scope"] == "read:legacy"
    assert (await api.patch(path, {"allow_all_scopes": False})).json()["scope"] == []


async def test_grants_can_be_listed_by_filter_and_page(api: Api) -> None:
    await api.post("/resource-servers", {"identifier": IDENTIFIER})
    await api.post("/client-grants", {"client_id": api.tenant.client_id, "audience": IDENTIFIER, "scope": []})
    both = (await api.get(f"/client-grants?client_id={api.tenant.client_id}&include_totals=true")).json()
    assert set(both) == {"total", "start", "limit", "client_grants"}
    assert both["total"] == 2
    one = (await api.get(f"/client-grants?audience={quote(IDENTIFIER, safe='')}&subject_type=client")).json()
    assert [each["audience"] for each in one] == [IDENTIFIER]
    page = (await api.get("/client-grants?take=1")).json()
    assert len(page["client_grants"]) == 1
    assert "next" in page
