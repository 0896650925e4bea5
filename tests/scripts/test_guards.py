"""The guards in a real Node, as Actions and as Rules: the same outcomes, once a user at most, open when in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lab
import pytest
from fake_doorway import AUDIENCE, PROFILE, FakeDoorway, Reply, fake_doorway, refusal, user

from wizard.doorway.guards import FLAGS, GUARDS, MARK_FLAG, METADATA_FLAG, Guard, as_action, as_rule, feeds_metadata
from wizard.doorway.templates import GUARD_BUDGET_MS
from wizard.profile import ProfileAnswers

CONNECTION = "acme-users"
PROFILE_ANSWERS = ProfileAnswers(
    user_id="id", email="mail", app_metadata={"plan": "plan", "since": "since"}, user_metadata={"theme": "theme"}
)
ANYTHING = ProfileAnswers(
    user_id="id", email="mail", app_metadata={"column": "data", "transforms": ["json"]}, user_metadata={}
)
KINDS = pytest.mark.parametrize("kind", ["action", "rule"])
PERSON = {
    "user_id": "auth0|legacy|7",
    "email": "ann@example.com",
    "identities": [{"provider": "auth0", "connection": CONNECTION, "user_id": "legacy|7", "isSocial": False}],
    "app_metadata": {},
    "user_metadata": {},
}


@dataclass(frozen=True)
class Told:
    """What a guard did to a login, told alike for an Action and a Rule."""

    denied: str | None
    app_metadata: Mapping[str, Any]
    user_metadata: Mapping[str, Any]
    log: tuple[str, ...]
    memory: Mapping[str, Any]
    milliseconds: float


def code_of(kind: str, guard: Guard, profile: ProfileAnswers = PROFILE_ANSWERS) -> str:
    make = as_action if kind == "action" else as_rule
    return make(guard, connection=CONNECTION, audience=AUDIENCE, profile=profile).code


async def log_in(
    kind: str,
    guard: Guard,
    doorway: FakeDoorway,
    *,
    person: Mapping[str, Any] = PERSON,
    audience: str | None = None,
    connection: str = CONNECTION,
    memory: Mapping[str, Any] | None = None,
    code: str | None = None,
    without: tuple[str, ...] = (),
) -> Told:
    code = code or code_of(kind, guard)
    if kind == "action":
        event = {
            "user": person,
            "connection": {"name": connection, "strategy": "auth0"},
            "secrets": doorway.configuration,
            **({"resource_server": {"identifier": audience}} if audience else {}),
        }
        done = await lab.run(lab.Job("action", code, event=event, cache=memory or {}))
        assert done.thrown is None
        return Told(done.denied, done.app_metadata, done.user_metadata, tuple(done.log), done.cache, done.milliseconds)
    context = {"connection": connection, "request": {"query": {"audience": audience} if audience else {}}}
    job = lab.Job("rule", code, [person, context], doorway.configuration, global_=memory or {}, without=without)
    done = await lab.run(job)
    [call] = done.calls
    assert done.thrown is None
    denied = call.message if call.error == "UnauthorizedError" else None
    assert (call.error is None) == (denied is None)
    if denied is None:
        assert call.values[0]["user_id"] == person["user_id"]
    return Told(denied, done.app_metadata, done.user_metadata, tuple(done.log), done.global_, done.milliseconds)


@KINDS
async def test_an_end_user_gets_no_token_for_the_legacy_api(kind: str) -> None:
    async with fake_doorway() as doorway:
        told = await log_in(kind, "deny_audience", doorway, audience=AUDIENCE)
    assert told.denied == "end_users_not_allowed"
    assert doorway.heard == []


@KINDS
@pytest.mark.parametrize("audience", [None, "https://shop.example.com", AUDIENCE + "/"])
async def test_other_tokens_are_none_of_its_business(kind: str, audience: str | None) -> None:
    async with fake_doorway() as doorway:
        assert (await log_in(kind, "deny_audience", doorway, audience=audience)).denied is None


async def test_a_rule_also_sees_an_audience_in_the_body() -> None:
    context = {"connection": CONNECTION, "request": {"query": {}, "body": {"audience": AUDIENCE}}}
    done = await lab.run(lab.Job("rule", code_of("rule", "deny_audience"), [PERSON, context]))
    assert done.calls[0].error == "UnauthorizedError"


@KINDS
async def test_missing_metadata_is_fetched_and_flagged(kind: str) -> None:
    async with fake_doorway(one=user()) as doorway:
        told = await log_in(kind, "fetch_metadata", doorway)
    assert told.denied is None
    assert told.app_metadata == {"plan": "gold", "since": 2011, METADATA_FLAG: "fetched"}
    assert told.user_metadata == {"theme": "dark"}
    assert [one.path for one in doorway.calls] == ["/users/legacy%7C7"]


@KINDS
async def test_metadata_that_is_there_stays_as_it_is(kind: str) -> None:
    person = {**PERSON, "app_metadata": {"plan": "silver"}, "user_metadata": {"theme": None}}
    async with fake_doorway(one=user()) as doorway:
        told = await log_in(kind, "fetch_metadata", doorway, person=person)
    assert told.app_metadata == {"since": 2011, METADATA_FLAG: "fetched"}
    assert told.user_metadata == {}


@KINDS
async def test_who_has_all_metadata_is_not_asked_about(kind: str) -> None:
    person = {**PERSON, "app_metadata": PROFILE["app_metadata"], "user_metadata": PROFILE["user_metadata"]}
    async with fake_doorway(one=user()) as doorway:
        told = await log_in(kind, "fetch_metadata", doorway, person=person)
    assert (told.app_metadata, doorway.heard) == ({}, [])


@KINDS
async def test_where_a_column_holds_all_metadata_everybody_is_asked_about_once(kind: str) -> None:
    person = {**PERSON, "app_metadata": {"plan": "silver"}}
    code = code_of(kind, "fetch_metadata", ANYTHING)
    async with fake_doorway(one=user()) as doorway:
        told = await log_in(kind, "fetch_metadata", doorway, person=person, code=code)
        flagged: dict[str, Any] = {**PERSON, "app_metadata": {"plan": "silver", **told.app_metadata}}
        await log_in(kind, "fetch_metadata", doorway, person=flagged, code=code)
    assert told.app_metadata[METADATA_FLAG] == "fetched"
    assert len(doorway.calls) == 1


@KINDS
@pytest.mark.parametrize("guard", ["fetch_metadata", "mark_migrated"])
async def test_a_flagged_user_is_never_asked_about_again(kind: str, guard: Guard) -> None:
    person = {**PERSON, "app_metadata": dict.fromkeys(FLAGS, "unknown_user")}
    async with fake_doorway(one=user(), mark=Reply(204)) as doorway:
        told = await log_in(kind, guard, doorway, person=person)
    assert (told.app_metadata, doorway.heard) == ({}, [])


@KINDS
@pytest.mark.parametrize(
    "reply", [refusal(404, "unknown_user"), refusal(409, "ambiguous_email"), refusal(422, "user_rejected", reason="x")]
)
async def test_an_answer_that_there_is_no_profile_is_final(kind: str, reply: Reply) -> None:
    async with fake_doorway(one=reply) as doorway:
        told = await log_in(kind, "fetch_metadata", doorway)
    assert told.app_metadata == {METADATA_FLAG: reply.body["error"]}


@KINDS
async def test_who_has_moved_is_marked_once(kind: str) -> None:
    async with fake_doorway(mark=Reply(204)) as doorway:
        told = await log_in(kind, "mark_migrated", doorway)
    assert told.app_metadata == {MARK_FLAG: "marked"}
    assert [(one.method, one.path) for one in doorway.calls] == [("POST", "/users/legacy%7C7/migrated")]


@KINDS
async def test_who_signed_up_in_auth0_is_not_asked_about_twice(kind: str) -> None:
    async with fake_doorway(mark=refusal(404, "unknown_user")) as doorway:
        told = await log_in(kind, "mark_migrated", doorway)
    assert told.app_metadata == {MARK_FLAG: "unknown_user"}


OPEN = {
    "store": refusal(503, "store_unavailable"),
    "cut": Reply(how="cut"),
    "firewall": Reply(403, text="<h1>no</h1>"),
    "wrong-address": Reply(404, {"detail": "Not Found"}),
    "throttled": refusal(429, "too_many_attempts"),
}


@KINDS
@pytest.mark.parametrize("guard", ["fetch_metadata", "mark_migrated"])
@pytest.mark.parametrize("outage", OPEN)
async def test_an_outage_stops_no_login_and_leaves_no_flag(kind: str, guard: Guard, outage: str) -> None:
    async with fake_doorway(one=OPEN[outage], mark=OPEN[outage]) as doorway:
        told = await log_in(kind, guard, doorway)
        again = await log_in(kind, guard, doorway, memory=told.memory)
    assert (told.denied, told.app_metadata, told.user_metadata) == (None, {}, {})
    assert len(told.log) == 1
    assert "the login goes on" in told.log[0]
    assert "ann@example.com" not in told.log[0]
    assert len(doorway.calls) == 1, "during an outage the next logins do not wait for it too"
    assert again.log == ()


@KINDS
@pytest.mark.parametrize("guard", ["fetch_metadata", "mark_migrated"])
async def test_a_legacy_api_that_hangs_delays_a_login_for_a_while_only(kind: str, guard: Guard) -> None:
    code = code_of(kind, guard)
    assert f"Date.now() + {GUARD_BUDGET_MS}" in code
    hurried = code.replace(f"Date.now() + {GUARD_BUDGET_MS}", "Date.now() + 300")
    async with fake_doorway(one=Reply(how="hang"), mark=Reply(how="hang")) as doorway:
        told = await log_in(kind, guard, doorway, code=hurried)
    assert (told.denied, told.app_metadata) == (None, {})
    assert told.milliseconds < 2_000


def test_both_guards_together_leave_other_actions_half_of_auth0s_limit() -> None:
    assert 2 * GUARD_BUDGET_MS <= 10_000


@KINDS
@pytest.mark.parametrize("guard", ["fetch_metadata", "mark_migrated"])
async def test_users_of_other_connections_are_left_alone(kind: str, guard: Guard) -> None:
    async with fake_doorway() as doorway:
        told = await log_in(kind, guard, doorway, connection="other-users")
    assert (told.app_metadata, doorway.heard) == ({}, [])


@KINDS
async def test_a_linked_account_is_known_by_its_own_id(kind: str) -> None:
    person = {
        **PERSON,
        "user_id": "google-oauth2|1",
        "identities": [
            {"provider": "google-oauth2", "connection": "google-oauth2", "user_id": "1"},
            {"provider": "auth0", "connection": CONNECTION, "user_id": "legacy|7"},
        ],
    }
    async with fake_doorway(mark=Reply(204)) as doorway:
        await log_in(kind, "mark_migrated", doorway, person=person)
    assert doorway.calls[0].path == "/users/legacy%7C7/migrated"


@KINDS
async def test_the_token_is_shared_and_renewed_once_when_it_is_refused(kind: str) -> None:
    async with fake_doorway(one=user(), mark=[refusal(401, "invalid_token"), Reply(204)]) as doorway:
        first = await log_in(kind, "fetch_metadata", doorway)
        second = await log_in(kind, "mark_migrated", doorway, memory=first.memory)
    assert [one.bearer for one in doorway.calls] == ["token-1", "token-1", "token-2"]
    assert second.app_metadata == {MARK_FLAG: "marked"}


@KINDS
async def test_another_migration_of_the_tenant_shares_neither_token_nor_outage(kind: str) -> None:
    make = as_action if kind == "action" else as_rule
    connection, audience = "acme-shop", "https://shop.example.com/api"
    other = make("mark_migrated", connection=connection, audience=audience, profile=PROFILE_ANSWERS).code
    identities = [{"provider": "auth0", "connection": connection, "user_id": "legacy|7", "isSocial": False}]
    async with fake_doorway(mark=Reply(500)) as broken:
        first = await log_in(
            kind,
            "mark_migrated",
            broken,
            code=other,
            connection=connection,
            person={**PERSON, "identities": identities},
        )
    assert len(first.log) == 1
    async with fake_doorway(mark=Reply(204)) as doorway:
        second = await log_in(kind, "mark_migrated", doorway, memory=first.memory)
    assert second.app_metadata == {MARK_FLAG: "marked"}
    assert len(doorway.heard) == (2 if kind == "action" else 1)  # a Rule knows whose token it keeps


async def test_a_rule_works_on_a_node_without_fetch() -> None:
    async with fake_doorway(one=user(), mark=Reply(204)) as doorway:
        fetched = await log_in("rule", "fetch_metadata", doorway, without=("fetch",))
        marked = await log_in("rule", "mark_migrated", doorway, without=("fetch",))
    assert fetched.app_metadata[METADATA_FLAG] == "fetched"
    assert marked.app_metadata == {MARK_FLAG: "marked"}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_fits_into_an_action(guard: Guard) -> None:
    source = as_action(guard, connection=CONNECTION, audience=AUDIENCE, profile=PROFILE_ANSWERS)
    assert len(source.code.encode()) < 100_000
    assert "require(" not in source.code
    assert bool(source.settings) == (guard != "deny_audience")


def test_without_mapped_metadata_none_can_be_missing() -> None:
    assert feeds_metadata(PROFILE_ANSWERS)
    assert not feeds_metadata(ProfileAnswers(user_id="id", email="mail"))
