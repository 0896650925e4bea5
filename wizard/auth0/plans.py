"""What each Auth0 subscription allows per second, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

GROUPS = (
    "read_users",
    "write_users",
    "delete_users",
    "read_logs",
    "read_clients",
    "read_connections",
    "other",
    "authentication",
)
"""Every request belongs to one of these. A plan without figures for a group counts it in its one bucket for all."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `burst` tokens that gains `tokens` in `per` seconds."""

    burst: float
    tokens: float
    per: float = 1.0

    @property
    def refill(self) -> float:
        """Tokens a second."""
        return self.tokens / self.per


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of one subscription: a bucket for all requests, and buckets of groups that do not count in it."""

    title: str
    everything: Rate
    groups: Mapping[str, Rate] = field(default_factory=dict)

    def for_group(self, group: str) -> Rate:
        """What limits requests of this group."""
        return self.groups.get(group, self.everything)


AUTHENTICATION = Rate(burst=5, tokens=1)
"""Token requests and canary logins: the smallest figure printed for an endpoint of the Authentication API."""

FREE = Rate(burst=2, tokens=2)

_BY_GROUP = MappingProxyType(
    {
        "read_users": Rate(burst=40, tokens=500, per=60),
        "write_users": Rate(burst=20, tokens=200, per=60),
        "delete_users": Rate(burst=20, tokens=200, per=60),
        "read_logs": Rate(burst=10, tokens=100, per=60),
        "read_clients": Rate(burst=5, tokens=100, per=60),
        "read_connections": Rate(burst=5, tokens=50, per=60),
        "other": Rate(burst=10, tokens=150, per=60),
    }
)

PLANS: Mapping[str, Plan] = MappingProxyType(
    {
        "auto": Plan("Find out from Auth0's answers, starting as slow as Free", FREE),
        "free": Plan("Free", FREE),
        "essentials": Plan("Essentials or Professional", _BY_GROUP["other"], _BY_GROUP),
        "enterprise-nonproduction": Plan("Enterprise, non-production tenant", Rate(burst=10, tokens=2)),
        "enterprise-production": Plan("Enterprise, production tenant", Rate(burst=50, tokens=16)),
        "private-dev-20": Plan("Private Cloud, development 20 RPS", Rate(burst=20, tokens=20)),
        "private-basic-100": Plan("Private Cloud, basic 100 RPS (1x)", Rate(burst=50, tokens=50)),
        "private-500": Plan("Private Cloud, 500 RPS (5x)", Rate(burst=250, tokens=250)),
        "private-1500": Plan("Private Cloud, 1500 RPS (15x)", Rate(burst=750, tokens=750)),
        "private-3000": Plan("Private Cloud, 3000 RPS (30x)", Rate(burst=1500, tokens=1500)),
        "private-6000": Plan("Private Cloud, 6000 RPS (60x)", Rate(burst=3000, tokens=3000)),
        "private-10000": Plan("Private Cloud, 10000 RPS", Rate(burst=5000, tokens=5000)),
        "custom": Plan("Figures given by hand (rate and burst)", FREE),
    }
)
"""The plans an operator may choose. Source: Auth0 docs, "Rate Limit Configurations", read 2026-08."""


FORMER = (Rate(burst=50, tokens=15), Rate(burst=10, tokens=2))
"""Figures of older contracts. Source: Auth0 docs, "Rate Limit Policy", 2017 to 2020."""


def slowest_refill(burst: float) -> float | None:
    """The slowest refill that a plan joins to a bucket of this size; None when no plan has such a bucket."""
    rates = [rate for plan in PLANS.values() for rate in (plan.everything, *plan.groups.values())] + list(FORMER)
    return min((rate.refill for rate in rates if rate.burst == burst), default=None)
