"""Access tokens and ID tokens: made, and read back."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

REMEMBERED = 256


class BadToken(Exception):
    """The token is not one of this tenant's, or no longer good; the text is Auth0's."""


class ExpiredToken(BadToken):
    pass


class Tokens:
    """Issues RS256 tokens of the tenant and verifies them on the tenant's clock."""

    def __init__(self, tenant: PracticeTenant) -> None:
        self._tenant = tenant
        self._verified: OrderedDict[str, tuple[int, dict[str, Any]]] = OrderedDict()

    def issue(self, claims: dict[str, Any], lifetime: int) -> str:
        """Sign the claims as a token of this tenant that lives for `lifetime` seconds."""
        now = int(self._tenant.clock.now())
        whole = {"iss": self._tenant.issuer} | claims | {"iat": now, "exp": now + lifetime}
        keys = self._tenant.keys
        return jwt.encode(whole, keys.signing_key, algorithm="RS256", headers={"kid": keys.kid()})

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token this tenant issued.

        Raises:
            ExpiredToken: its time is over, or it was revoked.
            BadToken: anything else.
        """
        generation, claims = self._read(token)
        if claims["exp"] <= self._tenant.clock.now() or generation < self._tenant.keys.generation:
            raise ExpiredToken("Expired token received for JSON Web Token validation")
        return claims

    def _read(self, token: str) -> tuple[int, dict[str, Any]]:
        known = self._verified.get(token)
        if known is not None:
            return known
        keys = self._tenant.keys
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                keys.signing_key.public_key(),
                algorithms=["RS256"],
                # Time is checked on the tenant's clock, the audience by whoever asks.
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                    "require": ["exp", "iss"],
                },
                issuer=self._tenant.issuer,
            )
        except jwt.InvalidSignatureError:
            raise BadToken("Invalid signature received for JSON Web Token validation") from None
        except jwt.InvalidTokenError:
            raise BadToken("Invalid token.") from None
        kids = {keys.kid(each): each for each in range(keys.generation + 1)}
        found = (kids.get(str(header.get("kid")), 0), claims)
        self._verified[token] = found
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return found
