"""Puts guards on the tenant and takes them away: Actions with their secrets and places, Rules with their settings.

Source: Auth0 docs, Management API, "Actions" and "Rules"; recordings show that a deploy answers before it has happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from wizard.doorway.guards import is_guard
from wizard.doorway.sent import remember, stale
from wizard.doorway.settings import LegacyApi, complete, wanted_values
from wizard.errors import WizardError
from wizard.step import Receipt
from wizard.undo.before import before, forget_before, remember_before

if TYPE_CHECKING:
    from wizard.auth0.models import Action, Rule
    from wizard.doorway.guards import GuardSource
    from wizard.tools import Tools

RUNTIME = "node22"
POLL_SECONDS = 2.0
PATIENCE_SECONDS = 180.0
"""How long an Action may take to be built and deployed."""

RULE_SETTINGS = "rules-configs"


async def action_facts(
    sources: Sequence[GuardSource], values: Mapping[str, str | None], tools: Tools
) -> dict[str, Any]:
    """The fields of `GuardsFacts` for Actions."""
    found = {action.name: action for action in await tools.tenant.actions()}
    states, old = {}, []
    for source in sources:
        action = found.get(source.name)
        states[source.guard] = "absent" if action is None else _state(source, action)
        if action is not None and stale(
            tools.journal, f"action:{source.name}", _wanted(source, values), _shown(action)
        ):
            old.append(source.guard)
    bound = [binding.action.name for binding in await tools.tenant.bindings()]
    ours = {source.name for source in sources}
    first = tuple(name for name in takewhile(is_guard, bound) if name in ours)  # before those of others, or behind
    return {"states": states, "stale": tuple(old), "first": first}


async def deploy_action(source: GuardSource, api: LegacyApi, tools: Tools) -> Receipt:
    """Create or change the Action, build it, deploy it, and wait until that is live.

    Raises:
        WizardError: it is not built or deployed in time.
    """
    values = complete(await wanted_values(api, tools)) if source.settings else {}
    secrets = {name: values[name] for name in source.settings}
    there = await _action_named(source.name, tools)
    was = None if there is None else {"code": there.code, "runtime": there.runtime}
    remember_before(tools.journal, f"action:{source.name}", {"action": was})
    if there is None:
        action = await tools.tenant.create_action(source.name, source.code, secrets=secrets, runtime=RUNTIME)
    else:
        action = await tools.tenant.change_action(there.id, source.code, secrets=secrets, runtime=RUNTIME)
    live = await _deployed(action.id, source.name, tools)
    remember(tools.journal, f"action:{source.name}", secrets, _shown(live))
    return Receipt({"action_id": live.id})


async def bind_first(names: Sequence[str], tools: Tools) -> Receipt:
    """Put our Actions before all others of the trigger; those keep their order.

    Raises:
        WizardError: an Action is missing, or others are bound differently afterwards.
    """
    ids = {action.name: action.id for action in await tools.tenant.actions()}
    if missing := [name for name in names if name not in ids]:
        raise WizardError(
            f"The Action “{missing[0]}” is gone",
            state="What is bound was not changed.",
            remedy="Make a new plan; it will make the Action again.",
        )
    bound = await tools.tenant.bindings()  # just before writing: Auth0 has no way to say "only if unchanged"
    others = [binding for binding in bound if binding.action.name not in names]
    wanted = [{"action_id": ids[name], "display_name": name} for name in names]
    wanted += [{"binding_id": binding.id, "display_name": binding.display_name} for binding in others]
    await tools.tenant.set_bindings(wanted)
    await _require_order([ids[name] for name in names], [binding.action.id for binding in others], tools)
    return Receipt({"bindings": len(wanted)})


async def unbind(names: Sequence[str], tools: Tools) -> None:
    """Take our Actions out of the trigger; all others stay in their order."""
    bound = await tools.tenant.bindings()
    others = [binding for binding in bound if binding.action.name not in names]
    if len(others) < len(bound):
        await tools.tenant.set_bindings(
            [{"binding_id": binding.id, "display_name": binding.display_name} for binding in others]
        )
        await _require_order([], [binding.action.id for binding in others], tools)


async def undo_action(name: str, tools: Tools) -> None:
    """Delete the Action, or give the one that was there its code again, whose secrets then are those of the run."""
    was, action = before(tools.journal, f"action:{name}"), await _action_named(name, tools)
    if was is None or action is None:
        return
    if was["action"] is None:
        await tools.tenant.delete_action(action.id)
    else:
        code, runtime = was["action"]["code"], was["action"]["runtime"]
        await tools.tenant.change_action(action.id, code, runtime=runtime or RUNTIME)
        await _deployed(action.id, name, tools)
    forget_before(tools.journal, f"action:{name}")


async def rule_facts(sources: Sequence[GuardSource], values: Mapping[str, str | None], tools: Tools) -> dict[str, Any]:
    """The fields of `GuardsFacts` for Rules."""
    rules = await tools.tenant.rules()
    if rules is None:
        return {"rules": False}
    found = {rule.name: rule for rule in rules}
    states = {source.guard: _rule_state(source, found.get(source.name)) for source in sources}
    needed = {name for source in sources for name in source.settings}
    wanted = {name: value for name, value in values.items() if name in needed}
    shown = dict.fromkeys(await tools.tenant.rule_settings(), "set")
    old = stale(tools.journal, RULE_SETTINGS, wanted, shown)
    return {"rules": True, "states": states, "stale": old}


async def put_rule(source: GuardSource, tools: Tools) -> Receipt:
    """Create the Rule after all others, or change the one that is there."""
    rules = await tools.tenant.rules() or []
    there = next((rule for rule in rules if rule.name == source.name), None)
    was = None if there is None else {"script": there.script}
    remember_before(tools.journal, f"rule:{source.name}", {"rule": was})
    if there is None:
        made = await tools.tenant.create_rule(
            source.name, source.code, max((rule.order for rule in rules), default=0) + 1
        )
    else:
        made = await tools.tenant.change_rule(there.id, source.code)
    return Receipt({"rule_id": made.id})


async def set_rule_settings(names: Sequence[str], api: LegacyApi, tools: Tools) -> Receipt:
    values = complete(await wanted_values(api, tools))
    there = await tools.tenant.rule_settings()
    remember_before(tools.journal, RULE_SETTINGS, {"there": sorted(there & set(names))})
    for name in names:
        await tools.tenant.set_rule_setting(name, values[name])
    shown = dict.fromkeys(names, "set")
    remember(tools.journal, RULE_SETTINGS, {name: values[name] for name in names}, shown)
    return Receipt({"settings_set": len(names)})


async def undo_rule(name: str, tools: Tools) -> None:
    was = before(tools.journal, f"rule:{name}")
    rule = next((rule for rule in await tools.tenant.rules() or [] if rule.name == name), None)
    if was is None or rule is None:
        return
    if was["rule"] is None:
        await tools.tenant.delete_rule(rule.id)
    else:
        await tools.tenant.change_rule(rule.id, was["rule"]["script"])
    forget_before(tools.journal, f"rule:{name}")


async def undo_rule_settings(names: Sequence[str], tools: Tools) -> None:
    """Remove the settings that were not there; those that were cannot be read, so they keep the run's values."""
    was = before(tools.journal, RULE_SETTINGS)
    for name in names if was is not None else ():
        if was is not None and name not in was["there"]:
            await tools.tenant.delete_rule_setting(name)
    forget_before(tools.journal, RULE_SETTINGS)


def _state(source: GuardSource, action: Action) -> str:
    if action.code != source.code or action.runtime != RUNTIME:
        return "other"
    return "live" if action.is_live else "undeployed"


def _rule_state(source: GuardSource, rule: Rule | None) -> str:
    if rule is None:
        return "absent"
    if rule.script != source.code:
        return "other"
    return "live" if rule.enabled else "undeployed"


def _wanted(source: GuardSource, values: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: values.get(name) for name in source.settings}


def _shown(action: Action) -> dict[str, str]:
    """What Auth0 tells about secrets: when each was set."""
    return {secret.name: secret.updated_at for secret in action.secrets}


async def _action_named(name: str, tools: Tools) -> Action | None:
    return next((action for action in await tools.tenant.actions() if action.name == name), None)


async def _deployed(action_id: str, name: str, tools: Tools) -> Action:
    """Wait until the draft is built, deploy it, and wait until the deployed version is the draft."""
    waited, asked = 0.0, False
    while True:
        action = await tools.tenant.action(action_id)
        if asked and action.is_live:
            return action
        if action.status == "failed":
            raise _not_deployed(name, "Auth0 could not build it")
        if not asked and action.status == "built":
            asked = await tools.tenant.deploy_action(action_id)
            if asked:
                continue
        if waited >= PATIENCE_SECONDS:
            raise _not_deployed(name, f"after {PATIENCE_SECONDS:.0f} seconds it is {action.status or 'not known'}")
        await tools.clock.sleep(POLL_SECONDS)
        waited += POLL_SECONDS


def _not_deployed(name: str, why: str) -> WizardError:
    return WizardError(
        f"The Action “{name}” is not live",
        why=why,
        state="Its draft is on the tenant; no login runs it yet.",
        remedy="Look at it in the Dashboard under Actions > Library, then resume the run.",
    )


async def _require_order(ours: Sequence[str], others: Sequence[str], tools: Tools) -> None:
    """Prove that the trigger runs ours first and all others as before."""
    bound = [binding.action.id for binding in await tools.tenant.bindings()]
    if bound != [*ours, *others]:
        raise WizardError(
            "The Actions of the trigger post-login are not as they were asked for",
            why="somebody changed them at the same time, or Auth0 did not take the order",
            state="Ours are deployed; whether they are bound has to be looked at.",
            remedy="Look at Actions > Triggers > post-login in the Dashboard, then resume the run.",
        )
