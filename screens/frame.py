"""The one frame of every page: tenant at the top, rail, page, what will happen, keys and rate limit at the bottom."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Label, OptionList, Static

from screens.guide import Journey, Stop
from screens.help import help_for
from screens.steps.base import StepView
from screens.tasks import begin
from screens.titles import on_pages
from screens.widgets.dialogs import Reading
from screens.widgets.gauge import Gauge
from screens.widgets.hanging import Hanging
from screens.widgets.keys import Keys
from screens.widgets.rail import Rail
from screens.widgets.topbar import TopBar
from wizard.errors import TableMissing, WizardError
from wizard.step import Change

if TYPE_CHECKING:
    from screens.app import WizardApp

REFRESH_SECONDS = 0.25
TIGHT = 72
"""Columns below which the steps stand over the page when they are asked for, as beside it they leave it no room."""

SLIM = 50
"""Columns below which the name of a field stands above it."""

SETTLES_WITHIN = 4
"""Looks until a page in another size is as high as it will be."""

SETTLES_IN = 0.5
"""Seconds without a key before the tenant is asked what an answer would change."""


class JourneyScreen(Screen[str]):
    """Shows one page at a time and keeps the others as they were left; ends with "start" or "quit"."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n,f4", "next", "Next", priority=True),
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("f2", "outlook", "Plan"),
        Binding("f3", "rail", "Steps"),
        Binding("ctrl+s", "save", "Save", priority=True, show=False),
        Binding("ctrl+y", "copy", "Copy", priority=True, show=False),
        Binding("ctrl+q", "leave", "Quit", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._seen = -1
        self._said = ""
        self._open: StepView | None = None
        self._looked = asyncio.Event()
        self._turning = asyncio.Lock()
        self._had_focus: Widget | None = None
        self._sees_focus = False
        self._follows = 0
        self._was = self.size

    @property
    def wizard(self) -> WizardApp:
        from screens.app import WizardApp

        if not isinstance(self.app, WizardApp):
            raise TypeError("the frame belongs to the wizard")
        return self.app

    def compose(self) -> ComposeResult:
        from screens.app import WIDE

        wide = self.app.size.width >= WIDE  # Textual finds out after the first frame, which would jump
        self.add_class("-wide" if wide else "-narrow")
        self._fit(self.app.size.width)
        yield TopBar()
        with Horizontal(id="middle"):
            yield Rail()
            yield ContentSwitcher(id="pages")
            with VerticalScroll(id="outlook", can_focus=False):
                yield Label("What will happen", classes="title")
                yield Hanging("", id="happens")
        with Horizontal(id="bottom"):
            yield Keys()
            yield Gauge()

    def _fit(self, width: int) -> None:
        """Classes for little room; Textual's breakpoints give one at a time."""
        self.set_class(width < TIGHT, "-tight")
        self.set_class(width < SLIM, "-slim")

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width)

    async def on_mount(self) -> None:
        self.set_interval(REFRESH_SECONDS, self._tick)
        await self.go(self.wizard.journey.here)

    @property
    def page(self) -> StepView:
        """The page that is open."""
        if self._open is None:
            raise RuntimeError("no page is open yet")
        return self._open

    @property
    def _binding_chain(self) -> list[tuple[DOMNode, BindingsMap]]:
        """Whose keys work, first come first; those of the page in sight do wherever the cursor is, also among the steps.

        Textual (8.2) looks only upwards from the cursor, and has no other place to say so; the line of keys follows this too.
        """
        chain = super()._binding_chain
        nodes = [node for node, _ in chain]
        if self._open is not None and self._open not in nodes:
            chain.insert(nodes.index(self), (self._open, self._open._bindings.copy()))
        return chain

    async def go(self, key: str) -> None:
        """Show the page of a stop, made when it is first gone to; a key that comes meanwhile finds the page whole."""
        await asyncio.shield(asyncio.ensure_future(self._turn_to(key)))

    async def _turn_to(self, key: str) -> None:
        async with self._turning:
            await self._show_page(key)

    async def _show_page(self, key: str) -> None:
        from screens.steps import view_of

        journey = self.wizard.journey
        pages = self.query_one("#pages", ContentSwitcher)
        journey.here = key
        if not pages.query(f"#{key}"):
            page = view_of(journey.stop(key))
            await pages.mount(page)
        self.set_focus(None)  # or Textual looks for the next best place in the new page, and scrolls there
        pages.current = key
        self.draw()
        page = self._open = pages.query_one(f"#{key}", StepView)
        self.query_one("#middle").set_class(page.is_wide, "-whole")
        page.scroll_home(animate=False)
        page.focus_first()
        self._looked = asyncio.Event()
        begin(self, self._show, page, self._looked, group="show")
        self._say(Content(""))
        self.wizard.keep_draft()

    async def _show(self, page: StepView, looked: asyncio.Event) -> None:
        page.trouble(None)
        try:
            await page.shown()
        except WizardError as error:
            page.trouble(error)
        finally:
            looked.set()
        self.look_ahead(0.0)

    def draw(self) -> None:
        """Bring rail, top and gauge up to date."""
        wizard = self.wizard
        wizard.journey.progress = wizard.work.progress
        self.query_one(Rail).draw(self._foreseen)
        work = wizard.work
        self.query_one(TopBar).draw(wizard.domain, wizard.environment)
        self.query_one(Gauge).draw(work.rate, work.requests, work.limited)
        self.query_one(Keys).draw()

    @property
    def _foreseen(self) -> Journey:
        """The journey as the choice on this page makes it."""
        journey, page = self.wizard.journey, self._open
        if page is None or not page.steers or page.stop.key != journey.here:
            return journey
        chosen = page.draft()
        return journey if chosen is None else journey.as_if(chosen)

    def _tick(self) -> None:
        self._keep_focus()
        work = self.wizard.work
        version = work.version + work.requests
        if version != self._seen or work.is_busy:
            self._seen = version
            self.draw()
            if self._open is not None and self._open.stop.key == self.wizard.journey.here:
                self.page.refresh_work()

    def _keep_focus(self) -> None:
        """Give the focus back after a click beside everything, as the keys of the page work by it."""
        if self.focused is not None:
            self._had_focus = self.focused
            self._follow_focus(self.focused)
        elif self._open is not None and self.app.app_focus and self.app.screen is self:
            had = self._had_focus
            if had is not None and had.focusable and self._open in had.ancestors:
                had.focus(scroll_visible=False)
            else:
                self._open.focus_first()

    def _is_in_sight(self, widget: Widget) -> bool:
        """Whether the first line of a widget of the page is on the screen."""
        page = self._open
        return page is not None and page in widget.ancestors and page.content_region.contains(*widget.region.offset)

    def _follow_focus(self, widget: Widget) -> None:
        """Keep where the cursor is in sight, if it was until the terminal changed its size, while what is above it settles."""
        if self.size != self._was:
            self._was, self._follows = self.size, SETTLES_WITHIN
        if not self._follows:
            self._sees_focus = self._is_in_sight(widget)
        elif self._sees_focus:
            widget.scroll_visible(animate=False)
        self._follows = max(0, self._follows - 1)

    # Moving

    def action_next(self) -> None:
        begin(self, self._next, group="move")

    async def _next(self) -> None:
        async with self._turning:
            pass  # a page that is just being turned to is the one that answers
        wizard, page = self.wizard, self.page
        journey = wizard.journey
        await self._looked.wait()  # a page answers when it has seen what it asks about
        if page.stop.step is not None:
            page.trouble(None)
            section = await page.answer()
            if section is None:
                return
            touched = journey.give(page.stop.key, section)
            page.has_answered = True
            if touched:
                names = ", ".join(stop.title for stop in touched)
                self.notify(
                    f"This touches {names}. They are marked on the left: look at them again.", severity="warning"
                )
        elif not page.may_leave():
            return
        following = journey.beside(page.stop.key, 1)
        if following != page.stop.key and journey.may_go_to(following):
            await self.go(following)
        else:
            self.draw()
            missing = journey.unanswered
            if missing and following == "review":
                await self.go(missing[0].key)

    def action_back(self) -> None:
        journey = self.wizard.journey
        if self.query_one(Rail).has_focus:
            self.page.focus_first()
            return
        before = journey.beside(journey.here, -1)
        if before == journey.here:
            self.action_start()
            return
        begin(self, self.go, before, group="move")

    def action_start(self) -> None:
        begin(self.wizard, self._to_start, group="begin")

    async def _to_start(self) -> None:
        """To the list of runs; what cannot be kept is asked about first."""
        if await self.may_be_left():
            self.wizard.keep_draft()
            await self.wizard.go_to_start()

    async def may_be_left(self) -> bool:
        """Whether nothing would be lost by leaving, or the operator leaves all the same."""
        lost = [page for page in self.pages if page.is_unfinished]
        if not lost:
            return True
        from screens.widgets.dialogs import Question

        here = lost == [self.page]
        where = "here" if here else f"on {' and '.join(page.stop.title for page in lost)}"
        question = Question(
            "Leave this page?" if here else "Leave these pages?",
            f"{lost[0].why_unfinished}, so what is typed {where} would not be kept.",
            [("leave", "Leave"), ("stay", "Stay")],
        )
        return await self.wizard.push_screen_wait(question) == "leave"

    @property
    def pages(self) -> Sequence[StepView]:
        """The pages that were looked at, as they were left, of steps that there are."""
        known = {stop.key for stop in self.wizard.journey.stops}
        return [page for page in self.query_one("#pages").query_children(StepView) if page.stop.key in known]

    def begun(self) -> Mapping[str, Mapping[str, Any]]:
        """What is given on pages that are not answered yet, by table and key."""
        journey = self.wizard.journey
        return {
            page.stop.step.section.table: values
            for page in self.pages
            if page.stop.step is not None and not journey.is_answered(page.stop.key) and (values := page.begun())
        }

    @on(StepView.Forward)
    def _forward(self) -> None:
        self.action_next()

    @on(StepView.Backward)
    def _backward(self) -> None:
        self.action_back()

    @on(OptionList.OptionSelected, "#rail")
    def _jump(self, event: OptionList.OptionSelected) -> None:
        key = event.option.id or ""
        if not self.wizard.journey.may_go_to(key):
            self.notify("The steps before it come first.", severity="warning")
            return
        begin(self, self.go, key, group="move")

    def action_rail(self) -> None:
        self.add_class("-steps")
        self.call_after_refresh(self.query_one(Rail).focus)

    @on(events.DescendantBlur)
    def _put_steps_away(self, event: events.DescendantBlur) -> None:
        if isinstance(event.widget, Rail) and self.app.app_focus:
            self.remove_class("-steps")

    def action_leave(self) -> None:
        begin(self, self.wizard.leave, group="leave")

    # Looking

    @on(StepView.Changed)
    def _changed(self) -> None:
        if self.page.steers:
            self.draw()
        self.look_ahead(SETTLES_IN)

    def look_ahead(self, after: float) -> None:
        """Find out what the answer would change, once nothing is typed for a moment."""
        begin(self, self._look_ahead, after, group="outlook")

    async def _look_ahead(self, after: float) -> None:
        await asyncio.sleep(after)
        if self._open is None or self._open.stop.key != self.wizard.journey.here or self.wizard.frame is not self:
            return  # another page is open, or another journey, whose pages are still being made
        self.wizard.keep_draft()
        self._say(await self._happens(self.page))

    async def _happens(self, page: StepView) -> Content:
        if (own := page.says(None)) is not None:
            return Content(own)
        step, journey = page.stop.step, self.wizard.journey
        section = page.draft()
        if step is None or section is None:
            return Content.styled("Complete this page to see what it leads to.", "$foreground-muted")
        if step.key == "tenant":
            return described((), page.stop)
        try:
            changes = await self.wizard.outlook.changes(step, journey.answers.replace(section), journey.base)
        except TableMissing:
            return Content.styled("The pages that follow decide what this leads to.", "$foreground-muted")
        except WizardError as error:
            return Content.styled(f"✗ {on_pages(str(error))}", "$text-error")
        self.draw()
        return described(changes, page.stop)

    def _say(self, words: Content) -> None:
        self._said = words.plain
        below = self._open.query(".says").results(Static) if self._open is not None else ()
        for place in (*self.query("#happens").results(Static), *below):  # gone when the frame was left meanwhile
            place.update(words)

    def action_outlook(self) -> None:
        own = self.page.says(None)
        self.app.push_screen(Reading(f"What will happen\n\n{self._said if own is None else own}", markdown=False))

    def action_help(self) -> None:
        journey = self.wizard.journey
        self.app.push_screen(Reading(help_for(journey.here, journey.stop(journey.here))))

    # Keeping

    def action_save(self) -> None:
        begin(self, self.wizard.save_answers, group="save")

    def action_copy(self) -> None:
        text = (self.selections and self.get_selected_text()) or self.page.copied()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied: {text.splitlines()[0][:60]}")
        else:
            self.notify("There is nothing to copy here.")


def described(changes: Sequence[Change], stop: Stop) -> Content:
    """The changes of a step, each with the requests behind it; or that there are none."""
    parts: list[Content | tuple[str, str] | str] = []
    if not changes:
        parts.append("Nothing is changed in Auth0 by this answer.\n")
    for change in changes:
        parts += [("· ", "bold $text-success"), change.summary[:1].upper() + change.summary[1:], "\n"]
        parts += [(f"    {request}\n", "$foreground-muted") for request in change.requests]
        if change.is_for_good:
            parts.append((f"    ! for good: {change.back or 'cannot be undone'}\n", "$text-warning"))
        elif change.back:
            parts.append((f"    {change.back}\n", "$foreground-muted"))
    if stop.step is not None and stop.step.scopes:
        parts.append(("\nIt needs\n", "bold"))
        for scope, call in stop.step.scopes.items():
            parts += [f"{scope}\n", (f"    {call}\n", "$foreground-muted")]
    return Content.assemble(*parts)
