"""Auth0 as the engine sees it: one connection to a tenant, with its token, its limits and its calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from wizard.events import Emit

if TYPE_CHECKING:
    import httpx

    from wizard.auth0.client import Management
    from wizard.auth0.token import Algorithm, ClientSecret, PrivateKey
    from wizard.clock import Clock

__all__ = ["connect"]


@asynccontextmanager
async def connect(
    domain: str,
    client_id: str,
    *,
    secret: str | None = None,
    private_key: str | None = None,
    algorithm: Algorithm = "RS256",
    key_id: str | None = None,
    plan: str = "auto",
    reserve: float = 0.20,
    rate: float | None = None,
    burst: float | None = None,
    clock: Clock,
    emit: Emit,
    transport: httpx.AsyncBaseTransport | None = None,
    audience: str | None = None,
) -> AsyncIterator[Management]:
    """Open a connection to a tenant; nothing is sent yet.

    Args:
        domain: The tenant's default or custom domain, or a practice tenant on this machine.
        client_id: Of the wizard's machine-to-machine application.
        secret: Its secret; or
        private_key: its RSA key in PEM form, with `algorithm` and optionally `key_id`.
        plan: A key of `wizard.auth0.limits.PLANS`.
        reserve: Share of the rate limit left for live traffic.
        rate: Requests a second by hand, with `burst`.
        burst: Size of the bucket by hand.
        clock: Time and sleep.
        emit: Hears every request and what is known of the rate limit.
        transport: Replaces the network.
        audience: Identifier of the Management API when `domain` is a custom domain.

    Raises:
        UsageError: domain, plan, figures or credentials can not be used.
    """
    from wizard.auth0.client import Management
    from wizard.auth0.domain import Address
    from wizard.auth0.http import Http
    from wizard.auth0.limits import Limiter
    from wizard.auth0.token import TokenSource

    credentials = _credentials(client_id, secret, private_key, algorithm, key_id)
    address = Address.parse(domain, audience=audience)
    limiter = Limiter(plan, clock=clock, emit=emit, reserve=reserve, rate=rate, burst=burst)
    http = Http(address, limiter=limiter, clock=clock, emit=emit, transport=transport)
    try:
        yield Management(http, TokenSource(http, credentials, now=clock.now))
    finally:
        await http.close()


def _credentials(
    client_id: str, secret: str | None, private_key: str | None, algorithm: Algorithm, key_id: str | None
) -> ClientSecret | PrivateKey:
    from wizard.auth0.token import ClientSecret, PrivateKey
    from wizard.errors import UsageError

    if bool(secret) == bool(private_key):
        raise UsageError(
            "The wizard's application needs exactly one kind of credentials",
            remedy="Give either its client secret or its private key.",
        )
    if private_key:
        return PrivateKey(client_id, private_key, algorithm, key_id)
    return ClientSecret(client_id, secret or "")
