"""`verify` while users move at login: whether the set-up works, and what is told when it does not."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from phases_stage import PhasesStage, stage_of

from wizard.doorway.legacy_marks import LegacyMarks
from wizard.doorway.settings import legacy_api_of
from wizard.events import CheckFailed
from wizard.journal import Journal
from wizard.world import connected


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    stage = stage_of(tmp_path)
    stage.apply("cutover.confirm=")
    stage.events.clear()
    return stage


def rotate_by_hand(stage: PhasesStage) -> None:
    [application] = [one for one in stage.ask("GET", "clients") if one["name"] == "Auth0 migration: legacy API"]
    stage.ask("POST", f"clients/{application['client_id']}/rotate-secret")


def test_a_run_that_waits_for_users_is_verified_as_far_as_it_has_come(stage: PhasesStage) -> None:
    progress = stage.verify()
    assert (progress.verdict, progress.exit, progress.failed_checks) == ("waiting", 6, {})


def test_a_secret_that_was_rotated_in_the_dashboard_is_told_with_the_way_out(stage: PhasesStage) -> None:
    rotate_by_hand(stage)
    progress = stage.verify()
    assert (progress.verdict, progress.exit, list(progress.failed_checks)) == ("attention", 3, ["legacy api token"])
    [told] = [event for event in stage.events if isinstance(event, CheckFailed)]
    assert "Auth0 gives the application no token" in told.detail
    assert "auth0-migrate secrets rotate" in told.remedy


def test_a_legacy_api_that_does_not_accept_the_tenants_token_is_told(
    stage: PhasesStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(request: httpx.Request) -> httpx.Response:
        known = request.url.path in ("/healthz", "/readyz")
        return httpx.Response(200) if known else httpx.Response(401, json={"error": "invalid_token"})

    monkeypatch.setattr(stage, "_legacy_api", refuses)
    progress = stage.verify()
    assert list(progress.failed_checks) == ["legacy api token"]
    assert "does not accept" in progress.failed_checks["legacy api token"]


def test_marks_that_lead_in_a_circle_are_not_asked_for_for_ever(stage: PhasesStage) -> None:
    pages = {"": "a", "a": "b", "b": "a"}

    asked: list[str] = []

    def circling(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["after"])
        assert len(asked) < 10
        return httpx.Response(200, json={"user_ids": ["7"], "next": pages[request.url.params["after"]]})

    async def ids() -> Sequence[str] | None:
        world, answers = replace(stage.world, outside=httpx.MockTransport(circling)), stage.answers()
        with closing(Journal(None, now=world.clock.now)) as journal:
            async with connected(answers, journal, stage.folder, stage.folder, world) as tools:
                return await LegacyMarks(legacy_api_of(answers), tools).ids()

    assert asyncio.run(ids()) is None
    assert asked == ["", "a", "b"]


def test_what_has_failed_is_looked_at_again_when_the_run_is_resumed(
    stage: PhasesStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as down:
        down.setattr(stage, "_legacy_api", lambda request: httpx.Response(503))
        assert stage.verify().exit == 3
        assert stage.resume().exit == 3
    assert stage.resume().exit == 6
