"""Keys that arrive at once, as over a slow line or from a paste, do what they would do one by one.

Textual (8.2) hands a key to the widget with the cursor at once. What that widget does not take (Tab, Backspace, Enter) climbs
from queue to queue up to the app and is done there, by which time the keys behind it are with the widget already: they
overtake it. Here a key waits until the one before has been done.
"""

from __future__ import annotations

import time
from collections import deque

from textual import events, on
from textual.app import App
from textual.message import Message
from textual.widget import Widget

QUITS = "ctrl+q"
"""The key that is heard even by an app that hears no other."""

LOST = 3.0
"""Seconds after which a key is taken for done whose widget went away with it."""


class KeyPassed(Message):
    """Follows a key up to the app, so that it arrives when whoever was on the way has seen the key.

    Args:
        target: The widget that the key went to.
        last: Whether this is the second one, which follows what the key has led to: a button pressed, a line submitted.
    """

    def __init__(self, target: Widget, *, last: bool = False) -> None:
        super().__init__()
        self.target = target
        self.last = last


class KeysInOrder(App[None]):
    """An app that does one key after the other.

    Attributes:
        is_unseen: Whether the screen cannot be seen; keys are lost then, but for the one that leaves.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._under_way: float | None = None
        self._deaf = False
        self._deaf_until = 0.0
        self.is_unseen = False

    @property
    def hears_keys(self) -> bool:
        return not self._deaf

    def hear_no_keys(self) -> None:
        """From now on all keys but that for leaving are lost: there is nothing that they could be meant for."""
        self._deaf = True

    def hear_keys(self) -> None:
        """Hear keys again, those that are pressed from now on."""
        self._deaf = False
        self._deaf_until = Message().time
        self._waiting.clear()

    def _is_lost(self, event: events.Key | events.Paste) -> bool:
        if isinstance(event, events.Key) and event.key == QUITS:
            return False
        return self._deaf or self.is_unseen or event.time < self._deaf_until

    @property
    def is_at_keys(self) -> bool:
        """Whether a key is under way or waits."""
        return bool(self._waiting) or self._under_way is not None

    async def on_event(self, event: events.Event) -> None:
        """Let keys from the terminal queue; those that climb back up, and all other events, go on as ever."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        if self._is_lost(event):
            return
        self._waiting.append(event)
        if self._under_way is None or time.monotonic() - self._under_way > LOST:
            await self._next_key()

    async def _next_key(self) -> None:
        """Hand over keys until one is on its way; those that the app itself takes at once need no waiting."""
        self._under_way = None
        while self._waiting and self._under_way is None:
            event = self._waiting.popleft()
            target = self.focused or self.screen
            await super().on_event(event)
            if event.is_forwarded and target.post_message(KeyPassed(target)):
                self._under_way = time.monotonic()

    @on(KeyPassed)
    async def _key_passed(self, passed: KeyPassed) -> None:
        if passed.last or not passed.target.post_message(KeyPassed(passed.target, last=True)):
            await self._next_key()
