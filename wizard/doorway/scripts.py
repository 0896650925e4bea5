"""The scripts of a connection that takes its users from the legacy store at their first login.

Source: Auth0 docs, "Custom Database Action Script Templates" and "Configure Automatic Migration from Your Database".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from wizard.answers import Answers
from wizard.doorway.templates import rendered

LARGEST_SCRIPT = 100_000
"""Bytes; Auth0 takes no larger ones."""

State = Literal["absent", "stub", "closed", "wanted", "other"]


@dataclass(frozen=True)
class Scripts:
    """Texts by their place in `customScripts`; without change_password resets are Auth0's own affair."""

    login: str
    get_user: str
    change_password: str | None = None

    def custom_scripts(self) -> dict[str, str]:
        """As the connection's option `customScripts` has them."""
        scripts = {"login": self.login, "get_user": self.get_user}
        return scripts if self.change_password is None else {**scripts, "change_password": self.change_password}


def through_doorway(connection: str, *, change_password: bool = False) -> Scripts:
    """The scripts that ask the legacy API; `change_password` adds one that does nothing and says so."""
    return Scripts(
        rendered("scripts/login", connection=connection),
        rendered("scripts/get_user", connection=connection),
        rendered("scripts/change_password") if change_password else None,
    )


def scripts_for(answers: Answers) -> Scripts:
    """The scripts that these answers ask for.

    Raises:
        UsageError: the mapping cannot be said in a script that asks the database itself.
    """
    from wizard.doorway.direct import through_database
    from wizard.steps.connection import ConnectionAnswers
    from wizard.steps.scripts_answers import ScriptsAnswers

    wanted, connection = answers[ScriptsAnswers], answers[ConnectionAnswers].name
    if wanted.kind == "legacy_api":
        return through_doorway(connection, change_password=wanted.change_password)
    return through_database(answers)


@cache
def stubs() -> Scripts:
    """Scripts that let nobody in and create nobody, until the real ones are in place."""
    return Scripts(rendered("scripts/stub_login"), rendered("scripts/stub_get_user"))


@cache
def closed() -> Scripts:
    """Scripts for after the cutover: they find nobody; import mode stays on."""
    return Scripts(rendered("scripts/closed_login"), rendered("scripts/closed_get_user"))


def state_of(script: str, text: str | None) -> State:
    """What a script on the tenant is: none, our placeholder, our closed door, or something else."""
    if not text:
        return "absent"
    if text == stubs().custom_scripts().get(script):
        return "stub"
    return "closed" if text == closed().custom_scripts().get(script) else "other"


def is_closed(custom_scripts: Mapping[str, str]) -> bool:
    """Whether the migration through this connection has ended: both scripts find nobody any more."""
    ended = closed()
    return custom_scripts.get("login") == ended.login and custom_scripts.get("get_user") == ended.get_user
