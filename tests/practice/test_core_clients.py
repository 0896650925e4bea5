"""The /clients endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from core_support import Api, StillClock, error, open_api, still_tenant


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def test_a_new_application_gets_an_id_a_secret_and_the_usual_grants(api: Api) -> None:
    made = await api.new_client("Shop")
    assert len(made["client_id"]) == 32
    assert made["client_id"].isalnum()
    assert len(made["client_secret"]) == 64
    assert made["grant_types"] == ["authorization_code", "implicit", "refresh_token", "client_credentials"]
    assert made["global"] is False
    assert made["is_first_party"] is True
    assert "BEGIN CERTIFICATE" in made["signing_keys"][0]["cert"]


@pytest.mark.parametrize(
    ("body", "grants", "lifetimes"),
    [
        ({"app_type": "spa", "token_endpoint_auth_method": "none"}, 3, (2_592_000, 1_296_000)),
        ({"app_type": "native"}, 3, (2_592_000, 1_296_000)),
        ({"app_type": "regular_web"}, 4, (2_592_000, 1_296_000)),
        ({"token_endpoint_auth_method": "client_secret_post"}, 4, (31_557_600, 2_592_000)),
        ({"token_endpoint_auth_method": "client_secret_post", "grant_types": ["password"]}, 1, (31_557_600, 2_592_000)),
    ],
    ids=str,
)
async def test_an_application_gets_what_the_way_it_authenticates_allows(
    api: Api, body: dict[str, Any], grants: int, lifetimes: tuple[int, int]
) -> None:
    made = await api.new_client("Shop", **body)
    assert len(made["grant_types"]) == grants
    assert ("client_credentials" in made["grant_types"]) == (grants == 4)
    refreshing = made["refresh_token"]
    assert (refreshing["token_lifetime"], refreshing["idle_token_lifetime"]) == lifetimes
    assert refreshing["infinite_token_lifetime"] is True


async def test_a_patch_leaves_what_it_does_not_name_inside_mobile_and_social_login(api: Api) -> None:
    ios = {"team_id": "1111111111", "app_bundle_identifier": "com.example.shop"}
    android = {"app_package_name": "com.example", "sha256_cert_fingerprints": ["DE:AD", "BE:EF"]}
    on, off = {"enabled": True}, {"enabled": False}
    made = await api.new_client(
        mobile={"ios": ios, "android": android}, native_social_login={"apple": on, "facebook": on}
    )
    fewer = android | {"sha256_cert_fingerprints": ["DE:AD"]}
    change = {"mobile": {"android": fewer}, "native_social_login": {"facebook": off}}
    changed = (await api.patch(f"/clients/{made['client_id']}", change)).json()
    assert changed["mobile"] == {"ios": ios, "android": fewer}
    assert changed["native_social_login"] == {"apple": on, "facebook": off}


async def test_two_applications_may_share_a_name(api: Api) -> None:
    assert (await api.new_client("Shop"))["client_id"] != (await api.new_client("Shop"))["client_id"]


async def test_two_applications_may_not_share_an_alias(api: Api) -> None:
    await api.new_client("Shop", client_aliases=["urn:shop", "urn:old-shop"])
    answer = await api.post("/clients", {"name": "Other", "client_aliases": ["urn:other", "urn:shop"]})
    assert error(answer)[:2] == (409, "Another client exists with the same alias.")
    await api.new_client("Other", client_aliases=["urn:other"])


@pytest.mark.parametrize(
    ("name", "removable"),
    [
        ("native_social_login", False),
        ("mobile", False),
        ("token_quota", True),
        ("addons", True),
        ("oidc_backchannel_logout", True),
        ("signed_request_object", True),
    ],
)
async def test_null_is_refused_where_it_removes_nothing(api: Api, name: str, removable: bool) -> None:
    assert error(await api.post("/clients", {"name": "Shop", name: None}))[0] == 400
    made = await api.new_client("Shop")
    answer = await api.patch(f"/clients/{made['client_id']}", {name: None})
    assert answer.status_code == (200 if removable else 400), answer.text


async def test_a_field_inside_another_is_chosen_alone(api: Api) -> None:
    path = f"/clients/{(await api.new_client('Shop'))['client_id']}"
    whole = (await api.get(path)).json()["jwt_configuration"]
    only = (await api.get(f"{path}?fields=name,jwt_configuration.alg")).json()
    assert only == {"name": "Shop", "jwt_configuration": {"alg": whole["alg"]}}
    without = (await api.get(f"{path}?fields=jwt_configuration.alg&include_fields=false")).json()
    assert without["jwt_configuration"] == {name: part for name, part in whole.items() if name != "alg"}
    assert without["name"] == "Shop"


async def test_secrets_are_seen_only_with_the_scope_for_keys(api: Api) -> None:
    made = await api.new_client()
    path = f"/clients/{made['client_id']}"
    assert "client_secret" not in (await api.get(path, "read:clients")).json()
    assert (await api.get(path, "read:client_keys")).json()["client_secret"] == made["client_secret"]
    summary = (await api.get(path, "read:client_summary")).json()
    assert {"client_id", "name"} <= set(summary)
    assert "callbacks" not in summary
    assert "grant_types" not in summary
    refused = await api.get(f"{path}?fields=client_secret", "read:clients")
    assert error(refused)[2] == "insufficient_scope"


async def test_lists_have_totals_and_filters(api: Api) -> None:
    await api.new_client("Machine", app_type="non_interactive")
    await api.new_client("Page", app_type="spa")
    await api.new_client("Guest", is_first_party=False)
    page = (await api.get("/clients?page=0&per_page=100&include_totals=true&is_global=false")).json()
    assert set(page) == {"total", "start", "limit", "clients"}
    assert page["total"] == 4

    async def names(query: str) -> list[str]:
        return [each["name"] for each in (await api.get(f"/clients?{query}")).json()]

    assert "All Applications" in await names("is_global=true")
    assert await names("app_type=spa,native") == ["Page"]
    assert await names("is_first_party=false") == ["Guest"]
    assert (await api.get("/clients?app_type=magic")).status_code == 400
    taken = (await api.get("/clients?take=2&fields=name")).json()
    assert set(taken) == {"clients", "next"}
    assert set(taken["clients"][0]) == {"name"}


async def test_the_lucene_search_of_clients_knows_its_two_terms(api: Api) -> None:
    grant = {
        "client_id": api.tenant.client_id,
        "audience": "https://api.example.com",
        "scope": [],
        "allow_any_organization": True,
    }
    await api.post("/resource-servers", {"identifier": "https://api.example.com"})
    await api.post("/client-grants", grant)
    found = (await api.get("/clients?q=client_grant.allow_any_organization:true&take=5")).json()
    assert [each["client_id"] for each in found["clients"]] == [api.tenant.client_id]
    assert (await api.get("/clients?q=client_grant.organization_id:org_1&take=5")).json() == {"clients": []}
    assert error(await api.get("/clients?q=name:x"))[0] == 400


async def test_names_in_metadata_have_at_most_255_characters(api: Api) -> None:
    assert (await api.post("/clients", {"name": "a", "client_metadata": {"k" * 255: "v"}})).status_code == 201
    refused = await api.post("/clients", {"name": "b", "client_metadata": {"k" * 256: "v"}})
    message = "Payload validation error: 'String is too long (256 chars), maximum 255' on property client_metadata."
    assert error(refused) == (400, message, "invalid_body")


async def test_a_patch_changes_what_it_names_and_merges_metadata(api: Api) -> None:
    made = await api.new_client(client_metadata={"a": "1", "b": "2"}, description="old")
    path = f"/clients/{made['client_id']}"
    patched = await api.patch(path, {"name": "New", "client_metadata": {"a": None, "c": "3"}})
    assert patched.json()["name"] == "New"
    assert patched.json()["description"] == "old"
    assert patched.json()["client_metadata"] == {"b": "2", "c": "3"}


async def test_changing_a_secret_needs_the_scope_for_keys(api: Api) -> None:
    path = f"/clients/{(await api.new_client())['client_id']}"
    assert error(await api.patch(path, {"client_secret": "x"}, "update:clients"))[2] == "insufficient_scope"
    assert (await api.patch(path, {"client_secret": "x"}, "update:client_keys")).status_code == 200
    assert (await api.get(path)).json()["client_secret"] == "x"


async def test_a_rotated_secret_replaces_the_old_one(api: Api) -> None:
    made = await api.new_client()
    rotated = await api.post(f"/clients/{made['client_id']}/rotate-secret", None, "update:client_keys")
    assert rotated.status_code == 200
    assert rotated.json()["client_secret"] != made["client_secret"]


async def test_deleting_is_a_204_also_for_nobody(api: Api) -> None:
    made = await api.new_client()
    path = f"/clients/{made['client_id']}"
    assert (await api.delete(path)).status_code == 204
    assert (await api.delete(path)).status_code == 204
    assert error(await api.get(path)) == (404, "The client does not exist", "inexistent_client")
    assert error(await api.patch(path, {"name": "x"})) == (404, "The client does not exist", "inexistent_client")


async def test_keys_and_a_secret_method_exclude_each_other(api: Api) -> None:
    credential = {"credential_type": "public_key", "pem": "x"}
    body = {
        "name": "Both",
        "token_endpoint_auth_method": "client_secret_post",
        "client_authentication_methods": {"private_key_jwt": {"credentials": [credential]}},
    }
    assert error(await api.post("/clients", body))[2] == "invalid_body"
    del body["token_endpoint_auth_method"]
    assert error(await api.post("/clients", body, "create:clients"))[2] == "insufficient_scope"


async def test_the_free_plan_ends_at_ten_applications() -> None:
    tenant = still_tenant(plan="free")
    assert isinstance(tenant.clock, StillClock)
    async with open_api(tenant) as free:
        for number in range(9):
            tenant.clock.time += 1
            await free.new_client(f"App {number}")
        tenant.clock.time += 1
        refused = await free.post("/clients", {"name": "One too many"})
        assert error(refused) == (403, "You reached the limit of entities of this type for this tenant.", None)
