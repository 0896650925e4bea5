"""Auth0's refusals, in words that help and hold nothing personal."""

from __future__ import annotations

import time

import httpx
import pytest
from auth0_stage import SECRET, Stage, answers, recorded, refused

from wizard.auth0 import errors
from wizard.auth0.call import Call, json_body
from wizard.auth0.models import read
from wizard.auth0.refusals import Failure, cleaned, refusal
from wizard.auth0.token import ClientSecret, PrivateKey, Token
from wizard.errors import Exit, WizardError
from wizard.events import Json

HASH = "$2b$10$C6UzMDM.H6dfI/f/IKcEeO7ZBpZnB5oyGyQ2V1kPcH2Vv5pTfkz8K"


@pytest.mark.parametrize(
    ("status", "message", "code", "kind", "exit_code"),
    [
        (403, "Insufficient scope, expected any of: read:x", "insufficient_scope", errors.InsufficientScope, 4),
        (403, "Insufficient scope; expected any of: read:x.", "", errors.InsufficientScope, 4),
        (403, "You reached the limit of entities of this type for this tenant.", "", errors.EntityLimit, 1),
        (403, "Insufficient privileges to use this deprecated feature", "", errors.NotAllowed, 4),
        (404, "The connection does not exist", "inexistent_connection", errors.NotFound, 1),
        (400, "The connection does not exist.", "inexistent_connection", errors.NotFound, 1),
        (400, "Connection must be enabled.", "", errors.InvalidRequest, 1),
        (409, "A connection with the same name already exists", "", errors.Conflict, 1),
        (413, "Payload content length greater than maximum allowed: 512000.", "", errors.TooLarge, 1),
        (429, "Global limit has been reached", "too_many_requests", errors.RateLimitExhausted, 1),
        (429, "There are 2 active import users jobs, please wait", "", errors.ImportSlotsBusy, 1),
        (401, "Expired token received for JSON Web Token validation", "", errors.TokenExpired, 4),
        (401, "Client is not global.", "", errors.BadCredentials, 4),
        (500, "Internal error.", "", errors.ServerFailed, 1),
        (418, "", "", errors.InvalidRequest, 1),
    ],
)
def test_each_refusal_has_its_kind_and_exit_code(
    status: int, message: str, code: str, kind: type[errors.Refused], exit_code: int
) -> None:
    body: Json = {"statusCode": status, "error": "x", "message": message, "errorCode": code}
    error = refusal(Failure.of("do things", "GET /things", status, body))
    assert type(error) is kind
    assert error.exit == Exit(exit_code)
    assert (error.status, error.code, error.call) == (status, code, "GET /things")
    assert "Auth0 refused to do things" in str(error)
    assert error.remedy
    assert error.state == "Nothing was changed."


def test_a_missing_scope_is_named_for_machines_too() -> None:
    body = recorded("insufficient-scope-error")[0]["response"]["body"]
    error = refusal(Failure.of("do things", "GET /things", 403, body))
    assert isinstance(error, errors.InsufficientScope)
    assert error.scopes == ("read:directory_provisionings",)


@pytest.mark.parametrize("body", [None, [], "text", 3, {"message": 5}, {"message": None}])
def test_an_answer_without_words_still_makes_an_error(body: Json) -> None:
    assert "Auth0 answered 502" in str(refusal(Failure.of("do things", "GET /x", 502, body)))


@pytest.mark.parametrize(
    "message",
    [
        "Object didn't pass validation for format email: ada@example.com",
        "Payload validation error: 'ada@example.com' on property email",
        f"String does not match pattern: {HASH}",
        "No enum match for: $argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "phone +43 660 1234567 is taken",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln is bad",
    ],
)
def test_personal_data_in_auth0s_words_is_left_out(message: str) -> None:
    shown = cleaned(message)
    for personal in ("ada", HASH[8:], "aGFzaGhhc2g", "660", "eyJ"):
        assert personal not in shown
    assert len(shown) > 5


def test_long_words_are_cut() -> None:
    assert cleaned("x" * 5000) == "…"
    assert "ada" not in cleaned("ada@example.com " * 249 + "no ada.of.the.analytical.engine@example.com")


def test_a_message_of_any_length_is_cleaned_at_once() -> None:
    began = time.process_time()
    cleaned("x" * 10_000_000)
    cleaned("x " * 5_000_000)
    assert time.process_time() - began < 5


def test_what_holds_secrets_or_people_does_not_show_them() -> None:
    call = Call(
        "GET",
        "/api/v2/users/{id}",
        "read a user",
        ids={"id": "auth0|canary"},
        query=[("email", "canary@example.com")],
        content=json_body({"password": "canary"}),
    )
    shown = [
        ClientSecret("client", "canary"),
        PrivateKey("client", "canary"),
        Token("canary", 0, None),
        call,
        *_models(),
    ]
    for one in shown:
        assert "canary" not in repr(one) + str(one)


def _models() -> list[object]:
    from wizard.auth0.models import Connection, JobErrors, User, UserPage

    user: Json = {"user_id": "auth0|1", "email": "canary@example.com", "nickname": "canary", "extra": "canary"}
    return [
        read(User, user, "x"),
        read(UserPage, {"users": [user]}, "x"),
        read(JobErrors, {"users": [{"user": user, "errors": [{"code": "X", "message": "canary"}]}]}, "x"),
        read(
            Connection,
            {"id": "c", "name": "n", "strategy": "auth0", "options": {"customScripts": {"login": "canary"}}},
            "x",
        ),
    ]


@pytest.mark.parametrize(
    "trouble",
    [
        refused(400, "ada@example.com is wrong"),
        httpx.ReadError(f"cut {SECRET}"),
        httpx.ConnectError(f"no route {SECRET}"),
        httpx.Response(500, text=SECRET),
        httpx.Response(200, text=SECRET),
        httpx.Response(200, json={"nothing": SECRET}),
    ],
    ids=lambda one: type(one).__name__,
)
async def test_no_error_event_or_repr_shows_the_secret(trouble: httpx.Response | Exception) -> None:
    import traceback

    stage = Stage(answers(trouble))
    async with stage.open() as tenant:
        for action in (
            tenant.user("auth0|1"),
            tenant.import_users(b'["canary-user"]', filename="1", connection_id="c", external_id="x"),
        ):
            with pytest.raises(WizardError) as error:
                await action
            told = "".join(traceback.format_exception(error.value))
            for personal in (SECRET, "ada@", "token-1", "canary-user"):
                assert personal not in told
        assert SECRET not in repr(tenant) + repr(vars(tenant)) + repr(vars(tenant._tokens))
    assert SECRET not in repr(stage.events)
