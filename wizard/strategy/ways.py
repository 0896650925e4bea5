"""The three ways side by side: what each comes to for one store, before anybody has moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.auth0.plans import Rate

TITLES = ("Bulk", "Automatic", "Two-phase")

REQUESTS_A_FILE, REQUESTS_BESIDES = 4, 10
"""A file is submitted, asked about twice or so, and its errors read; then there are token, connection and evidence."""

SOON = 90
"""Days of an automatic phase whose figures are shown."""


@dataclass(frozen=True)
class Ways:
    """What a store holds that decides.

    Args:
        users: All of them.
        carried: Those who can be imported and whose password hash travels.
        files: Import files that take all who can be imported.
        active: Those who logged in within `SOON` days; None where the store does not tell.
        rejected: Those whom what was decided about passwords keeps out of an import; they can move at login.
        refused: Those who move neither way, such as users without an e-mail address or without any password.
        duplicates_known: Whether those are among them who share an address or an id with others; without it the figures of
            people are bounds: more may be refused, and nobody who is will be imported.
    """

    users: int
    carried: int
    files: int
    active: int | None = None
    rejected: int = 0
    refused: int = 0
    duplicates_known: bool = True

    @property
    def imported(self) -> int:
        """Users whom an import of everybody brings."""
        return self.users - self.rejected - self.refused

    @property
    def requests(self) -> int:
        """Requests of an import, about."""
        return self.files * REQUESTS_A_FILE + REQUESTS_BESIDES

    @property
    def files_left(self) -> int | None:
        """Import files for those who are not active, if they come in equal shares."""
        if self.active is None or not self.users:
            return None
        return -(-self.files * (self.users - self.active) // self.users)

    def seconds(self, limit: Rate, *, reserve: float) -> tuple[float, float]:
        """How long an import of everybody takes, from and to.

        Args:
            limit: What the plan allows.
            reserve: Share of it that is left to live traffic.
        """
        return _seconds(self.imported, self.files, limit, reserve)

    def seconds_left(self, limit: Rate, *, reserve: float) -> tuple[float, float] | None:
        """The same for those who are not active; None where nobody knows who is."""
        if self.active is None or self.files_left is None:
            return None
        return _seconds(min(self.imported, self.users - self.active), self.files_left, limit, reserve)

    def _behind(self, behind: int) -> tuple[str, str, str]:
        """How many are left by each way; by the last one nobody who logs in before it is over."""
        if self.duplicates_known:
            until_login = "≤ " if self.rejected else ""
            bulk, both = f"{behind:,}", f"{until_login}{behind:,}" if behind else "none"
        else:
            bulk, both = f"≥ {behind:,}", f"≥ {self.refused:,}" if self.refused else "none"
        return bulk if behind else "none", "the others", both

    def rows(self) -> list[tuple[str, str, str, str]]:
        """A name and the words for each way, in the order of `TITLES`."""
        reset, left = max(0, self.imported - self.carried), self.files_left
        almost, files = ("≤ ", self.files) if left is None else ("about ", left)
        behind, most = self.users - self.imported, "" if self.duplicates_known else "≤ "
        more = "+" if reset or self.rejected else ""
        kept = f"{self.carried:,}{more}" if self.duplicates_known else f"≤ {self.carried + reset + self.rejected:,}"
        asked = files * REQUESTS_A_FILE + REQUESTS_BESIDES
        rows = [
            ("keep password", f"{most}{self.carried:,}", "who logs in", kept),
            ("no password", f"{most}{reset:,}" if reset else "none", "none", f"≤ {reset:,}" if reset else "none"),
            ("stay behind", *self._behind(behind)),
            ("import jobs", f"{self.files:,}", "none", f"{almost}{files:,}"),
            ("requests", f"about {self.requests:,}", "at login", f"{almost}{asked:,}"),
        ]
        if self.active is not None:
            rows.insert(
                0,
                (
                    f"in {SOON} days",
                    "all" if not behind else f"{self.imported:,}",
                    f"about {self.active:,}",
                    f"about {self.active:,}",
                ),
            )
        return rows


def _seconds(users: int, files: int, limit: Rate, reserve: float) -> tuple[float, float]:
    from wizard.bulk.jobs.schedule import forecast

    return forecast(users, files, rate=(1 - reserve) * limit.refill, burst=limit.burst)
