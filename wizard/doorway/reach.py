"""Asks the legacy API whether it is alive and ready, and whether it takes the token that the tenant's scripts get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.errors import CredentialsError
from wizard.step import Finding

if TYPE_CHECKING:
    from wizard.doorway.settings import LegacyApi
    from wizard.tools import Tools

SECONDS = 10.0
REMEDY = "Start it (`auth0-migrate legacy-api ANSWERS`), and check url in [legacy_api], DNS, certificate and firewall."


async def look(url: str, tools: Tools) -> list[Finding]:
    """Evidence that the legacy API answers, and that it reaches its store and the tenant's keys."""
    import httpx

    findings = []
    async with httpx.AsyncClient(transport=tools.outside, timeout=SECONDS) as client:
        for path, good, bad in (
            ("/healthz", "the legacy API is alive", "the legacy API does not answer"),
            ("/readyz", "the legacy API reaches its store", "the legacy API is not ready: store or keys out of reach"),
        ):
            try:
                status = (await client.get(f"{url}{path}")).status_code
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                findings.append(Finding(f"legacy api {path}", False, f"{bad} ({type(error).__name__})", REMEDY))
            else:
                passed = status == 200
                findings.append(Finding(f"legacy api {path}", passed, good if passed else f"{bad} ({status})", REMEDY))
    return findings


TOKEN = "legacy api token"  # noqa: S105 - the name of a check


async def look_at_token(api: LegacyApi, tools: Tools) -> list[Finding]:
    """Evidence that the application gets a token and the legacy API takes it; nothing where one of them cannot be asked."""
    import httpx

    from wizard.auth0.errors import Refused
    from wizard.doorway.settings import application, kept_secret

    client = await application(api, tools)
    secret = await kept_secret(api, client, tools)
    if client is None or secret is None:
        return []
    try:
        token = await tools.tenant.machine_token(client.client_id, secret, api.audience)
    except CredentialsError as refused:
        why = f"Auth0 gives the application no token for it, so that nobody moves at a login ({refused.why})"
        remedy = (
            "If its secret was changed in the Dashboard, `auth0-migrate secrets rotate ANSWERS` renews it everywhere."
        )
        return [Finding(TOKEN, False, why, remedy)]
    except Refused as refused:
        why = f"Auth0 gave the application no token for it now ({refused.why})"
        return [
            Finding(TOKEN, False, why, "Verify again later; if it stays so, look at the tenant's logs for the reason.")
        ]
    asked = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx.AsyncClient(transport=tools.outside, timeout=SECONDS) as outside:
            status = (await outside.get(f"{api.url}/migrated?take=1", headers=asked)).status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return []  # told as not alive
    if status in (401, 403):
        why = f"the legacy API does not accept the token that the scripts send ({status}), so that nobody moves at a login"
        remedy = "See that it runs with these answers: domain in [tenant], audience and client_id in [legacy_api]; its log says why."
        return [Finding(TOKEN, False, why, remedy)]
    return [Finding(TOKEN, True, "the legacy API takes the token of its application")] if status == 200 else []
