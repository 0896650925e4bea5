"""Runs one script, Action or Rule in a Node of its own, and tells every callback, which a tenant would not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from wizard.practice.sandbox.executable import node

HARNESS = Path(__file__).with_name("harness.cjs")
LIMIT_MS = 20_000
"""Auth0 ends a script about then."""
KILL_AFTER_SECONDS = 10.0
"""How long after its limit a Node that does not end by itself is killed."""


@dataclass(frozen=True)
class Job:
    """What to run; see `harness.cjs`."""

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


async def run(job: Job) -> Outcome:
    """Run a job in a process of its own.

    Raises:
        AssertionError: Node ended without telling what happened.
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
    process = await asyncio.create_subprocess_exec(str(node()), str(HARNESS), stdin=pipe, stdout=pipe, stderr=pipe)
    limit = job.limit_ms / 1000 + KILL_AFTER_SECONDS
    try:
        told, _ = await asyncio.wait_for(process.communicate(json.dumps(given).encode()), limit)
    except TimeoutError:
        told = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert told, f"Node ended with status {process.returncode}"
    return _outcome(json.loads(told))


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
