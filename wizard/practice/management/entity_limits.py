"""How many things of a kind a subscription may hold.

Source: Auth0 docs, "Entity Limit Policy", August 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.practice.errors import ApiError

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

FREE = {"connections": 100, "applications": 10, "apis": 10, "client_grants": 100}
SELF_SERVICE = {"connections": 100, "applications": 100, "apis": 100, "client_grants": 10_000}
ENTERPRISE = {"applications": 100_000, "apis": 100_000, "client_grants": 100_000}
ACTIONS = 100
"""Per tenant, on every plan."""
BY_PLAN = {"free": FREE, "essentials": SELF_SERVICE, "professional": SELF_SERVICE, "none": dict[str, int]()}


def refuse_above_limit(tenant: PracticeTenant, kind: str, count: int) -> None:
    """Refuse one more thing of this kind when the plan's number is reached; what Auth0 made itself is not counted.

    Raises:
        ApiError: 403.
    """
    if kind == "actions" and count >= ACTIONS:
        raise ApiError(403, "You reached the limit of entities of this type for this tenant.")
    limit = BY_PLAN.get(tenant.plan, ENTERPRISE).get(kind)
    made_by_auth0 = 1 if kind in {"applications", "apis"} else 0
    if limit is not None and count - made_by_auth0 >= limit:
        raise ApiError(403, "You reached the limit of entities of this type for this tenant.")
