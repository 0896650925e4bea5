"""Sends requests to one tenant: through the limiter, over TLS, and again when that can do no harm."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

from wizard import __version__
from wizard.auth0.bounded import sent_within
from wizard.auth0.call import Answer, Call
from wizard.auth0.errors import AnswerLost, CertificateRefused, Unreachable
from wizard.auth0.tls import open_client
from wizard.events import Emit, RequestLimited, RequestSent
from wizard.javascript_json import loads

if TYPE_CHECKING:
    from wizard.auth0.domain import Address
    from wizard.auth0.limits import Limiter, Permit
    from wizard.clock import Clock

ATTEMPTS = 5
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
PATIENCE = 900.0
"""Seconds that one request waits for the rate limit altogether."""

LARGEST = 64 << 20
"""Bytes of an answer, unpacked; pages of users and errors of a job have a few million."""

TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
_NOT_RECEIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

# These libraries log whole URLs, which hold e-mail addresses, and headers, which hold tokens.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


class Http:
    """One tenant's HTTP client.

    Args:
        address: Where the tenant is.
        limiter: Every request passes it.
        clock: Time and sleep.
        emit: Hears `RequestSent` for each attempt and `RequestLimited` for each 429 that is waited for.
        transport: Replaces the network.
        dice: Numbers from 0 to 1, for pauses that do not beat in step.

    Raises:
        UsageError: a certificate or proxy given in the environment can not be used.
    """

    def __init__(
        self,
        address: Address,
        *,
        limiter: Limiter,
        clock: Clock,
        emit: Emit,
        transport: httpx.AsyncBaseTransport | None = None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.address = address
        self.limiter = limiter
        self.sent = 0
        self.limited = 0
        self.client = open_client(
            loopback=address.loopback,
            transport=transport,
            timeout=TIMEOUT,
            headers={"User-Agent": f"auth0-migration-wizard/{__version__}", "Accept": "application/json"},
        )
        self._clock = clock
        self._emit = emit
        self._dice = dice

    async def close(self) -> None:
        await self.client.aclose()

    async def send(self, call: Call, *, bearer: str | None = None) -> Answer:
        """Send a request and return its answer, whatever the status.

        A 429 was not carried out, so any request waits and is sent again. After a lost connection, a 408, a 5xx or a
        gateway's own words in place of Auth0's only a repeatable request is, or one that surely never left.

        Raises:
            AnswerLost: the request must not be repeated, and may have been carried out.
            Unreachable: no connection after several attempts.
            CertificateRefused: the server's certificate is not trusted.
        """
        failures, waited = 0, 0.0
        while True:
            permit = await self.limiter.acquire(call.group)
            try:
                answer, wait = await self._attempt(call, permit, bearer)
            except httpx.RequestError as error:
                failures += 1
                await self._recover(call, error, failures)
                continue
            garbled = 200 <= answer.status < 300 and not answer.readable and call.may_repeat
            if call.as_it_is(answer) or not (garbled or answer.status in (408, 429) or answer.status >= 500):
                return answer
            if answer.status == 429:
                waited += wait
                if waited > PATIENCE:
                    return answer
                self._emit(RequestLimited(call.method, call.path, wait))
            elif not call.may_repeat:
                raise AnswerLost(call.doing, call=call.name, why=f"Auth0 answered {answer.status}")
            else:
                failures += 1
                if failures >= ATTEMPTS:
                    return answer
                await self._pause(failures)

    def count(self, method: str, path: str, status: int, started: float) -> None:
        """Report a request; status 0 when no answer came."""
        self.sent += 1
        self._emit(RequestSent(method, path, status, max(0.0, self._clock.now() - started)))

    def now(self) -> float:
        return self._clock.now()

    def server_now(self) -> float:
        """UNIX time by the server's clock as far as answers have shown it; ours before any did."""
        return self.limiter.server_now()

    async def _attempt(self, call: Call, permit: Permit, bearer: str | None) -> tuple[Answer, float]:
        """Send once; return the answer and the seconds that a 429 asks to wait."""
        started, status = self._clock.now(), 0
        try:
            response, body = await sent_within(self.client, self._request(call, bearer), LARGEST)
            status = response.status_code
        finally:
            self.count(call.method, call.path, status, started)
        answer = _answer(status, body)
        limited = status == 429 and not call.as_it_is(answer)
        self.limited += limited
        return answer, self.limiter.observe(permit, status, response.headers, limited=limited)

    def _request(self, call: Call, bearer: str | None) -> httpx.Request:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        body = None
        if call.content is not None:
            headers["Content-Type"], body = call.content()
        return self.client.build_request(
            call.method,
            self.address.url + call.url_path,
            params=list(call.query) or None,
            content=body,
            headers=headers,
        )

    async def _recover(self, call: Call, error: httpx.RequestError, failures: int) -> None:
        """Pause before the next attempt, or raise when there must be none."""
        if _distrusts(error):
            raise CertificateRefused(
                f"The certificate of {self.address.host} is not trusted",
                remedy="If your network has its own certificate authority, set SSL_CERT_FILE to its PEM file.",
            ) from None
        never_left = isinstance(error, _NOT_RECEIVED)
        if not (call.may_repeat or never_left):
            raise AnswerLost(call.doing, call=call.name, why=type(error).__name__) from None
        if failures >= ATTEMPTS:
            raise Unreachable(
                f"No connection to {self.address.host} to {call.doing}",
                why=f"{type(error).__name__} after {failures} attempts",
                remedy="Check the domain, the network and the proxy (HTTPS_PROXY), then run the same command again.",
            ) from None
        await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (failures - 1))
        await self._clock.sleep(longest * (0.5 + self._dice() / 2))


def _answer(status: int, body: bytes | None) -> Answer:
    if body is None:
        return Answer(status, readable=False)
    if not body.strip():
        return Answer(status)
    try:
        return Answer(status, loads(body))
    except (ValueError, RecursionError):
        return Answer(status, readable=False)


def _distrusts(error: BaseException | None) -> bool:
    """Whether a failed verification of the certificate is behind an error."""
    while error is not None:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
