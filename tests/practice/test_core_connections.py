"""The /connections endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from core_support import Api, StillClock, error, open_api, still_tenant

from wizard.practice.switches import Switches
from wizard.practice.tenant import PracticeTenant

PASSWORD = "correct-Horse-battery-9"
SCRIPTS = {
    "login": "function login(email, password, callback) { callback(null, null); }",
    "get_user": "function getByEmail(email, callback) { callback(null, null); }",
}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def add_user(api: Api, connection: str, email: str = "ann@example.com") -> None:
    found = api.tenant.connection_named(connection)
    assert found is not None
    await api.patch(f"/connections/{found.id}/clients", [{"client_id": api.tenant.client_id, "status": True}])
    body = {"connection": connection, "email": email, "password": PASSWORD}
    answer = await api.post("/users", body)
    assert answer.status_code == 201, answer.text


def with_switches(**switches: Any) -> PracticeTenant:
    return still_tenant(switches=Switches(**switches))


async def test_a_new_database_connection_gets_what_the_server_adds(api: Api) -> None:
    made = await api.new_connection("acme-users")
    options = made["options"]
    assert made["id"].startswith("con_")
    assert len(made["id"]) == 20
    assert made["realms"] == ["acme-users"]
    assert made["enabled_clients"] == []
    assert made["authentication"] == {"active": True}
    assert made["connected_accounts"] == {"active": False}
    assert options["mfa"] == {"active": True, "return_enroll_settings": True}
    assert options["strategy_version"] == 2
    assert options["brute_force_protection"] is True
    assert options["password_options"]["complexity"]["min_length"] == 15
    assert options["authentication_methods"]["passkey"] == {"enabled": False}


async def test_answers_have_no_enabled_clients_but_the_one_to_a_create(api: Api) -> None:
    made = await api.new_connection()
    assert "enabled_clients" not in (await api.get(f"/connections/{made['id']}")).json()
    assert "enabled_clients" not in (await api.get("/connections")).json()[0]


async def test_a_patch_replaces_options_but_for_what_the_server_keeps(api: Api) -> None:
    made = await api.new_connection(
        requires_username=True, authentication_methods={"password": {"enabled": True, "signup_behavior": "block"}}
    )
    patched = await api.patch(f"/connections/{made['id']}", {"options": {"import_mode": True}})
    assert patched.status_code == 200
    options = patched.json()["options"]
    assert set(options) == {"import_mode", "authentication_methods", "passkey_options", "brute_force_protection"}
    assert options["authentication_methods"]["password"]["signup_behavior"] == "block"


async def test_a_patch_without_options_leaves_them(api: Api) -> None:
    made = await api.new_connection(requires_username=True)
    patched = await api.patch(f"/connections/{made['id']}", {"display_name": "Acme"})
    assert patched.json()["options"] == made["options"]
    assert patched.json()["display_name"] == "Acme"


async def test_name_and_strategy_cannot_be_patched(api: Api) -> None:
    made = await api.new_connection()
    refused = await api.patch(f"/connections/{made['id']}", {"name": "other"})
    assert error(refused) == (
        400,
        "Payload validation error: 'Additional properties not allowed: name'.",
        "invalid_body",
    )


async def test_options_are_hidden_without_their_scope(api: Api) -> None:
    made = await api.new_connection()
    path = f"/connections/{made['id']}"
    assert "options" not in (await api.get(path, "read:connections")).json()
    assert "options" not in (await api.get("/connections", "read:connections")).json()[0]
    patched = await api.patch(path, {"display_name": "A"}, "update:connections")
    assert "options" not in patched.json()
    assert "options" in (await api.get(path, "read:connections", "read:connections_options")).json()


async def test_patching_options_needs_the_scope_for_options(api: Api) -> None:
    made = await api.new_connection()
    refused = await api.patch(f"/connections/{made['id']}", {"options": {}}, "update:connections")
    assert error(refused) == (
        403,
        "Insufficient scope, expected any of: update:connections_options",
        "insufficient_scope",
    )


async def test_options_without_the_scope_are_ignored_where_the_switch_says_so() -> None:
    async with open_api(with_switches(options_without_scope="ignored")) as api:
        made = await api.new_connection()
        patched = await api.patch(f"/connections/{made['id']}", {"options": {}}, "update:connections")
        assert patched.status_code == 200
        assert (await api.get(f"/connections/{made['id']}")).json()["options"] == made["options"]


async def test_both_families_of_password_options_cannot_be_written_together(api: Api) -> None:
    made = await api.new_connection(passwordPolicy="low")
    both = made["options"]
    assert {"passwordPolicy", "password_options"} <= set(both)
    refused = await api.patch(f"/connections/{made['id']}", {"options": both})
    assert error(refused)[0] == 400
    del both["password_options"]
    assert (await api.patch(f"/connections/{made['id']}", {"options": both})).status_code == 200


async def test_customization_cannot_change_once_there_are_users(api: Api) -> None:
    made = await api.new_connection(enabledDatabaseCustomization=True, import_mode=True, customScripts=SCRIPTS)
    await add_user(api, "acme-users")
    path = f"/connections/{made['id']}"
    for options in ({"enabledDatabaseCustomization": False}, {"import_mode": True}):
        assert error(await api.patch(path, {"options": options})) == (
            400,
            'This database contains users. You cannot change "options.enabledDatabaseCustomization" setting.',
            "invalid_body",
        )
    kept = {"enabledDatabaseCustomization": True, "import_mode": False}
    assert (await api.patch(path, {"options": kept})).status_code == 200


async def test_configuration_goes_in_plain_and_comes_out_sealed(api: Api) -> None:
    made = await api.new_connection(configuration={"CLIENT_SECRET": "open sesame"})
    sealed = made["options"]["configuration"]["CLIENT_SECRET"]
    assert sealed.startswith("CkIK")
    assert api.tenant.keys.unseal(sealed) == "open sesame"
    again = await api.patch(
        f"/connections/{made['id']}", {"options": {"configuration": {"CLIENT_SECRET": "open sesame"}}}
    )
    assert again.json()["options"]["configuration"]["CLIENT_SECRET"] != sealed


async def test_a_sealed_value_sent_back_is_kept_or_sealed_again_as_the_switch_says() -> None:
    async with open_api(with_switches(encrypted_configuration_echo="kept")) as api:
        made = await api.new_connection(configuration={"A": "plain"})
        configuration = made["options"]["configuration"]
        patched = await api.patch(f"/connections/{made['id']}", {"options": {"configuration": configuration}})
        assert patched.json()["options"]["configuration"] == configuration
    async with open_api(with_switches(encrypted_configuration_echo="encrypted again")) as api:
        made = await api.new_connection(configuration={"A": "plain"})
        configuration = made["options"]["configuration"]
        patched = await api.patch(f"/connections/{made['id']}", {"options": {"configuration": configuration}})
        assert api.tenant.keys.unseal(patched.json()["options"]["configuration"]["A"]) == configuration["A"]


async def test_scripts_in_a_patch_replace_or_join_those_there_as_the_switch_says() -> None:
    for mode, expected in (("replaced", {"login"}), ("merged", {"login", "get_user"})):
        async with open_api(with_switches(partial_scripts=mode)) as api:
            made = await api.new_connection(customScripts=SCRIPTS)
            change = {"options": {"customScripts": {"login": "function login(a) {}"}}}
            patched = await api.patch(f"/connections/{made['id']}", change)
            assert set(patched.json()["options"]["customScripts"]) == expected


async def test_import_mode_without_scripts_is_refused_only_where_the_switch_says_so(api: Api) -> None:
    await api.new_connection("accepted", import_mode=True)
    async with open_api(with_switches(import_mode_needs_scripts=True)) as strict:
        body = {"name": "refused", "strategy": "auth0", "options": {"import_mode": True}}
        assert (await strict.post("/connections", body)).status_code == 400
        await strict.new_connection("accepted", import_mode=True, customScripts=SCRIPTS)


async def test_a_taken_name_or_realm_is_a_conflict(api: Api) -> None:
    await api.new_connection("acme")
    same_name = await api.post("/connections", {"name": "acme", "strategy": "auth0"})
    assert same_name.json() == {
        "statusCode": 409,
        "error": "Conflict",
        "message": "A connection with the same name already exists",
    }
    same_realm = await api.post("/connections", {"name": "other", "strategy": "auth0", "realms": ["acme"]})
    assert error(same_realm)[:2] == (
        409,
        'There is already another connection with some realms from "realms" parameter',
    )


async def test_deleting_takes_a_while_and_takes_the_users_along(api: Api) -> None:
    made = await api.new_connection()
    await add_user(api, "acme-users")
    path = f"/connections/{made['id']}"
    deleted = await api.delete(path)
    assert deleted.status_code == 202
    assert deleted.json() == {"deleted_at": "2026-09-21T14:13:20.000Z"}
    assert error(await api.get(path)) == (404, "The connection does not exist", "inexistent_connection")
    assert (await api.get("/connections")).json() == []
    again = {"name": "acme-users", "strategy": "auth0"}
    assert error(await api.post("/connections", again))[:2] == (
        409,
        "A connection with the same name is being deleted, try again later",
    )
    assert isinstance(api.tenant.clock, StillClock)
    api.tenant.clock.time += 3
    assert (await api.delete(path)).status_code == 204
    assert (await api.get("/users-by-email?email=ann@example.com")).json() == []
    assert (await api.post("/connections", again)).status_code == 201


async def test_deleting_a_connection_that_never_was_is_a_204(api: Api) -> None:
    assert (await api.delete("/connections/con_0000000000000000")).status_code == 204


async def test_a_user_can_be_deleted_by_email(api: Api) -> None:
    made = await api.new_connection()
    await add_user(api, "acme-users")
    path = f"/connections/{made['id']}/users"
    assert (await api.delete(f"{path}?email=ann%40example.com")).status_code == 204
    assert (await api.get("/users-by-email?email=ann@example.com")).json() == []
    assert (await api.delete(f"{path}?email=ann%40example.com")).status_code == 204
    assert error(await api.delete(path))[2] == "invalid_query_string"


async def test_lists_come_in_three_forms(api: Api) -> None:
    for number in range(5):
        await api.new_connection(f"acme-{number}")
    assert [each["name"] for each in (await api.get("/connections")).json()] == [f"acme-{n}" for n in range(5)]
    page = (await api.get("/connections?page=1&per_page=2&include_totals=true")).json()
    assert {name: page[name] for name in ("start", "limit", "length", "total")} == {
        "start": 2,
        "limit": 2,
        "length": 2,
        "total": 5,
    }
    assert [each["name"] for each in page["connections"]] == ["acme-2", "acme-3"]
    names, cursor = [], ""
    while True:
        part = (await api.get(f"/connections?take=2{cursor}&include_totals=true")).json()
        assert set(part) <= {"connections", "next"}
        names += [each["name"] for each in part["connections"]]
        if "next" not in part:
            break
        cursor = f"&from={part['next']}"
    assert names == [f"acme-{n}" for n in range(5)]


async def test_pages_end_at_the_thousandth_connection(api: Api) -> None:
    assert (await api.get("/connections?page=9&per_page=100")).status_code == 200
    assert error(await api.get("/connections?page=10&per_page=100"))[0] == 400


@pytest.mark.parametrize("path", ["/connections", "/clients", "/client-grants", "/connections/{id}/clients"])
async def test_a_cursor_without_a_value_is_the_beginning(api: Api, path: str) -> None:
    """As the SDK for Ruby asks for a first page."""
    made = await api.new_connection()
    path = path.replace("{id}", made["id"])
    for query in ("take=50&from", "take=50&from="):
        answer = await api.get(f"{path}?{query}")
        assert answer.status_code == 200, answer.text
        assert answer.json() == (await api.get(f"{path}?take=50")).json()


async def test_lists_can_be_filtered_and_narrowed(api: Api) -> None:
    await api.new_connection("first")
    await api.new_connection("second")
    await api.post("/connections", {"name": "social", "strategy": "google-oauth2"})

    async def names(query: str) -> list[str]:
        return [each["name"] for each in (await api.get(f"/connections?{query}")).json()]

    assert await names("name=second") == ["second"]
    assert await names("strategy=google-oauth2") == ["social"]
    assert await names("strategy=auth0&strategy=google-oauth2") == ["first", "second", "social"]
    assert (await api.get("/connections?fields=colour")).status_code == 400


@pytest.mark.parametrize("listed", [True, False])
async def test_fields_choose_but_for_what_a_real_tenant_always_says(api: Api, listed: bool) -> None:
    made = await api.new_connection()

    async def narrowed(query: str) -> dict[str, Any]:
        found = (await api.get(f"/connections{'' if listed else '/' + made['id']}?{query}")).json()
        return dict(found[0] if listed else found)

    added = {"is_domain_connection", "authentication", "connected_accounts"}
    assert set(await narrowed("fields=name")) == {"id", "name"} | added
    assert set(await narrowed("fields=strategy,name&include_fields=true")) == {"id", "strategy", "name"} | added
    without = await narrowed("fields=name,id,options,authentication&include_fields=false")
    assert set(without) == {"strategy", "realms"} | added


async def test_authentication_methods_in_a_patch_are_whole(api: Api) -> None:
    some = {"passkey": {"enabled": True}, "email_otp": {"enabled": True}}
    made = await api.new_connection(authentication_methods=some)
    path = f"/connections/{made['id']}"
    kept = (await api.patch(path, {"options": {"disable_signup": True}})).json()["options"]
    assert kept["authentication_methods"] == made["options"]["authentication_methods"]
    assert kept["authentication_methods"]["passkey"] == {"enabled": True}
    change = {"authentication_methods": {"password": {"enabled": True, "api_behavior": "optional"}}}
    methods = (await api.patch(path, {"options": change})).json()["options"]["authentication_methods"]
    assert methods == {
        "password": {"enabled": True, "api_behavior": "optional", "signup_behavior": "allow"},
        "passkey": {"enabled": False},
    }


async def test_the_newer_password_options_are_made_whole_and_bring_no_policy(api: Api) -> None:
    usual = (await api.new_connection("plain"))["options"]
    assert "passwordPolicy" not in usual
    given = {"complexity": {"min_length": 12}, "history": {"active": True, "size": 5}}
    options = (await api.new_connection("strict", password_options=given))["options"]
    assert "passwordPolicy" not in options
    expected = usual["password_options"]
    assert options["password_options"] == expected | {
        "complexity": expected["complexity"] | {"min_length": 12},
        "history": {"active": True, "size": 5},
    }


BY_NAME = {"identifier": {"active": True}, "signup": {"status": "required"}}
NOT_UNIQUE = {"email": {"identifier": {"active": False}, "unique": False}, "username": BY_NAME}


async def test_an_email_attribute_is_unique_and_verified_by_a_link_unless_it_says_otherwise(api: Api) -> None:
    email = {"identifier": {"active": True}, "signup": {"status": "required"}}
    made = await api.new_connection("by-email", attributes={"email": email})
    assert made["options"]["attributes"] == {"email": email | {"verification_method": "link", "unique": True}}
    plain = await api.new_connection("plain")
    path = f"/connections/{plain['id']}"
    changed = await api.patch(path, {"options": {"attributes": {"email": email | {"verification_method": "otp"}}}})
    assert changed.json()["options"]["attributes"]["email"] == email | {"verification_method": "otp", "unique": True}


async def test_addresses_that_need_not_be_unique_are_there_from_the_start_or_never(api: Api) -> None:
    early = await api.new_connection("early", attributes=NOT_UNIQUE)
    assert early["options"]["attributes"]["email"]["unique"] is False
    body = {"options": {"attributes": NOT_UNIQUE}}
    assert (await api.patch(f"/connections/{early['id']}", body)).status_code == 200
    late = await api.new_connection("late")
    refused = error(await api.patch(f"/connections/{late['id']}", body))
    assert refused == (400, "cannot add non-unique email attribute", "invalid_body")


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ({"email": {"identifier": {"active": False}}}, "attributes must contain one active identifier"),
        (
            {
                "phone_number": {
                    "identifier": {"active": True},
                    "profile_required": True,
                    "signup": {"status": "optional"},
                }
            },
            "attribute phone_number must also be required on signup",
        ),
    ],
)
async def test_contradictory_attributes_are_refused(api: Api, attribute: dict[str, Any], message: str) -> None:
    body = {"name": "acme", "strategy": "auth0", "options": {"attributes": attribute}}
    assert error(await api.post("/connections", body)) == (400, message, "invalid_body")


async def test_script_context_once_on_stays_on(api: Api) -> None:
    made = await api.new_connection(enable_script_context=True)
    path = f"/connections/{made['id']}"
    assert (await api.patch(path, {"options": {}})).json()["options"]["enable_script_context"] is True
    assert (await api.patch(path, {"options": {"enable_script_context": False}})).status_code == 400


async def test_metadata_and_names_keep_their_limits(api: Api) -> None:
    for wrong in (
        {"name": "a" * 129},
        {"name": "-a"},
        {"name": "a-"},
        {"name": "a--b"},
        {"name": "é"},
        {"name": "a\n"},
        {"name": "ok", "realms": [f"r{n}" for n in range(11)]},
        {"name": "ok", "metadata": {str(n): "x" for n in range(11)}},
        {"name": "ok", "metadata": {"k" * 256: "x"}},
        {"name": "ok", "display_name": "x" * 129},
    ):
        assert (await api.post("/connections", {"strategy": "auth0"} | wrong)).status_code == 400, wrong
    assert (await api.post("/connections", {"strategy": "auth0", "name": "a" * 128})).status_code == 201


async def test_a_script_beyond_100_kb_is_refused_by_create_and_patch(api: Api) -> None:
    large = {"customScripts": {"login": "//" + "é" * 50_000}}
    body = {"name": "large-script", "strategy": "auth0", "options": large}
    refused = await api.post("/connections", body)
    assert refused.status_code == 400
    assert "options.customScripts.login is larger than 100 KB" in refused.json()["message"]
    made = await api.post("/connections", {"name": "small-script", "strategy": "auth0"})
    patched = await api.patch(f"/connections/{made.json()['id']}", {"options": large})
    assert (patched.status_code, patched.json()["errorCode"]) == (400, "invalid_body")
    fits = {"customScripts": {"login": "//" + "a" * 99_998}}
    assert (await api.patch(f"/connections/{made.json()['id']}", {"options": fits})).status_code == 200


async def test_only_a_database_may_name_an_action_that_checks_hashes(api: Api) -> None:
    options = {"custom_password_hash": {"action_id": "x"}}
    answer = await api.post("/connections", {"name": "acme-saml", "strategy": "samlp", "options": options})
    words = "The custom_password_hash option is only available for database connections"
    assert error(answer)[:2] == (400, words)
    made = await api.post("/connections", {"name": "acme-saml", "strategy": "samlp", "options": {"tenantId": "x"}})
    changed = await api.patch(f"/connections/{made.json()['id']}", {"options": options})
    assert error(changed)[0] == 400
    assert "feature is not enabled" in changed.json()["message"]


async def test_a_strategy_has_one_domain_connection(api: Api) -> None:
    body = {"strategy": "auth0", "is_domain_connection": True}
    assert (await api.post("/connections", body | {"name": "one"})).status_code == 201
    answer = await api.post("/connections", body | {"name": "two"})
    assert error(answer)[:2] == (409, "There is already a domain connection enabled for strategy")
    assert (await api.post("/connections", body | {"name": "two", "strategy": "samlp"})).status_code == 201
