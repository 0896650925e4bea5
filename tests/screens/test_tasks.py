"""Work that a page began, and that runs still while the page is taken apart."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.widgets import Label
from textual.worker import WorkerFailed

from screens.tasks import begin


class Part(Label):
    """A part of the page; tells when it goes."""

    def __init__(self, gone: asyncio.Event) -> None:
        super().__init__("Invented", id="part")
        self._gone = gone

    def on_unmount(self) -> None:
        self._gone.set()


class Page(Vertical):
    """Ends a moment after its part, while its work looks for the part."""

    def __init__(self, gone: asyncio.Event) -> None:
        super().__init__()
        self.gone, self.looked = gone, asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Part(self.gone)

    async def on_unmount(self) -> None:
        await asyncio.wait_for(self.looked.wait(), 5)

    async def look(self) -> None:
        await self.gone.wait()
        try:
            self.query_one("#part")
        finally:
            self.looked.set()


class Book(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page(asyncio.Event())

    def compose(self) -> ComposeResult:
        yield self.page


async def test_work_that_meets_a_page_already_taken_apart_ends_quietly_when_the_wizard_is_left() -> None:
    app = Book()
    async with app.run_test() as pilot:
        begin(app.page, app.page.look, group="look")
        await pilot.pause()
    assert app.page.looked.is_set()


async def test_work_that_meets_a_page_already_taken_apart_ends_quietly_when_the_page_goes() -> None:
    app = Book()
    async with app.run_test() as pilot:
        begin(app.page, app.page.look, group="look")
        await pilot.pause()
        await app.page.remove()
        assert app.page.looked.is_set()


async def test_a_part_that_is_missing_while_the_page_stands_is_a_fault() -> None:
    app = Book()
    with pytest.raises(WorkerFailed) as failed:
        async with app.run_test() as pilot:
            await app.page.query_one("#part").remove()
            begin(app.page, app.page.look, group="look")
            await pilot.pause()
    assert isinstance(failed.value.error, NoMatches)
