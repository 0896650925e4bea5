"""Practice tenants with one enabled connection, closed when a test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from user_world import World


@pytest.fixture
def new_world() -> Iterator[Callable[..., World]]:
    """Make tenants with other switches, and close them all."""
    with ExitStack() as closing:

        def make(**settings: Any) -> World:
            world = World(**settings)
            closing.callback(world.tenant.close)
            return world

        yield make


@pytest.fixture
async def world(new_world: Callable[..., World]) -> World:
    """A tenant with its connection and nobody in it; some files have one of their own."""
    world = new_world()
    await world.connection()
    return world
