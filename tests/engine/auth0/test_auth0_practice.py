"""The client against the practice tenant: a whole bulk migration, every plan's limits, a key instead of a secret."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from auth0_stage import StageClock

from wizard.auth0 import connect
from wizard.auth0.client import Management
from wizard.auth0.errors import (
    BadCredentials,
    Conflict,
    ImportSlotsBusy,
    InsufficientScope,
    InvalidRequest,
    NotFound,
    TooLarge,
)
from wizard.practice.switches import Switches
from wizard.practice.tenant import PracticeTenant


@asynccontextmanager
async def practice(
    *, theirs: str = "enterprise-production", plan: str = "enterprise-production", given: Any = None, **settings: Any
) -> AsyncIterator[Any]:
    """A practice tenant and a client of it, on one clock that needs no waiting."""
    clock = StageClock()
    tenant = PracticeTenant(domain="acme.eu.auth0.com", seed=1, clock=clock, plan=theirs, **settings)
    details: dict[str, Any] = {"secret": tenant.client_secret, "plan": plan, **(given or {})}
    try:
        async with connect(
            tenant.domain,
            tenant.client_id,
            clock=clock,
            emit=lambda event: None,
            transport=tenant.transport(),
            **details,
        ) as management:
            yield tenant, management, clock
    finally:
        tenant.close()


async def a_connection(tenant: PracticeTenant, management: Management) -> str:
    made = await management.create_connection("acme-users")
    await management.set_enabled_clients(made.id, {tenant.client_id: True})
    return made.id


async def ended(management: Management, clock: StageClock, job_id: str) -> Any:
    while not (job := await management.job(job_id)).ended:
        await clock.sleep(1)
    return job


async def test_a_bulk_migration_from_connection_to_export(tmp_path: Path) -> None:
    async with practice() as (tenant, management, clock):
        connection = await a_connection(tenant, management)
        assert await management.enabled_clients(connection) == [tenant.client_id]
        users = [{"email": "ada@example.com", "user_id": "1"}, {"email": "nobody"}]
        submitted = await management.import_users(
            json.dumps(users).encode(), filename="00001.json", connection_id=connection, external_id="run-1"
        )
        job = await ended(management, clock, submitted.id)
        assert (job.summary.inserted, job.summary.failed, job.external_id) == (1, 1, "run-1")
        errors = await management.job_errors(job.id)
        assert [error.code for user in errors.users for error in user.errors] == ["FORMAT"]
        assert [user.user_id for user in await management.users_by_email("ADA@example.com")] == ["auth0|1"]
        await clock.sleep(30)
        assert await management.count_users('identities.connection:"acme-users"') == 1
        export = await management.export_users(connection, ["email", "user_id"])
        finished = await ended(management, clock, export.id)
        assert await management.download(finished.location, tmp_path / "export.gz") > 0
        line = json.loads(gzip.decompress((tmp_path / "export.gz").read_bytes()))
        assert line == {"email": "ada@example.com", "user_id": "auth0|1"}


async def test_options_of_others_survive_our_change() -> None:
    async with practice() as (tenant, management, _):
        connection = await a_connection(tenant, management)
        before = (await management.connection(connection)).options.model_extra
        changed = await management.patch_connection_options(
            connection, {"disable_signup": True, "configuration": {"API": "https://legacy.example.com"}}
        )
        assert changed.options.disable_signup
        assert set(changed.options.configuration) == {"API"}
        after = changed.options.model_extra
        assert {key: value for key, value in after.items() if key in before} == before


async def test_a_third_import_job_finds_no_slot() -> None:
    async with practice() as (tenant, management, clock):
        connection = await a_connection(tenant, management)
        bodies = [json.dumps([{"email": f"user{number}@example.com"}]).encode() for number in range(3)]
        jobs = [
            await management.import_users(body, filename="f", connection_id=connection, external_id="x")
            for body in bodies[:2]
        ]
        with pytest.raises(ImportSlotsBusy):
            await management.import_users(bodies[2], filename="f", connection_id=connection, external_id="x")
        await ended(management, clock, jobs[0].id)
        await management.import_users(bodies[2], filename="f", connection_id=connection, external_id="x")


async def test_the_limit_counts_the_whole_body_as_our_arithmetic_does() -> None:
    from wizard.auth0.client import multipart_overhead

    async with practice() as (tenant, management, _):
        connection = await a_connection(tenant, management)
        room = 512_000 - multipart_overhead(connection, "run-1", "00001.json", False)
        largest = b'[{"email":"ada@example.com"}' + b" " * (room - 29) + b"]"
        assert len(largest) == room
        names = {"filename": "00001.json", "connection_id": connection, "external_id": "run-1"}
        with pytest.raises(TooLarge):
            await management.import_users(largest + b" ", **names)
        await management.import_users(largest, **names)


async def test_refusals_of_the_tenant_are_told_apart() -> None:
    async with practice() as (_, management, _clock):
        await management.create_connection("acme-users")
        with pytest.raises(Conflict):
            await management.create_connection("acme-users")
        with pytest.raises(InvalidRequest):
            await management.create_connection("under_score")
        with pytest.raises(NotFound):
            await management.connection("con_0000000000000000")
        with pytest.raises(NotFound):
            await management.job("job_0000000000000000")
        with pytest.raises(NotFound):
            await management.user("auth0|nobody")


async def test_a_wrong_secret_is_an_error_of_credentials() -> None:
    async with practice(given={"secret": "wrong"}) as (_, management, _clock):
        with pytest.raises(BadCredentials):
            await management.scopes()


async def test_a_token_lasts_beyond_its_day() -> None:
    async with practice() as (_, management, clock):
        await management.tenant_settings()
        await clock.sleep(3 * 86400)
        assert (await management.tenant_settings()).friendly_name


@pytest.mark.parametrize("refill", ["gradual", "windowed"])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("free", "free"),
        ("free", "auto"),
        ("essentials", "essentials"),
        ("enterprise-nonproduction", "enterprise-nonproduction"),
        ("enterprise-nonproduction", "auto"),
        ("enterprise-production", "enterprise-production"),
        ("enterprise-production", "auto"),
        ("private-dev-20", "private-dev-20"),
    ],
)
async def test_no_plan_ever_answers_429_to_us(theirs: str, ours: str, refill: Any) -> None:
    async with practice(theirs=theirs, plan=ours, switches=Switches(refill=refill)) as (_, management, clock):

        async def ask(times: int) -> None:
            for number in range(times):
                if number % 3:
                    await management.tenant_settings()
                else:
                    await management.users_by_email("ada@example.com")
                await clock.sleep(0.03)

        await asyncio.gather(*(ask(15) for _ in range(4)))
        assert management.requests.sent == 61
        assert management.requests.limited == 0


async def test_a_scope_that_was_taken_away_is_named() -> None:
    async with practice() as (tenant, management, _):
        from wizard.practice.management.grants import TABLE

        grant = TABLE.find(tenant.db, client_id=tenant.client_id)
        assert grant is not None
        with tenant.transaction() as db:
            TABLE.replace(db, grant.row, {**grant.body, "scope": ["read:connections"]})
        assert await management.scopes() == {"read:connections"}
        with pytest.raises(InsufficientScope) as refusal:
            await management.tenant_settings()
        assert refusal.value.scopes == ("read:tenant_settings",)
