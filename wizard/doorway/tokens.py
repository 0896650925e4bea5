"""Access tokens of the tenant: signed by its keys, for this API, of a machine, still valid.

Source: Auth0 docs, "Validate Access Tokens" and "JSON Web Key Sets"; RFC 8725, JSON Web Token Best Current Practices.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import jwt

from wizard.auth0.bounded import sent_within
from wizard.doorway.refusal import Refusal, invalid_token, unavailable

ALGORITHM = "RS256"
SKEW_SECONDS = 30
KEYS_SECONDS = 3600
"""Keys are fetched anew after this long, so that revoked ones end."""
FLOOR_SECONDS = 30
"""Between two fetches, however many tokens name a key that is not known."""
FETCH_SECONDS = 5
LONGEST_TOKEN = 8192
LARGEST_KEYS = 256 * 1024


class Tokens:
    """Verifies tokens of one tenant.

    Args:
        url: Of the tenant, without a slash at the end.
        issuer: What `iss` must be; None asks the tenant (a practice tenant has a name of its own).
        audience: The identifier of this API.
        client_id: The only application that may call; None for any that has a grant.
        client: Makes the HTTP client, at the first fetch.
        now: UNIX time, as it is corrected.
        steady: A clock in seconds that nobody corrects, for the age of keys.
    """

    def __init__(
        self,
        url: str,
        issuer: str | None,
        audience: str,
        client_id: str | None,
        client: Callable[[], httpx.AsyncClient],
        now: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._url = url
        self._issuer = issuer
        self._audience = audience
        self._client_id = client_id
        self._make_client = client
        self._client: httpx.AsyncClient | None = None
        self._now = now
        self._steady = steady
        self._keys: Mapping[str, Any] = {}
        self._fetched = -1e18
        self._tried = -1e18
        self._lock = asyncio.Lock()

    async def require(self, header: str | None, scope: str) -> str:
        """The application that calls, if its token allows this scope.

        Raises:
            Refusal: 401 for anything wrong with the token, 403 if it lacks the scope, 503 if keys cannot be had.
        """
        claims = await self._claims(_bearer(header))
        client = self._machine(claims)
        granted = claims.get("scope")
        if not isinstance(granted, str) or scope not in granted.split(" "):
            from wizard.doorway.refusal import insufficient_scope

            raise insufficient_scope(scope)
        return client

    async def ready(self) -> None:
        """Have keys at hand.

        Raises:
            Refusal: 503.
        """
        await self._current()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            head = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise invalid_token("The token cannot be read") from None
        kid = head.get("kid")
        if head.get("alg") != ALGORITHM or "crit" in head or not isinstance(kid, str):
            raise invalid_token(f"The token is not signed with {ALGORITHM} and a key of the tenant")
        key = await self._key(kid)
        now = self._now()
        options: Any = {
            "require": ["exp", "iss", "aud", "sub"],
            # Times are compared below, with the clock of this service.
            **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False),
        }
        try:
            claims = jwt.decode(
                token, key, algorithms=[ALGORITHM], audience=self._audience, issuer=self._issuer, options=options
            )
        except jwt.InvalidTokenError as error:
            raise invalid_token(WORDS.get(type(error), "The token is not valid")) from None
        if not _later(claims.get("exp"), now - SKEW_SECONDS):
            raise invalid_token("The token is expired")
        if any(name in claims and not _earlier(claims[name], now + SKEW_SECONDS) for name in ("nbf", "iat")):
            raise invalid_token("The token is not valid yet")
        return claims

    def _machine(self, claims: Mapping[str, Any]) -> str:
        """The application, told by its own token; a person's token is none."""
        client = claims.get("azp", claims.get("client_id"))
        if not isinstance(client, str) or not client or claims.get("sub") != f"{client}@clients":
            raise invalid_token("The token is not of a machine-to-machine application")
        if "gty" in claims and claims["gty"] not in ("client-credentials", ["client-credentials"]):
            raise invalid_token("The token was not issued for client credentials")
        if self._client_id is not None and client != self._client_id:
            raise invalid_token("The token is of another application")
        return client

    async def _key(self, kid: str) -> Any:
        keys = await self._current()
        if kid not in keys:
            keys = await self._fetch_again()
        if kid not in keys:
            raise invalid_token("The token is not signed with a key of the tenant")
        return keys[kid]

    async def _current(self) -> Mapping[str, Any]:
        if self._keys and self._steady() - self._fetched < KEYS_SECONDS:
            return self._keys
        return await self._fetch_again()

    async def _fetch_again(self) -> Mapping[str, Any]:
        """Fetch keys, but not within the floor; keys that are known stay good while the tenant cannot be reached."""
        async with self._lock:
            if self._steady() - self._tried >= (FLOOR_SECONDS if self._keys else 1):
                self._tried = self._steady()
                try:
                    keys = await self._fetched_keys()
                except (httpx.HTTPError, ValueError, KeyError, TypeError, RecursionError, TimeoutError):
                    keys = {}
                if keys:
                    self._keys, self._fetched = keys, self._steady()
        if not self._keys:
            raise unavailable("The keys of the tenant cannot be fetched now")
        return self._keys

    async def _fetched_keys(self) -> Mapping[str, Any]:
        if self._client is None:
            self._client = self._make_client()
        async with asyncio.timeout(FETCH_SECONDS):
            if self._issuer is None:
                self._issuer = str((await self._get("/.well-known/openid-configuration"))["issuer"])
            listed = (await self._get("/.well-known/jwks.json"))["keys"]
        return {kid: key for kid, key in map(_read, listed) if key is not None}

    async def _get(self, path: str) -> Any:
        assert self._client is not None  # noqa: S101 - the caller has made it
        request = self._client.build_request("GET", self._url + path)
        answer, content = await sent_within(self._client, request, LARGEST_KEYS)
        answer.raise_for_status()
        if content is None:
            raise ValueError("too large")
        return json.loads(content)


def _read(listed: Any) -> tuple[str, Any]:
    """The name and the key; None in its place where it is none that signs tokens, or cannot be read.

    Source: RFC 7517, section 5: keys that are not understood are left out.
    """
    try:
        signs = listed["kty"] == "RSA" and listed.get("use", "sig") == "sig"
        if signs and listed.get("alg", ALGORITHM) == ALGORITHM:
            return str(listed["kid"]), jwt.PyJWK(listed, algorithm=ALGORITHM).key
    except (KeyError, TypeError, ValueError, jwt.PyJWTError):
        return "", None
    return "", None


WORDS: Mapping[type[Exception], str] = {
    jwt.InvalidSignatureError: "The signature of the token is not right",
    jwt.InvalidAudienceError: "The token is for another API",
    jwt.InvalidIssuerError: "The token is of another tenant",
}


def _bearer(header: str | None) -> str:
    kind, _, token = (header or "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token:
        raise Refusal(401, "invalid_token", "There is no bearer token", challenge='Bearer error="invalid_token"')
    if len(token) > LONGEST_TOKEN:
        raise invalid_token("The token is too long")
    return token


def _later(value: Any, than: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > than


def _earlier(value: Any, than: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= than
