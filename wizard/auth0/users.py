"""Calls about users."""

from __future__ import annotations

from wizard.auth0.call import Call
from wizard.auth0.errors import AnswerNotUnderstood
from wizard.auth0.models import User, UserPage, read
from wizard.auth0.session import Session
from wizard.events import Json

SEARCH = "/api/v2/users"


class UserCalls(Session):
    """The part of `Management` about users."""

    async def users_by_email(self, email: str) -> list[User]:
        """The users with this address, in all connections; up to date at once, unlike a search.

        Auth0 keeps addresses of its own store in lower case and compares exactly.
        """
        query = [("email", email.lower())]
        call = Call("GET", "/api/v2/users-by-email", "look for a user by e-mail address", "read_users", query=query)
        return read(list[User], await self._ask(call), "users")

    async def user(self, user_id: str) -> User:
        """One user by full id (`auth0|...`); up to date at once.

        Raises:
            NotFound: there is none with this id.
        """
        call = Call("GET", "/api/v2/users/{id}", "read a user", "read_users", {"id": user_id})
        return read(User, await self._ask(call), "a user")

    async def delete_user(self, user_id: str) -> None:
        """Delete a user, or what is left of a half-made one, by full id (`auth0|...`); one that is gone is no error."""
        await self._delete(Call("DELETE", "/api/v2/users/{id}", "delete a user", "delete_users", {"id": user_id}))

    async def delete_user_of_connection(self, connection_id: str, email: str) -> None:
        """Delete the connection's user with this address, or what is left of a half-made one."""
        path, query = "/api/v2/connections/{id}/users", [("email", email)]
        doing = f"delete a user of connection {connection_id}"
        await self._delete(Call("DELETE", path, doing, ids={"id": connection_id}, query=query))

    async def search_users(
        self, q: str, page: int = 0, per_page: int = 50, include_totals: bool = False, *, sort: str | None = None
    ) -> UserPage:
        """One page of a search in Lucene syntax; some seconds behind, and nothing beyond the first 1000 users.

        Raises:
            InvalidRequest: the query is not understood, or the page lies beyond the first 1000 users.
        """
        body = await self._search(q, page, per_page, include_totals, sort)
        return read(UserPage, {"users": body} if isinstance(body, list) else body, "a search of users")

    async def count_users(self, q: str) -> int:
        """How many users a search finds, without fetching them; one request."""
        found = read(UserPage, await self._search(q, 0, 1, True, None), "a search of users")
        if found.total is None:
            raise AnswerNotUnderstood(
                "Auth0 did not say how many users a search finds",
                remedy="Run the same command again; if it stays so, report this to the authors of the wizard.",
            )
        return found.total

    async def _search(self, q: str, page: int, per_page: int, include_totals: bool, sort: str | None) -> Json:
        query = [("q", q), ("search_engine", "v3"), ("page", str(page)), ("per_page", str(per_page))]
        query += [("include_totals", "true" if include_totals else "false")]
        query += [("sort", sort)] if sort else []
        return await self._ask(Call("GET", SEARCH, "search users", "read_users", query=query))
