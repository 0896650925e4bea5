"""What is kept of the pages: a draft after every move and word, and a file that the operator names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from screens.desk import Desk
from wizard.errors import WizardError

if TYPE_CHECKING:
    from screens.frame import JourneyScreen
    from wizard.answers import Answers


class Keeping(Desk):
    """A desk that loses no word: a kill at any moment leaves what was typed; a run keeps its own answers."""

    def keep_draft(self) -> None:
        """Write down all that is given, so that a kill loses nothing; a run keeps its own answers."""
        journey, frame = self.journey, self.frame
        answered = {section.table for section in journey.answers}
        begun = {table: values for table, values in self.begun_before.items() if table not in answered}
        begun |= frame.begun() if frame is not None else {}
        if self.work.phase != "idle" or not (len(journey.answers) or begun):
            return
        answers = self._answers_as_they_stand()
        self.draft = replace(
            self.draft or self.drafts.new(),
            base=journey.base,
            here=journey.here,
            practice=self.practice is not None,
            begun=begun,
            touched=tuple(sorted(journey.touched_with(answers))),
        )
        self.draft.keep(answers)

    def _answers_as_they_stand(self) -> Answers:
        """The answers with what their pages have now, where that is right; nothing is answered by it."""
        journey, frame = self.journey, self.frame
        answers = journey.answers
        for page in frame.pages if frame is not None else ():
            if page.may_say_more and journey.is_answered(page.stop.key) and (section := page.kept()) is not None:
                answers = answers.replace(section)
        return answers

    @property
    def frame(self) -> JourneyScreen | None:
        """The frame of the pages, also below an open window; None at the start."""
        from screens.frame import JourneyScreen

        return next((screen for screen in self.screen_stack if isinstance(screen, JourneyScreen)), None)

    async def save_answers(self) -> None:
        """Write the answers to a file that the operator names once; those of a rehearsal as they are, or for a real tenant."""
        from screens.answers_file import OF_PRACTICE, for_own_tenant, remark, seen_from
        from wizard.answers import save

        journey, practice = self.journey, self.practice
        if not len(journey.answers):
            self.notify("There are no answers yet; the first page comes first.")
            return
        answers, words, own = journey.answers, "", False
        if practice is not None and (journey.file is None or journey.here == "finish"):
            own = (what := await self._what_for()) == "own"
            if not what:
                return
            if own:
                answers, left_out = for_own_tenant(answers, practice)
                words = remark(left_out)
            else:
                words = OF_PRACTICE
        file = None if own else journey.file
        file = file or await self._new_file(self._base if own else journey.base)
        if file is None:
            return
        try:
            save(file, seen_from(file.parent, answers, journey.base), remark=words)
        except WizardError as error:
            self.notify(str(error), title="Not saved", severity="error", timeout=12)
            return
        if own:
            journey.own_file = file
        else:
            journey.file = file
        self.notify(f"Saved to {file}")
        self._tell_page()

    async def _what_for(self) -> str:
        """Whether answers of a rehearsal are saved for a tenant of one's own ("own"), or as they are; "" for neither."""
        from screens.widgets.dialogs import Question

        return await self.push_screen_wait(
            Question(
                "What are these answers for?",
                "They are of a rehearsal. For your own tenant, what is of the practice tenant alone is left out: its address "
                "and secrets, its applications, accounts to log in with, and a store that was invented for it. The file says "
                "so, and the wizard asks for it.\n\nAs they are, they can be opened again to practice.",
                [("practice", "As they are"), ("own", "For my own tenant")],
            )
        )

    async def _new_file(self, folder: Path) -> Path | None:
        from screens.answers_file import free_name
        from screens.widgets.dialogs import FilePicker

        return await self.push_screen_wait(
            FilePicker("Save the answers as", folder, name=free_name(folder), wanted="new", kinds=(".toml",))
        )

    def _tell_page(self) -> None:
        from screens.frame import JourneyScreen

        if isinstance(self.screen, JourneyScreen):
            self.screen.page.saved()
