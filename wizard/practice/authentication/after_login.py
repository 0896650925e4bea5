"""What happens between a good password or refresh token and the tokens: Rules and Actions, and the metadata they set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request

from wizard.practice.actions.events import post_login_event
from wizard.practice.actions.execution import Asked, run_trigger
from wizard.practice.errors import AuthError
from wizard.practice.management.running_rules import run_rules
from wizard.practice.users import bodies as user_bodies
from wizard.practice.users import table as user_table
from wizard.practice.users.endpoints import user_profile

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

MFA_REQUIRED = "Multifactor authentication required"


async def run_post_login(
    tenant: PracticeTenant, request: Request, given: Mapping[str, str], user: dict[str, Any], **about: Any
) -> tuple[dict[str, Any], Asked]:
    """Run the Rules and the post-login Actions; return the user as they left it, and what they asked for.

    Args:
        about: What the event tells of the login, as `post_login_event` takes it.

    Raises:
        AuthError: one of them denied access, failed, or asked for a second factor.
    """
    # While both existed, Rules ran first.
    ruled = await run_rules(tenant, post_login_event(tenant, request, given, user=user, **about), user)
    user = user_profile(tenant, user["user_id"]) or user
    event = post_login_event(tenant, request, given, user=user, **about)
    asked = await run_trigger(tenant, "post-login", event)
    asked.claims = {name: part | asked.claims[name] for name, part in ruled.claims.items()}
    asked.multifactor = asked.multifactor or ruled.multifactor
    connection, client_id = about["connection"], about["client"]["client_id"]
    named = {"connection": connection.name, "connection_id": connection.id, "client_id": client_id, "ip": about["ip"]}
    return settle_actions(tenant, user, asked, **named), asked


def write_metadata(tenant: PracticeTenant, user_id: str, metadata: dict[str, dict[str, Any]]) -> None:
    """Merge what Actions or Rules set into a user, in one change; nothing when they set nothing.

    It costs a call that writes users. What happens when there is none left is not known; here it is written all the same.
    Source: Auth0 docs, "Actions Limitations".
    """
    row = user_table.find(tenant, user_id)
    wanted = {name: part for name, part in metadata.items() if part}
    if row is None or not wanted:
        return
    tenant.buckets.take_management("PATCH", f"users/{user_id}", False, tenant.clock.now())
    profile = orjson.loads(row["profile"])
    for name, part in wanted.items():
        profile[name] = user_bodies.merged(profile.get(name, {}), part)
    with tenant.transaction():
        user_table.change(tenant, row, {"profile": orjson.dumps(profile).decode()})


def settle_actions(tenant: PracticeTenant, user: dict[str, Any], asked: Asked, **about: Any) -> dict[str, Any]:
    """Write what the Actions set and return the user as it is now.

    Raises:
        AuthError: access_denied, when one denied access or failed; mfa_required, when one asked for a second factor.
    """
    write_metadata(tenant, user["user_id"], asked.metadata)
    refusal = asked.denied[1] if asked.denied is not None else asked.failed
    if refusal is not None:
        with tenant.transaction():
            details = {} if asked.execution is None else {"details": {"actions": {"executions": [asked.execution]}}}
            tenant.log("f", refusal, user_id=user["user_id"], **about, **details)
        raise AuthError(tenant.switches.action_denial_status, "access_denied", refusal)
    if asked.multifactor:
        with tenant.transaction():
            tenant.log("mfar", MFA_REQUIRED, user_id=user["user_id"], **about)
        # Nobody shows a second factor here: the token leads nowhere.
        token = {"mfa_token": f"Fe26.2*{tenant.new_secret()}"}
        raise AuthError(tenant.switches.mfa_required_status, "mfa_required", MFA_REQUIRED, extra=token)
    return user_profile(tenant, user["user_id"]) or user
