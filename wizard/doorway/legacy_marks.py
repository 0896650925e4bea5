"""The legacy API's marks of users who have moved: asked for and set with a token of the migration's own application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from wizard.counts import counted
from wizard.doorway.settings import LegacyApi, application, kept_secret
from wizard.errors import Interrupted, WizardError

if TYPE_CHECKING:
    import httpx

    from wizard.tools import Tools

SECONDS = 20.0
PAGE = 1000
"""Ids in one answer; the legacy API gives no more."""


class LegacyMarks:
    """The marks of one legacy API; a token is asked for at the first question."""

    def __init__(self, api: LegacyApi, tools: Tools) -> None:
        self._api = api
        self._tools = tools
        self._token: str | None = None

    async def count(self) -> int | None:
        """How many users are marked; None when the legacy API cannot be asked now."""
        import httpx

        try:
            async with self._client() as client:
                answer = await self._ask(client, "GET", "/migrated?take=1")
            count = answer.json()["count"] if answer is not None and answer.status_code == 200 else None
        except (httpx.HTTPError, WizardError, ValueError, KeyError, TypeError):
            return None
        return count if isinstance(count, int) else None

    async def ids(self) -> Sequence[str] | None:
        """The ids of all users who are marked; None when the legacy API cannot be asked now."""
        import httpx

        found: list[str] = []
        after: str | None = ""
        asked = set[str]()
        try:
            async with self._client() as client:
                while after is not None:
                    if after in asked:
                        return None  # it leads in a circle
                    asked.add(after)
                    answer = await self._ask(client, "GET", f"/migrated?take={PAGE}&after={quote(after, safe='')}")
                    if answer is None or answer.status_code != 200:
                        return None
                    page = answer.json()
                    found += [str(user_id) for user_id in page["user_ids"]]
                    after = page.get("next")
        except (httpx.HTTPError, WizardError, ValueError, KeyError, TypeError):
            return None
        return found

    async def mark(self, user_ids: Sequence[str]) -> int:
        """Note that these users live in Auth0; return how many of them the legacy store knows.

        Raises:
            Interrupted: it was asked to stop.
            WizardError: the legacy API did not do it.
        """
        known = 0
        async with self._client() as client:
            for done, user_id in enumerate(user_ids):
                state = f"{done:,} of {counted(len(user_ids), 'mark')} {'is' if len(user_ids) == 1 else 'are'} set and kept."
                if self._tools.stop():
                    raise Interrupted("Stopped as asked", state=state, remedy="Resume the run to set the others.")
                status, why = await self._changed(client, "POST", user_id)
                if why:
                    raise WizardError(
                        "The legacy API did not mark a user who has moved",
                        why=why,
                        state=state,
                        remedy="See that the legacy API runs, then resume the run.",
                    )
                known += status == 204
        return known

    async def unmark(self, user_id: str) -> None:
        """Forget the mark of a user, who may then move again at a login.

        Raises:
            WizardError: the legacy API did not do it.
        """
        async with self._client() as client:
            _, why = await self._changed(client, "DELETE", user_id)
        if why:
            raise WizardError(
                "The legacy API did not forget the mark of a user who is to be in Auth0 no more",
                why=why,
                state="What was done before is kept.",
                remedy="See that the legacy API runs, then give the same command again: it goes on where it stopped.",
            )

    async def _changed(self, client: httpx.AsyncClient, method: str, user_id: str) -> tuple[int, str]:
        """The status of a changed mark, and why it was not changed; a user whom nobody knows needs no mark."""
        import httpx

        try:
            answer = await self._ask(client, method, f"/users/{quote(user_id, safe='')}/migrated")
        except httpx.HTTPError as error:
            return 0, type(error).__name__
        if answer is None:
            return 0, "there is no application that may ask it"
        return answer.status_code, "" if answer.status_code in (204, 404) else "it refused"

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str) -> httpx.Response | None:
        """The answer, with a fresh token after a refusal; None where no token can be had."""
        for fresh in (False, True):
            token = await self._bearer(fresh=fresh)
            if token is None:
                return None
            answer = await client.request(
                method, f"{self._api.url}{path}", headers={"Authorization": f"Bearer {token}"}
            )
            if answer.status_code != 401:
                break
        return answer

    def _client(self) -> httpx.AsyncClient:
        import httpx

        return httpx.AsyncClient(transport=self._tools.outside, timeout=SECONDS)

    async def _bearer(self, *, fresh: bool) -> str | None:
        if self._token is None or fresh:
            client = await application(self._api, self._tools)
            secret = await kept_secret(self._api, client, self._tools)
            if client is None or secret is None:
                return None
            self._token = await self._tools.tenant.machine_token(client.client_id, secret, self._api.audience)
        return self._token
