"""Makes the legacy API known to the tenant, and takes that back: API, application with its secret, grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from wizard.aside import aside
from wizard.counts import counted
from wizard.doorway.settings import (
    SECRET,
    LegacyApi,
    application,
    keep_secret,
    secret_name,
    secret_names,
    tag_of,
)
from wizard.errors import WizardError
from wizard.step import Receipt
from wizard.tools import Tools
from wizard.undo.before import before, forget_before, remember_before

if TYPE_CHECKING:
    from wizard.auth0.models import Api, Client

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


async def create_application(name: str, connection: str, tools: Tools) -> Receipt:
    """Create the application and keep its secret; one whose secret was lost with the answer gets a new one."""
    there = await application(LegacyApi("", "", connection=connection), tools)
    if there is not None:
        return await renew_secret(connection, tools)
    told = f"Calls the API in front of the legacy user store of {connection}, for migration only."
    made = await tools.tenant.create_machine_client(name, description=told, metadata=tag_of(connection))
    await aside(partial(tools.keep_secret, secret_name(connection), made.secret))
    return Receipt({"client_id": made.client_id})


async def renew_secret(connection: str, tools: Tools) -> Receipt:
    """Give the application of the migration a new secret, and keep it."""
    api = LegacyApi("", "", connection=connection)
    client = await application(api, tools)
    if client is None:
        raise WizardError("The application of the migration is gone", state="Nothing was changed.", remedy=AGAIN)
    renewed = await tools.tenant.rotate_secret(client.client_id)
    await keep_secret(api, client, renewed.secret, tools)
    return Receipt({"client_id": client.client_id})


async def grant_api(api: LegacyApi, scopes: Sequence[str], tools: Tools) -> Receipt:
    client, audience = await application(api, tools), api.audience
    if client is None:
        raise WizardError("The application of the migration is gone", state="Nothing was granted.", remedy=AGAIN)
    grant = await tools.tenant.client_grant(client.client_id, audience)
    remember_before(tools.journal, f"grant:{audience}", {"scopes": grant.scope if grant else None})
    if grant is None:
        grant = await tools.tenant.create_grant(client.client_id, audience, scopes)
    else:
        await tools.tenant.set_grant_scopes(grant.id, scopes)
    return Receipt({"grant_id": grant.id})


async def undo_grant(api: LegacyApi, tools: Tools) -> None:
    audience = api.audience
    was = before(tools.journal, f"grant:{audience}")
    client = await application(api, tools)
    grant = await tools.tenant.client_grant(client.client_id, audience) if client else None
    if was is None or grant is None:
        return
    scopes = was["scopes"]
    if isinstance(scopes, list):
        await tools.tenant.set_grant_scopes(grant.id, scopes)
    else:
        await tools.tenant.delete_grant(grant.id)
    forget_before(tools.journal, f"grant:{audience}")


async def undo_application(connection: str, tools: Tools) -> None:
    """Delete the application of a connection; "" for what an earlier version has made for all of them."""
    api = LegacyApi("", "", connection=connection)
    client = await application(api, tools)
    if client is not None:
        await tools.tenant.delete_client(client.client_id)
    for name in secret_names(api, client) if connection else (SECRET,):
        await aside(partial(tools.forget_secret, name))


async def others_of(audience: str, ours: Client | None, tools: Tools) -> int:
    """How many applications have a grant for an API, without our own."""
    grants = await tools.tenant.grants_for(audience)
    return len({grant.client_id for grant in grants} - {ours.client_id if ours else ""})


async def undo_api(audience: str, created: bool, tools: Tools) -> None:
    """Delete the API that this run has made, or put its settings back.

    Raises:
        WizardError: other applications have a grant for it, which would go with it.
    """
    api = await tools.tenant.api_named(audience)
    was = before(tools.journal, f"api:{audience}")
    if api is not None and created:
        if others := await others_of(audience, None, tools):
            raise WizardError(
                f"The API {audience} stays",
                why=f"{of_others(others)}, which would go with it",
                state="It is as it was.",
                remedy="Undo again when these migrations are over, or delete it in the Dashboard.",
            )
        await tools.tenant.delete_api(api.id)
    elif api is not None and was is not None:
        await tools.tenant.change_api(api.id, {key: value for key, value in was.items() if value})
    forget_before(tools.journal, f"api:{audience}")


def of_others(others: int) -> str:
    return f"{counted(others, 'other application')} {'has a grant' if others == 1 else 'have grants'} for it"


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
