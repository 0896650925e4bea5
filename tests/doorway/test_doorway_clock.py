"""The clock of the machine is corrected, or has stood still while the machine was paused, under a running legacy API."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from doorway_stage import PASSWORD, FakeTenant, World, answers, jwk, store, token

from wizard.doorway import build

HOUR = 3600.0


class Corrected(World):
    """The API on the clock of this machine, which is `ahead` by so many seconds for all who look from now on."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tenant = FakeTenant()
        self.ahead, rightly = 0.0, time.time
        monkeypatch.setattr(time, "time", lambda: rightly() + self.ahead)
        given = answers({"path": store(base).name, "table": "users", "kind": "sql"})
        self.app = build(given, base=base, secret=None, transport=self.tenant.transport())

    async def logs_in(self, kid: str = "first") -> int:
        """Log in with a token that the tenant gives now."""
        now = int(time.time())
        async with self.client_with(token(kid, iat=now, exp=now + 600)) as client:
            body = {"identifier": "person2@example.com", "password": PASSWORD}
            return (await client.post("/login", json=body)).status_code


@pytest.mark.parametrize("ahead", [2 * HOUR, -2 * HOUR], ids=["forward", "back"])
async def test_tokens_are_taken_after_the_clock_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    api = Corrected(tmp_path, monkeypatch)
    assert await api.logs_in() == 200
    api.ahead = ahead
    assert await api.logs_in() == 200
    await api.app.aclose()


async def test_a_new_key_of_the_tenant_is_fetched_though_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.doorway.tokens.FLOOR_SECONDS", 0)
    api = Corrected(tmp_path, monkeypatch)
    assert await api.logs_in() == 200
    api.ahead = -2 * HOUR
    api.tenant.keys.append(jwk("second"))
    assert await api.logs_in("second") == 200
    await api.app.aclose()
