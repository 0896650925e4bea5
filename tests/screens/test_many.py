"""A tenant of many applications and connections: how many there are, and how many fit what was typed."""

from __future__ import annotations

from stage import NARROW, Rehearsal, go_on, opened, shows

from wizard.practice.management.connections import add_connection


async def test_the_list_of_applications_says_how_many_fit_what_was_typed(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for page in ("source", "profile", "passwords", "strategy", "connection", "applications"):
            await go_on(pilot, page)
        await shows(pilot, "5 applications in the tenant, 2 ticked")
        await pilot.press("down", "up", "b", "a", "c", "k")
        words = await shows(pilot, "1 of 5 applications listed, 2 ticked", "Back office")
        assert "client ID" not in words, "what is told of an application goes with it"
        await pilot.press("x")
        await shows(pilot, "0 of 5 applications listed, 2 ticked")


async def test_the_connections_of_the_tenant_are_counted(rehearsal: Rehearsal) -> None:
    with rehearsal.tenant.transaction():
        for number in range(12):
            add_connection(rehearsal.tenant, {"name": f"store-{number}", "strategy": "auth0"})
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for page in ("source", "profile", "passwords", "strategy", "connection"):
            await go_on(pilot, page)
        await shows(pilot, "12 connections in the tenant; Enter takes one:", "Connection name")
