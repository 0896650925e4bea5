"""What happens between a good password and the tokens: the post-login Actions, and the metadata they set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from wizard.practice.actions.execution import Asked
from wizard.practice.errors import AuthError
from wizard.practice.users import bodies as user_bodies
from wizard.practice.users import table as user_table
from wizard.practice.users.endpoints import user_profile

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def write_metadata(tenant: PracticeTenant, user_id: str, metadata: dict[str, dict[str, Any]]) -> None:
    """Merge what Actions or Rules set into a user, in one change; nothing when they set nothing."""
    row = user_table.find(tenant, user_id)
    wanted = {name: part for name, part in metadata.items() if part}
    if row is None or not wanted:
        return
    profile = orjson.loads(row["profile"])
    for name, part in wanted.items():
        profile[name] = user_bodies.merged(profile.get(name, {}), part)
    with tenant.transaction():
        user_table.change(tenant, row, {"profile": orjson.dumps(profile).decode()})


def settle_actions(tenant: PracticeTenant, user: dict[str, Any], asked: Asked, **about: Any) -> dict[str, Any]:
    """Write what the Actions set and return the user as it is now.

    Raises:
        AuthError: access_denied, when one denied access or failed.
    """
    write_metadata(tenant, user["user_id"], asked.metadata)
    refusal = asked.denied[1] if asked.denied is not None else asked.failed
    if refusal is not None:
        with tenant.transaction():
            details = {} if asked.execution is None else {"details": {"actions": {"executions": [asked.execution]}}}
            tenant.log("f", refusal, user_id=user["user_id"], **about, **details)
        raise AuthError(tenant.switches.action_denial_status, "access_denied", refusal)
    return user_profile(tenant, user["user_id"]) or user
