"""Own database, legacy API, scripts and guards on a practice tenant: set up, left alone, kept up to date, taken back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from automatic_stage import AUDIENCE, AUTOMATIC, LEGACY_PASSWORD, PROFILE, SCOPES, Automatic
from keyring.core import load_keyring
from rehearsal import CANARY_SECRET

from wizard.auth0.scopes import ALONG_WITH
from wizard.doorway.guards import GUARDS, guard_name
from wizard.doorway.scripts import closed, scripts_for, stubs
from wizard.doorway.settings import secret_name
from wizard.errors import CredentialsError, UsageError, WizardError
from wizard.practice.switches import Switches
from wizard.steps import STEPS


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Automatic]:
    stage = Automatic(tmp_path)
    yield stage
    stage.tenant.close()


GUARD_NAMES = [guard_name(guard, "acme-users") for guard in GUARDS]


def test_everything_is_set_up_and_a_second_time_nothing_is_left_to_do(stage: Automatic) -> None:
    planned = stage.set_up()
    assert len(planned) == 10
    assert planned == [*planned]  # in the order of the journey
    assert stage.planned() == []
    requests = stage.count_requests()
    stage.set_up()
    assert requests.writes == []


def test_the_connection_has_the_scripts_and_the_values_they_need(stage: Automatic) -> None:
    stage.set_up()
    options, wanted = stage.options(), scripts_for(stage.answers())
    assert options["enabledDatabaseCustomization"] is True
    assert options["import_mode"] is True
    assert options["customScripts"] == wanted.custom_scripts()
    client = stage.application()
    assert client is not None
    assert stage.sealed() == {
        "TOKEN_URL": f"https://{stage.tenant.domain}/oauth/token",
        "LEGACY_API_URL": "https://legacy.example.com",
        "LEGACY_API_AUDIENCE": AUDIENCE,
        "LEGACY_API_CLIENT_ID": client["client_id"],
        "LEGACY_API_CLIENT_SECRET": client["client_secret"],
    }


def test_placeholders_stand_in_until_the_real_scripts_are_there(stage: Automatic) -> None:
    stage.set_up(steps=[step for step in AUTOMATIC if step.key in ("connection", "custom_database")])
    assert stage.options()["customScripts"] == stubs().custom_scripts()


THEIRS = """function login(email, password, callback) {
  callback(null, { user_id: 'old-system|' + email, email: email });
}"""


def test_nobody_moves_by_the_script_of_somebody_else(stage: Automatic) -> None:
    """Who logs in once import mode is on is kept with the id that the script gives, for good."""
    options = {
        "enabledDatabaseCustomization": True,
        "import_mode": False,
        "customScripts": {"login": THEIRS, "get_user": "function getByEmail(email, callback) { callback(null); }"},
    }
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0", "options": options})
    before = stage.options()
    until = [step.key for step in AUTOMATIC].index("scripts")
    stage.set_up(steps=AUTOMATIC[:until])
    assert stage.options()["customScripts"]["login"] == THEIRS
    assert stage.options()["import_mode"] is False
    stage.set_up()
    assert stage.options()["import_mode"] is True
    assert stage.options()["customScripts"] == scripts_for(stage.answers()).custom_scripts()
    assert stage.planned() == []
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    assert stage.ask("GET", "users/auth0%7C7")["email"] == "ann@example.com"
    stage.ask("DELETE", "users/auth0%7C7")
    stage.patch_options(lambda options: options.update(import_mode=False))
    [change] = stage.planned()
    assert change.endswith("and with them let it import users to Auth0")
    stage.set_up()
    assert stage.options()["import_mode"] is True
    stage.take_back()
    after = stage.options()
    assert {name: after[name] for name in options} == options
    assert before.keys() - after.keys() <= {"passwordPolicy"}  # see above


def test_only_the_application_of_the_migration_gets_a_token_and_only_with_these_scopes(stage: Automatic) -> None:
    stage.set_up()
    api = stage.ask("GET", f"resource-servers/{AUDIENCE.replace(':', '%3A').replace('/', '%2F')}")
    assert api["subject_type_authorization"]["user"]["policy"] == "deny_all"
    assert api["signing_alg"] == "RS256"
    [grant] = stage.ask("GET", "client-grants", params={"audience": AUDIENCE})
    client = stage.application()
    assert client is not None
    assert grant["client_id"] == client["client_id"]
    assert sorted(grant["scope"]) == SCOPES
    assert client["grant_types"] == ["client_credentials"]


def test_the_secret_is_in_the_keyring_and_nowhere_in_the_run(stage: Automatic) -> None:
    stage.set_up()
    secret = stage.memory[stage.tenant.domain, secret_name("acme-users")].reveal()
    kept = b"".join(path.read_bytes() for path in stage.folder.rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert CANARY_SECRET.encode() not in kept


def test_guards_are_live_and_run_first_and_others_keep_their_order(stage: Automatic) -> None:
    others = ["Welcome", "Audit"]
    for name in others:
        made = stage.ask(
            "POST",
            "actions/actions",
            json={
                "name": name,
                "supported_triggers": [{"id": "post-login", "version": "v3"}],
                "code": "exports.onExecutePostLogin = async () => {};",
                "runtime": "node22",
                "deploy": True,
            },
        )
        stage.clock.time += 60
        assert made["name"] == name
    listed = [{"ref": {"type": "action_name", "value": name}, "display_name": name} for name in others]
    stage.ask("PATCH", "actions/triggers/post-login/bindings", json={"bindings": listed})
    stage.set_up()
    assert stage.bindings() == [*GUARD_NAMES, *others]
    for action in stage.ask("GET", "actions/actions")["actions"]:
        assert action["all_changes_deployed"] is True
    stage.take_back()
    assert stage.bindings() == others


def test_a_script_that_somebody_edited_is_set_again(stage: Automatic) -> None:
    stage.set_up()
    stage.patch_options(lambda options: options["customScripts"].update(login="function login(a, b, cb) { cb(); }"))
    [change] = stage.planned()
    assert "set the scripts" in change
    stage.set_up()
    assert stage.options()["customScripts"] == scripts_for(stage.answers()).custom_scripts()
    assert stage.planned() == []


def test_a_value_that_somebody_changed_is_set_again(stage: Automatic) -> None:
    stage.set_up()
    stage.patch_options(lambda options: options["configuration"].update(LEGACY_API_URL="https://evil.example.com"))
    stage.set_up()
    assert stage.sealed()["LEGACY_API_URL"] == "https://legacy.example.com"
    assert stage.planned() == []


def test_a_secret_that_is_known_nowhere_is_renewed_and_reaches_every_place(stage: Automatic) -> None:
    stage.set_up()
    old = stage.memory.pop((stage.tenant.domain, secret_name("acme-users"))).reveal()
    planned = stage.set_up()
    assert [change.partition(" ")[0] for change in planned] == ["give", "set", "build", "build"]
    new = stage.memory[stage.tenant.domain, secret_name("acme-users")].reveal()
    assert new != old
    assert stage.sealed()["LEGACY_API_CLIENT_SECRET"] == new
    assert stage.planned() == []


def test_values_of_others_are_sent_back_only_when_that_was_agreed(stage: Automatic) -> None:
    connection_id = stage.make_connection("acme-users")
    stage.ask("PATCH", f"connections/{connection_id}", json={"options": {"configuration": {"CRM_KEY": "abc"}}})
    with pytest.raises(UsageError, match="CRM_KEY"):
        stage.planned()
    stage.set_up("custom_database.carry_encrypted=true")
    assert stage.sealed()["CRM_KEY"] == "abc"
    assert stage.planned("custom_database.carry_encrypted=true") == []


def test_a_connection_with_users_cannot_begin_to_use_its_own_database(stage: Automatic) -> None:
    stage.make_connection("acme-users")
    stage.enable()
    stage.ask(
        "POST",
        "users",
        json={"connection": "acme-users", "email": "bob@example.com", "password": "Very-long-1-password"},
    )
    stage.clock.time += 60
    requests = stage.count_requests()
    with pytest.raises(UsageError, match="it has 1 user, and Auth0 refuses"):
        stage.planned()
    assert requests.writes == []


def test_other_options_of_the_connection_stay(stage: Automatic) -> None:
    connection_id = stage.make_connection("acme-users")
    before = stage.options()
    stage.set_up()
    assert stage.connection()["id"] == connection_id
    ours = {"enabledDatabaseCustomization", "import_mode", "customScripts", "configuration", "passwordPolicy"}
    after = stage.options()
    assert {key: value for key, value in after.items() if key not in ours} == {
        key: value for key, value in before.items() if key not in ours
    }


def test_an_api_of_the_operator_is_protected_and_put_back(stage: Automatic) -> None:
    made = stage.ask(
        "POST", "resource-servers", json={"identifier": AUDIENCE, "name": "Mine", "scopes": [{"value": "read:orders"}]}
    )
    planned = stage.set_up()
    assert any("no end user gets a token for it any more" in change for change in planned)
    api = stage.ask("GET", f"resource-servers/{made['id']}")
    assert {scope["value"] for scope in api["scopes"]} == {"read:orders", *SCOPES}
    stage.take_back()
    assert stage.ask("GET", f"resource-servers/{made['id']}") == made


def test_everything_is_taken_back_but_the_connection(stage: Automatic) -> None:
    stage.make_connection("acme-users")
    before = (stage.options(), stage.ask("GET", "clients"), stage.ask("GET", "resource-servers"))
    stage.set_up()
    stage.take_back()
    after = (stage.options(), stage.ask("GET", "clients"), stage.ask("GET", "resource-servers"))
    if "password_options" in before[0]:
        before[0].pop("passwordPolicy", None)  # Auth0 refuses to be sent both families of password options
    assert after == before
    assert stage.ask("GET", "client-grants", params={"audience": AUDIENCE}) == []
    assert stage.ask("GET", "actions/actions")["actions"] == []
    assert stage.bindings() == []
    assert stage.memory == {}
    stage.take_back()  # twice does no more than once
    assert stage.options() == after[0]


def test_what_was_taken_back_can_be_set_up_again(stage: Automatic) -> None:
    stage.set_up()
    stage.take_back()
    assert len(stage.planned()) == 9
    stage.set_up()
    assert stage.planned() == []


def test_with_users_in_it_the_connection_stays_as_harmless_as_it_can(stage: Automatic) -> None:
    stage.set_up()
    stage.enable()
    stage.ask(
        "POST",
        "users",
        json={"connection": "acme-users", "email": "bob@example.com", "password": "Very-long-1-password"},
    )
    with pytest.raises(WizardError, match="keeps using its own database"):
        stage.take_back()
    options = stage.options()
    assert options["import_mode"] is True
    assert options["customScripts"] == closed().custom_scripts()


def test_a_closed_door_is_left_closed(stage: Automatic) -> None:
    stage.set_up()
    stage.patch_options(lambda options: options.update(customScripts=closed().custom_scripts()))
    assert stage.planned() == []


def test_the_legacy_api_is_asked_whether_it_is_there(stage: Automatic) -> None:
    stage.set_up()
    assert stage.checked()
    stage.legacy.ready = 503
    assert not stage.checked()
    assert stage.legacy.calls == ["GET /healthz", "GET /readyz", "GET /migrated?take=1"] * 2


def test_rules_are_never_made_where_they_are_refused(stage: Automatic) -> None:
    requests = stage.count_requests()
    with pytest.raises(UsageError, match="no Rules any more"):
        stage.planned("guards.kind=rules")
    assert ("GET", "/api/v2/rules") in requests.requests
    assert requests.writes == []


def test_without_a_keyring_nothing_is_begun(stage: Automatic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", load_keyring("keyring.backends.fail.Keyring"))
    requests = stage.count_requests()
    stage.memory = None  # type: ignore[assignment]
    with pytest.raises(CredentialsError, match="keyring"):
        stage.set_up()
    assert requests.writes == []


def test_a_lost_answer_leaves_no_duplicate(tmp_path: Path) -> None:
    from rehearsal import CutCable

    probe = Automatic(tmp_path / "probe")
    counting = probe.count_requests()
    probe.set_up()
    writes = [
        number
        for number, (method, path) in enumerate(counting.requests, 1)
        if method != "GET" and path != "/oauth/token"
    ]
    probe.tenant.close()
    assert len(writes) >= 10
    for when in ("before", "after"):
        stage = Automatic(tmp_path / when)
        stage.transport = CutCable(stage.tenant.transport(), when, writes)
        for _ in range(len(writes) + 1):
            try:
                stage.set_up()
                break
            except WizardError:
                continue
        assert stage.planned() == []
        names = [one["name"] for one in stage.ask("GET", "clients")]
        assert names.count("Auth0 migration: legacy API") == 1
        assert stage.bindings() == GUARD_NAMES
        assert json.dumps(stage.options()["customScripts"]) == json.dumps(scripts_for(stage.answers()).custom_scripts())
        stage.tenant.close()


def test_the_tenants_subscription_does_not_matter(tmp_path: Path) -> None:
    stage = Automatic(tmp_path, plan="free")
    stage.set_up()
    assert stage.planned() == []
    stage.tenant.close()


# The scripts and guards that were deployed, run by the tenant itself.


def test_a_user_moves_at_the_first_login_and_is_marked(stage: Automatic) -> None:
    stage.set_up()
    assert stage.log_in("not this one") == (403, "invalid_grant")
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    user = stage.ask("GET", "users/auth0%7C7")
    assert user["email"] == "ann@example.com"
    assert user["app_metadata"] == {"plan": "gold", "migration_marked": "marked"}
    assert stage.legacy.migrated
    client = stage.application()
    assert client is not None
    assert stage.legacy.subjects == {f"{client['client_id']}@clients"}
    before = list(stage.legacy.calls)
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    assert stage.legacy.calls == before, "from now on the legacy store is not asked about her"


def test_users_move_through_a_connection_whose_scripts_are_given_a_context(stage: Automatic) -> None:
    """Where enable_script_context was once turned on, it stays so; context comes just before the callback."""
    stage.ask(
        "POST",
        "connections",
        json={"name": "acme-users", "strategy": "auth0", "options": {"enable_script_context": True}},
    )
    stage.set_up(steps=[step for step in AUTOMATIC if step.key in ("connection", "custom_database")])
    assert stage.log_in(LEGACY_PASSWORD) != (200, "")
    assert "being set up" in stage.last_login
    stage.set_up()
    assert stage.options()["enable_script_context"] is True
    assert stage.log_in("not this one") == (403, "invalid_grant")
    assert stage.sign_up("ann@example.com")[0] == 400
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    assert stage.sign_up("bob@example.com")[0] == 200
    stage.patch_options(lambda options: options.update(customScripts=closed().custom_scripts()))
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    assert stage.log_in(LEGACY_PASSWORD, "carol@example.com") == (403, "invalid_grant")
    assert stage.sign_up("carol@example.com")[0] == 200


def test_an_end_user_gets_no_token_for_the_legacy_api(stage: Automatic) -> None:
    stage.set_up()
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    status, error = stage.log_in(LEGACY_PASSWORD, audience=AUDIENCE)
    assert status in (401, 403)
    assert error in ("access_denied", "unauthorized_client")


def test_while_the_legacy_store_is_down_who_has_moved_logs_in_and_nobody_else(stage: Automatic) -> None:
    stage.set_up()
    stage.legacy.down = True
    status, error = stage.log_in(LEGACY_PASSWORD)
    assert (status, error) != (200, "")
    assert error != "invalid_grant", "an outage is not told as a wrong password"
    stage.legacy.down = False
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    stage.legacy.down = True
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")


def test_missing_metadata_is_fetched_once(stage: Automatic) -> None:
    stage.set_up()
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    stage.ask("PATCH", "users/auth0%7C7", json={"app_metadata": {"plan": None}})
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    metadata = stage.ask("GET", "users/auth0%7C7")["app_metadata"]
    assert metadata == {"plan": "gold", "migration_marked": "marked", "migration_metadata": "fetched"}
    asked = stage.legacy.calls.count("GET /users/7")
    stage.ask("PATCH", "users/auth0%7C7", json={"app_metadata": {"plan": None}})
    assert stage.log_in(LEGACY_PASSWORD) == (200, "")
    assert stage.legacy.calls.count("GET /users/7") == asked == 1


# The same by Rules, on a tenant that still runs them.


@pytest.fixture
def old_stage(tmp_path: Path) -> Iterator[Automatic]:
    stage = Automatic(tmp_path, settings={"switches": Switches(rules="run")})
    stage.answers_file.write_text(
        stage.answers_file.read_text(encoding="utf-8") + '\n[guards]\nkind = "rules"\n', encoding="utf-8"
    )
    yield stage
    stage.tenant.close()


def test_rules_are_put_after_others_and_taken_back(old_stage: Automatic) -> None:
    script = "function (user, context, callback) { callback(null, user, context); }"
    old_stage.ask("POST", "rules", json={"name": "Mine", "script": script, "order": 3})
    old_stage.set_up()
    assert [rule["name"] for rule in old_stage.ask("GET", "rules")] == ["Mine", *GUARD_NAMES]
    assert old_stage.planned() == []
    old_stage.take_back()
    assert [rule["name"] for rule in old_stage.ask("GET", "rules")] == ["Mine"]
    assert old_stage.ask("GET", "rules-configs") == []


def test_rules_need_the_scopes_of_rules_and_none_of_actions(old_stage: Automatic, tmp_path: Path) -> None:
    stage = Automatic(tmp_path / "with-actions")
    asked = [{scope for step in STEPS for scope in step.scopes_for(one.answers())} for one in (old_stage, stage)]
    rules = {"read:rules", "create:rules", "update:rules", "delete:rules"}
    configs = {"read:rules_configs", "update:rules_configs", "delete:rules_configs"}
    actions = {"read:actions", "create:actions", "update:actions", "delete:actions"}
    assert (asked[0] - asked[1], asked[1] - asked[0]) == (rules | configs, actions)
    for scopes, one in zip(asked, (old_stage, stage), strict=True):
        one.limit_scopes(sorted({each for scope in scopes for each in (scope, *ALONG_WITH.get(scope, ()))}))
        one.set_up()
    stage.tenant.close()


def test_a_script_too_large_for_auth0_is_found_at_plan_time(stage: Automatic) -> None:
    stage.answer('phone_number = "phone"', "")
    stage.answer('plan = "plan"', f'plan = {{ constant = "{"x" * 100_000}" }}')
    stage.answer('path = "users.csv"', 'url = "postgresql://reader@db.example.com/shop"\ntable = "users"')
    answers = stage.answers('scripts.kind="postgresql"', "scripts.database=env:LEGACY")
    [step] = [step for step in STEPS if step.key == "scripts"]
    with pytest.raises(UsageError, match="login script would be too large") as refused:
        step.plan(answers, step.facts())
    assert "legacy_api" in str(refused.value)


def test_rules_do_what_the_actions_do(old_stage: Automatic) -> None:
    old_stage.set_up()
    assert old_stage.log_in(LEGACY_PASSWORD) == (200, "")
    metadata = old_stage.ask("GET", "users/auth0%7C7")["app_metadata"]
    assert metadata == {"plan": "gold", "migration_marked": "marked"}
    assert old_stage.log_in(LEGACY_PASSWORD, audience=AUDIENCE)[0] in (401, 403)


def test_scripts_that_would_run_in_an_old_node_are_told(stage: Automatic) -> None:
    stage.set_up()
    assert stage.checked()
    stage.ask("PATCH", "tenants/settings", json={"sandbox_version": "12"})
    assert not stage.checked()


def test_the_scripts_can_be_tried_in_a_rehearsal_without_a_network(stage: Automatic) -> None:
    from wizard.doorway.trial import try_scripts

    stage.set_up()
    outside = {"legacy.example.com": stage.legacy, stage.tenant.domain: stage.tenant.transport()}
    scripts = scripts_for(stage.answers())
    trials = asyncio.run(try_scripts(scripts, stage.sealed(), "ann@example.com", LEGACY_PASSWORD, outside=outside))
    assert [(trial.script, trial.result, trial.callbacks) for trial in trials] == [
        ("login", "user", 1),
        ("get_user", "user", 1),
    ]
    assert trials[0].profile == trials[1].profile == PROFILE


def test_scopes_are_those_that_the_legacy_api_asks_for() -> None:
    from wizard.doorway.answers import SCOPES as ASKED
    from wizard.steps.legacy_api import SCOPES as GRANTED

    assert tuple(GRANTED) == ASKED
