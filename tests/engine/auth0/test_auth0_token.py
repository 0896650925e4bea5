"""The token of a run: asked for once, shared, renewed in time, and never shown."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from auth0_stage import CLIENT_ID, DOMAIN, SECRET, Stage, StageClock, answers, refused
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wizard.auth0 import connect
from wizard.auth0.client import Management
from wizard.auth0.errors import (
    AnswerNotUnderstood,
    BadCredentials,
    MissingGrant,
    NotFound,
    RateLimitExhausted,
    Refused,
    TokenExpired,
)
from wizard.auth0.token import Algorithm, PrivateKey
from wizard.errors import CredentialsError, Exit, UsageError

SETTINGS = httpx.Response(200, json={"friendly_name": "Acme"})
EXPIRED = refused(401, "Expired token received for JSON Web Token validation")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


async def test_many_callers_at_once_share_one_token() -> None:
    stage = Stage(answers(SETTINGS))
    async with stage.open() as tenant:
        await asyncio.gather(*(tenant.tenant_settings() for _ in range(20)))
    assert stage.tokens == 1
    assert len(stage.requests) == 20


async def test_a_token_is_renewed_before_it_ends() -> None:
    stage = Stage(answers(SETTINGS))
    async with stage.open() as tenant:
        await tenant.tenant_settings()
        stage.clock.pass_by(86400 - 61)
        await tenant.tenant_settings()
        assert stage.tokens == 1
        stage.clock.pass_by(2)
        await tenant.tenant_settings()
    assert stage.tokens == 2
    assert stage.requests[-1].headers["authorization"] == "Bearer token-2"


@pytest.mark.parametrize(
    "answer", [EXPIRED, refused(401, "Invalid token."), refused(401, "Invalid signature received")]
)
async def test_a_token_that_is_no_longer_taken_is_renewed_once_and_the_request_goes_again(
    answer: httpx.Response,
) -> None:
    stage = Stage(answers(answer, httpx.Response(201, json={"id": "con_1", "name": "acme", "strategy": "auth0"})))
    async with stage.open() as tenant:
        assert (await tenant.create_connection("acme")).id == "con_1"
    assert stage.tokens == 2
    assert len(stage.requests) == 2


async def test_many_requests_refused_with_the_same_token_renew_it_once() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        stale = request.headers["authorization"] == "Bearer token-1"
        answer = EXPIRED if stale else SETTINGS
        return httpx.Response(answer.status_code, content=answer.content)

    stage = Stage(handler)
    async with stage.open() as tenant:
        await asyncio.gather(*(tenant.tenant_settings() for _ in range(10)))
    assert stage.tokens == 2


@pytest.mark.parametrize(("answer", "kind"), [(EXPIRED, TokenExpired), (refused(401, "Bad audience"), BadCredentials)])
async def test_a_fresh_token_that_is_refused_too_is_an_error_of_credentials(
    answer: httpx.Response, kind: type[Refused]
) -> None:
    stage = Stage(answers(answer))
    async with stage.open() as tenant:
        with pytest.raises(kind) as error:
            await tenant.tenant_settings()
    assert error.value.exit is Exit.CREDENTIALS
    assert (stage.tokens, len(stage.requests)) == (2, 2)


async def asked(
    answer: httpx.Response | Exception,
    *,
    domain: str = DOMAIN,
    secret: str = SECRET,
    private_key: str | None = None,
    algorithm: Algorithm = "RS256",
    key_id: str | None = None,
    audience: str | None = None,
) -> list[httpx.Request]:
    """Ask for a token, which is answered so; return the requests."""
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answers(answer)(request)

    async with connect(
        domain,
        CLIENT_ID,
        secret=secret,
        private_key=private_key,
        algorithm=algorithm,
        key_id=key_id,
        clock=StageClock(),
        emit=lambda event: None,
        transport=httpx.MockTransport(handler),
        audience=audience,
    ) as tenant:
        await tenant.scopes()
    return requests


GIVEN = httpx.Response(200, json={"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 86400})


async def test_a_secret_is_sent_with_the_audience_of_the_management_api() -> None:
    form = parse_qs((await asked(GIVEN))[0].content.decode())
    assert form == {
        "grant_type": ["client_credentials"],
        "audience": [f"https://{DOMAIN}/api/v2/"],
        "client_id": [CLIENT_ID],
        "client_secret": [SECRET],
    }


async def test_on_a_custom_domain_the_token_comes_from_there_for_the_default_domains_api() -> None:
    request = (await asked(GIVEN, domain="login.example.com", audience=DOMAIN))[0]
    assert request.url.host == "login.example.com"
    assert parse_qs(request.content.decode())["audience"] == [f"https://{DOMAIN}/api/v2/"]


def failed(status: int, error: str, description: str) -> httpx.Response:
    return httpx.Response(status, json={"error": error, "error_description": description})


@pytest.mark.parametrize(
    ("answer", "kind", "remedy"),
    [
        (failed(401, "access_denied", "Unauthorized"), BadCredentials, "client secret|client id and secret"),
        (failed(401, "invalid_client", "Client authentication failed"), BadCredentials, "client id and secret"),
        (failed(403, "access_denied", "Service not enabled within domain: x"), MissingGrant, "custom domain"),
        (
            failed(403, "access_denied", 'Client "x" is not authorized to access resource server "y". You need to …'),
            MissingGrant,
            "Authorize the application",
        ),
        (
            failed(403, "unauthorized_client", "Grant type 'client_credentials' not allowed for the client."),
            MissingGrant,
            "grant type",
        ),
        (httpx.Response(404, text="not here"), NotFound, "domain"),
    ],
)
async def test_a_refused_token_says_what_to_do(answer: httpx.Response, kind: type[Refused], remedy: str) -> None:
    with pytest.raises(kind, match=remedy) as error:
        await asked(answer)
    assert SECRET not in str(error.value)
    if issubclass(kind, CredentialsError):
        assert error.value.exit is Exit.CREDENTIALS


async def test_a_quota_of_tokens_that_is_used_up_is_waited_for_and_then_named() -> None:
    quota = httpx.Response(
        429,
        headers={"retry-after": "600"},
        json={"error": "too_many_requests", "error_description": "Client quota exceeded"},
    )
    with pytest.raises(RateLimitExhausted, match="quota"):
        await asked(quota)


@pytest.mark.parametrize("body", [{}, {"access_token": None}, []])
async def test_an_answer_without_a_token_is_not_understood(body: object) -> None:
    with pytest.raises(AnswerNotUnderstood, match="gave none"):
        await asked(httpx.Response(200, json=body))


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "PS256"])
async def test_a_private_key_signs_an_assertion_by_auth0s_rules(key: rsa.RSAPrivateKey, algorithm: Algorithm) -> None:
    request = (await asked(GIVEN, secret="", private_key=pem(key), algorithm=algorithm, key_id="k1"))[0]
    form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in form
    assertion = form["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    claims = jwt.decode(
        assertion, key.public_key(), [algorithm], audience=f"https://{DOMAIN}/", options={"verify_exp": False}
    )
    assert claims["iss"] == claims["sub"] == CLIENT_ID
    assert claims["aud"] == f"https://{DOMAIN}/"
    assert claims["exp"] - StageClock().now() <= 60
    assert 0 < len(claims["jti"]) <= 64
    assert len(assertion) <= 2048


async def test_each_attempt_signs_anew_since_an_assertion_is_good_once(key: rsa.RSAPrivateKey) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(parse_qs(request.content.decode())["client_assertion"][0])
        if len(seen) < 3:
            raise httpx.ReadError("cut")
        return GIVEN

    async with connect(
        DOMAIN,
        CLIENT_ID,
        private_key=pem(key),
        clock=StageClock(),
        emit=lambda event: None,
        transport=httpx.MockTransport(handler),
    ) as tenant:
        await tenant.scopes()
    identities = {jwt.decode(one, options={"verify_signature": False})["jti"] for one in seen}
    assert len(identities) == 3


@dataclass
class Signed:
    """A token endpoint that takes an assertion as Auth0 does, by a clock that is `ahead` of ours."""

    clock: StageClock
    ahead: float
    trusts: bool = True
    statuses: list[int] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        now = self.clock.now() + self.ahead
        date = {"date": formatdate(now, usegmt=True)}
        if request.url.path != "/oauth/token":
            taken = request.headers["authorization"] == f"Bearer token-{len(self.statuses)}"
            return httpx.Response(200 if taken else 401, headers=date, json={"message": "Invalid token."})
        claims = jwt.decode(
            parse_qs(request.content.decode())["client_assertion"][0], options={"verify_signature": False}
        )
        self.statuses.append(200 if self.trusts and now - 10 < claims["exp"] <= now + 310 else 401)
        body = {"access_token": f"token-{len(self.statuses)}", "token_type": "Bearer", "expires_in": 86400}
        refusal = {"error": "invalid_client", "error_description": "Client authentication failed"}
        return httpx.Response(self.statuses[-1], headers=date, json=body if self.statuses[-1] == 200 else refusal)


def signed(key: rsa.RSAPrivateKey, server: Signed) -> AbstractAsyncContextManager[Management]:
    transport = httpx.MockTransport(server)
    return connect(
        DOMAIN, CLIENT_ID, private_key=pem(key), clock=server.clock, emit=lambda event: None, transport=transport
    )


@pytest.mark.parametrize("ahead", [600.0, -7200.0])
async def test_on_a_machine_whose_clock_is_wrong_an_assertion_goes_by_that_of_auth0(
    key: rsa.RSAPrivateKey, ahead: float
) -> None:
    server = Signed(StageClock(), ahead)
    async with signed(key, server) as tenant:
        await tenant.scopes()
    assert server.statuses == [401, 200]


async def test_after_the_machine_has_slept_an_assertion_is_signed_for_the_time_that_it_is(
    key: rsa.RSAPrivateKey,
) -> None:
    server = Signed(StageClock(), 0.0)
    async with signed(key, server) as tenant:
        await tenant.tenant_settings()
        server.ahead, server.statuses[:] = 90_000.0, [200, 200]  # a day has passed, and the token is no longer taken
        await tenant.tenant_settings()
    assert server.statuses[-1] == 200


async def test_an_assertion_that_is_refused_at_the_right_time_is_not_sent_again(key: rsa.RSAPrivateKey) -> None:
    server = Signed(StageClock(), 5.0, trusts=False)
    with pytest.raises(BadCredentials):
        async with signed(key, server) as tenant:
            await tenant.scopes()
    assert server.statuses == [401]


def test_a_custom_domain_is_the_issuer_an_assertion_is_meant_for(key: rsa.RSAPrivateKey) -> None:
    fields = PrivateKey(CLIENT_ID, pem(key)).fields("https://login.example.com/", 0)
    claims = jwt.decode(fields["client_assertion"], options={"verify_signature": False})
    assert claims["aud"] == "https://login.example.com/"


PUBLIC = rsa.generate_private_key(65537, 2048).public_key()


@pytest.mark.parametrize(
    "text",
    [
        "not a key",
        "",
        pem(ec.generate_private_key(ec.SECP256R1())),
        PUBLIC.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        PUBLIC.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode(),
    ],
)
def test_a_key_that_can_not_sign_is_an_error_of_usage_that_does_not_show_it(text: str) -> None:
    with pytest.raises(UsageError, match="can not sign") as error:
        PrivateKey(CLIENT_ID, text).fields("https://acme.eu.auth0.com/", 0)
    assert "BEGIN" not in str(error.value)


@pytest.mark.parametrize(("secret", "key"), [(None, None), ("x", "y")])
async def test_exactly_one_kind_of_credentials_is_needed(secret: str | None, key: str | None) -> None:
    with pytest.raises(UsageError, match="exactly one"):
        async with connect(
            DOMAIN, CLIENT_ID, secret=secret, private_key=key, clock=StageClock(), emit=lambda event: None
        ):
            pass
