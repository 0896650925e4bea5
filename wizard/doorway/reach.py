"""Asks the legacy API whether it is alive and ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.step import Finding

if TYPE_CHECKING:
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
