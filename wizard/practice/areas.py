"""The areas of the practice tenant: their tables, and their routes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from starlette.routing import Route

from wizard.practice import keys
from wizard.practice.actions import endpoints as actions
from wizard.practice.actions import execution, trials
from wizard.practice.authentication import discovery, oauth, resets, signups
from wizard.practice.jobs import endpoints as jobs
from wizard.practice.management import apis, clients, connections, grants, logs, rules, settings, stats
from wizard.practice.users import blocks
from wizard.practice.users import endpoints as users

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables that are not there yet."""
    for area in (keys, apis, clients, grants, connections, blocks, logs, oauth, settings, users, jobs):
        area.create_tables(db)
    for area in (actions, execution, resets, rules):
        area.create_tables(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    """Return the routes of all areas."""
    found: list[Route] = []
    for area in (
        oauth,
        discovery,
        resets,
        signups,
        connections,
        clients,
        grants,
        apis,
        settings,
        rules,
        logs,
        stats,
        users,
        jobs,
    ):
        found += area.routes(tenant)
    for area in (actions, trials):
        found += area.routes(tenant)
    return found
