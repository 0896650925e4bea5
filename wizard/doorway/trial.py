"""Script lab: runs the generated login and get user scripts on this machine, in Auth0's Node, against the legacy API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from wizard.doorway.scripts import Scripts
from wizard.errors import WizardError

if TYPE_CHECKING:
    import httpx

Result = Literal["user", "wrong_password", "unknown_user", "not_found", "error"]


@dataclass(frozen=True)
class Trial:
    """How one script went: `message` is the error's, `callbacks` is how often it called back, which must be once."""

    script: Literal["login", "get_user"]
    result: Result
    milliseconds: float
    callbacks: int
    message: str = ""
    user_id: str | None = None
    profile: Mapping[str, Any] | None = field(default=None, repr=False)


async def try_scripts(
    scripts: Scripts,
    configuration: Mapping[str, str],
    login: str,
    password: str | None,
    *,
    outside: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> list[Trial]:
    """Run login (if there is a password) and get user, as Auth0 would.

    Args:
        scripts: As they would be deployed.
        configuration: The values of the connection in plain text; they go to Node by a pipe.
        login: E-mail address or username.
        password: None to leave the login script out.
        outside: What takes the place of the network, by host or host:port; for a rehearsal in this process.

    Raises:
        UsageError: there is no Node.
        WizardError: Node ended without an answer.
    """
    from wizard.clock import RealClock
    from wizard.practice.sandbox.sandbox import Sandbox

    sandbox = Sandbox(RealClock(), lambda: outside or {})
    try:
        trials = []
        if password is not None:
            trials.append(await _try(sandbox, "login", scripts.login, configuration, [login, password]))
        trials.append(await _try(sandbox, "get_user", scripts.get_user, configuration, [login]))
        return trials
    finally:
        sandbox.close()


async def _try(
    sandbox: Any, script: Literal["login", "get_user"], code: str, configuration: Mapping[str, str], given: list[str]
) -> Trial:
    from wizard.practice.sandbox.sandbox import Code

    more: list[str] = []
    began = time.monotonic()
    body = {"code": code, "configuration": dict(configuration)}
    outcome = await sandbox.run(Code("script", f"trial {script}", body), {"arguments": given}, extra=more.append)
    took = (time.monotonic() - began) * 1000
    error = outcome.error
    if error is not None and error.kind == "Crash":
        raise WizardError(f"Node ended while it ran {script}", remedy="Try again; if it stays so, look at the script.")
    if error is None:
        profile = outcome.result
        if not profile:
            return Trial(script, "not_found", took, 1 + len(more))
        return Trial(script, "user", took, 1 + len(more), user_id=profile.get("user_id"), profile=profile)
    result: Result = "error"
    if error.kind == "WrongUsernameOrPasswordError":
        result = "wrong_password" if error.subject else "unknown_user"
    callbacks = (0 if error.kind == "Timeout" else 1) + len(more)
    return Trial(script, result, took, callbacks, error.message, error.subject)
