"""Actions: written, built, deployed, bound, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from core_support import Api, StillClock, open_api, still_tenant

from wizard.practice.switches import Switches

CODE = "exports.onExecutePostLogin = async (event, api) => {};"
BINDINGS = "/actions/triggers/post-login/bindings"
GONE = {"statusCode": 404, "error": "Not Found", "message": "That action does not exist."}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


def later(api: Api, seconds: float) -> None:
    assert isinstance(api.tenant.clock, StillClock)
    api.tenant.clock.time += seconds


def body(name: str = "guard", **more: Any) -> dict[str, Any]:
    trigger = {"id": "post-login", "version": "v3"}
    return {"name": name, "supported_triggers": [trigger], "code": CODE, "runtime": "node22"} | more


async def new(api: Api, name: str = "guard", **more: Any) -> str:
    answer = await api.post("/actions/actions", body(name, **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def deployed(api: Api, name: str = "guard", **more: Any) -> str:
    action_id = await new(api, name, **more)
    later(api, 2)
    assert (await api.post(f"/actions/actions/{action_id}/deploy")).status_code == 200
    later(api, 1)
    return action_id


async def read(api: Api, action_id: str) -> dict[str, Any]:
    return dict((await api.get(f"/actions/actions/{action_id}")).json())


def message(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"]


async def test_a_draft_is_pending_then_building_then_built(api: Api) -> None:
    action_id = await new(api)
    seen = []
    for _ in range(5):
        seen.append((await read(api, action_id))["status"])
        later(api, 0.5)
    assert seen == ["pending", "building", "building", "building", "built"]


async def test_a_draft_cannot_be_deployed_before_it_is_built(api: Api) -> None:
    action_id = await new(api)
    early = await api.post(f"/actions/actions/{action_id}/deploy")
    assert message(early) == (400, "A draft must be in the 'built' state before it can be deployed.")


async def test_deploying_says_not_deployed_until_it_is_live(api: Api) -> None:
    action_id = await new(api)
    later(api, 2)
    answer = await api.post(f"/actions/actions/{action_id}/deploy")
    assert (answer.status_code, answer.json()["deployed"], answer.json()["number"]) == (200, False, 1)
    soon = await read(api, action_id)
    assert (soon["all_changes_deployed"], "deployed_version" in soon) == (False, False)
    later(api, 1)
    live = await read(api, action_id)
    assert live["all_changes_deployed"] is True
    assert (live["deployed_version"]["deployed"], live["deployed_version"]["number"]) == (True, 1)
    assert live["current_version"]["status"] == "BUILT"


async def test_a_change_is_a_draft_until_it_is_deployed_again(api: Api) -> None:
    action_id = await deployed(api)
    changed = (await api.patch(f"/actions/actions/{action_id}", {"code": "// new"})).json()
    assert (changed["status"], changed["all_changes_deployed"]) == ("pending", False)
    assert (changed["code"], changed["deployed_version"]["code"]) == ("// new", CODE)
    later(api, 2)
    await api.post(f"/actions/actions/{action_id}/deploy")
    later(api, 1)
    assert (await read(api, action_id))["deployed_version"]["code"] == "// new"


async def test_an_older_version_can_be_deployed_again(api: Api) -> None:
    action_id = await deployed(api)
    await api.patch(f"/actions/actions/{action_id}", {"code": "// new"})
    later(api, 2)
    await api.post(f"/actions/actions/{action_id}/deploy")
    later(api, 1)
    versions = (await api.get(f"/actions/actions/{action_id}/versions")).json()
    assert [(each["number"], each["deployed"]) for each in versions["versions"]] == [(2, True), (1, False)]
    oldest = versions["versions"][1]["id"]
    path = f"/actions/actions/{action_id}/versions/{oldest}"
    assert (await api.get(path)).json()["code"] == CODE
    assert (await api.post(f"{path}/deploy", {"update_draft": True})).status_code == 200
    later(api, 1)
    action = await read(api, action_id)
    assert (action["code"], action["deployed_version"]["code"]) == (CODE, CODE)
    assert (action["deployed_version"]["number"], action["all_changes_deployed"]) == (3, True)


async def test_secrets_show_their_names_only(api: Api) -> None:
    action_id = await new(api, secrets=[{"name": "KEY", "value": "CANARY"}])
    for answer in (
        await api.get(f"/actions/actions/{action_id}"),
        await api.patch(
            f"/actions/actions/{action_id}", {"secrets": [{"name": "KEY"}, {"name": "B", "value": "CANARY"}]}
        ),
        await api.get("/actions/actions"),
    ):
        assert "CANARY" not in answer.text
    assert [each["name"] for each in (await read(api, action_id))["secrets"]] == ["KEY", "B"]
    [stored] = api.tenant.db.execute("select body from actions").fetchall()
    assert "CANARY" not in stored["body"]


async def test_secrets_in_a_change_are_the_whole_list(api: Api) -> None:
    action_id = await new(api, secrets=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    changed = await api.patch(f"/actions/actions/{action_id}", {"secrets": [{"name": "B", "value": "3"}]})
    assert [each["name"] for each in changed.json()["secrets"]] == ["B"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"supported_triggers": []},
        {"supported_triggers": [{"id": "post-login", "version": "v9"}]},
        {"supported_triggers": [{"id": "nonsense"}]},
        {"runtime": "node6"},
        {"code": "x" * 100_001},
        {"secrets": [{"name": "A", "value": "x" * 4097}]},
        {"secrets": [{"name": "A" * 129, "value": "x"}]},
        {"secrets": [{"name": f"A{n}", "value": "x"} for n in range(31)]},
        {"secrets": [{"name": "A", "value": "x"}] * 2},
        {"dependencies": [{"name": f"a{n}", "version": "1"} for n in range(11)]},
        {"name": " "},
        {"surplus": 1},
    ],
)
async def test_what_an_action_cannot_have_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    assert (await api.post("/actions/actions", body() | wrong)).status_code == 400
    assert (await api.get("/actions/actions")).json() == {"actions": [], "per_page": 50}


async def test_a_name_is_taken_once(api: Api) -> None:
    await new(api)
    assert (await api.post("/actions/actions", body())).status_code == 409
    other = body() | {"supported_triggers": [{"id": "credentials-exchange"}]}
    assert (await api.post("/actions/actions", other)).status_code == 201


async def test_a_tenant_has_a_hundred_actions_at_most(api: Api) -> None:
    for n in range(100):
        await new(api, f"a{n}")
    answer = await api.post("/actions/actions", body())
    assert message(answer) == (403, "You reached the limit of entities of this type for this tenant.")


async def test_a_list_can_be_narrowed_and_paged(api: Api) -> None:
    await deployed(api, "one")
    await new(api, "two")
    page = (await api.get("/actions/actions?per_page=1&page=1")).json()
    assert ([each["name"] for each in page["actions"]], page["total"], page["page"]) == (["two"], 2, 1)
    for narrow, expected in (
        ("deployed=true", ["one"]),
        ("actionName=two", ["two"]),
        ("triggerId=post-login", ["one", "two"]),
    ):
        found = (await api.get(f"/actions/actions?{narrow}")).json()
        assert [each["name"] for each in found["actions"]] == expected


async def test_an_unknown_action_is_gone_without_an_error_code(api: Api) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/deploy"), ("GET", "/versions")):
        answer = await api.call(method, f"/actions/actions/09ee2b9b-282d-4a65-87d1-f01adf007745{path}", json={})
        assert (answer.status_code, answer.json()) == (404, GONE)


async def test_bindings_are_replaced_as_a_whole_and_keep_their_ids(api: Api) -> None:
    one, two = await deployed(api, "one"), await deployed(api, "two")
    by_id = {"ref": {"type": "action_id", "value": one}, "display_name": "First"}
    made = (await api.patch(BINDINGS, {"bindings": [by_id]})).json()["bindings"]
    assert [(each["display_name"], each["action"]["id"], each["trigger_id"]) for each in made] == [
        ("First", one, "post-login")
    ]
    again = [{"ref": {"type": "action_name", "value": "two"}}, {"ref": {"type": "binding_id", "value": made[0]["id"]}}]
    both = (await api.patch(BINDINGS, {"bindings": again})).json()["bindings"]
    assert [(each["display_name"], each["action"]["id"]) for each in both] == [("two", two), ("First", one)]
    assert both[1]["id"] == made[0]["id"]
    assert (await api.get(BINDINGS)).json() == {"bindings": both, "total": 2, "per_page": 50}
    beyond = await api.get(f"{BINDINGS}?page=1&per_page=100")
    assert beyond.json() == {"bindings": [], "page": 1, "per_page": 100}
    assert (await api.patch(BINDINGS, {"bindings": []})).json() == {"bindings": []}
    assert (await api.get(BINDINGS)).json() == {"bindings": [], "per_page": 50}


async def test_what_cannot_be_bound_is_refused_and_nothing_changes(api: Api) -> None:
    one, draft = await deployed(api, "one"), await new(api, "draft")
    machine = await deployed(api, "machine", supported_triggers=[{"id": "credentials-exchange"}])
    good = {"ref": {"type": "action_id", "value": one}}
    await api.patch(BINDINGS, {"bindings": [good]})
    for status, wrong in (
        (400, {"type": "action_id", "value": draft}),
        (400, {"type": "action_id", "value": machine}),
        (400, {"type": "action_id", "value": one}),
        (404, {"type": "action_id", "value": "nobody"}),
        (404, {"type": "action_name", "value": "nobody"}),
        (400, {"type": "binding_id", "value": "nobody"}),
        (400, {"type": "nonsense", "value": one}),
    ):
        assert (await api.patch(BINDINGS, {"bindings": [good, {"ref": wrong}]})).status_code == status, wrong
    assert [each["action"]["id"] for each in (await api.get(BINDINGS)).json()["bindings"]] == [one]
    assert (await api.get("/actions/triggers/nonsense/bindings")).status_code == 400
    assert (await api.patch("/actions/triggers/custom-token-exchange/bindings", {"bindings": []})).status_code == 400


async def test_an_action_is_bound_as_soon_as_its_deployment_was_answered(api: Api) -> None:
    """So the recorded clients did it: deploy, then bind, with no look in between."""
    action_id = await new(api)
    later(api, 2)
    await api.post(f"/actions/actions/{action_id}/deploy")
    ref = {"ref": {"type": "action_name", "value": "guard"}}
    assert (await api.patch(BINDINGS, {"bindings": [ref]})).status_code == 200
    later(api, 1)
    [bound] = (await api.get(BINDINGS)).json()["bindings"]
    assert (bound["action"]["id"], bound["action"]["deployed_version"]["deployed"]) == (action_id, True)


async def test_a_trigger_has_twenty_actions_at_most(api: Api) -> None:
    refs = [{"ref": {"type": "action_id", "value": await deployed(api, f"a{n}")}} for n in range(21)]
    assert (await api.patch(BINDINGS, {"bindings": refs})).status_code == 400
    assert (await api.patch(BINDINGS, {"bindings": refs[:20]})).status_code == 200


async def test_a_bound_action_is_deleted_by_force_only(api: Api) -> None:
    one, two = await deployed(api, "one"), await deployed(api, "two")
    await api.patch(BINDINGS, {"bindings": [{"ref": {"type": "action_id", "value": each}} for each in (one, two)]})
    assert (await api.delete(f"/actions/actions/{one}")).status_code == 400
    assert (await api.delete(f"/actions/actions/{one}?force=true")).status_code == 204
    assert [each["action"]["id"] for each in (await api.get(BINDINGS)).json()["bindings"]] == [two]
    assert (await api.get(f"/actions/actions/{one}")).json() == GONE


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/actions/actions", "read:actions"),
        ("POST", "/actions/actions", "create:actions"),
        ("GET", "/actions/actions/x", "read:actions"),
        ("PATCH", "/actions/actions/x", "update:actions"),
        ("DELETE", "/actions/actions/x", "delete:actions"),
        ("POST", "/actions/actions/x/deploy", "create:actions"),
        ("POST", "/actions/actions/x/test", "create:actions"),
        ("GET", "/actions/actions/x/versions", "read:actions"),
        ("GET", "/actions/actions/x/versions/y", "read:actions"),
        ("POST", "/actions/actions/x/versions/y/deploy", "create:actions"),
        ("GET", "/actions/executions/x", "read:actions"),
        ("GET", "/actions/triggers", "read:actions"),
        ("GET", BINDINGS, "read:actions"),
        ("PATCH", BINDINGS, "update:actions"),
    ],
)
async def test_each_call_needs_its_scope(api: Api, method: str, path: str, scope: str) -> None:
    answer = await api.call(method, path, "read:users", json={})
    assert message(answer) == (403, f"Insufficient scope, expected any of: {scope}")


async def test_switches_say_what_is_not_known() -> None:
    switches = Switches(action_name_taken_status=400, undeployed_action_binding="accepted", valueless_secrets="refused")
    async with open_api(still_tenant(switches=switches)) as api:
        action_id = await new(api, secrets=[{"name": "A", "value": "1"}])
        assert (await api.post("/actions/actions", body())).status_code == 400
        assert (
            await api.patch(BINDINGS, {"bindings": [{"ref": {"type": "action_id", "value": action_id}}]})
        ).is_success
        assert (await api.patch(f"/actions/actions/{action_id}", {"secrets": [{"name": "A"}]})).status_code == 400
