"""What outlives a page, made when it is first asked for: the first frame must not wait for the engine to be imported."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screens.keys_in_order import KeysInOrder

if TYPE_CHECKING:
    from screens.background import Apart
    from screens.drafts import Draft, Drafts
    from screens.guide import Journey
    from screens.outlook import Outlook
    from screens.practice import Practice
    from screens.work import Work
    from wizard.events import Event
    from wizard.runs import Runs
    from wizard.world import World


class Desk(KeysInOrder):
    """The journey, the run, the look ahead and the practice of one wizard.

    Args:
        runs: The runs there are and are made.
        open_practice: Opens the practice of a folder; None serves one from a process of its own.
        world: The edges of the engine; None for the real ones.
        base: Where relative paths of new answers start.
    """

    def __init__(
        self,
        *,
        runs: Runs,
        open_practice: Callable[[Path], Awaitable[Practice]] | None,
        world: World | None,
        base: Path | None,
    ) -> None:
        super().__init__()
        self.runs = runs
        self._rehearsal: Practice | None = None
        self._is_rehearsing = False
        self.draft: Draft | None = None
        self.begun_before: Mapping[str, Mapping[str, Any]] = {}
        self.unmasked = False
        self._open_practice = open_practice
        self._given_world = world
        self._base = base or Path.cwd()
        self._drafts: Drafts | None = None
        self._apart: Apart | None = None
        self._work: Work | None = None
        self._journey: Journey | None = None
        self._outlook: Outlook | None = None

    @property
    def drafts(self) -> Drafts:
        """Answers that were begun and left."""
        if self._drafts is None:
            from screens.drafts import Drafts

            self._drafts = Drafts(self.runs.folder / "drafts")
        return self._drafts

    @property
    def apart(self) -> Apart:
        """The process for work beside the screen."""
        if self._apart is None:
            from screens.background import Apart

            self._apart = Apart()
        return self._apart

    @property
    def work(self) -> Work:
        """The run."""
        if self._work is None:
            from screens.work import Work

            self._work = Work()
        return self._work

    @work.setter
    def work(self, work: Work) -> None:
        self._work = work

    @property
    def journey(self) -> Journey:
        """The answers so far and the place among the steps."""
        if self._journey is None:
            from screens.guide import Journey

            self._journey = Journey(self._base)
        return self._journey

    @journey.setter
    def journey(self, journey: Journey) -> None:
        self._journey = journey

    @property
    def outlook(self) -> Outlook:
        """The look ahead, with the practice tenant's secrets and time where that is open."""
        if self._outlook is None:
            from screens.outlook import Outlook

            self._outlook = Outlook(self._edges(), self.hear, self._journal_of_run)
        return self._outlook

    def _journal_of_run(self) -> Path | None:
        """Where the run remembers what it has done, once there is one."""
        return self.work.run.journal if self.work.run is not None else None

    @property
    def world(self) -> World:
        """The edges of the engine, as the look ahead has them."""
        return self.outlook.world

    def _edges(self) -> World:
        from dataclasses import replace

        from screens.practice import environment_with
        from wizard.tools import Sources
        from wizard.world import World

        world = self._given_world or World(environment=environment_with(None))
        world = replace(world, sources=Sources(self.apart.look), tell=self._tell_from_a_thread)
        if self.practice is None:
            return world
        practice = self.practice
        return replace(world, environment=environment_with(practice), clock=practice.clock, memory=practice.secrets)

    def _tell_from_a_thread(self, words: str) -> None:
        """Show what work in another thread tells; from the thread of the screen, which stands still meanwhile, it would be late."""
        if threading.get_ident() != self._thread_id:
            self.call_later(self.notify, words, timeout=10)

    @property
    def practice(self) -> Practice | None:
        """The practice that the open journey is a rehearsal in; None when it is a real migration."""
        return self._rehearsal if self._is_rehearsing else None

    async def practiced(self) -> Practice:
        """The practice tenant, started once, with the engine's edges set to it."""
        if self._rehearsal is None:
            from screens.practice import start_practice

            self._rehearsal = await (self._open_practice or start_practice)(self.runs.folder / "practice")
        if not self._is_rehearsing:
            self._is_rehearsing = True
            await self._put_down()
        return self._rehearsal

    async def leave_practice(self) -> None:
        """Set the edges back to the real ones: a rehearsal's fast clock and its file of secrets are for its tenant alone."""
        if self._is_rehearsing:
            self._is_rehearsing = False
            await self._put_down()

    async def serve_legacy_api(self) -> None:
        """In a rehearsal, serve the legacy API as the operator would with the command; elsewhere that is theirs to do.

        Raises:
            WizardError: the answers do not fit, or the store cannot be read.
        """
        from wizard.doorway.answers import LegacyApiAnswers
        from wizard.steps.strategy import StrategyAnswers

        answers = self.journey.answers
        if self.practice is None or self.practice.life is None or not answers.has(LegacyApiAnswers):
            return
        if answers.has(StrategyAnswers) and answers[StrategyAnswers].is_live:
            await self.practice.life.open(answers, self.journey.base)

    async def _put_down(self) -> None:
        """Close the look ahead; the next one is made from the edges as they are then."""
        outlook, self._outlook = self._outlook, None
        if outlook is not None:
            await outlook.close()

    def hear(self, event: Event) -> None:
        """Requests of a look ahead count in the gauge too."""
        self.work.hear_request(event)

    @property
    def is_busy(self) -> bool:
        """Whether a run is under way."""
        return self._work is not None and self._work.is_busy

    @property
    def may_run_again(self) -> bool:
        """Whether another run of these answers does what the first did; after an automatic phase that is over it would not."""
        return self.journey.strategy == "bulk" and self.work.progress.ended and not self.is_busy

    @property
    def undo_command(self) -> str:
        """What puts back, from a shell, what the run has changed; "" without a run, and in a rehearsal, which ends with its tenant."""
        run = self.work.run
        return run.command("undo", run.id) if run is not None and self.practice is None else ""

    def undo_commands(self) -> Sequence[tuple[str, str, Callable[[], None]]]:
        """The same for the command palette."""
        words = "Copy the command that puts back what this run has changed"
        return (("Undo from a shell", words, self._copy_undo),) if self.undo_command else ()

    def _copy_undo(self) -> None:
        self.copy_to_clipboard(self.undo_command)
        self.notify(f"Copied, for a shell: {self.undo_command}")

    async def close_down(self, grace: float = 10.0) -> None:
        """Stop the run at a safe instant, or after `grace` seconds, and close what was opened."""
        if self._work is not None:
            await self._work.halt(grace)
        await self._put_down()
        if self._rehearsal is not None:
            await self._rehearsal.close()
        if self._apart is not None:
            self._apart.close()
