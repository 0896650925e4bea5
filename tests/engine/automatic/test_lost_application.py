"""The answer to the creation of the legacy API's application is lost, and its secret with it: the approved plan is enough."""

import asyncio
from pathlib import Path

import httpx
import pytest
from phases_stage import PhasesStage, stage_of
from rehearsal import CountingTransport, CutShapes

from wizard.doorway.settings import secret_name
from wizard.errors import PlanStale
from wizard.runner import Plan

CREATE = "POST /api/v2/clients"


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path)


def token_status(stage: PhasesStage) -> int:
    """How the tenant answers the one application of the migration when it shows the secret that is kept."""
    [application] = [one for one in stage.ask("GET", "clients") if one["name"] == "Auth0 migration: legacy API"]
    form = {
        "grant_type": "client_credentials",
        "client_id": application["client_id"],
        "client_secret": stage.memory[stage.tenant.domain, secret_name("acme-users")].reveal(),
        "audience": "https://legacy.example.com/api",
    }

    async def exchange() -> httpx.Response:
        async with httpx.AsyncClient(transport=stage.tenant.transport(), base_url=stage.tenant.issuer) as client:
            return await client.post("/oauth/token", json=form)

    return asyncio.run(exchange()).status_code


@pytest.mark.parametrize("when", ["after", "midway"])
def test_an_application_whose_secret_was_lost_with_the_answer_gets_a_new_one(stage: PhasesStage, when: str) -> None:
    plans: list[Plan] = []

    def approve(plan: Plan) -> bool:
        plans.append(plan)
        return True

    stage.transport = cable = CutShapes(stage.transport, when, [CREATE])
    assert stage.apply("cutover.confirm=", approve=approve).verdict == "waiting"
    assert cable.lost == [CREATE]
    assert len(plans) == 1
    assert token_status(stage) == 200


def test_a_process_that_ended_before_it_kept_the_secret_is_gone_on_from_without_another_approval(
    stage: PhasesStage,
) -> None:
    stage.transport = counting = CountingTransport(stage.transport)

    def end(number: int) -> None:
        if counting.requests[number - 1] == ("POST", "/api/v2/clients"):
            raise asyncio.CancelledError

    counting.after = end
    with pytest.raises(asyncio.CancelledError):
        stage.apply("cutover.confirm=")
    stage.transport = stage.tenant.transport()
    assert stage.resume().verdict == "waiting"
    assert token_status(stage) == 200


def test_an_application_that_was_complete_gets_another_secret_only_after_approval(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    del stage.memory[stage.tenant.domain, secret_name("acme-users")]
    with pytest.raises(PlanStale, match="a new secret, into the keyring"):
        stage.resume()
