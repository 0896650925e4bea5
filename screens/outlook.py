"""Looks ahead: what the answers so far would change, asked of the very steps that the run will ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.answers import Answers
from wizard.doorway.answers import LegacyApiAnswers
from wizard.journal import Journal
from wizard.runner import AnyStep, Plan, make_plan
from wizard.step import Change
from wizard.steps.scripts_answers import ScriptsAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers
from wizard.tools import Stop, Tools
from wizard.world import World, connected

if TYPE_CHECKING:
    from wizard.auth0.client import Management
    from wizard.events import Emit


EDGES = (TenantAnswers, StrategyAnswers, ScriptsAnswers, LegacyApiAnswers)
"""The answers that say who is spoken to: the tenant, and the API that knows who has moved."""


class Outlook:
    """Keeps one connection to the tenant while the answers are given, so that no look costs another token.

    Args:
        world: The edges of the engine.
        hear: Told every event of the requests.
        run: The journal of the run that carries the answers out, once there is one: what it has done is not to be done.
    """

    def __init__(self, world: World, hear: Emit, run: Callable[[], Path | None] = lambda: None) -> None:
        self.world = world
        self._run = run
        self._hear = hear
        self._stack: AsyncExitStack | None = None
        self._opened_for: object = None
        self._tools: Tools | None = None
        self._turn = asyncio.Lock()
        self._stop = Stop()

    async def tools(self, answers: Answers, base: Path) -> Tools:
        """What the steps look with; with a tenant as soon as that is answered.

        Raises:
            WizardError: a secret is missing, or the tenant cannot be spoken to.
        """
        async with self._turn:
            wanted = answers[TenantAnswers] if answers.has(TenantAnswers) else None
            known = [answers[one] if answers.has(one) else None for one in EDGES]
            if self._tools is None or known != self._opened_for or base != self._tools.base:
                await self._close()
                self._tools = await self._opened(answers, wanted, base)
                self._opened_for = known
            return self._tools

    async def tenant(self, answers: Answers, base: Path) -> Management:
        return (await self.tools(answers, base)).tenant

    async def changes(self, step: AnyStep, answers: Answers, base: Path) -> Sequence[Change]:
        """What this step alone would change; it may rest on changes of earlier steps.

        Raises:
            WizardError: the world or the answers do not allow it; an earlier answer is missing.
        """
        tools = await self.tools(answers, base)
        with closing(Journal(None, now=self.world.clock.now)) as journal:
            for key, value in await asyncio.to_thread(self._done):
                journal.remember(key, value)
            return step.plan(answers, await step.inspect(answers, replace(tools, journal=journal)))

    def _done(self) -> Iterable[tuple[str, Any]]:
        """What the run remembers."""
        path = self._run()
        if path is None or not path.is_file():
            return ()
        with closing(Journal(path, now=self.world.clock.now)) as journal:
            return journal.facts().items()

    async def plan(self, steps: Sequence[AnyStep], answers: Answers, base: Path) -> Plan:
        """The whole plan of complete answers."""
        return await make_plan(steps, answers, await self.tools(answers, base))

    async def renew(self) -> None:
        """Ask for the secrets again at the next look."""
        async with self._turn:
            await self._close()

    async def close(self) -> None:
        """End it for good; whoever still waits for the keyring waits no longer."""
        self._stop.request()
        async with self._turn:
            await self._close()

    async def _opened(self, answers: Answers, wanted: TenantAnswers | None, base: Path) -> Tools:
        journal = Journal(None, now=self.world.clock.now)
        journal.watchers.append(self._hear)
        stack = AsyncExitStack()
        stack.callback(journal.close)
        try:
            if wanted is None:
                clock, sources = self.world.clock, self.world.sources
                secret = self.world.secret("none.invalid", self._stop)
                tools = Tools(journal=journal, folder=base, base=base, clock=clock, secret=secret, sources=sources)
            else:
                tools = await stack.enter_async_context(connected(answers, journal, base, base, self.world, self._stop))
        except BaseException:
            await stack.aclose()
            raise
        self._stack = stack
        return tools

    async def _close(self) -> None:
        stack, self._stack, self._tools = self._stack, None, None
        if stack is not None:
            await stack.aclose()
