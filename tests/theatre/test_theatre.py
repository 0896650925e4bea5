"""Weeks in the life of a company that migrates in two phases, with trouble at every turn: nobody is lost, nobody is made
twice, nobody gets in who should not.

By default a small company; PEOPLE in the environment says how many, as `tests/benchmarks/theatre.py` does.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import orjson
from theatre_stage import CONNECTION, HALF_MADE, LIVELY, Theatre

PEOPLE = int(os.environ.get("PEOPLE", "260"))
CUTOVER = f"cutover.confirm={CONNECTION}"
WRONG = "certainly-not-it"
FRESH = "Fresh-start-after-all-9"
LET_NOBODY_IN = {"disabled"}
"""Hashes that no password fits and that no import takes: the legacy store let these people in no more."""
STRANGERS = 20


async def test_after_weeks_of_logins_faults_and_stops_everybody_can_log_in_who_should_and_nobody_else(
    tmp_path: Path,
) -> None:
    theatre = Theatre(tmp_path, PEOPLE)
    try:
        await first_phase(theatre)
        await second_phase(theatre)
        await cutover(theatre)
        await everybody_who_should_gets_in(theatre)
        await nobody_else_does(theatre)
        nobody_is_there_twice(theatre)
        await a_second_apply_writes_nothing(theatre)
    finally:
        await theatre.close()


async def first_phase(theatre: Theatre) -> None:
    progress = await theatre.go_on(stops=3)
    assert (progress.verdict, progress.exit) == ("waiting", 6)
    for week in range(2):
        lived = await theatre.population.live(4)
        progress = await theatre.go_on(stops=1)
        assert progress.verdict == "waiting", week
    assert min(lived.arrived, lived.typos, lived.resets, lived.email_changes, lived.closed) > 0
    assert progress.migrated > 0
    assert half_made(theatre) > 0


async def second_phase(theatre: Theatre) -> None:
    theatre.population.habits = replace(LIVELY, closed=0)
    before = theatre.population.lived.logins
    progress = await theatre.live_while_the_rest_is_imported(2, stops=6)
    assert theatre.population.lived.logins > before
    assert set(theatre.stops) == {"politely", "at once"}
    # Whoever changes the address between the import and the comparison is in Auth0 otherwise than prepared.
    assert set(progress.failed_checks) == ({"export"} if progress.different else set())
    assert (progress.verdict, progress.missing) == ("attention" if progress.different else "waiting", 0)
    assert progress.waiting
    for number, fields in different(theatre).items():
        person, resident = theatre.population.people[number], theatre.residents[number]
        assert "email" not in fields or person.email != resident.email, f"person {number} has the old address"
        # Whoever follows the mail of a reset has shown that the address is theirs.
        assert person.email != resident.email or person.password != resident.password, (
            f"nothing of person {number} is new"
        )
    assert half_made(theatre) == 0


async def cutover(theatre: Theatre) -> None:
    progress = await theatre.go_on(CUTOVER, "cutover.leave_different=true", stops=2)
    assert progress.ended
    assert progress.verdict == ("attention" if progress.different else "complete")
    assert (progress.rejected, progress.missing, progress.extra) == (0, 0, 0)
    assert progress.adds_up
    assert progress.read == PEOPLE - len(theatre.gone)
    there = progress.imported + progress.migrated + progress.already_there
    assert there == len(theatre.rows())
    assert there + progress.skipped == progress.read
    assert sum(theatre.planted.dirty.values()) <= progress.skipped


async def everybody_who_should_gets_in(theatre: Theatre) -> None:
    for person, resident in zip(theatre.population.people, theatre.residents, strict=True):
        if person.closed or (resident.scheme in LET_NOBODY_IN and person.user_id is None):
            continue
        if not await theatre.enter(person.email, person.password):
            assert resident.scheme is not None, f"person {person.number} cannot log in"
            assert person.user_id is None, f"person {person.number} could log in before"
            assert await theatre.reset(person.email, FRESH), f"person {person.number} gets no mail"
            assert await theatre.enter(person.email, FRESH), f"person {person.number} cannot log in after a reset"


async def nobody_else_does(theatre: Theatre) -> None:
    assert theatre.gone
    for number, (person, resident) in enumerate(zip(theatre.population.people, theatre.residents, strict=True)):
        if person.closed:
            assert not await theatre.enter(person.email, person.password), f"person {number} is gone"
            assert not await theatre.enter(resident.email, resident.password), f"person {number} is gone"
            assert not await theatre.reset(resident.email, FRESH), f"person {number} is gone"
        elif person.email != resident.email:
            assert not await theatre.enter(resident.email, person.password), f"person {number} has another address"
        if not person.closed and person.password != resident.password:
            assert not await theatre.enter(person.email, resident.password), f"person {number} has another password"
        if number < STRANGERS:
            assert not await theatre.enter(person.email, WRONG), f"any password fits person {number}"


def nobody_is_there_twice(theatre: Theatre) -> None:
    rows = theatre.rows()
    assert len({user_id for user_id, _ in rows}) == len(rows)
    assert len({email.lower() for _, email in rows}) == len(rows)
    assert not {user_id.removeprefix("auth0|") for user_id, _ in rows} & theatre.gone


async def a_second_apply_writes_nothing(theatre: Theatre) -> None:
    before = theatre.state()
    progress = await theatre.go_on()
    assert progress.ended
    assert theatre.state() == before


def different(theatre: Theatre) -> dict[int, set[str]]:
    """Who is in Auth0 otherwise than prepared, by number, with what differs: what a new address and a reset change alone."""
    numbers = {resident.user_id: number for number, resident in enumerate(theatre.residents)}
    lines = [orjson.loads(line) for line in theatre.run.verify.read_bytes().splitlines()]
    found = {numbers[line["user_id"]]: set(line["fields"]) for line in lines if line["status"] == "different"}
    assert set().union(*found.values()) <= {"email", "email_verified"}
    return found


def half_made(theatre: Theatre) -> int:
    """Half-made users in the tenant's state."""
    [found] = theatre.tenant.db.execute("select count(*) from half_made_users").fetchone()
    assert found <= len(HALF_MADE)
    return int(found)
