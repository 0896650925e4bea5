"""The login and get user scripts in a real Node: every outcome, one callback on every path, tokens, time-outs, outages."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

import lab
import pytest
from fake_doorway import AUDIENCE, PROFILE, FakeDoorway, Reply, fake_doorway, query_of, refusal, user

from wizard.doorway.scripts import LARGEST_SCRIPT, Scripts, closed, is_closed, state_of, stubs, through_doorway

SCRIPTS = through_doorway("acme-users", change_password=True)
PASSWORD = "canary password 4f1d"
WITHOUT_FETCH = pytest.mark.parametrize("without", [(), ("fetch",)], ids=["with-fetch", "without-fetch"])

OUTAGES = {
    "store": refusal(503, "store_unavailable"),
    "server": Reply(500, text="<h1>oops</h1>"),
    "proxy-forbids": Reply(403, text="<h1>forbidden by a firewall</h1>"),
    "wrong-address": Reply(404, {"detail": "Not Found"}),
    "throttled": refusal(429, "too_many_attempts"),
    "cut": Reply(how="cut"),
    "no-json": Reply(200, text="welcome"),
    "redirect": Reply(302, text=""),
    "scope": refusal(403, "insufficient_scope"),
    "no-user": Reply(200, {}),
    "no-id": user({"email": "ann@example.com"}),
    "number-id": user({"user_id": 7, "email": "ann@example.com"}),
}


async def login(doorway: FakeDoorway, code: str = SCRIPTS.login, **more: Any) -> lab.Outcome:
    job = lab.Job("script", code, ["ann@example.com", PASSWORD], doorway.configuration, **more)
    return await lab.run(job)


async def get_user(doorway: FakeDoorway, code: str = SCRIPTS.get_user, **more: Any) -> lab.Outcome:
    return await lab.run(lab.Job("script", code, ["ann@example.com"], doorway.configuration, **more))


def called_once(outcome: lab.Outcome) -> lab.Called:
    assert not outcome.timed_out
    assert outcome.thrown is None
    [call] = outcome.calls
    return call


def in_a_hurry(code: str, milliseconds: int = 300) -> str:
    """The same script with shorter limits, so that a test need not wait as long as Auth0."""
    assert "Date.now() + 15000" in code
    return code.replace("Date.now() + 15000", f"Date.now() + {milliseconds}")


@WITHOUT_FETCH
async def test_a_right_password_gives_the_profile_as_the_legacy_api_has_it(without: tuple[str, ...]) -> None:
    async with fake_doorway(login=user()) as doorway:
        call = called_once(await login(doorway, without=without))
    assert call.error is None
    assert list(call.values) == [PROFILE]
    assert doorway.heard[0].body["audience"] == AUDIENCE
    [asked] = doorway.calls
    assert asked.bearer == "token-1"
    assert asked.body == {"identifier": "ann@example.com", "password": PASSWORD}


@WITHOUT_FETCH
async def test_get_user_gives_the_same_profile(without: tuple[str, ...]) -> None:
    async with fake_doorway(users=user()) as doorway:
        call = called_once(await get_user(doorway, without=without))
    assert (call.error, list(call.values)) == (None, [PROFILE])
    assert query_of(doorway.calls[0]) == "email=ann@example.com"


async def test_metadata_keeps_the_names_that_auth0_wants_today() -> None:
    async with fake_doorway(login=user(), users=user()) as doorway:
        profiles = [called_once(await login(doorway)).values[0], called_once(await get_user(doorway)).values[0]]
    for profile in profiles:
        assert profile["app_metadata"] == {"plan": "gold", "since": 2011}
        assert profile["user_metadata"] == {"theme": "dark"}
        assert "metadata" not in profile


async def test_get_user_asks_for_a_username_by_that_name() -> None:
    async with fake_doorway(users=user()) as doorway:
        await lab.run(lab.Job("script", SCRIPTS.get_user, ["ann&x=1"], doorway.configuration))
    assert doorway.calls[0].path == "/users?username=ann%26x%3D1"


async def test_a_wrong_password_names_the_user_by_id() -> None:
    async with fake_doorway(login=refusal(403, "wrong_password", user_id="legacy|7")) as doorway:
        call = called_once(await login(doorway))
    assert (call.error, call.first) == ("WrongUsernameOrPasswordError", "legacy|7")


async def test_an_unknown_user_has_no_id_and_the_same_words() -> None:
    async with fake_doorway(
        login=[refusal(404, "unknown_user"), refusal(403, "wrong_password", user_id="legacy|7")]
    ) as doorway:
        unknown, wrong = called_once(await login(doorway)), called_once(await login(doorway))
    assert (unknown.error, unknown.first) == ("WrongUsernameOrPasswordError", None)
    assert unknown.message == wrong.message


async def test_get_user_says_not_found_by_an_empty_callback() -> None:
    async with fake_doorway(users=refusal(404, "unknown_user")) as doorway:
        call = called_once(await get_user(doorway))
    assert (call.error, list(call.values)) == (None, [])


@pytest.mark.parametrize("kind", OUTAGES)
@WITHOUT_FETCH
async def test_an_outage_is_an_error_and_never_a_wrong_password(kind: str, without: tuple[str, ...]) -> None:
    async with fake_doorway(login=OUTAGES[kind]) as doorway:
        call = called_once(await login(doorway, without=without))
    assert call.error == "Error"
    assert list(call.values) == []


@pytest.mark.parametrize("kind", OUTAGES)
async def test_an_outage_is_never_a_user_that_is_not_found(kind: str) -> None:
    async with fake_doorway(users=OUTAGES[kind]) as doorway:
        call = called_once(await get_user(doorway))
    assert call.error == "Error"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (refusal(409, "ambiguous_email"), "share this e-mail address"),
        (refusal(422, "user_rejected", reason="email_invalid"), "cannot go to Auth0: email_invalid"),
    ],
)
async def test_a_user_that_cannot_be_moved_is_a_clear_error(reply: Reply, words: str) -> None:
    async with fake_doorway(login=reply, users=reply) as doorway:
        for call in (called_once(await login(doorway)), called_once(await get_user(doorway))):
            assert call.error == "Error"
            assert words in call.message


@pytest.mark.parametrize("how", ["hang", "stall"])
@WITHOUT_FETCH
async def test_a_legacy_api_that_never_answers_is_given_up_in_time(how: str, without: tuple[str, ...]) -> None:
    async with fake_doorway(login=Reply(how=how, text="{}")) as doorway:
        outcome = await login(doorway, in_a_hurry(SCRIPTS.login), without=without)
    assert called_once(outcome).message == "The legacy API did not answer in time."
    assert outcome.milliseconds < 2_000


async def test_a_token_that_never_comes_is_given_up_in_time() -> None:
    async with fake_doorway(login=user()) as doorway:
        doorway.token_replies = [Reply(how="hang")]
        outcome = await login(doorway, in_a_hurry(SCRIPTS.login))
    assert called_once(outcome).message == "Auth0 did not answer in time."
    assert doorway.calls == []


async def test_everything_together_stays_inside_the_budget() -> None:
    """Renewing a token does not begin the time anew."""
    async with fake_doorway(login=[refusal(401, "invalid_token"), Reply(how="hang")]) as doorway:
        outcome = await login(doorway, in_a_hurry(SCRIPTS.login, 600))
    assert called_once(outcome).error == "Error"
    assert outcome.milliseconds < 1_500


def test_the_budget_leaves_auth0s_limit_room() -> None:
    assert "Date.now() + 15000" in SCRIPTS.login
    assert "Math.min(10000, deadline - Date.now())" in SCRIPTS.login


async def test_the_token_is_kept_in_global_and_used_again() -> None:
    async with fake_doorway(login=user()) as doorway:
        first = await login(doorway)
        second = await login(doorway, global_=first.global_)
    assert called_once(second).error is None
    assert doorway.tokens == 1
    assert PASSWORD not in json.dumps(first.global_)
    assert "canary-secret-4f1d" not in json.dumps(first.global_)
    assert "ann@example.com" not in json.dumps(first.global_)


@pytest.mark.parametrize("change", [{"until": 0}, {"client": "client-2"}, {"audience": "https://other.example.com"}])
async def test_a_token_that_is_out_of_date_or_of_another_client_is_not_used(change: Mapping[str, Any]) -> None:
    async with fake_doorway(login=user()) as doorway:
        kept = (await login(doorway)).global_["auth0MigrationToken"]
        await login(doorway, global_={"auth0MigrationToken": {**kept, **change}})
    assert doorway.calls[-1].bearer == "token-2"


@WITHOUT_FETCH
async def test_a_refused_token_is_renewed_once(without: tuple[str, ...]) -> None:
    async with fake_doorway(login=[refusal(401, "invalid_token"), user()]) as doorway:
        outcome = await login(doorway, without=without)
    assert called_once(outcome).error is None
    assert [one.bearer for one in doorway.calls] == ["token-1", "token-2"]
    assert outcome.global_["auth0MigrationToken"]["value"] == "token-2"


async def test_a_token_that_is_refused_again_is_an_error() -> None:
    async with fake_doorway(login=refusal(401, "invalid_token")) as doorway:
        call = called_once(await login(doorway))
    assert call.error == "Error"
    assert "does not accept the token" in call.message
    assert len(doorway.calls) == 2


@pytest.mark.parametrize(
    "reply", [Reply(401, {"error": "access_denied"}), Reply(429, {"error": "too_many_requests"}), Reply(200, {})]
)
async def test_without_a_token_there_is_an_error(reply: Reply) -> None:
    async with fake_doorway(login=user(), users=user()) as doorway:
        doorway.token_replies = [reply, reply]
        for call in (called_once(await login(doorway)), called_once(await get_user(doorway))):
            assert call.error == "Error"
            assert "gave no token" in call.message
    assert doorway.calls == []


async def test_a_legacy_api_that_is_not_there_is_an_error_with_its_code() -> None:
    async with fake_doorway() as doorway:
        with socket.socket() as gone:
            gone.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{gone.getsockname()[1]}"
        configuration = {**doorway.configuration, "LEGACY_API_URL": address}
        outcome = await lab.run(lab.Job("script", SCRIPTS.login, ["ann@example.com", PASSWORD], configuration))
    assert called_once(outcome).message == "The legacy API cannot be reached (ECONNREFUSED)."


@pytest.mark.parametrize("key", ["TOKEN_URL", "LEGACY_API_URL", "LEGACY_API_CLIENT_SECRET"])
async def test_a_missing_configuration_value_is_an_error_that_names_it(key: str) -> None:
    async with fake_doorway(login=user()) as doorway:
        configuration = {name: value for name, value in doorway.configuration.items() if name != key}
        outcome = await lab.run(lab.Job("script", SCRIPTS.login, ["ann@example.com", PASSWORD], configuration))
    assert key in called_once(outcome).message


async def test_nothing_that_was_typed_is_in_a_message_or_a_log() -> None:
    async with fake_doorway(login=list(OUTAGES.values())) as doorway:
        for _ in OUTAGES:
            outcome = await login(doorway)
            told = outcome.calls[0].message + "".join(outcome.log)
            assert PASSWORD not in told
            assert "ann@example.com" not in told


# Placeholders and the closed door.


async def test_placeholders_let_nobody_in_and_do_not_say_not_found() -> None:
    for code, arguments in ((stubs().login, ["ann@example.com", PASSWORD]), (stubs().get_user, ["ann@example.com"])):
        call = called_once(await lab.run(lab.Job("script", code, arguments)))
        assert call.error == "Error"
        assert "being set up" in call.message


async def test_after_the_cutover_nobody_is_found() -> None:
    for code, arguments in ((closed().login, ["ann@example.com", PASSWORD]), (closed().get_user, ["ann@example.com"])):
        call = called_once(await lab.run(lab.Job("script", code, arguments)))
        assert (call.error, list(call.values)) == (None, [None])


async def test_change_password_changes_nothing_and_says_yes() -> None:
    assert SCRIPTS.change_password is not None
    call = called_once(await lab.run(lab.Job("script", SCRIPTS.change_password, ["ann@example.com", "new one"])))
    assert (call.error, list(call.values)) == (None, [True])


async def test_a_context_before_the_callback_is_passed_over() -> None:
    """Auth0 gives it to each script of a connection with enable_script_context, which nobody can turn off again."""
    context = {"organization": {"id": "org_7", "name": "acme"}}
    given = {
        "login": ["ann@example.com", PASSWORD],
        "get_user": ["ann@example.com"],
        "change_password": ["ann@example.com", "new one"],
    }
    async with fake_doorway(login=user(), users=user()) as doorway:
        for scripts in (SCRIPTS, stubs(), closed()):
            for name, code in scripts.custom_scripts().items():
                without, with_context = [
                    called_once(await lab.run(lab.Job("script", code, arguments, doorway.configuration)))
                    for arguments in (given[name], [*given[name], context])
                ]
                assert with_context == without


def test_what_a_script_is_can_be_told() -> None:
    assert state_of("login", None) == "absent"
    assert state_of("login", stubs().login) == "stub"
    assert state_of("get_user", closed().get_user) == "closed"
    assert state_of("login", SCRIPTS.login) == "other"
    assert is_closed(closed().custom_scripts())
    assert not is_closed(SCRIPTS.custom_scripts())


@pytest.mark.parametrize("scripts", [SCRIPTS, stubs(), closed()], ids=["real", "stub", "closed"])
def test_a_script_is_one_function_of_a_size_that_auth0_takes(scripts: Scripts) -> None:
    for text in scripts.custom_scripts().values():
        assert text.startswith("function ")
        assert text.rstrip().endswith("}")
        assert len(text.encode()) < LARGEST_SCRIPT


async def test_a_name_from_the_answers_can_end_neither_a_comment_nor_a_string() -> None:
    hostile = 'x"; throw 1; //\n\u2028}) */ </script>'
    async with fake_doorway(login=user()) as doorway:
        call = called_once(await login(doorway, through_doorway(hostile).login))
    assert call.error is None


# Mutants: each of these mistakes is caught by a test above.


async def test_mutant_without_time_out_is_caught() -> None:
    mutant = in_a_hurry(SCRIPTS.login).replace("reject(new Error('late'));\n", "\n").replace("giveUp();\n", "\n")
    async with fake_doorway(login=Reply(how="hang")) as doorway:
        outcome = await login(doorway, mutant, limit_ms=1_500)
    assert outcome.timed_out
    assert outcome.calls == []


async def test_mutant_with_two_callbacks_is_caught() -> None:
    mutant = SCRIPTS.login.replace(
        "(user) => callback(null, user),", "(user) => { callback(null, user); callback(null, user); },"
    )
    assert mutant != SCRIPTS.login
    async with fake_doorway(login=user()) as doorway:
        outcome = await login(doorway, mutant)
    with pytest.raises(ValueError, match="too many values"):
        called_once(outcome)


async def test_mutant_with_a_late_second_callback_is_caught() -> None:
    mutant = SCRIPTS.login.replace(
        "(user) => callback(null, user),", "(user) => { callback(null, user); setTimeout(() => callback(null), 20); },"
    )
    async with fake_doorway(login=user()) as doorway:
        outcome = await login(doorway, mutant, linger_ms=300)
    assert len(outcome.calls) == 2


@pytest.mark.parametrize(
    "mutation",
    ["Object.assign({}, user, { user_id: String(Math.random()) })", "Object.assign({}, user, { user_id: user.email })"],
)
async def test_mutant_with_another_id_is_caught(mutation: str) -> None:
    """A random id, or the e-mail address in its place: the profile is not the legacy API's any more."""
    mutant = SCRIPTS.login.replace("(user) => callback(null, user),", f"(user) => callback(null, {mutation}),")
    assert mutant != SCRIPTS.login
    async with fake_doorway(login=user()) as doorway:
        call = called_once(await login(doorway, mutant))
    assert list(call.values) != [PROFILE]


async def test_mutant_that_tells_an_outage_as_a_wrong_password_is_caught() -> None:
    mutant = SCRIPTS.login.replace(
        "throw explained(answer); // an outage", "throw new WrongUsernameOrPasswordError(null, 'no'); // an outage"
    )
    assert mutant != SCRIPTS.login
    async with fake_doorway(login=OUTAGES["store"]) as doorway:
        call = called_once(await login(doorway, mutant))
    assert call.error != "Error"
