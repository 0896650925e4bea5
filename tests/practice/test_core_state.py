"""A tenant with a file lives on after a restart."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import httpx
import pytest
from core_support import open_api, still_tenant

from wizard.clock import FastClock
from wizard.errors import UsageError
from wizard.practice.store import last_moment
from wizard.practice.tenant import PracticeTenant


async def test_entities_keys_and_tokens_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "tenant.db"
    async with open_api(still_tenant(state=state)) as api:
        made = await api.new_connection(configuration={"A": "plain"})
        token = api.token()
        client_id, secret = api.tenant.client_id, api.tenant.client_secret
        keys = (await api.client.get("/.well-known/jwks.json")).json()
    async with open_api(still_tenant(state=state)) as api:
        assert (api.tenant.client_id, api.tenant.client_secret) == (client_id, secret)
        assert (await api.client.get("/.well-known/jwks.json")).json() == keys
        headers = {"authorization": f"Bearer {token}"}
        found: httpx.Response = await api.client.get(f"/api/v2/connections/{made['id']}", headers=headers)
        assert found.json()["options"] == made["options"]
        assert api.tenant.keys.unseal(found.json()["options"]["configuration"]["A"]) == "plain"


async def test_a_seeded_tenant_opened_again_invents_new_ids(tmp_path: Path) -> None:
    state = tmp_path / "tenant.db"
    ids = []
    for name in ("one", "two", "three"):
        async with open_api(still_tenant(state=state)) as api:
            ids.append((await api.new_connection(name))["id"])
    assert len(set(ids)) == 3


async def test_the_same_seed_invents_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        async with open_api(still_tenant(seed=3)) as api:
            ids.append((api.tenant.client_id, (await api.new_connection())["id"]))
    assert ids[0] == ids[1]


async def test_a_tenant_can_take_another_domain(tmp_path: Path) -> None:
    state = tmp_path / "tenant.db"
    still_tenant(state=state).close()
    async with open_api(still_tenant(state=state, domain="moved.example.com")) as api:
        request = {
            "grant_type": "client_credentials",
            "client_id": api.tenant.client_id,
            "client_secret": api.tenant.client_secret,
            "audience": "https://moved.example.com/api/v2/",
        }
        assert (await api.client.post("/oauth/token", json=request)).status_code == 200
        assert len((await api.get("/resource-servers")).json()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_state_is_the_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        tenant = still_tenant(state=tmp_path / "tenant.db")
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        tenant.close()
    finally:
        os.umask(old)
    assert modes == {0o600}


def test_a_file_that_is_no_tenant_is_refused_and_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "notes.txt"
    state.write_text("not a database, but long enough to look like one might" * 10)
    before = state.read_bytes()
    with pytest.raises(UsageError, match="notes"):
        still_tenant(state=state)
    assert state.read_bytes() == before


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="state"):
        still_tenant(state=tmp_path / "none" / "tenant.db")


def test_a_transaction_inside_another_undoes_only_its_own() -> None:
    tenant = still_tenant()
    with tenant.transaction():
        tenant.meta.set("outer", "kept")
        with pytest.raises(ValueError, match="inner"), tenant.transaction():
            tenant.meta.set("inner", "lost")
            raise ValueError("inner")
    assert (tenant.meta.get("outer"), tenant.meta.get("inner")) == ("kept", None)
    tenant.close()


def test_a_tenant_opened_again_goes_on_from_the_last_moment_of_its_state(tmp_path: Path) -> None:
    path = tmp_path / "tenant.db"
    assert last_moment(path) == 0
    ahead = time.time() + 5_000
    tenant = PracticeTenant(path, clock=FastClock(1.0, since=ahead))
    with tenant.transaction():
        tenant.log("s", "Success")
    tenant.close()
    assert last_moment(path) >= ahead
    assert FastClock(60.0, since=last_moment(path)).now() >= ahead
    assert FastClock(60.0, since=time.time() - 100).now() >= time.time() - 1
