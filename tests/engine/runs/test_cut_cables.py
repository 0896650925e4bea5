"""A run whose network fails at any request leaves the tenant as an undisturbed one does.

By default each run loses a few requests that are far apart, so that every request is lost in some run; with PROOFS=all in
the environment there is a run for each request.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from rehearsal import CountingTransport, CutCable, CutShapes, Rehearsal, person, shape, whereabouts

from wizard.auth0.errors import Unreachable
from wizard.progress import Progress

USERS = 12
TOGETHER = 1 if os.environ.get("PROOFS") == "all" else 12
"""How many requests one run loses."""
MOST = 60
"""No run sends so many requests."""


def stage_in(folder: Path) -> Rehearsal:
    stage = Rehearsal(folder, file_bytes=1_500)
    stage.write_people([person(number) for number in range(1, USERS + 1)])
    return stage


@dataclass(frozen=True)
class Undisturbed:
    """What a run leaves that nothing disturbs, and the requests that it sends."""

    tenant: dict[str, Any]
    requests: list[str]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    stage = stage_in(tmp_path_factory.mktemp("undisturbed"))
    stage.transport = cable = CountingTransport(stage.transport)
    assert stage.apply().verdict == "complete"
    assert len(cable.requests) < MOST
    return Undisturbed(whereabouts(stage.tenant), [shape(*one) for one in cable.requests])


def check(stage: Rehearsal, progress: Progress, undisturbed: Undisturbed) -> None:
    assert whereabouts(stage.tenant) == undisturbed.tenant
    assert progress.verdict == "complete"
    assert progress.read == USERS == progress.imported + progress.already_there
    assert (progress.missing, progress.different, progress.extra, progress.rejected) == (0, 0, 0, 0)
    again = CountingTransport(stage.tenant.transport())
    stage.transport = again
    assert stage.apply().verdict == "complete"
    assert again.writes == []


@pytest.mark.parametrize("first", range(1, MOST // TOGETHER + 1))
@pytest.mark.parametrize("when", ["before", "after", "midway"])
def test_a_cable_cut_at_any_request_is_survived_without_a_resume(
    tmp_path: Path, undisturbed: Undisturbed, when: str, first: int
) -> None:
    if first > len(undisturbed.requests):
        pytest.skip("the run sends fewer requests")
    stage = stage_in(tmp_path)
    stage.transport = cable = CutCable(stage.transport, when, range(first, MOST + 1, MOST // TOGETHER))
    check(stage, stage.apply(), undisturbed)
    assert cable.lost


@pytest.mark.parametrize("last", range(1, MOST, 1 if TOGETHER == 1 else 8))
def test_a_network_that_goes_away_for_good_ends_the_run_with_a_remedy_and_a_resume_completes_it(
    tmp_path: Path, undisturbed: Undisturbed, last: int
) -> None:
    if last >= len(undisturbed.requests):
        pytest.skip("the run sends fewer requests")
    stage = stage_in(tmp_path)
    stage.transport = cable = CountingTransport(stage.transport)

    def gone(number: int) -> None:
        if number > last:
            raise httpx.ConnectError("All connection attempts failed")

    cable.before = gone
    with pytest.raises(Unreachable) as outage:
        stage.apply()
    assert "the network" in outage.value.remedy
    stage.transport = stage.tenant.transport()
    check(stage, stage.resume() if stage.approved else stage.apply(), undisturbed)


# Others have been there before.

WRITES = [
    "PATCH /api/v2/connections/{id}/clients",
    "POST /api/v2/jobs/users-imports",
    "POST /api/v2/jobs/users-exports",
]


def stage_of_others(folder: Path) -> Rehearsal:
    """A tenant in use: the connection is there with options and an application of others, and with users.

    Two of them are in the legacy store too, with other passwords; in another connection, too, is somebody who is.
    """
    stage = stage_in(folder)
    options = {"disable_signup": True, "passwordPolicy": "excellent", "brute_force_protection": False}
    theirs = stage.ask("POST", "clients", json={"name": "Old shop", "app_type": "spa"})["client_id"]
    for name in ("acme-users", "others"):
        made = {"name": name, "strategy": "auth0", "options": options, "enabled_clients": [theirs]}
        stage.ask("POST", "connections", json=made)
    for connection, number in (("acme-users", 1), ("acme-users", 2), ("acme-users", 90), ("others", 3)):
        user = {
            "connection": connection,
            "user_id": str(number) if number != 3 else "elsewhere",
            "email": f"person{number}@example.com",
            "email_verified": bool(number % 2),
            "given_name": person(number)["first"],
            "family_name": person(number)["last"],
            "name": f"{person(number)['first']} {person(number)['last']}",
            "password": "Another-Passw0rd-0f-Theirs",
        }
        stage.ask("POST", "users", json=user)
    return stage


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_there_stays_as_it_was_whatever_write_is_lost(tmp_path: Path, when: str) -> None:
    stage = stage_of_others(tmp_path)
    before = whereabouts(stage.tenant)
    stage.transport = cable = CutShapes(stage.transport, when, WRITES)
    progress = stage.apply()
    assert cable.lost == WRITES
    assert (progress.verdict, progress.read, progress.extra) == ("complete", USERS, 1)
    assert progress.imported + progress.already_there == USERS
    after = whereabouts(stage.tenant)
    assert after["connections"] == before["connections"]
    assert [user for user in after["users"] if user in before["users"]] == before["users"]
    assert len(after["users"]) == len(before["users"]) + USERS - 2
    assert after["enabled"] == {"acme-users": ["Old shop", "Web shop"], "others": ["Old shop"]}
