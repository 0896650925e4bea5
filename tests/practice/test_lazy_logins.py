"""Logins at a connection with its own database: who is moved, who is refused, and what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import bcrypt
import pytest
from core_support import auth_error
from script_world import PASSWORD, SOON, ScriptWorld, script_world

from wizard.practice.fault_rules import InterruptedCreation
from wizard.practice.faults import Faults
from wizard.practice.switches import Switches

WRONG = (403, "invalid_grant", "Wrong email or password.")


@pytest.fixture
async def world() -> AsyncIterator[ScriptWorld]:
    async with script_world() as world:
        world.legacy.add("ann@example.com", PASSWORD, given_name="Ann", app_metadata={"plan": "gold"})
        yield world


def secret_of(world: ScriptWorld, email: str) -> str:
    [row] = world.tenant.db.execute("select secret from users where email = ?", (email,))
    return str(row["secret"])


async def test_a_first_login_moves_the_user_with_the_typed_password(world: ScriptWorld) -> None:
    assert (await world.login("ann@example.com")).status_code == 200
    user = await world.user("ann@example.com")
    assert user is not None
    assert user["user_id"] == "auth0|legacy|1"
    assert (user["given_name"], user["app_metadata"], user["email_verified"]) == ("Ann", {"plan": "gold"}, True)
    assert (user["logins_count"], bool(user["last_login"])) == (1, True)
    secret = secret_of(world, "ann@example.com")
    assert secret.startswith("$2b$10$")
    assert bcrypt.checkpw(PASSWORD.encode(), secret.encode())
    [(kind, entry)] = world.logs()
    assert (kind, entry["user_id"]) == ("s", "auth0|legacy|1")
    assert (entry["client_id"], entry["client_name"]) == (world.client["client_id"], "Shop")


async def test_later_logins_never_ask_the_source(world: ScriptWorld) -> None:
    await world.login("ann@example.com")
    world.legacy.people.clear()
    world.legacy.down = True
    assert (await world.login("ann@example.com")).status_code == 200
    assert auth_error(await world.login("ann@example.com", "wrong")) == WRONG
    assert world.legacy.asked == ["POST /login"]


async def test_a_wrong_password_and_an_unknown_user_answer_alike_and_the_log_tells_them_apart(
    world: ScriptWorld,
) -> None:
    assert auth_error(await world.login("ann@example.com", "wrong")) == WRONG
    assert auth_error(await world.login("bob@example.com")) == WRONG
    [(first, wrong), (second, unknown)] = world.logs()
    assert (first, wrong["user_id"]) == ("fp", "auth0|legacy|1")
    assert (second, unknown["user_id"]) == ("fu", "")
    assert wrong["client_name"] == unknown["client_name"] == "Shop"
    assert await world.user("ann@example.com") is None


async def test_an_outage_of_the_source_is_never_a_wrong_password(world: ScriptWorld) -> None:
    world.legacy.down = True
    assert auth_error(await world.login("ann@example.com")) == (
        500,
        "server_error",
        "the legacy store is not available",
    )
    [(kind, entry)] = world.logs()
    assert (kind, entry["description"]) == ("f", "the legacy store is not available")
    for _ in range(11):
        await world.login("ann@example.com")
    world.legacy.down = False
    world.tenant.clock.time += 600  # type: ignore[attr-defined]
    assert (await world.login("ann@example.com")).status_code == 200


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("function login(i, p, callback) {}", (500, "server_error", "Script execution time exceeded")),
        ("function login(i, p, callback) { for (;;); }", (500, "server_error", "Script execution time exceeded")),
        ("function login(i, p, callback) { throw new Error('boom'); }", (500, "server_error", "boom")),
        ("function login(i, p, callback) { callback(new UnauthorizedError('closed today')); }", (401, "unauthorized", "closed today")),
        ("function login(i, p, callback) { callback(new WrongUsernameOrPasswordError(i, 'no')); }", WRONG),
        ("function login(i, p, callback) { callback(null, null); }", WRONG),
        ("function login(i, p, callback) { callback(null, 'yes'); }", (500, "server_error", "The login script did not return a profile")),
        ("function login(i, p, callback) { callback(null, [1]); }", (500, "server_error", "The login script did not return a profile")),
        ("function login(i, p, callback) { callback(null, { email: i }); }", (500, "server_error", "The login script returned a profile without user_id")),
        ("function login(i, p, callback) { callback(null, { user_id: '1' }); }", (500, "server_error", "Missing required property: email")),
        ("function login(i, p, callback) { callback(null, { user_id: '1', email: i, app_metadata: [] }); }", (500, "server_error", "app_metadata")),
        ("function login(i, p, callback) { callback(null, { user_id: '1', email: i, mfa_factors: [{ totp: { secret: 'x' } }] }); }", (500, "server_error", "Unable to import MFA factors.")),
    ],
)  # fmt: skip
async def test_a_script_that_gives_no_user_moves_nobody(
    world: ScriptWorld, login: str, expected: tuple[int, str, str]
) -> None:
    await world.use(login=login)
    if "time" in expected[2]:
        world.tenant.sandbox.patience = SOON
    status, error, text = auth_error(await world.login("ann@example.com"))
    assert (status, error) == expected[:2]
    assert expected[2] in text
    assert await world.user("ann@example.com") is None
    [(kind, _)] = world.logs()
    assert kind in {"f", "fu", "fp"}


async def test_mfa_factors_that_cannot_be_imported_are_fu_in_the_log(world: ScriptWorld) -> None:
    world.legacy.add("bob@example.com", PASSWORD, mfa_factors=[{"phone": {"value": "12"}}])
    await world.login("bob@example.com")
    [(kind, entry)] = world.logs()
    assert (kind, entry["description"]) == ("fu", "Unable to import MFA factors.")


async def test_good_mfa_factors_are_imported(world: ScriptWorld) -> None:
    world.legacy.add("bob@example.com", PASSWORD, mfa_factors=[{"totp": {"secret": "ABCDEFGH234567"}}])
    assert (await world.login("bob@example.com")).status_code == 200


async def test_a_member_that_auth0_does_not_know_is_dropped_and_told(world: ScriptWorld) -> None:
    world.legacy.add("bob@example.com", PASSWORD, metadata={"plan": "gold"}, shoe_size=43)
    assert (await world.login("bob@example.com")).status_code == 200
    user = await world.user("bob@example.com")
    assert user is not None
    assert not {"metadata", "shoe_size", "app_metadata"} & set(user)
    [warning] = world.logs("w")
    assert warning[1]["description"] == "Not kept of the profile: metadata, shoe_size"


async def test_a_second_callback_is_ignored_and_warned_of(world: ScriptWorld) -> None:
    await world.use(
        login="""function login(i, p, callback) {
          callback(null, { user_id: '1', email: i });
          callback(new WrongUsernameOrPasswordError(null, 'no'));
        }"""
    )
    assert (await world.login("ann@example.com")).status_code == 200
    await world.login("ann@example.com")
    [(_, entry)] = world.logs("w")
    assert entry["description"] == "The login script: the callback was called more than once"


async def test_a_source_that_gives_one_id_twice_is_refused(world: ScriptWorld) -> None:
    await world.login("ann@example.com")
    world.legacy.people["ann.new@example.com"] = world.legacy.people["ann@example.com"]
    assert auth_error(await world.login("ann.new@example.com")) == (500, "server_error", "The user already exists.")


async def test_many_people_log_in_at_once(world: ScriptWorld) -> None:
    for n in range(12):
        world.legacy.add(f"p{n}@example.com", f"{PASSWORD}{n}")
    answers = await asyncio.gather(*(world.login(f"p{n}@example.com", f"{PASSWORD}{n}") for n in range(12)))
    assert {answer.status_code for answer in answers} == {200}


async def test_one_person_logging_in_twice_at_once_is_one_user(world: ScriptWorld) -> None:
    answers = await asyncio.gather(*(world.login("ann@example.com") for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    [count] = world.tenant.db.execute("select count(*) from users").fetchone()
    assert count == 1


async def test_a_script_gets_a_token_from_the_tenant_itself() -> None:
    login = """async function login(identifier, password, callback) {
      const answer = await fetch(configuration.TOKEN_URL, {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ grant_type: 'client_credentials', client_id: configuration.ID, client_secret: configuration.SECRET,
          audience: 'https://legacy.example.com/' }),
      });
      const token = (await answer.json()).access_token;
      const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
      callback(null, { user_id: '1', email: identifier, app_metadata: { sub: claims.sub, gty: claims.gty, azp: claims.azp, scope: claims.scope } });
    }"""
    async with script_world() as world:
        scopes = [{"value": "verify:passwords"}, {"value": "read:users"}]
        closed = {"user": {"policy": "deny_all"}}
        api = {"identifier": "https://legacy.example.com/", "scopes": scopes, "subject_type_authorization": closed}
        assert (await world.api.post("/resource-servers", api)).status_code == 201
        machine = await world.api.new_client("Doorway", app_type="non_interactive", grant_types=["client_credentials"])
        grant = {"client_id": machine["client_id"], "audience": "https://legacy.example.com/", "scope": ["read:users"]}
        assert (await world.api.post("/client-grants", grant)).status_code == 201
        await world.change(
            configuration={
                "TOKEN_URL": f"https://{world.tenant.domain}/oauth/token",
                "ID": machine["client_id"],
                "SECRET": machine["client_secret"],
            },
            customScripts={"login": login},
        )
        assert (await world.login("ann@example.com")).status_code == 200
        user = await world.user("ann@example.com")
        assert user is not None
        assert user["app_metadata"] == {
            "sub": f"{machine['client_id']}@clients",
            "azp": machine["client_id"],
            "gty": "client-credentials",
            "scope": "read:users",
        }
        refused = await world.login("ann@example.com", audience="https://legacy.example.com/")
        assert auth_error(refused)[:2] == (403, "access_denied")


async def test_without_import_mode_the_source_is_asked_each_time_and_no_password_is_kept(world: ScriptWorld) -> None:
    await world.change(import_mode=False)
    for _ in range(2):
        assert (await world.login("ann@example.com")).status_code == 200
    assert world.legacy.asked == ["POST /login"] * 2
    user = await world.user("ann@example.com")
    assert user is not None
    assert user["logins_count"] == 2
    assert secret_of(world, "ann@example.com") == "elsewhere"
    assert auth_error(await world.login("ann@example.com", "elsewhere")) == WRONG


async def test_import_mode_takes_over_the_users_whose_password_was_elsewhere(world: ScriptWorld) -> None:
    await world.change(import_mode=False)
    await world.login("ann@example.com")
    await world.change(import_mode=True)
    world.legacy.people["ann@example.com"][1]["given_name"] = "Anna"
    assert (await world.login("ann@example.com")).status_code == 200
    user = await world.user("ann@example.com")
    assert user is not None
    assert (user["given_name"], user["logins_count"]) == ("Anna", 2)
    assert secret_of(world, "ann@example.com").startswith("$2b$10$")


async def test_a_connection_without_its_own_database_runs_no_script() -> None:
    async with script_world({"enabledDatabaseCustomization": False}) as world:
        world.legacy.add("ann@example.com", PASSWORD)
        assert auth_error(await world.login("ann@example.com")) == WRONG
        assert world.legacy.asked == []


async def test_a_connection_without_scripts_says_what_is_missing() -> None:
    async with script_world({"customScripts": None}) as world:
        status, error, text = auth_error(await world.login("ann@example.com"))
        assert (status, error) == (500, "server_error")
        assert text == "Please implement the Login script for this database connection"


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"get_user_on_login": True}, ["GET /users", "POST /login"]),
        ({"lazy_password_policy": True}, ["POST /login"]),
        ({}, ["POST /login"]),
    ],
)
async def test_switches_say_what_else_happens_at_a_first_login(switches: dict[str, Any], expected: list[str]) -> None:
    async with script_world(switches=Switches(**switches)) as world:
        world.legacy.add("ann@example.com", "weak")
        answer = await world.login("ann@example.com", "weak")
        assert (answer.status_code == 200) is ("lazy_password_policy" not in switches)
        assert world.legacy.asked == expected


async def test_an_interrupted_creation_leaves_half_a_user_that_the_documented_order_cures() -> None:
    faults = Faults([InterruptedCreation(action="interrupt_creation", nth=frozenset({1}))])
    async with script_world(faults=faults, patience=SOON) as world:
        world.legacy.add("ann@example.com", PASSWORD)
        assert auth_error(await world.login("ann@example.com")) == (
            500,
            "server_error",
            "The user could not be created.",
        )
        assert await world.user("ann@example.com") is None
        assert (await world.api.get("/users/auth0%7Clegacy%7C1")).status_code == 404
        assert auth_error(await world.login("ann@example.com")) == (500, "server_error", "The user already exists.")
        body = {"connection": "people", "email": "ann@example.com", "password": PASSWORD}
        assert (await world.api.post("/users", body)).status_code == 409
        assert (await world.api.delete("/users/auth0%7Clegacy%7C1")).status_code == 204
        users = f"/connections/{world.connection_id}/users?email=ann@example.com"
        assert (await world.api.delete(users)).status_code == 204
        assert (await world.login("ann@example.com")).status_code == 200


async def test_neither_password_nor_configuration_reaches_the_log(world: ScriptWorld) -> None:
    await world.change(configuration={"LEGACY_API_URL": "https://legacy.example.com", "SECRET": "CANARY-1"})
    await world.login("ann@example.com", "CANARY-2")
    world.legacy.down = True
    await world.login("ann@example.com", "CANARY-2")
    everything = [row["body"] for row in world.tenant.db.execute("select body from logs")]
    assert everything
    assert not any("CANARY" in text for text in everything)
