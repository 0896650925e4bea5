"""Keys that arrive at once do what they do one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Button, Input

from screens import keys_in_order
from screens.keys_in_order import KeyPassed, KeysInOrder

LETTERS = "abc123"
OTHERS = ("tab", "shift+tab", "backspace", "home", "left", "delete")


class Three(KeysInOrder):
    def compose(self) -> ComposeResult:
        yield Input("one", id="one")
        yield Input("two", id="two")
        yield Button("Away", id="away")
        yield Input("three", id="three")

    async def on_button_pressed(self, pressed: Button.Pressed) -> None:
        await pressed.button.remove()


def posted(app: Three, keys: Sequence[str]) -> None:
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


def shown(app: Three) -> tuple[list[str], str | None]:
    return [field.value for field in app.query(Input)], app.focused.id if app.focused else None


async def one_by_one(pilot: Pilot[None], keys: Sequence[str]) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def done(pilot: Pilot[None], app: Three) -> None:
    """Wait until the last key has been done, however busy the machine is."""
    await pilot.pause()
    for _ in range(400):
        if not app.is_at_keys:
            break
        await pilot.pause(0.05)
    await pilot.pause()


@pytest.mark.parametrize("seed", range(12))
async def test_a_burst_of_keys_ends_as_the_same_keys_one_by_one(seed: int) -> None:
    chance = random.Random(seed)
    keys = [chance.choice(OTHERS) if chance.random() < 0.4 else chance.choice(LETTERS) for _ in range(30)]
    app = Three()
    async with app.run_test() as pilot:
        await one_by_one(pilot, keys)
        wanted = shown(app)
    app = Three()
    async with app.run_test() as pilot:
        posted(app, keys)
        await done(pilot, app)
        assert shown(app) == wanted, keys


async def test_pasted_text_waits_for_the_keys_before_it() -> None:
    app = Three()
    async with app.run_test() as pilot:
        posted(app, ["tab", "backspace"])
        app.post_message(events.Paste("pasted"))
        posted(app, ["x"])
        await done(pilot, app)
        assert shown(app)[0][1] == "pastedx"


async def test_a_widget_that_goes_away_with_a_key_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_in_order, "LOST", 0.1)
    told = Button.post_message
    monkeypatch.setattr(  # as of one that goes away before it has seen what came
        Button, "post_message", lambda self, one: isinstance(one, events.Key | KeyPassed) or told(self, one)
    )
    app = Three()
    async with app.run_test() as pilot:
        app.query_one("#away").focus()
        await pilot.pause()
        posted(app, ["enter", "x"])
        await pilot.pause(0.3)
        app.query_one("#three").focus()
        await pilot.pause()
        posted(app, ["end", "y"])
        await pilot.pause(0.3)
        assert shown(app)[0][2].endswith("y")
