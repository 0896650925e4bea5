"""A new secret for the application of the legacy API, brought to every place that has the old one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from wizard.answers import Answers
from wizard.doorway.scripts import is_closed
from wizard.doorway.settings import application, keep_secret, legacy_api_of
from wizard.doorway.templates import SETTINGS
from wizard.errors import PlanStale, UsageError, WizardError
from wizard.identity import existing_run
from wizard.journal import Journal
from wizard.runner import AnyStep
from wizard.runs import Runs
from wizard.steps.guards import GuardsStep
from wizard.steps.legacy_api import LegacyApiStep
from wizard.steps.scripts import ScriptsStep
from wizard.tools import Stop, Tools
from wizard.world import World, connected, require_granted


@dataclass(frozen=True)
class Rotated:
    """Whose secret is new, and what was changed because of that."""

    client_id: str
    changed: tuple[str, ...]


async def rotate_secret(answers: Answers, *, base: Path, world: World, runs: Runs, stop: Stop | None = None) -> Rotated:
    """Rotate the secret, keep it in the keyring, and set it again in the connection and the Actions.

    Tokens that were issued go on being good, so logins go on meanwhile. Stopped half-way, do it again, or apply the answers.

    Raises:
        UsageError: there is no application, or the migration does not use one.
        PlanStale: more than the secret would change.
        WizardError: the new secret did not reach every place; says which.
    """
    run = await existing_run(answers, base=base, world=world, runs=runs, stop=stop)
    with run.locked() if run else nullcontext():
        journal = Journal(run.journal if run else None, now=world.clock.now)
        try:
            async with connected(answers, journal, run.path if run else base, base, world, stop) as tools:
                steps: list[AnyStep] = [ScriptsStep(), GuardsStep()]
                await require_granted([LegacyApiStep(), *steps], answers, tools)
                return await _rotate(answers, steps, tools)
        finally:
            journal.close()


async def _others_with_values(connection: str, tools: Tools) -> list[str]:
    """The names of other connections whose scripts have the values of a legacy API."""
    return sorted(
        one.name
        for one in await tools.tenant.connections()
        if one.name != connection and one.options is not None and SETTINGS[-1] in one.options.configuration
    )


async def _is_closed(connection: str, tools: Tools) -> bool:
    """Whether the scripts find nobody, whichever run has ended the migration."""
    found = await tools.tenant.connection_named(connection)
    return found is not None and found.options is not None and is_closed(found.options.scripts)


async def _besides(answers: Answers, steps: list[AnyStep], tools: Tools) -> list[str]:
    """What the steps would change if all values were in place, which a new secret is not."""
    planned: list[str] = []
    for step in steps:
        facts = replace(await step.inspect(answers, tools), stale=())
        planned += [change.summary for change in step.plan(answers, facts)]
    return planned


async def _rotate(answers: Answers, steps: list[AnyStep], tools: Tools) -> Rotated:
    api = legacy_api_of(answers)
    client = await application(api, tools)
    if client is None:
        raise UsageError(
            "There is no application whose secret could be rotated",
            state="Nothing was changed.",
            remedy="Carry out the answers first: `auth0-migrate apply`.",
        )
    if api.client_id is not None and (others := await _others_with_values(api.connection, tools)):
        raise UsageError(
            "The secret is not rotated: other connections may use the same application",
            why=f"{', '.join(others)} {'has' if len(others) == 1 else 'have'} values of a legacy API, and Auth0 does not show "
            "of which application; with the old secret nobody would log in there",
            state="Nothing was changed.",
            remedy="Give each connection an application of its own: leave client_id out of [legacy_api] and apply the answers. Or "
            "rotate it in the Auth0 Dashboard when few log in, keep it by `auth0-migrate secrets set`, and apply the answers of "
            "each connection.",
        )
    if await _is_closed(api.connection, tools):
        steps = []  # nobody needs the secret there, and to open the door again is another decision
    if besides := await _besides(answers, steps, tools):
        raise PlanStale(
            "The secret is not rotated: more than the secret would change with it",
            why=f"the tenant is not as the answers say: {'; '.join(besides)}",
            state="Nothing was changed.",
            remedy="Carry the answers out first, which shows these changes for approval (`auth0-migrate apply`), or mend the answers.",
        )
    renewed = await tools.tenant.rotate_secret(client.client_id)
    await keep_secret(api, client, renewed.secret, tools)
    changed: list[str] = []
    for step in steps:
        for change in step.plan(answers, await step.inspect(answers, tools)):
            await step.apply(change, tools)
            changed.append(change.summary)
    for step in steps:
        if left := step.plan(answers, await step.inspect(answers, tools)):
            raise WizardError(
                "The new secret has not reached every place",
                why=f"still to do: {left[0].summary}",
                state="It is in the keyring, and the old one is void.",
                remedy="Rotate it again, or apply the answers.",
            )
    return Rotated(client.client_id, tuple(changed))
