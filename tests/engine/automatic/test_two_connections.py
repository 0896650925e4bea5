"""Two migrations into connections of one tenant: neither takes away what the other needs."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from phases_stage import PhasesStage, stage_of
from rehearsal import person

from wizard.doorway.rotation import rotate_secret
from wizard.doorway.scripts import is_closed
from wizard.doorway.settings import SECRET, secret_name
from wizard.errors import PlanStale, UsageError, WizardError
from wizard.events import CheckPassed
from wizard.runs import Runs
from wizard.vault import Secret

AUDIENCE = "https://legacy.example.com/api"


class Shop(PhasesStage):
    """A second migration beside the first, through a connection of its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.answer('name = "acme-users"', 'name = "acme-shop"')
        self.answer('confirm = "acme-users"', 'confirm = "acme-shop"')
        self.write_people([person(number) for number in range(101, 105)])

    def join(self, first: PhasesStage) -> None:
        """Migrate into the tenant of another, from the same machine."""
        self.answer(f'client_id = "{self.tenant.client_id}"', f'client_id = "{first.tenant.client_id}"')
        self.tenant, self.clock, self.memory = first.tenant, first.clock, first.memory
        self.transport = first.tenant.transport()


@pytest.fixture
def first(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path / "first", 4)


@pytest.fixture
def second(tmp_path: Path, first: PhasesStage) -> Shop:
    shop = Shop(tmp_path / "second")
    shop.join(first)
    return shop


def applications(stage: PhasesStage) -> list[dict[str, Any]]:
    return [row for row in stage.ask("GET", "clients") if "auth0_migration" in row.get("client_metadata", {})]


def works(stage: PhasesStage, name: str) -> bool:
    """Whether the scripts of a connection can get a token for the legacy API."""
    [connection] = stage.ask("GET", "connections", params={"name": name})
    sealed = connection["options"].get("configuration", {})
    values = {key: stage.tenant.keys.unseal(value) for key, value in sealed.items()}
    there = {row["client_id"]: row["client_secret"] for row in stage.ask("GET", "clients")}
    client_id = values.get("LEGACY_API_CLIENT_ID", "")
    grants = stage.ask("GET", "client-grants", params={"audience": AUDIENCE})
    granted = any(grant["client_id"] == client_id for grant in grants)
    return granted and there.get(client_id) == values["LEGACY_API_CLIENT_SECRET"]


def apis(stage: PhasesStage) -> list[str]:
    return [row["identifier"] for row in stage.ask("GET", "resource-servers") if not row.get("is_system")]


def test_the_cutover_of_one_leaves_the_other_its_application_secret_and_api(first: PhasesStage, second: Shop) -> None:
    first.apply()
    second.apply()
    assert len(applications(first)) == 2
    assert works(first, "acme-users") and works(first, "acme-shop")
    progress = first.resume("trickle.go_on=true")
    assert progress.verdict == "complete"
    assert works(first, "acme-shop")
    assert first.memory.keys() == {(first.tenant.domain, secret_name("acme-shop"))}
    assert apis(first) == [AUDIENCE]
    told = [
        event.detail for event in first.events if isinstance(event, CheckPassed) and event.name == "legacy api in use"
    ]
    assert told == [f"the API {AUDIENCE} stays, as 1 other application has a grant for it"]
    assert second.resume("trickle.go_on=true").verdict == "complete"
    assert is_closed(second.ask("GET", "connections", params={"name": "acme-shop"})[0]["options"]["customScripts"])
    assert applications(first) == []
    first.undo()
    assert apis(first) == []


def test_undoing_one_leaves_the_other_as_it_is_and_tells_that_the_api_stays(first: PhasesStage, second: Shop) -> None:
    first.apply()
    second.apply()
    left = first.undo().left
    assert [one for one in left if one.startswith(f"The API {AUDIENCE} stays: 1 other application has a grant for it")]
    assert works(second, "acme-shop")
    assert apis(first) == [AUDIENCE]


def test_a_second_machine_does_not_void_the_secret_of_another_connection(first: PhasesStage, second: Shop) -> None:
    first.apply()
    second.memory = {}
    second.apply()
    assert works(first, "acme-users") and works(first, "acme-shop")


def test_the_guards_of_both_come_first_and_neither_binds_its_own_before_the_others_again_and_again(
    first: PhasesStage, second: Shop
) -> None:
    first.apply()
    second.apply()
    bound = first.ask("GET", "actions/triggers/post-login/bindings")["bindings"]
    assert [one["action"]["name"].split(" - ")[0] for one in bound] == [
        *["Migration of acme-shop"] * 2,
        *["Migration of acme-users"] * 2,
    ]
    for each in (first, second):
        each.resume()
        assert first.ask("GET", "actions/triggers/post-login/bindings")["bindings"] == bound


def tagged_for_the_tenant(stage: PhasesStage) -> str:
    """Make the application and its secret such as an earlier version has made them."""
    [made] = applications(stage)
    row = stage.tenant.db.execute("select body from clients where client_id = ?", (made["client_id"],)).fetchone()
    body = json.loads(row["body"])
    body["client_metadata"] = {"auth0_migration": "legacy-api"}
    stage.tenant.db.execute("update clients set body = ? where client_id = ?", (json.dumps(body), made["client_id"]))
    stage.memory[stage.tenant.domain, SECRET] = stage.memory.pop((stage.tenant.domain, secret_name("acme-users")))
    return str(made["client_id"])


def test_what_an_earlier_version_has_made_for_the_tenant_stays_that_of_its_run(
    first: PhasesStage, second: Shop
) -> None:
    first.apply()
    made = tagged_for_the_tenant(first)
    first.resume()
    assert [one["client_id"] for one in applications(first)] == [made]
    second.apply()
    assert len(applications(first)) == 2
    assert works(first, "acme-users") and works(first, "acme-shop")
    assert first.resume("trickle.go_on=true").verdict == "complete"
    assert made not in [one["client_id"] for one in applications(first)]
    assert first.memory.keys() == {(first.tenant.domain, secret_name("acme-shop"))}


def test_the_secret_of_an_application_of_the_operator_may_be_kept_for_one_connection_or_for_all(
    first: PhasesStage,
) -> None:
    made = first.ask(
        "POST",
        "clients",
        json={"name": "Mine", "app_type": "non_interactive", "grant_types": ["client_credentials"]},
    )
    first.answer("[legacy_api]", f'[legacy_api]\nclient_id = "{made["client_id"]}"')
    with pytest.raises(WizardError, match="is not in the keyring") as refused:
        first.apply()
    assert f"secrets set {secret_name('acme-users')} " in refused.value.remedy
    first.memory[first.tenant.domain, SECRET] = Secret(made["client_secret"])
    first.apply()
    assert works(first, "acme-users")
    first.memory[first.tenant.domain, secret_name("acme-users")] = Secret(made["client_secret"])
    assert first.resume("trickle.go_on=true").verdict == "complete"
    assert made["client_id"] in [row["client_id"] for row in first.ask("GET", "clients")]


def test_the_longest_name_of_a_connection_gives_a_name_that_a_keyring_takes() -> None:
    names = [secret_name("a" * 127 + last) for last in "bc"]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 128


def test_the_secret_of_an_application_that_both_may_use_is_not_rotated(first: PhasesStage, second: Shop) -> None:
    body = {"name": "Mine", "app_type": "non_interactive", "grant_types": ["client_credentials"]}
    mine = first.ask("POST", "clients", json=body)
    first.memory[first.tenant.domain, SECRET] = Secret(mine["client_secret"])
    for stage in (first, second):
        stage.answer("[legacy_api]\n", f'[legacy_api]\nclient_id = "{mine["client_id"]}"\n')
        stage.apply()
    assert works(first, "acme-users") and works(first, "acme-shop")
    with pytest.raises(UsageError, match="acme-shop has values of a legacy API"):
        asyncio.run(rotate_secret(first.answers(), base=first.folder, world=first.world, runs=first.runs))
    assert works(first, "acme-users") and works(first, "acme-shop")
    second.resume("trickle.go_on=true")
    asyncio.run(rotate_secret(first.answers(), base=first.folder, world=first.world, runs=first.runs))
    assert works(first, "acme-users")


def test_the_secret_of_an_application_of_one_connection_is_rotated_beside_another(
    first: PhasesStage, second: Shop
) -> None:
    first.apply()
    second.apply()
    asyncio.run(rotate_secret(first.answers(), base=first.folder, world=first.world, runs=first.runs))
    assert works(first, "acme-users") and works(first, "acme-shop")


def test_a_secret_is_not_rotated_where_scripts_or_guards_would_change_with_it_unapproved(first: PhasesStage) -> None:
    def rotate() -> tuple[str, ...]:
        work = rotate_secret(first.answers(), base=first.folder, world=first.world, runs=first.runs)
        return asyncio.run(work).changed

    first.apply()
    assert rotate()
    [mark] = [one for one in first.ask("GET", "actions/actions")["actions"] if "mark" in one["name"]]
    first.ask("PATCH", f"actions/actions/{mark['id']}", json={"code": "exports.onExecutePostLogin = async () => {};"})
    requests = first.count_requests()
    with pytest.raises(PlanStale, match="more than the secret would change") as refused:
        rotate()
    assert f"build and deploy the Action “{mark['name']}”" in refused.value.why
    assert requests.writes == []
    assert first.apply().verdict == "waiting"
    assert rotate()
    assert works(first, "acme-users")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_secret_is_rotated_after_a_cutover_without_opening_the_door_again(
    first: PhasesStage, tmp_path: Path, elsewhere: bool
) -> None:
    body = {"name": "Mine", "app_type": "non_interactive", "grant_types": ["client_credentials"]}
    mine = first.ask("POST", "clients", json=body)
    first.memory[first.tenant.domain, SECRET] = Secret(mine["client_secret"])
    first.answer("[legacy_api]\n", f'[legacy_api]\nclient_id = "{mine["client_id"]}"\n')
    first.apply()
    assert first.resume("trickle.go_on=true").verdict == "complete"
    runs = Runs(tmp_path / "elsewhere") if elsewhere else first.runs
    rotated = asyncio.run(rotate_secret(first.answers(), base=first.folder, world=first.world, runs=runs))
    assert rotated.changed == ()
    assert is_closed(first.options()["customScripts"])
    assert first.ask("GET", "actions/actions")["actions"] == []
    [now] = [row for row in first.ask("GET", "clients") if row["client_id"] == mine["client_id"]]
    assert first.memory[first.tenant.domain, SECRET].reveal() == now["client_secret"] != mine["client_secret"]
