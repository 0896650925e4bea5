"""The values that scripts and guards need, and where they come from: answers, tenant, keyring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.answers import Answers
from wizard.doorway.answers import LegacyApiAnswers
from wizard.doorway.templates import SETTINGS
from wizard.errors import WizardError

if TYPE_CHECKING:
    from wizard.auth0.models import Client
    from wizard.tools import Tools

SECRET = "legacy_api_client_secret"  # noqa: S105 - the name of a secret
"""The name of the application's secret in the keyring, under the tenant's domain."""

TAG = {"auth0_migration": "legacy-api"}
"""`client_metadata` by which the application of the migration is found again; names are not unique."""

DATABASE_SETTING = "LEGACY_DATABASE_URL"
"""The one value of scripts that ask the legacy database themselves."""


@dataclass(frozen=True)
class LegacyApi:
    """Where the legacy API is and how its tokens name it; `client_id` is None for the application of the migration."""

    url: str
    audience: str
    client_id: str | None = None


def legacy_api_of(answers: Answers) -> LegacyApi:
    """What the answers say about the legacy API.

    Raises:
        UsageError: they do not say.
    """
    wanted = answers[LegacyApiAnswers]
    return LegacyApi(wanted.url, wanted.audience, wanted.client_id)


async def application(api: LegacyApi, tools: Tools) -> Client | None:
    """The application that may call the legacy API; None when there is none yet."""
    for client in await tools.tenant.clients():
        if api.client_id is not None:
            if client.client_id == api.client_id:
                return client
        elif client.client_metadata.items() >= TAG.items():
            return client
    return None


def kept_secret(tools: Tools) -> str | None:
    """The application's secret; None when nothing is kept under its name.

    Raises:
        KeyringUnavailable: the keyring cannot be used.
    """
    from wizard.vault import KeyringUnavailable, SecretMissing

    try:
        return tools.secret(f"keyring:{SECRET}")
    except SecretMissing:
        return None
    except KeyringUnavailable as error:
        raise KeyringUnavailable(
            "The secret of the application that calls the legacy API needs a keyring, and none can be used here",
            why=error.why,
            state="Nothing was changed.",
            remedy="Install a keyring backend, or run in a session that has one, such as dbus-run-session with gnome-keyring.",
        ) from None


async def wanted_values(api: LegacyApi, tools: Tools) -> dict[str, str | None]:
    """Every value by its name; None for what is not known before the application is there."""
    client = await application(api, tools)
    values = (
        tools.tenant.token_url,
        api.url,
        api.audience,
        client.client_id if client else None,
        kept_secret(tools),
    )
    return dict(zip(SETTINGS, values, strict=True))


def database_values(reference: str | None, tools: Tools) -> dict[str, str | None]:
    """The value of scripts that ask the database themselves; None where its secret is not kept.

    Raises:
        KeyringUnavailable: the keyring cannot be used.
    """
    from wizard.vault import SecretMissing

    try:
        return {DATABASE_SETTING: tools.secret(reference) if reference else None}
    except SecretMissing:
        return {DATABASE_SETTING: None}


def complete(values: Mapping[str, str | None]) -> dict[str, str]:
    """The values, all of them known.

    Raises:
        WizardError: the application or its secret is missing.
    """
    known = {name: value for name, value in values.items() if value is not None}
    if missing := [name for name in values if name not in known]:
        raise WizardError(
            "The legacy API cannot be called yet",
            why=f"{' and '.join(missing)} cannot be told",
            state="Nothing was changed.",
            remedy="Make a new plan; it makes the application, or gives it a new secret.",
        )
    return known
