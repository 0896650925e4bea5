"""Missing users: half-made is said of those whom Auth0 refused; others were deleted since, or never kept."""

import json
from pathlib import Path

import httpx
import pytest
from linked_stage import PEOPLE, details, plant, stage_of, told
from rehearsal import Rehearsal, person

from wizard.events import CheckFailed
from wizard.runner import Plan


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    return stage_of(tmp_path)


def delete(stage: Rehearsal, *numbers: int) -> None:
    for number in numbers:
        stage.ask("DELETE", f"users/auth0%7C{number}")


def ids(stage: Rehearsal) -> set[str]:
    return {user["user_id"].removeprefix("auth0|") for user in stage.users()}


def test_only_who_was_refused_as_a_duplicate_is_called_half_made(stage: Rehearsal) -> None:
    plant(stage, 3)
    stage.apply()
    delete(stage, 5, 6)
    stage.transport = requests = stage.count_requests()
    progress = stage.verify()
    assert (progress.missing, progress.unfound) == (3, 1)
    assert told(stage, "half-made").detail.startswith("1 user is half-made")
    assert told(stage, "missing").detail == "2 users are found nowhere: deleted since, or never kept"
    lines = {str(line["user_id"]): line.get("refused_as") for line in details(stage)}
    assert lines == {"3": "duplicate", "5": None, "6": None}
    looked_up = [path for method, path in requests.requests if path.startswith("/api/v2/users/")]
    assert looked_up == ["/api/v2/users/auth0|3"], "the others cost no request"


class Nameless(httpx.AsyncBaseTransport):
    """Tells of refused users why, but not who they are."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if not request.url.path.endswith("/errors"):
            return response
        refused = [{**one, "user": {}} for one in json.loads(await response.aread())]
        return httpx.Response(response.status_code, json=refused)


def test_whom_auth0_did_not_name_may_be_half_made_and_is_told_as_such(stage: Rehearsal) -> None:
    plant(stage, 3)
    stage.transport = Nameless(stage.tenant.transport())
    stage.apply()
    delete(stage, 5)
    stage.verify()
    assert told(stage, "missing").detail == (
        "2 users are found nowhere: deleted since, or never kept. Auth0 refused 1 user as duplicate without a name: "
        "whoever of these is missing is half-made, not gone"
    )


def test_users_who_were_imported_and_deleted_are_told_without_any_duplicate(stage: Rehearsal) -> None:
    stage.apply()
    delete(stage, 5)
    assert "half-made" not in stage.verify().failed_checks
    found = told(stage, "missing")
    assert isinstance(found, CheckFailed)
    assert "Who was deleted on purpose is rightly gone." in found.remedy
    assert "--set verify.repair_at_most=1 --yes" in found.remedy
    assert found.remedy.endswith("` imports that one anew.")


def test_a_number_allowed_before_they_were_told_brings_nobody_back_who_was_deleted(stage: Rehearsal) -> None:
    plant(stage, 3)
    stage.apply()
    delete(stage, 5)
    stage.resume("verify.repair_at_most=10", approve=lambda plan: True)
    assert ids(stage) == {str(number) for number in range(1, PEOPLE + 1)} - {"5"}


def test_the_number_that_the_check_names_imports_them_anew_with_the_half_made(stage: Rehearsal) -> None:
    plant(stage, 3)
    stage.apply("verify.repair_at_most=1")
    delete(stage, 4)
    plant(stage, 4)
    delete(stage, 5)
    stage.verify()
    found = told(stage, "missing")
    assert isinstance(found, CheckFailed)
    assert "verify.repair_at_most=2 " in found.remedy, "one was allowed before"
    planned: list[str] = []

    def approve(plan: Plan) -> bool:
        planned.extend(one.change.summary for one in plan.changes)
        return True

    progress = stage.resume("verify.repair_at_most=2", approve=approve)
    assert planned == ["repair at most 2 half-made or missing users of acme-users, if there are any"]
    assert (progress.verdict, progress.missing, progress.imported, progress.adds_up) == ("complete", 0, PEOPLE, True)
    assert "missing" not in progress.failed_checks


@pytest.mark.parametrize("number", [1, 50])
def test_another_number_repairs_the_half_made_alone(stage: Rehearsal, number: int) -> None:
    plant(stage, 3)
    stage.apply()
    delete(stage, 5)
    stage.verify()
    progress = stage.resume(f"verify.repair_at_most={number}", approve=lambda plan: True)
    assert (progress.missing, progress.unfound, "half-made" in progress.failed_checks) == (1, 0, False)
    assert "5" not in ids(stage)


def test_users_whom_an_undo_has_deleted_are_not_told_as_found_nowhere(stage: Rehearsal) -> None:
    stage.write_people([person(number) for number in range(1, 4)])
    stage.apply()
    stage.undo(users=True)
    assert "missing" not in stage.verify().failed_checks
