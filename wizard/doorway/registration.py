"""Makes the legacy API known to the tenant, and takes that back: API, application with its secret, grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wizard.doorway.sent import before, forget_before, remember_before
from wizard.doorway.settings import SECRET, TAG, LegacyApi, application
from wizard.errors import WizardError
from wizard.step import Receipt
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.auth0.models import Api

AGAIN = "Make a new plan; it will show what is missing."


async def create_api(audience: str, name: str, scopes: Mapping[str, str], tools: Tools) -> Receipt:
    made = await tools.tenant.create_api(audience, name=name, settings=settings_of(None, scopes))
    return Receipt({"api_id": made.id})


async def protect_api(audience: str, scopes: Mapping[str, str], tools: Tools) -> Receipt:
    api = await tools.tenant.api_named(audience)
    if api is None:
        raise WizardError(f"The API {audience} is gone", state="Nothing was changed.", remedy=AGAIN)
    was = {"scopes": api.scopes, "subject_type_authorization": api.policies, "signing_alg": api.signing_alg}
    remember_before(tools.journal, f"api:{audience}", was)
    await tools.tenant.change_api(api.id, settings_of(api, scopes))
    return Receipt({"api_id": api.id})


async def create_application(name: str, tools: Tools) -> Receipt:
    made = await tools.tenant.create_machine_client(
        name, description="Calls the API in front of the legacy user store, for migration only.", metadata=TAG
    )
    tools.keep_secret(SECRET, made.secret)
    return Receipt({"client_id": made.client_id})


async def renew_secret(tools: Tools) -> Receipt:
    """Give the application of the migration a new secret, and keep it."""
    client = await application(LegacyApi("", ""), tools)
    if client is None:
        raise WizardError("The application of the migration is gone", state="Nothing was changed.", remedy=AGAIN)
    renewed = await tools.tenant.rotate_secret(client.client_id)
    tools.keep_secret(SECRET, renewed.secret)
    return Receipt({"client_id": client.client_id})


async def grant_api(audience: str, client_id: str | None, scopes: Sequence[str], tools: Tools) -> Receipt:
    client = await application(LegacyApi("", audience, client_id), tools)
    if client is None:
        raise WizardError("The application of the migration is gone", state="Nothing was granted.", remedy=AGAIN)
    grant = await tools.tenant.client_grant(client.client_id, audience)
    remember_before(tools.journal, f"grant:{audience}", {"scopes": grant.scope if grant else None})
    if grant is None:
        grant = await tools.tenant.create_grant(client.client_id, audience, scopes)
    else:
        await tools.tenant.set_grant_scopes(grant.id, scopes)
    return Receipt({"grant_id": grant.id})


async def undo_grant(audience: str, client_id: Any, tools: Tools) -> None:
    was = before(tools.journal, f"grant:{audience}")
    client = await application(LegacyApi("", audience, client_id), tools)
    grant = await tools.tenant.client_grant(client.client_id, audience) if client else None
    if was is None or grant is None:
        return
    scopes = was["scopes"]
    if isinstance(scopes, list):
        await tools.tenant.set_grant_scopes(grant.id, scopes)
    else:
        await tools.tenant.delete_grant(grant.id)
    forget_before(tools.journal, f"grant:{audience}")


async def undo_application(tools: Tools) -> None:
    client = await application(LegacyApi("", ""), tools)
    if client is not None:
        await tools.tenant.delete_client(client.client_id)
    tools.forget_secret(SECRET)


async def undo_api(audience: str, created: bool, tools: Tools) -> None:
    api = await tools.tenant.api_named(audience)
    was = before(tools.journal, f"api:{audience}")
    if api is not None and created:
        await tools.tenant.delete_api(api.id)
    elif api is not None and was is not None:
        await tools.tenant.change_api(api.id, {key: value for key, value in was.items() if value})
    forget_before(tools.journal, f"api:{audience}")


def settings_of(api: Api | None, scopes: Mapping[str, str]) -> dict[str, Any]:
    """The settings an API needs, in Auth0's names; scopes and policies of others that it has stay."""
    listed = list(api.scopes) if api else []
    there = {scope.get("value") for scope in listed}
    policies = dict(api.policies) if api else {}
    return {
        "signing_alg": "RS256",
        "scopes": [*listed, *({"value": key, "description": told} for key, told in scopes.items() if key not in there)],
        "subject_type_authorization": {
            **policies,
            "user": {"policy": "deny_all"},
            "client": {"policy": "require_client_grant"},
        },
    }
