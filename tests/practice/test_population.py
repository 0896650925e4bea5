"""People who live with a practice tenant, over days that pass in seconds."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from script_world import ScriptWorld, script_world

from wizard.practice.fault_rules import Cut, Failure, InterruptedCreation
from wizard.practice.faults import Faults
from wizard.practice.legacy_store import Account
from wizard.practice.people.habits import NEVER, Habits
from wizard.practice.population import Population
from wizard.practice.sandbox.sandbox import Patience

BUSY = Habits(never=0.2, rarest=0.2, typo=0.2, forgotten=0.15, new_email=0.1, closed=0.1)


def population(world: ScriptWorld, people: int = 12, habits: Habits = BUSY, **more: Any) -> Population:
    accounts = [Account(str(n), f"p{n}@example.com", f"p{n}", f"correct-Horse-battery-{n}") for n in range(people)]
    for account in accounts:
        world.legacy.add(account.email, account.password)
    names = {name: world.client[name] for name in ("client_id", "client_secret")}
    return Population(world.tenant, accounts, connection="people", habits=habits, seed=5, **names, **more)


def test_activity_is_skewed() -> None:
    chance = Random(1)
    pauses = [Habits().pause(chance) for _ in range(5000)]
    never = sum(pause == NEVER for pause in pauses) / 5000
    daily = sum(pause <= 86_400 for pause in pauses) / 5000
    monthly = sum(pause > 20 * 86_400 for pause in pauses) / 5000
    assert 0.1 < never < 0.2
    assert 0.02 < daily < 0.12
    assert 0.3 < monthly < 0.7


async def test_people_arrive_mistype_forget_move_and_leave_and_can_all_log_in_afterwards() -> None:
    async with script_world(patience=Patience()) as world:
        gone: list[int] = []

        def left(number: int) -> None:
            gone.append(number)
            world.legacy.people.pop(f"p{number}@example.com")

        living = population(world, left=left)
        lived = await living.live(days=6)
        assert lived.logins > lived.arrived > 6
        assert min(lived.typos, lived.resets, lived.email_changes, lived.closed) > 0
        assert lived.refused == Counter()
        assert len(gone) == lived.closed
        called = await living.roll_call()
        assert (called.refused, called.logins) == (Counter(), 12 - lived.closed)
        [users] = world.tenant.db.execute("select count(*) from users").fetchone()
        assert users == 12 - lived.closed
        assert living.lived is lived


async def test_an_account_is_closed_and_an_address_changed_also_when_requests_are_lost() -> None:
    lost = Cut(action="cut", when="after", path="/api/v2/users/*", every=2)
    refused = Failure(action="error", path="/api/v2/users/*", every=3)
    async with script_world(faults=Faults([lost, refused]), patience=Patience()) as world:
        living = population(world, left=lambda number: (world.legacy.people.pop(f"p{number}@example.com"), None)[1])
        lived = await living.live(days=6)
        assert min(lived.email_changes, lived.closed) > 0
        assert lived.refused == Counter()
        [users] = world.tenant.db.execute("select count(*) from users").fetchone()
        assert users == lived.arrived - lived.closed


async def test_the_same_seed_gives_the_same_life() -> None:
    lives = []
    for _ in range(2):
        async with script_world(patience=Patience()) as world:
            lives.append(await population(world, 6).live(days=2))
    assert lives[0] == lives[1]


async def test_half_made_people_are_refused_and_counted() -> None:
    faults = Faults([InterruptedCreation(action="interrupt_creation", nth=frozenset({1}))])
    async with script_world(faults=faults, patience=Patience()) as world:
        lived = await population(
            world, 6, Habits(never=0, rarest=0.5, typo=0, forgotten=0, new_email=0, closed=0)
        ).live(2)
        assert set(lived.refused) == {"server_error"}


@pytest.mark.parametrize("secret", ["p1@example.com", "correct-Horse"])
async def test_nothing_personal_is_in_what_a_population_shows(secret: str) -> None:
    async with script_world(patience=Patience()) as world:
        living = population(world, 3)
        await living.live(days=1)
        assert secret not in repr(living.people) + repr(living.lived)
