"""The access token of a run: asked for once, renewed before it expires, and renewed once when Auth0 no longer takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode
from uuid import uuid4

from wizard.auth0.call import Call, Content
from wizard.auth0.errors import AnswerNotUnderstood
from wizard.auth0.refusals import Failure, token_refusal
from wizard.auth0.scopes import scopes_of
from wizard.errors import UsageError

if TYPE_CHECKING:
    from wizard.auth0.http import Http

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
WRONG_BY = 30.0
"""Seconds between two clocks that are more than a slow answer: half of what an assertion lives."""
LONGEST_ASSERTION = 2048
MARGIN = 60.0
"""Seconds before its end at which a token is renewed; a tenth of its life where that is shorter."""

Algorithm = Literal["RS256", "RS384", "PS256"]


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """Credentials with a shared secret."""

    client_id: str
    secret: str = field(repr=False)

    def fields(self, issuer: str, now: float) -> dict[str, str]:
        """The form fields that prove who we are."""
        return {"client_id": self.client_id, "client_secret": self.secret}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Credentials with a private key: each request carries an assertion signed for it alone.

    Source: Auth0 docs, "Authenticate with Private Key JWT", read 2026-08: one issuer string as audience, at most five
    minutes, a fresh jti each time. `iat` and `nbf` are left out, since Auth0 allows a clock ten seconds of error only.
    """

    client_id: str
    pem: str = field(repr=False)
    algorithm: Algorithm = "RS256"
    key_id: str | None = None

    def fields(self, issuer: str, now: float) -> dict[str, str]:
        """The form fields that prove who we are.

        Raises:
            UsageError: the key can not sign, or the assertion is longer than Auth0 takes.
        """
        import jwt

        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "exp": int(now) + ASSERTION_SECONDS,
            "jti": uuid4().hex,
        }
        header = {"kid": self.key_id} if self.key_id else None
        try:
            assertion = jwt.encode(claims, self.pem, algorithm=self.algorithm, headers=header)
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError):  # a public key has no attribute `sign`
            raise UsageError(
                f"The private key of application {self.client_id} can not sign with {self.algorithm}",
                remedy="Store an RSA private key in PEM form without a passphrase.",
            ) from None
        if len(assertion) > LONGEST_ASSERTION:
            raise UsageError(
                f"The signed assertion has {len(assertion)} bytes, Auth0 takes {LONGEST_ASSERTION}",
                remedy="Use an RSA key of 4096 bits or fewer.",
            )
        return {"client_id": self.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, when to renew it (UNIX seconds), and what it allows; None when it does not say."""

    value: str = field(repr=False)
    renew_at: float
    scopes: frozenset[str] | None


class TokenSource:
    """Gives every request the run's token; callers that need a new one at the same time share it."""

    def __init__(self, http: Http, credentials: ClientSecret | PrivateKey, *, now: Callable[[], float]) -> None:
        self._http = http
        self._credentials = credentials
        self._now = now
        self._token: Token | None = None
        self._signed_at = 0.0
        self._asking = asyncio.Lock()

    async def get(self, *, instead_of: Token | None = None) -> Token:
        """Return the token; a new one if it is about to end or is the one that Auth0 no longer took.

        Raises:
            BadCredentials, MissingGrant: Auth0 gives none.
        """
        async with self._asking:
            token = self._token
            if token is None or token is instead_of or self._now() >= token.renew_at:
                token = self._token = await self._ask()
            return token

    async def _ask(self) -> Token:
        asked = self._now()
        call = Call(
            "POST",
            "/oauth/token",
            "give a token",
            group="authentication",
            content=self._form,
            repeatable=True,  # a second token does no harm
        )
        answer = await self._http.send(call)
        if 400 <= answer.status < 500 and self._signed_at_a_wrong_time():
            answer = await self._http.send(call)
        if answer.status != 200:
            raise token_refusal(
                Failure.of(call.doing, call.name, answer.status, answer.body), audience=self._http.address.audience
            )
        body = answer.body
        value = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(value, str):
            raise AnswerNotUnderstood(
                f"{self._http.address.host} answered the request for a token, but gave none",
                remedy="Check the tenant's domain: what answers there does not speak like Auth0.",
            )
        lifetime = body.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float) and lifetime > 0 else 300.0
        return Token(value, asked + seconds - min(MARGIN, seconds / 10), scopes_of(body))

    def _signed_at_a_wrong_time(self) -> bool:
        """Whether an assertion was not good by the server's clock, which the answer has shown: ours is wrong, or stood still
        while the machine slept."""
        return isinstance(self._credentials, PrivateKey) and abs(self._http.server_now() - self._signed_at) > WRONG_BY

    def _form(self) -> Content:
        address = self._http.address
        self._signed_at = self._http.server_now()
        form = {
            "grant_type": "client_credentials",
            "audience": address.audience,
            **self._credentials.fields(address.issuer, self._signed_at),
        }
        return "application/x-www-form-urlencoded", urlencode(form).encode()
