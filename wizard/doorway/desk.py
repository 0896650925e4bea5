"""What the API does: looks users up, checks passwords, keeps marks; never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from wizard.doorway.answers import LegacyApiAnswers
from wizard.doorway.marks import Marks, MarksUnavailable
from wizard.doorway.people import People, Person, could_be
from wizard.doorway.refusal import Refusal, invalid_request, unavailable
from wizard.doorway.throttle import Throttle
from wizard.errors import SourceError
from wizard.mapping.words import lowered
from wizard.passwords.check import CannotCheck

T = TypeVar("T")

STORE_THREADS = 8
"""Look-ups at once in each process."""


class Desk:
    """Serves one process.

    Args:
        hashes_at_once: Threads that check passwords; bcrypt and its kin let others run meanwhile.
        now: UNIX time.
    """

    def __init__(
        self,
        answers: LegacyApiAnswers,
        people: People,
        marks: Marks,
        *,
        hashes_at_once: int,
        processes: int,
        now: Callable[[], float],
    ) -> None:
        self._answers = answers
        self._people = people
        self._marks = marks
        self._now = now
        # Each process counts for itself, so each allows its share.
        attempts = -(-answers.attempts // processes)
        self._throttle = Throttle(attempts, answers.attempt_seconds * processes, answers.accounts_watched, now)
        self._waiting = 0
        self._hashing = ThreadPoolExecutor(hashes_at_once, "hashes")
        self._store = ThreadPoolExecutor(STORE_THREADS, "store")

    async def login(self, identifier: str, password: str) -> dict[str, Any]:
        """The profile of the user whose password this is.

        Raises:
            Refusal: as the contract has it.
        """
        name = lowered(identifier.strip())
        self._count(f"name {name}")
        if self._waiting >= self._answers.logins_waiting:
            raise unavailable("Too many logins wait", retry=1)
        self._waiting += 1
        try:
            return await self._logged_in(identifier, name, password)
        finally:
            self._waiting -= 1

    async def _logged_in(self, identifier: str, name: str, password: str) -> dict[str, Any]:
        found = await self._asked(self._unmarked, lambda: self._people.named(identifier))
        if len(found) > 1:
            await self._refuse_ambiguous(found, password)
        person = found[0] if found else None
        account = f"id {person.user_id}" if person and person.user_id else None
        if account is not None:
            self._count(account)
        try:
            right = await self._in(self._hashing, self._people.fits, password, person)
        except CannotCheck:
            raise _rejected("password_unsupported") from None
        if person is None:
            raise _unknown()
        if not right:
            if person.user_id is None:
                raise _rejected(person.reason)
            raise Refusal(403, "wrong_password", "The password is wrong", {"user_id": person.user_id})
        self._throttle.give_back(f"name {name}")
        if account is not None:
            self._throttle.give_back(account)
        return _newcomer(person)

    async def _refuse_ambiguous(self, found: Sequence[Person], password: str) -> NoReturn:
        """Say that several have this name to whoever knows the password of one of them, and to nobody else.

        It is an attempt on the account of each of them.
        """
        for person in found:
            account = f"id {person.user_id}" if person.user_id else None
            if account is not None:
                self._count(account)
            with suppress(CannotCheck):
                if await self._in(self._hashing, self._people.fits, password, person):
                    if account is not None:
                        self._throttle.give_back(account)
                    raise _ambiguous()
        raise Refusal(403, "wrong_password", "The password is wrong")

    async def user(self, *, email: str | None = None, username: str | None = None) -> dict[str, Any]:
        """The profile of the one user with this e-mail address or username who is not in Auth0 yet."""

        def find() -> Sequence[Person]:
            return self._people.with_email(email) if email is not None else self._people.with_username(username or "")

        return _newcomer(_one(await self._asked(self._unmarked, find)))

    async def user_with_id(self, user_id: str) -> dict[str, Any]:
        """The profile by user_id, also of users who are in Auth0."""
        return _profile(await self._person(user_id))

    async def mark(self, user_id: str) -> None:
        """Note that the user is in Auth0."""
        await self._person(user_id, unique=False)
        await self._asked(self._marks.add, user_id, self._now())

    async def unmark(self, user_id: str) -> None:
        """Take the note back."""
        if could_be(user_id):
            await self._asked(self._marks.remove, user_id)

    async def migrated(self, after: str, take: int) -> dict[str, Any]:
        """Ids of marked users that follow this one; "" begins."""
        if after and not could_be(after):
            raise invalid_request("Not as it should be: query.after")
        ids = await self._asked(self._marks.after, after, take)
        page: dict[str, Any] = {"count": await self._asked(self._marks.count), "user_ids": ids}
        return {**page, "next": ids[-1]} if len(ids) == take else page

    async def ready(self) -> None:
        """Reach for store and marks.

        Raises:
            Refusal: 503.
        """
        await self._asked(self._people.finder.check)
        await self._asked(self._marks.holds, "")

    def close(self) -> None:
        for pool in (self._hashing, self._store):
            pool.shutdown(wait=False, cancel_futures=True)
        self._people.finder.close()
        self._marks.close()

    def _count(self, account: str) -> None:
        wait = self._throttle.take(account)
        if wait:
            raise Refusal(429, "too_many_attempts", "Too many attempts for one account", retry=wait)

    def _unmarked(self, find: Callable[[], Sequence[Person]]) -> Sequence[Person]:
        """Those who are not in Auth0 yet; of several all, as they are ambiguous whoever is marked."""
        found = find()
        if len(found) == 1 and found[0].user_id is not None and self._marks.holds(found[0].user_id):
            return []
        return found

    async def _person(self, user_id: str, *, unique: bool = True) -> Person:
        found = await self._asked(self._people.with_id, user_id)
        if not found:
            raise _unknown()
        if len(found) > 1 and unique:
            raise _rejected("duplicate_user_id")
        return found[0]

    async def _asked(self, call: Callable[..., T], *given: Any) -> T:
        """Ask store or marks.

        Raises:
            Refusal: 503 where they fail or take too long.
        """
        try:
            async with asyncio.timeout(self._answers.store_seconds):
                return await self._in(self._store, call, *given)
        except TimeoutError:
            raise unavailable("The legacy store takes too long") from None
        except (SourceError, MarksUnavailable):
            raise unavailable("The legacy store is not available") from None

    async def _in(self, pool: Executor, call: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, call, *given)


def _one(found: Sequence[Person]) -> Person:
    if len(found) > 1:
        raise _ambiguous()
    if not found:
        raise _unknown()
    return found[0]


def _profile(person: Person) -> dict[str, Any]:
    if person.profile is None:
        raise _rejected(person.reason)
    return person.profile


def _newcomer(person: Person) -> dict[str, Any]:
    """The profile of somebody who would be made in Auth0 by it.

    A bulk import makes a blocked user blocked. Of a user whom a script has found Auth0 does not document that, so nobody who
    is blocked in the legacy store gets that far. Source: Auth0 docs, "Login Script Templates", "User Data Returned".
    """
    profile = _profile(person)
    if profile.get("blocked") is True:
        raise _rejected("blocked")
    return profile


def _unknown() -> Refusal:
    return Refusal(404, "unknown_user", "There is no such user to migrate")


def _ambiguous() -> Refusal:
    return Refusal(409, "ambiguous_email", "More than one user of the legacy store has this name")


def _rejected(reason: str) -> Refusal:
    return Refusal(422, "user_rejected", "The user's record cannot go to Auth0", {"reason": reason})
