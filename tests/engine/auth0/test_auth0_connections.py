"""Connections are changed without touching what is not ours, and applications are enabled where they belong."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import httpx
import pytest
from auth0_stage import Stage, answers, recorded, refused
from hypothesis import given
from hypothesis import strategies as st

from wizard.auth0.errors import (
    Conflict,
    EncryptedValuesAtRisk,
    ForeignOptionsChanged,
    InsufficientScope,
    InvalidRequest,
    NotFound,
)
from wizard.auth0.options import NEW_PASSWORD_KEY, OLD_PASSWORD_KEYS, changed_foreign_keys, merged
from wizard.errors import Exit
from wizard.events import Json

ALL = "read:connections read:connections_options update:connections update:connections_options"
ID = "con_u6eDOnzfycy2sDLb"
READDED = {
    "passkey_options": {"challenge_ui": "both"},
    "authentication_methods": {"password": {"enabled": True}, "passkey": {"enabled": False}},
    "brute_force_protection": True,
}


class Connection:
    """A connection that behaves as was measured: options are replaced whole, some come back by themselves."""

    def __init__(self, options: dict[str, Any] | None, *, loses: str = "", keeps_encrypted: bool = True) -> None:
        self.body: dict[str, Any] = {"id": ID, "name": "acme-users", "strategy": "auth0", "enabled_clients": []}
        if options is not None:
            self.body["options"] = copy.deepcopy(options)
        self.patches: list[dict[str, Any]] = []
        self._loses = loses
        self._keeps_encrypted = keeps_encrypted

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            sent = json.loads(request.content)
            self.patches.append(sent)
            options = sent["options"]
            if NEW_PASSWORD_KEY in options and OLD_PASSWORD_KEYS & set(options):
                return refused(400, "Cannot set both password_options and legacy password options", "invalid_body")
            options = {**copy.deepcopy(READDED), **options}
            options.pop(self._loses, None)
            if "configuration" in options:
                options["configuration"] = {key: self._encrypt(one) for key, one in options["configuration"].items()}
            self.body["options"] = options
        return httpx.Response(200, json=self.body)

    def _encrypt(self, value: str) -> str:
        if value.startswith("CkIK") and self._keeps_encrypted:
            return value
        return "CkIK" + base64.b64encode(f"{len(self.patches)} {value}".encode()).decode()


def stage_of(connection: Connection, scope: str | None = ALL) -> Stage:
    return Stage(connection, scope=scope)


def real_options() -> list[dict[str, Any]]:
    """Options of real tenants, from every recording that shows some."""
    names = (
        "connection-get",
        "connections-list-checkpoint",
        "connections-list-offset",
        "connection-create-custom-db",
        "connection-patch-drops-password-options",
    )
    bodies = [exchange["response"]["body"] for name in names for exchange in recorded(name)]
    connections = [one for body in bodies for one in body.get("connections", [body])]
    return [one["options"] for one in connections if "options" in one]


async def test_only_our_options_change_on_connections_of_real_tenants() -> None:
    several = real_options()
    assert len(several) >= 5
    for options in several:
        connection = Connection(options)
        foreign = {key for key in options if key not in ("import_mode", *OLD_PASSWORD_KEYS)}
        async with stage_of(connection).open() as tenant:
            changed = await tenant.patch_connection_options(
                ID, {"import_mode": True, "customScripts": {"login": "// ours"}}, carry_encrypted=True
            )
        assert changed.options is not None
        assert changed.options.import_mode
        assert changed.options.scripts["login"] == "// ours"
        sent = connection.patches[0]
        assert set(sent) == {"options"}
        for key in foreign - {"customScripts"}:
            assert sent["options"][key] == options[key]
        for name, script in options.get("customScripts", {}).items():
            assert name == "login" or sent["options"]["customScripts"][name] == script


async def test_one_family_of_password_options_is_sent_the_newer_one() -> None:
    connection = Connection({"password_options": {"complexity": {"min_length": 15}}, "passwordPolicy": "good"})
    async with stage_of(connection).open() as tenant:
        await tenant.patch_connection_options(ID, {"import_mode": True})
    assert connection.patches[0]["options"]["password_options"] == {"complexity": {"min_length": 15}}
    assert "passwordPolicy" not in connection.patches[0]["options"]


async def test_the_older_family_is_sent_when_that_is_what_we_change() -> None:
    connection = Connection({"password_options": {"complexity": {}}, "password_history": {"enable": False}})
    async with stage_of(connection).open() as tenant:
        await tenant.patch_connection_options(ID, {"passwordPolicy": "fair"})
    assert connection.patches[0]["options"] == {"password_history": {"enable": False}, "passwordPolicy": "fair"}


@pytest.mark.parametrize("lost", ["mfa", "upstream_params", "validation"])
async def test_a_foreign_option_that_got_lost_is_named(lost: str) -> None:
    options = {
        "mfa": {"active": True},
        "upstream_params": {"screen_name": {"alias": "login_hint"}},
        "validation": {"username": {"min": 1, "max": 15}},
    }
    async with stage_of(Connection(options, loses=lost)).open() as tenant:
        with pytest.raises(ForeignOptionsChanged, match=lost) as changed:
            await tenant.patch_connection_options(ID, {"import_mode": True})
    assert changed.value.keys == (lost,)


async def test_a_foreign_script_that_changed_is_named_with_its_place() -> None:
    connection = Connection({"customScripts": {"login": "a", "delete": "b"}})
    stage = stage_of(connection)
    async with stage.open() as tenant:
        inner = connection.__call__

        def meddling(request: httpx.Request) -> httpx.Response:
            answer = inner(request)
            if request.method == "PATCH":
                connection.body["options"]["customScripts"]["delete"] = "somebody else's"
            return answer

        stage._handler = meddling
        with pytest.raises(ForeignOptionsChanged) as changed:
            await tenant.patch_connection_options(ID, {"customScripts": {"login": "ours"}})
    assert changed.value.keys == ("customScripts.delete",)


@pytest.mark.parametrize("scope", [None, ALL])
async def test_without_options_in_the_answer_nothing_is_merged_and_nothing_sent(scope: str | None) -> None:
    connection = Connection(None)
    async with stage_of(connection, scope).open() as tenant:
        with pytest.raises(InsufficientScope, match="read:connections_options") as refusal:
            await tenant.patch_connection_options(ID, {"import_mode": True})
    assert refusal.value.exit is Exit.CREDENTIALS
    assert not connection.patches


async def test_the_lack_of_the_options_scopes_is_found_before_anything_is_sent() -> None:
    stage = stage_of(Connection({}), "read:connections update:connections")
    async with stage.open() as tenant:
        with pytest.raises(InsufficientScope) as refusal:
            await tenant.patch_connection_options(ID, {"import_mode": True})
    assert refusal.value.scopes == ("update:connections_options", "read:connections_options")
    assert not stage.requests


async def test_encrypted_values_of_others_are_not_sent_back_unasked() -> None:
    connection = Connection({"configuration": {"THEIRS": "CkIKabc=", "OURS": "CkIKdef="}})
    async with stage_of(connection).open() as tenant:
        with pytest.raises(EncryptedValuesAtRisk, match="THEIRS") as refusal:
            await tenant.patch_connection_options(ID, {"configuration": {"OURS": "plain-value-17"}})
    assert refusal.value.keys == ("THEIRS",)
    assert "plain-value-17" not in str(refusal.value)
    assert not connection.patches


async def test_our_own_configuration_values_need_no_leave() -> None:
    connection = Connection({"configuration": {"OURS": "CkIKdef="}})
    async with stage_of(connection).open() as tenant:
        changed = await tenant.patch_connection_options(ID, {"configuration": {"OURS": "plain", "NEW": "plain"}})
    assert changed.options is not None
    assert set(changed.options.configuration) == {"OURS", "NEW"}


async def test_encrypted_values_that_auth0_recognises_are_proven_unchanged() -> None:
    connection = Connection({"configuration": {"THEIRS": "CkIKabc="}})
    async with stage_of(connection).open() as tenant:
        await tenant.patch_connection_options(ID, {"import_mode": True}, carry_encrypted=True)


async def test_encrypted_values_that_were_encrypted_once_more_are_named() -> None:
    connection = Connection({"configuration": {"THEIRS": "CkIKabc="}}, keeps_encrypted=False)
    async with stage_of(connection).open() as tenant:
        with pytest.raises(ForeignOptionsChanged) as changed:
            await tenant.patch_connection_options(
                ID, {"import_mode": True, "configuration": {"OURS": "x"}}, carry_encrypted=True
            )
    assert changed.value.keys == ("configuration.THEIRS",)


async def test_a_change_after_a_lost_answer_is_sent_again_and_still_proven() -> None:
    connection = Connection({"mfa": {"active": True}})
    cut = iter([True])

    def handler(request: httpx.Request) -> httpx.Response:
        answer = connection(request)
        if request.method == "PATCH" and next(cut, False):
            raise httpx.ReadError("cut after it was carried out")
        return answer

    async with Stage(handler, scope=ALL).open() as tenant:
        changed = await tenant.patch_connection_options(ID, {"import_mode": True})
    assert changed.options is not None
    assert changed.options.import_mode
    assert connection.patches[0] == connection.patches[1]


def test_the_measured_losses_are_what_the_proof_would_have_named() -> None:
    exchanges = recorded("connection-patch-drops-password-options")
    before, patch = exchanges
    sent = patch["request"]["body"]["options"]
    after = patch["response"]["body"]["options"]
    options = before["response"]["body"]["options"]
    assert changed_foreign_keys(options, options, after, {"passwordPolicy": "good"}) == ("password_options",)
    assert changed_foreign_keys(options, sent, after, {"passwordPolicy": "good"}) == ()


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), JSONS, max_size=5)


@given(OBJECTS, OBJECTS)
def test_merging_keeps_foreign_keys_and_takes_ours(current: dict[str, Any], changes: dict[str, Any]) -> None:
    copies = copy.deepcopy((current, changes))
    options = merged(current, changes)
    assert (current, changes) == copies
    assert changed_foreign_keys(current, options, options, changes) == ()
    assert merged(options, changes) == options
    for key in current.keys() - changes.keys():
        assert options[key] == current[key]


@given(OBJECTS, OBJECTS, st.data())
def test_any_foreign_key_that_differs_is_named(
    current: dict[str, Any], changes: dict[str, Any], data: st.DataObject
) -> None:
    foreign = sorted(current.keys() - changes.keys())
    if not foreign:
        return
    options = merged(current, changes)
    key = data.draw(st.sampled_from(foreign))
    after: dict[str, Json] = {**options, key: ["something else"]}
    assert changed_foreign_keys(current, options, after, changes) == ((key,) if current[key] != after[key] else ())
    del after[key]
    assert changed_foreign_keys(current, options, after, changes) == (key,)


async def test_connections_are_listed_to_the_last_page() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.params["strategy"] == "auth0"
        start = int(request.url.params.get("from", "0"))
        some = [{"id": f"con_{n}", "name": f"c-{n}", "strategy": "auth0"} for n in range(start, min(start + 100, 250))]
        return httpx.Response(
            200, json={"connections": some} | ({"next": str(start + 100)} if start + 100 < 250 else {})
        )

    stage = Stage(handler)
    async with stage.open() as tenant:
        assert len(await tenant.connections()) == 250
    assert len(stage.requests) == 3


async def test_a_cursor_that_comes_again_ends_the_list() -> None:
    stage = Stage(answers(httpx.Response(200, json={"connections": [], "next": "again"})))
    async with stage.open() as tenant:
        assert await tenant.connections() == []
    assert len(stage.requests) == 2


@pytest.mark.parametrize("recording", ["connections-list-offset", "connections-list-checkpoint"])
async def test_real_lists_are_understood(recording: str) -> None:
    body = recorded(recording)[0]["response"]["body"]
    async with Stage(answers(httpx.Response(200, json=body))).open() as tenant:
        found = await tenant.connections()
        named = await tenant.connection_named(found[0].name)
    assert len(found) == len(body["connections"])
    assert named is not None
    assert named.id == found[0].id


async def test_a_bare_list_is_understood_too() -> None:
    one = {"id": "con_1", "name": "acme", "strategy": "samlp"}
    async with Stage(answers(httpx.Response(200, json=[one]))).open() as tenant:
        assert await tenant.connection_named("acme-users") is None
        found = await tenant.connection_named("acme")
    assert found is not None
    assert found.strategy == "samlp"
    assert found.options is None


async def test_a_connection_is_created_without_naming_applications() -> None:
    stage = Stage(answers(httpx.Response(201, json=recorded("connection-create-default")[0]["response"]["body"])))
    async with stage.open() as tenant:
        made = await tenant.create_connection("acme-users", options={"requires_username": True}, display_name="Acme")
    assert json.loads(stage.requests[0].content) == {
        "name": "acme-users",
        "strategy": "auth0",
        "options": {"requires_username": True},
        "display_name": "Acme",
    }
    assert made.options is not None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(409, "A connection with the same name already exists"), Conflict),
        (refused(404, "The connection does not exist", "inexistent_connection"), NotFound),
        (refused(400, "The connection does not exist.", "inexistent_connection"), NotFound),
        (refused(400, "Payload validation error: 'x' on property name", "invalid_body"), InvalidRequest),
    ],
)
async def test_refusals_are_told_apart(answer: httpx.Response, kind: type[Exception]) -> None:
    async with Stage(answers(answer)).open() as tenant:
        with pytest.raises(kind):
            await tenant.create_connection("acme-users")


async def test_enabled_applications_are_set_fifty_at_a_time_by_the_connections_own_endpoint() -> None:
    stage = Stage(answers(httpx.Response(204)))
    wanted = {f"client{number:03}": number % 3 > 0 for number in range(120)}
    async with stage.open() as tenant:
        await tenant.set_enabled_clients(ID, wanted)
    batches = [json.loads(request.content) for request in stage.requests]
    assert [len(batch) for batch in batches] == [50, 50, 20]
    assert {one["client_id"]: one["status"] for batch in batches for one in batch} == wanted
    assert {request.url.path for request in stage.requests} == {f"/api/v2/connections/{ID}/clients"}


async def test_nothing_to_set_sends_nothing() -> None:
    stage = Stage(answers(httpx.Response(204)))
    async with stage.open() as tenant:
        await tenant.set_enabled_clients(ID, {})
    assert not stage.requests


async def test_enabled_applications_are_read_to_the_last_page() -> None:
    pages = [{"clients": [{"client_id": "a"}], "next": "x"}, {"clients": [{"client_id": "b"}]}]
    stage = Stage(answers(*(httpx.Response(200, json=page) for page in pages)))
    async with stage.open() as tenant:
        assert await tenant.enabled_clients(ID) == ["a", "b"]
    assert stage.requests[1].url.params["from"] == "x"


async def test_the_batch_that_failed_is_named() -> None:
    stage = Stage(answers(httpx.Response(204), refused(404, "The client does not exist", "inexistent_client")))
    async with stage.open() as tenant:
        with pytest.raises(NotFound, match="51 to 60 of 60") as refusal:
            await tenant.set_enabled_clients(ID, {f"client{number}": True for number in range(60)})
    assert refusal.value.state == "50 were set before."


async def test_a_proof_that_could_not_be_made_is_not_called_unchanged() -> None:
    connection = Connection({"mfa": {"active": True}})

    def handler(request: httpx.Request) -> httpx.Response:
        gone = connection.patches and request.method == "GET"
        return refused(404, "The connection does not exist") if gone else connection(request)

    async with Stage(handler, scope=ALL).open() as tenant:
        with pytest.raises(NotFound, match="not proven"):
            await tenant.patch_connection_options(ID, {"import_mode": True})
