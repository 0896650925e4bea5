"""The scripts of a connection that uses its own database, run in the sandbox.

Source: Auth0 docs, "Custom Database Action Script Templates" and "Troubleshoot Custom Databases".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wizard.practice.errors import AuthError
from wizard.practice.sandbox.outcome import Outcome, ScriptError
from wizard.practice.sandbox.sandbox import Code
from wizard.practice.users.script_profile import ProfileRefused, ScriptProfile, script_profile

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant


class ScriptFailed(Exception):
    """A script gave neither a user nor a "no": its source cannot be reached, or it is wrong. The text is the script's."""

    def __init__(self, error: ScriptError) -> None:
        super().__init__(error.message)
        self.error = error

    def auth_error(self, tenant: PracticeTenant) -> AuthError:
        """How the Authentication API tells it; never as a wrong password."""
        if self.error.kind == "UnauthorizedError":
            return AuthError(401, "unauthorized", self.error.message)
        return AuthError(tenant.switches.script_error_status, "server_error", self.error.message)


async def run_script(tenant: PracticeTenant, connection: Connection, script: str, *given: Any) -> Outcome:
    """Run a script of the connection with these arguments.

    Args:
        script: A key of customScripts, such as login or get_user.

    Raises:
        UsageError: there is no Node on this machine.
    """
    source = (connection.options.get("customScripts") or {}).get(script)
    if not source:
        title = script.replace("_", " ").capitalize()
        return Outcome(ScriptError("Error", f"Please implement the {title} script for this database connection"))
    sealed = connection.options.get("configuration") or {}
    code = Code(
        "script",
        f"{connection.id} {script}",
        {"code": source, "configuration": {name: tenant.keys.unseal(value) for name, value in sealed.items()}},
        fetch=tenant.switches.fetch_in_scripts,
    )
    arguments = [*given, {}] if connection.options.get("enable_script_context") else list(given)

    def note(text: str) -> None:
        tenant.log("w", f"The {script} script: {text}", connection=connection.name, connection_id=connection.id)

    return await tenant.sandbox.run(code, {"arguments": arguments}, extra=note)


async def looked_up(tenant: PracticeTenant, connection: Connection, email: str) -> ScriptProfile | None:
    """Ask the get user script for somebody; None when it knows nobody.

    Raises:
        ScriptFailed: it failed, or its profile is none that Auth0 takes.
    """
    outcome = await run_script(tenant, connection, "get_user", email)
    if outcome.error is not None:
        raise ScriptFailed(outcome.error)
    if outcome.result is None:
        return None
    try:
        return script_profile(tenant, connection, outcome.result, "get user")
    except ProfileRefused as refused:
        raise ScriptFailed(ScriptError("Error", str(refused))) from None
