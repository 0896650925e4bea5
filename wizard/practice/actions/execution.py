"""A trigger runs: its bound Actions one after another in the sandbox, and what they asked for is collected.

Source: Auth0 docs, "Actions Triggers: post-login" and "credentials-exchange", event and API objects; "Actions Limitations".
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from wizard.practice.actions.bindings import bound_actions
from wizard.practice.actions.kept import nanoseconds, new_uuid
from wizard.practice.sandbox.outcome import Outcome
from wizard.practice.sandbox.sandbox import Code, Patience

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

METADATA_BYTES = 32_768
EXECUTIONS = 1000
"""Executions kept; the oldest go first."""
RESERVED = frozenset(
    [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "azp",
        "gty",
        "scope",
        "permissions",
        "jti",
        "auth_time",
        "nonce",
        "at_hash",
        "c_hash",
        "acr",
        "amr",
    ]
)
"""Claims that no Action may set; asking for one changes nothing."""


@dataclass
class Asked:
    """What the Actions of one run asked for.

    Args:
        denied: OAuth error code and reason, when one denied access; no later one ran.
        failed: Text of the error that ended the run, when one failed.
        metadata: `app_metadata` and `user_metadata`, merged key by key; None removes a key.
        claims: Custom claims by the token they go into: accessToken, idToken.
        multifactor: The user must show a second factor.
        execution: Id of the run at /actions/executions, None when nothing is bound.
    """

    denied: tuple[str, str] | None = None
    failed: str | None = None
    metadata: dict[str, dict[str, Any]] = field(default_factory=lambda: {"app_metadata": {}, "user_metadata": {}})
    claims: dict[str, dict[str, Any]] = field(default_factory=lambda: {"accessToken": {}, "idToken": {}})
    multifactor: bool = False
    execution: str | None = None

    def take(self, commands: list[list[Any]]) -> None:
        """Take what one Action asked of its `api`, in its order."""
        for name, *given in commands:
            if name == "deny" and self.denied is None:
                self.denied = (given[0], given[1])
            elif name in self.metadata:
                self.metadata[name][given[0]] = given[1]
            elif name in self.claims and given[0] not in RESERVED:
                self.claims[name][given[0]] = given[1]
            elif name == "multifactor":
                self.multifactor = given[0] != "none"


def create_tables(db: sqlite3.Connection) -> None:
    db.execute("create table if not exists action_executions (row integer primary key, id text unique, body text)")


async def run_trigger(tenant: PracticeTenant, trigger: str, event: dict[str, Any]) -> Asked:
    """Run what is bound to a trigger, until one denies or fails or the time of them all is over.

    Raises:
        UsageError: there is no Node on this machine.
    """
    asked = Asked()
    now = tenant.clock.now()
    actions = [(each, version) for each in bound_actions(tenant, trigger) if (version := each.live(now)) is not None]
    if not actions:
        return asked
    results: list[dict[str, Any]] = []
    left = tenant.sandbox.patience
    for action, version in actions:
        code = code_of(tenant, f"{action.body['id']} {version['id']}", version)
        began, really = tenant.clock.now(), tenant.sandbox.time()
        outcome = await run_action(tenant, trigger, code, event, left)
        took = tenant.sandbox.time() - really
        left = Patience(max(0.0, left.seconds - took), max(0.0, min(left.least, left.seconds - took)))
        asked.take(outcome.answer.get("commands", []))
        results.append(_result(tenant, action.body["name"], began, outcome))
        if outcome.error is not None:
            asked.failed = outcome.error.message
        if asked.failed is not None or asked.denied is not None:
            break
    _refuse_large_metadata(asked)
    asked.execution = _record(tenant, trigger, now, results)
    return asked


async def run_action(
    tenant: PracticeTenant, trigger: str, code: Code, event: dict[str, Any], patience: Patience
) -> Outcome:
    """Run one Action and keep what it wrote to the trigger's cache."""
    now = tenant.clock.now() * 1000
    cache = tenant.action_cache.setdefault(trigger, {})
    for key in [key for key, record in cache.items() if record["expires_at"] <= now]:
        del cache[key]
    message = {"trigger": trigger, "event": event, "cache": list(cache.items())}
    outcome = await tenant.sandbox.run(code, message, patience=patience)
    for key, record in outcome.answer.get("cache", []):
        if record is None:
            cache.pop(key, None)
        else:
            cache[key] = record
    return outcome


def code_of(tenant: PracticeTenant, owner: str, content: dict[str, Any]) -> Code:
    """The container of a draft or a version, with its secrets in the open."""
    secrets = {each["name"]: tenant.keys.unseal(each["sealed"]) for each in content["secrets"]}
    dependencies = {each["name"]: each.get("version") for each in content["dependencies"]}
    return Code("action", owner, {"code": content["code"], "secrets": secrets, "dependencies": dependencies})


def execution(tenant: PracticeTenant, execution_id: str) -> dict[str, Any] | None:
    row = tenant.db.execute("select body from action_executions where id = ?", (execution_id,)).fetchone()
    found: dict[str, Any] | None = None if row is None else orjson.loads(row["body"])
    return found


def _result(tenant: PracticeTenant, name: str, began: float, outcome: Outcome) -> dict[str, Any]:
    times = {"started_at": nanoseconds(began), "ended_at": nanoseconds(tenant.clock.now())}
    error = {} if outcome.error is None else {"error": {"id": outcome.error.kind, "msg": outcome.error.message}}
    return {"action_name": name} | times | error


def _refuse_large_metadata(asked: Asked) -> None:
    for name, part in asked.metadata.items():
        if len(orjson.dumps(part)) > METADATA_BYTES:
            asked.failed = f"The {name} set by Actions is larger than {METADATA_BYTES} bytes"
            asked.metadata = {"app_metadata": {}, "user_metadata": {}}
            return


def _record(tenant: PracticeTenant, trigger: str, began: float, results: list[dict[str, Any]]) -> str:
    made = new_uuid(tenant)
    failed = any("error" in each for each in results)
    body = {"id": made, "trigger_id": trigger, "status": "partial" if failed else "final", "results": results}
    body |= {"created_at": nanoseconds(began), "updated_at": nanoseconds(tenant.clock.now())}
    with tenant.transaction() as db:
        db.execute("insert into action_executions (id, body) values (?, ?)", (made, orjson.dumps(body).decode()))
        db.execute(
            "delete from action_executions where row <= (select max(row) - ? from action_executions)", (EXECUTIONS,)
        )
    return made
