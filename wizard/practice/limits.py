"""Rate limits: token buckets in the sizes of Auth0's subscriptions, on the tenant's clock.

Source: Auth0 docs, "Rate Limit Policy" and "Rate Limit Configurations", August 2026.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wizard.errors import UsageError

Refill = Literal["gradual", "windowed"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket's size and what flows into it: `amount` tokens each `per` seconds."""

    burst: int
    amount: int
    per: int = 1

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.amount / self.per


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of one subscription. None: no such limit.

    Args:
        management: The bucket all Management API requests share.
        groups: Buckets of groups of Management API endpoints; see `group_of`.
        authentication: The bucket all Authentication API requests share.
        token: A further bucket of /oauth/token.
        userinfo: A further bucket of /userinfo, for each user one.
    """

    management: Limit | None = None
    groups: Mapping[str, Limit] = field(default_factory=dict)
    authentication: Limit | None = None
    token: Limit | None = None
    userinfo: Limit | None = None


OTHERS = "all_other_endpoints_combined"
_BY_GROUP = Plan(
    groups={
        "read_users": Limit(40, 500, 60),
        "write_users": Limit(20, 200, 60),
        "delete_users": Limit(20, 200, 60),
        "read_logs": Limit(10, 100, 60),
        "read_clients": Limit(5, 100, 60),
        "read_clients_with_q": Limit(5, 150, 60),
        "read_connections": Limit(5, 50, 60),
        "read_status_connection": Limit(100, 15, 1),
        OTHERS: Limit(10, 150, 60),
    },
    authentication=Limit(25, 25),
)
_CLIENT_SEARCH = {"read_clients_with_q": Limit(5, 150, 60)}


def _private(burst: int, rate: int, authentication: int) -> Plan:
    return Plan(Limit(burst, rate), authentication=Limit(authentication, authentication))


PLANS: Mapping[str, Plan] = {
    "free": Plan(Limit(2, 2), authentication=Limit(300, 300, 60), token=Limit(30, 30, 30), userinfo=Limit(10, 5, 60)),
    "essentials": _BY_GROUP,
    "professional": _BY_GROUP,
    "enterprise-nonproduction": Plan(Limit(10, 2), _CLIENT_SEARCH, authentication=Limit(100, 100)),
    "enterprise-production": Plan(Limit(50, 16), _CLIENT_SEARCH, authentication=Limit(100, 100)),
    "private-dev-20": _private(20, 20, 20),
    "private-basic-100": _private(50, 50, 100),
    "private-500": _private(250, 250, 500),
    "private-1500": _private(750, 750, 1500),
    "private-3000": _private(1500, 1500, 3000),
    "private-6000": _private(3000, 3000, 6000),
    "private-10000": _private(5000, 5000, 10_000),
    "none": Plan(),
}


def plan_named(name: str) -> Plan:
    """Return the limits of a subscription.

    Raises:
        UsageError: there is no such plan.
    """
    if name not in PLANS:
        raise UsageError(f"There is no plan {name!r}.", remedy=f"Use one of: {', '.join(PLANS)}.")
    return PLANS[name]


def group_of(method: str, path: str, *, with_q: bool, connection_reads: str) -> str:
    """Name the group of a Management API endpoint; `path` is what follows /api/v2/."""
    parts = path.split("/")
    reading = method in {"GET", "HEAD"}
    if parts[0] in {"users", "users-by-email"}:
        kinds = {"POST": "write_users", "PATCH": "write_users", "DELETE": "delete_users"}
        return "read_users" if reading else kinds.get(method, OTHERS)
    if not reading:
        return OTHERS
    if parts[0] == "logs":
        return "read_logs"
    if parts == ["clients"]:
        return "read_clients_with_q" if with_q else "read_clients"
    if parts[0] == "clients" and len(parts) == 2:
        return "read_clients"
    if parts == ["connections"]:
        return "read_connections"
    if parts[0] == "connections":
        return "read_status_connection" if parts[2:] == ["status"] else connection_reads
    return OTHERS


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bucket answered: granted or not, its size, what remains, and the UNIX second when more comes."""

    granted: bool
    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The same as headers of the answer."""
        figures = {"limit": self.limit, "remaining": self.remaining, "reset": self.reset}
        return {f"x-ratelimit-{name}": str(figure) for name, figure in figures.items()}


class Bucket:
    """A token bucket.

    It begins full. Gradually it gains tokens by the millisecond (limits a second) or by the second (longer ones);
    windowed it gains a window's amount at the top of each window.
    """

    def __init__(self, limit: Limit, refill: Refill, now: float) -> None:
        self.limit = limit
        self._refill = refill
        self._tokens = float(limit.burst)
        self._tick = float(limit.per) if refill == "windowed" else 0.001 if limit.per == 1 else 1.0
        self._ticks = math.floor(now / self._tick)

    def take(self, now: float) -> Taken:
        """Take one token if there is one."""
        self._gain(now)
        granted = self._tokens >= 1 - 1e-9
        if granted:
            self._tokens -= 1
        return Taken(granted, self.limit.burst, max(0, math.floor(self._tokens + 1e-9)), self._next_at(now))

    def _gain(self, now: float) -> None:
        ticks = math.floor(now / self._tick)
        if ticks > self._ticks:
            gained = (ticks - self._ticks) * self._tick * self.limit.rate
            self._tokens = min(float(self.limit.burst), self._tokens + gained)
            self._ticks = ticks

    def _next_at(self, now: float) -> int:
        if self._tokens >= self.limit.burst:
            return math.ceil(now)
        missing = math.floor(self._tokens + 1e-9) + 1 - self._tokens
        ticks = math.ceil(missing / (self._tick * self.limit.rate) - 1e-9)
        return math.ceil((self._ticks + ticks) * self._tick - 1e-6)


class Buckets:
    """All buckets of a tenant; they live in memory and begin full."""

    def __init__(self, plan: Plan, refill: Refill, now: float, connection_reads: str = "read_connections") -> None:
        def bucket(limit: Limit | None) -> Bucket | None:
            return None if limit is None else Bucket(limit, refill, now)

        self._management = bucket(plan.management)
        self._groups = {name: Bucket(limit, refill, now) for name, limit in plan.groups.items()}
        self._authentication = bucket(plan.authentication)
        self._token = bucket(plan.token)
        self._connection_reads = connection_reads

    def take_management(self, method: str, path: str, with_q: bool, now: float) -> tuple[str, Taken] | None:
        """Spend a Management API request; ("", …) for the global bucket, else the group's name. None: no limit."""
        group = group_of(method, path, with_q=with_q, connection_reads=self._connection_reads)
        return _tightest(now, ("", self._management), (group, self._groups.get(group)))

    def take_authentication(self, path: str, now: float) -> tuple[str, Taken] | None:
        """Spend an Authentication API request."""
        return _tightest(now, ("", self._authentication), ("token", self._token if path == "/oauth/token" else None))


def _tightest(now: float, *buckets: tuple[str, Bucket | None]) -> tuple[str, Taken] | None:
    """Spend in each bucket in turn, and answer for the first that refuses or else the one with the least left."""
    answers: list[tuple[str, Taken]] = []
    for name, bucket in buckets:
        if bucket is None:
            continue
        taken = bucket.take(now)
        if not taken.granted:
            return name, taken
        answers.append((name, taken))
    return min(answers, key=lambda answer: answer[1].remaining, default=None)
