"""What every page of the journey is: a title, a line that says what for, a body, and the way on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Label, Static

from screens.fields import Field
from screens.form import Form
from screens.guide import Stop
from screens.tasks import begin
from screens.titles import on_pages
from screens.widgets.hanging import Hanging
from screens.widgets.outcome import Outcome
from wizard.answers import Section
from wizard.answers.given import plain
from wizard.answers.section import heading
from wizard.errors import WizardError
from wizard.step import Change

if TYPE_CHECKING:
    from screens.app import WizardApp

Made = TypeVar("Made", bound=Widget)


class StepView(VerticalScroll):
    """One page. It turns keys into a section, or data into text; it knows the app and no other page.

    Args:
        stop: The row of the rail it stands for.
    """

    lead: ClassVar[str] = ""
    """One line under the title; empty takes it from the section."""
    next_label: ClassVar[str] = "Next"
    trouble_first: ClassVar[bool] = False
    """Whether what went wrong is said above the content, for pages that are looked at rather than filled in."""

    is_wide: ClassVar[bool] = False
    """Whether it has the width of the panel too, whose words then stand below its content."""

    steers: ClassVar[bool] = False
    """Whether its answer decides which steps there are, so that the rail follows the choice at once."""

    class Changed(Message):
        """What this page would answer has changed."""

    class Forward(Message):
        """The operator wants to go on."""

    class Backward(Message):
        """The operator wants to go back."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(id=stop.key, can_focus=False)
        self.stop = stop
        self.has_answered = False

    @property
    def wizard(self) -> WizardApp:
        from screens.app import WizardApp

        if not isinstance(self.app, WizardApp):
            raise TypeError("a page belongs to the wizard")
        return self.app

    def compose(self) -> ComposeResult:
        yield Label(self.title, classes="title", markup=False)
        if words := self.lead or (heading(self.stop.step.section) + "." if self.stop.step else ""):
            yield Label(words, classes="lead", markup=False)
        if self.trouble_first:
            yield Outcome(classes="trouble")
        with Vertical(classes="content"):
            yield from self.content()
        if not self.trouble_first:
            yield Outcome(classes="trouble")
        if self.is_wide:
            yield Hanging("", classes="says")
        with Horizontal(classes="way"):
            yield Button("Back", id="back", compact=True, classes="quiet")
            yield Button(self.next_label, id="next", compact=True, variant="primary")

    @property
    def title(self) -> str:
        return self.stop.step.title if self.stop.step else self.stop.title

    def content(self) -> ComposeResult:
        """The middle of the page."""
        yield from ()

    async def shown(self) -> None:
        """The page has come into sight; the place to look at the world anew."""

    def draft(self) -> Section | None:
        """What the page would answer as it stands, if that is right."""
        return None

    @property
    def is_touched(self) -> bool:
        """Whether something else is given here than in the beginning."""
        return False

    @property
    def may_say_more(self) -> bool:
        """Whether something else may be given here than the answers have of it."""
        return self.is_touched or self.has_answered

    def kept(self) -> Section | None:
        """What can be kept of the page as it stands, if all of it can."""
        return self.draft()

    def begun(self) -> Mapping[str, Any]:
        """What the page would begin with the next time, by key, where it is right; nothing where it is as in the beginning."""
        section = self.draft() if self.is_touched else None
        return plain(section) if section is not None else {}

    @property
    def is_unfinished(self) -> bool:
        """Whether something was given here that is not right or not complete, and would be lost."""
        return self.may_say_more and self.kept() is None

    @property
    def why_unfinished(self) -> str:
        """Why not all of it can be kept."""
        return "It is not complete yet"

    async def answer(self) -> Section | None:
        """What the page answers; None when something is wrong, which the page then says."""
        return None

    def may_leave(self) -> bool:
        """Whether Next may go on from a page that answers nothing."""
        return True

    def refresh_work(self) -> None:
        """The run has moved on; called at most four times a second while the page is in sight."""

    def on_resize(self) -> None:
        """Bars and charts are as wide as the page; Textual calls this beside what a page does itself."""
        self.call_after_refresh(self.refresh_work)

    def saved(self) -> None:
        """The answers have been written to their file."""

    def copied(self) -> str:
        """What Ctrl+Y copies: the id, error or command that matters here."""
        return str(self.query_one(".trouble", Static).content)

    def says(self, changes: list[Change] | None) -> str | None:
        """What the panel says instead of the plan of the step; None leaves it to the plan."""
        return None

    @contextmanager
    def looking(self, place: Static, words: str) -> Iterator[None]:
        """Say in a place of the page what is being looked for, until it is found or cannot be."""
        place.update(Content.styled(words, "$foreground-muted"))
        try:
            yield
        finally:
            place.update("")

    def trouble(self, error: WizardError | str | None) -> None:
        """Show what went wrong and what to do; None for nothing."""
        place = self.query_one(".trouble", Outcome)
        place.set_class(error is not None, "-wrong")
        if error is None:
            place.update("")
        else:
            place.tell(f"✗ {on_pages(str(error))}")

    def heed(self, work: Callable[[], Coroutine[Any, Any, None]], *, group: str) -> None:
        """Begin work of this page; what goes wrong is said on it."""

        async def heeded() -> None:
            try:
                await work()
            except WizardError as error:
                self.trouble(error)

        begin(self, heeded, group=group)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "next":
            event.stop()
            self.post_message(self.Forward())
        elif event.button.id == "back":
            event.stop()
            self.post_message(self.Backward())

    def commands(self) -> Sequence[tuple[str, str, Callable[[], None]]]:
        """Name, words and action of what only this page can do, for the command palette."""
        return ()

    def focus_first(self) -> None:
        """Put the cursor where the operator begins.

        Never into what may be hidden a moment later: Textual then takes the cursor elsewhere and scrolls there. So what is
        shown only at times is made `unseen`.
        """
        for widget in self.query(".content *"):
            if widget.focusable and all(one.display for one in widget.ancestors):  # Textual looks at the widget alone
                widget.focus(scroll_visible=False)
                return
        self.query_one("#next", Button).focus(scroll_visible=False)


def unseen(widget: Made) -> Made:
    """The widget, hidden until there is something to show."""
    widget.display = False
    return widget


def _without(value: Any, gone: Collection[str]) -> Any:
    """The value without these words in its records."""
    if isinstance(value, list):
        return [_without(part, gone) for part in value]
    if isinstance(value, Mapping):
        return {key: part for key, part in value.items() if not (isinstance(part, str) and part in gone)}
    return value


class FormView(StepView):
    """A page that is a form of its section."""

    first: ClassVar[tuple[str, ...]] = ()
    without: ClassVar[tuple[str, ...]] = ()

    def content(self) -> ComposeResult:
        if self.stop.step is not None:
            yield Form(
                self.stop.step.section,
                self.wizard.journey.given(self.stop.key),
                first=self.first,
                without=self.without,
            )

    @property
    def form(self) -> Form:
        return self.query_one(Form)

    @property
    def is_touched(self) -> bool:
        return self.form.is_touched

    def kept(self) -> Section | None:
        return None if self.form.typed_secrets else self.draft()

    @property
    def why_unfinished(self) -> str:
        return super().why_unfinished if self.draft() is None else "A secret goes to the keyring with Next only"

    def begun(self) -> Mapping[str, Any]:
        names = {reference for reference, _ in self.form.typed_secrets}  # of secrets that are in no keyring
        return {key: _without(value, names) for key, value in _without(super().begun(), names).items()}

    def on_field_changed(self, event: Field.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def draft(self) -> Section | None:
        return self.form.draft()

    async def answer(self) -> Section | None:
        return await self.answered(self.wizard.domain)

    async def answered(self, domain: str, *, elsewhere: bool = False) -> Section | None:
        """What the form answers, with its secrets kept for this tenant; as `Form.answer` has it."""
        wizard, typed = self.wizard, bool(self.form.typed_secrets)
        keep, known = wizard.world.keep_secret(domain), wizard.world.known_secret(domain)
        section = await self.form.answer(keep, known, elsewhere=elsewhere)
        if typed:  # under a name whose secret may have been read before
            await wizard.outlook.renew()
        return section
