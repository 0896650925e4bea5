"""Asks the Management API with the run's token, and turns refusals into errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.auth0.call import Answer, Call
from wizard.auth0.errors import AnswerNotUnderstood, NotFound
from wizard.auth0.refusals import Failure, refusal
from wizard.events import Json

if TYPE_CHECKING:
    from wizard.auth0.http import Http
    from wizard.auth0.limits import Limiter
    from wizard.auth0.token import TokenSource


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Requests so far, tokens and downloads included, and how many of them were answered 429."""

    sent: int
    limited: int


class Session:
    """What all groups of calls share."""

    def __init__(self, http: Http, tokens: TokenSource) -> None:
        self._http = http
        self._tokens = tokens

    @property
    def domain(self) -> str:
        """The tenant's domain as it is used, with the port if it has one."""
        return self._http.address.host

    @property
    def token_url(self) -> str:
        """Where applications of the tenant get their tokens."""
        return f"{self._http.address.url}/oauth/token"

    @property
    def limiter(self) -> Limiter:
        """The limiter of all requests, to ask for budget and waits."""
        return self._http.limiter

    @property
    def requests(self) -> RequestCounts:
        return RequestCounts(self._http.sent, self._http.limited)

    async def scopes(self) -> frozenset[str] | None:
        """What the run's token allows; None when Auth0 does not say.

        Raises:
            BadCredentials, MissingGrant: Auth0 gives no token.
        """
        return (await self._tokens.get()).scopes

    async def _ask(self, call: Call) -> Json:
        """Send a call; return the JSON of its answer, None when it has none.

        Raises:
            Refused: one of its kinds, by what Auth0 says.
            AnswerLost, Unreachable, CertificateRefused: see `Http.send`.
        """
        token = await self._tokens.get()
        answer = await self._http.send(call, bearer=token.value)
        if answer.status == 401:  # not carried out, so even a POST may go again with a new token
            token = await self._tokens.get(instead_of=token)
            answer = await self._http.send(call, bearer=token.value)
        return self._understood(call, answer)

    async def _delete(self, call: Call) -> None:
        """Delete something; done as well when it is gone, as it is when the answer to an earlier try was lost."""
        try:
            await self._ask(call)
        except NotFound as gone:
            if gone.call != call.name:
                raise

    def _understood(self, call: Call, answer: Answer) -> Json:
        if not 200 <= answer.status < 300:
            raise refusal(Failure.of(call.doing, call.name, answer.status, answer.body))
        if not answer.readable:
            raise AnswerNotUnderstood(
                f"{self.domain} answered {call.name}, but not in JSON",
                remedy="Check the tenant's domain, and whether a proxy answers in its place.",
            )
        return answer.body

    async def _pages(self, call: Call, key: str, *, take: int) -> AsyncIterator[list[Json]]:
        """Follow the cursors of a checkpoint list; yields the items page by page."""
        cursors: set[str] = set()
        cursor: Json = None
        while True:
            query = [*call.query, ("take", str(take)), *([("from", cursor)] if isinstance(cursor, str) else [])]
            body = await self._ask(Call(call.method, call.path, call.doing, call.group, call.ids, query))
            yield items(body, key)
            cursor = body.get("next") if isinstance(body, Mapping) else None
            if not isinstance(cursor, str) or not cursor or cursor in cursors:
                return
            cursors.add(cursor)


def items(body: Json, key: str) -> list[Json]:
    """The items of a list, bare or wrapped in an object with totals or a cursor."""
    found = body.get(key) if isinstance(body, Mapping) else body
    return found if isinstance(found, list) else []
