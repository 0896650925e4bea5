"""The values that scripts and guards need, and where they come from: answers, tenant, keyring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from wizard.answers import Answers
from wizard.aside import aside
from wizard.doorway.answers import LegacyApiAnswers
from wizard.doorway.templates import SETTINGS
from wizard.errors import WizardError

if TYPE_CHECKING:
    from wizard.auth0.models import Client
    from wizard.tools import Tools

SECRET = "legacy_api_client_secret"  # noqa: S105 - the name of a secret
"""The name of a secret in the keyring, under the tenant's domain, of an application that serves all its connections."""

TAG = {"auth0_migration": "legacy-api"}
"""`client_metadata` of every application of a migration; names are not unique."""

CONNECTION = "auth0_migration_connection"
"""Key of `client_metadata`: the connection whose application it is. Earlier versions had one application for them all."""

LONGEST_NAME = 128
"""Of a secret, in characters."""

DATABASE_SETTING = "LEGACY_DATABASE_URL"
"""The one value of scripts that ask the legacy database themselves."""


@dataclass(frozen=True)
class LegacyApi:
    """Where the legacy API is, how its tokens name it, and whose users it knows: those of a connection.

    `client_id` is None for the application that a migration makes for the connection.
    """

    url: str
    audience: str
    client_id: str | None = None
    connection: str = ""


def legacy_api_of(answers: Answers) -> LegacyApi:
    """What the answers say about the legacy API.

    Raises:
        UsageError: they do not say.
    """
    from wizard.steps.connection import ConnectionAnswers

    wanted = answers[LegacyApiAnswers]
    return LegacyApi(wanted.url, wanted.audience, wanted.client_id, answers[ConnectionAnswers].name)


def tag_of(connection: str) -> dict[str, str]:
    """`client_metadata` by which the application of a connection is found again."""
    return {**TAG, CONNECTION: connection}


def secret_name(connection: str) -> str:
    """The name in the keyring, under the tenant's domain, of the secret of a connection's application."""
    name = f"{SECRET}.{connection}"
    return name if len(name) <= LONGEST_NAME else f"{SECRET}.{sha256(connection.encode()).hexdigest()}"


async def application(api: LegacyApi, tools: Tools) -> Client | None:
    """The application that may call the legacy API for a connection; None when there is none yet."""
    clients = await tools.tenant.clients()
    if api.client_id is not None:
        return next((one for one in clients if one.client_id == api.client_id), None)
    ours = [one for one in clients if one.client_metadata.items() >= tag_of(api.connection).items()]
    return next(iter([*ours, *(one for one in clients if _is_of_earlier_version(one, tools))]), None)


def _is_of_earlier_version(client: Client, tools: Tools) -> bool:
    """Whether this run has made the application as one for all connections; those of other runs are not its own."""
    if CONNECTION in client.client_metadata or not client.client_metadata.items() >= TAG.items():
        return False
    made = [one for one in tools.journal.intents("change:legacy_api:create-application") if one.outcome == "done"]
    return any(
        one.result.get("client_id", client.client_id) == client.client_id for one in made
    )  # or its receipt was lost


def secret_names(api: LegacyApi, client: Client | None) -> tuple[str, ...]:
    """Under which names the secret of an application may be kept, the first one where nothing is kept yet."""
    if api.client_id is not None:
        return secret_name(api.connection), SECRET
    return (SECRET if client and CONNECTION not in client.client_metadata else secret_name(api.connection),)


async def kept_secret(api: LegacyApi, client: Client | None, tools: Tools) -> str | None:
    """The secret of an application; None when nothing is kept under its names.

    Raises:
        KeyringUnavailable: the keyring cannot be used.
    """
    for name in secret_names(api, client):
        if (secret := await _kept(name, tools)) is not None:
            return secret
    return None


async def keep_secret(api: LegacyApi, client: Client, secret: str, tools: Tools) -> None:
    """Keep a new secret of an application in the place of the one that is void."""
    names = secret_names(api, client)
    there = [name for name in names if len(names) > 1 and await _kept(name, tools) is not None]
    await aside(partial(tools.keep_secret, (*there, *names)[0], secret))


async def _kept(name: str, tools: Tools) -> str | None:
    from wizard.vault import KeyringUnavailable, SecretMissing

    try:
        return await aside(partial(tools.secret, f"keyring:{name}"))
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
        await kept_secret(api, client, tools),
    )
    return dict(zip(SETTINGS, values, strict=True))


async def database_values(reference: str | None, tools: Tools) -> dict[str, str | None]:
    """The value of scripts that ask the database themselves; None where its secret is not kept.

    Raises:
        KeyringUnavailable: the keyring cannot be used.
    """
    from wizard.vault import SecretMissing

    try:
        return {DATABASE_SETTING: await aside(partial(tools.secret, reference)) if reference else None}
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
