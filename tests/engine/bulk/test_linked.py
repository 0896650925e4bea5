"""Linked users: an identity of somebody else's account is in the connection, though no look-up by id or address finds it."""

import json
from pathlib import Path

import pytest
from linked_stage import (
    EXPORTS,
    PEOPLE,
    Searches,
    add,
    details,
    identities,
    link,
    password_of,
    plant,
    stage_of,
    told,
)
from rehearsal import Rehearsal, kept, known_hash, person

from wizard.events import UsersRepaired
from wizard.practice.users.creation import add_user
from wizard.runner import Plan


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    return stage_of(tmp_path)


def move(stage: Rehearsal, number: int) -> None:
    """Let a person be there before the run, as it prepares them."""
    found = stage.tenant.connection_named("acme-users")
    assert found is not None
    add_user(stage.tenant, found, kept(number), secret=known_hash())


def statuses(stage: Rehearsal) -> dict[object, object]:
    return {found["user_id"]: found["status"] for found in details(stage)}


def always(plan: Plan) -> bool:
    return True


@EXPORTS
def test_a_linked_user_is_neither_missing_nor_half_made(tmp_path: Path, exports: str) -> None:
    stage = stage_of(tmp_path, linked_users_in_exports=exports)
    stage.apply()
    link(stage, "5")
    progress = stage.verify()
    assert (progress.verdict, progress.missing, progress.different) == ("complete", 0, 0)
    assert told(stage, "export").detail == "12 users compared: 0 missing, 0 different; 1 linked to another account"
    progress = stage.apply(fresh=True)
    assert (progress.verdict, progress.already_there, progress.missing) == ("complete", PEOPLE, 0)
    assert not progress.failed_checks
    assert statuses(stage)["5"] == "linked"


@EXPORTS
def test_a_linked_user_of_another_person_takes_the_id_only(tmp_path: Path, exports: str) -> None:
    """One of another store, migrated before: Auth0 refuses the one prepared as a duplicate, who is nowhere."""
    stage = stage_of(tmp_path, linked_users_in_exports=exports)
    add(stage, "acme-users", "5", "somebody.else@example.org")
    link(stage, "5")
    progress = stage.apply()
    assert (progress.verdict, progress.taken, progress.already_there) == ("attention", 1, 0)
    assert (progress.missing, progress.unfound, progress.linked, progress.imported) == (0, 0, 0, PEOPLE - 1)
    assert "(id_taken in verify.ndjson)" in told(stage, "ids").detail
    assert [found for found in details(stage) if found["status"] != "extra"] == [
        {"user_id": "5", "status": "id_taken", "file": "00001.json", "fields": ["email"]}
    ]


def test_no_linked_user_of_another_person_counts_as_there(stage: Rehearsal) -> None:
    for number in range(1, PEOPLE + 1):
        add(stage, "acme-users", str(number), f"other{number}@example.org")
        link(stage, str(number))
    progress = stage.apply()
    assert (progress.verdict, progress.taken, progress.already_there) == ("attention", PEOPLE, 0)
    stage.clock.time += 60
    assert stage.resume("verify.depth=sample").verdict == "attention"
    assert told(stage, "sample").detail.startswith("0 of 5 sampled users found by e-mail")
    assert "linked" not in told(stage, "sample").detail


def test_a_linked_user_who_shows_no_address_proves_nothing_of_one_who_was_refused(stage: Rehearsal) -> None:
    add(stage, "acme-users", "5", "somebody.else@example.org")
    link(stage, "5")
    [(shown,)] = stage.tenant.db.execute("select linked from users where id = 'prim'").fetchall()
    [identity] = json.loads(shown)
    del identity["profileData"]["email"]
    stage.tenant.db.execute("update users set linked = ? where id = 'prim'", (json.dumps([identity]),))
    progress = stage.apply()
    assert (progress.verdict, progress.missing, progress.unfound) == ("attention", 1, 1)
    assert (progress.linked, progress.taken, progress.already_there) == (0, 0, 0)


def test_a_linked_user_whose_address_has_changed_since_the_import_is_the_same_person(stage: Rehearsal) -> None:
    stage.apply()
    stage.ask("PATCH", "users/auth0%7C5", json={"email": "changed@example.org"})
    link(stage, "5")
    progress = stage.verify()
    assert (progress.verdict, progress.missing, progress.linked, progress.taken) == ("complete", 0, 1, 0)


@EXPORTS
def test_a_linked_user_with_the_address_of_the_other_account_is_not_different_either(
    tmp_path: Path, exports: str
) -> None:
    stage = stage_of(tmp_path, linked_users_in_exports=exports)
    stage.apply()
    add(stage, "staff", "prim", person(5)["mail"])
    link(stage, "5")
    progress = stage.verify()
    assert (progress.verdict, progress.missing, progress.different) == ("complete", 0, 0)
    assert statuses(stage)["5"] == "linked"


def test_a_user_who_is_missing_beside_a_linked_one_is_still_missing(stage: Rehearsal) -> None:
    stage.apply()
    link(stage, "5")
    stage.ask("DELETE", "users/auth0%7C6")
    progress = stage.verify()
    assert (progress.verdict, progress.missing) == ("attention", 1)
    assert {user_id: statuses(stage)[user_id] for user_id in ("5", "6")} == {"5": "linked", "6": "missing"}


def test_users_linked_to_one_another_are_all_there(stage: Rehearsal) -> None:
    stage.apply()
    link(stage, "5", to="4")
    link(stage, "6", to="4")
    progress = stage.verify()
    assert (progress.verdict, progress.missing) == ("complete", 0)


def test_a_sample_finds_linked_users_too(stage: Rehearsal) -> None:
    stage.apply()
    for number in range(1, PEOPLE + 1):
        link(stage, str(number), to=f"prim{number}")
    stage.clock.time += 60
    assert stage.resume("verify.depth=sample").verdict == "complete"
    assert told(stage, "sample").detail == "0 of 5 sampled users found by e-mail, 5 linked to other accounts"


def test_a_repair_leaves_a_linked_user_alone_whom_search_does_not_show_yet(tmp_path: Path) -> None:
    """The user was linked a moment ago, so the look for half-made users has not found it either."""
    stage = stage_of(tmp_path, search_lag_seconds=6)
    move(stage, 5)
    plant(stage, 3)
    progress = stage.apply()
    assert (progress.already_there, progress.unfound) == (1, 1)
    before = password_of(stage, "5")
    link(stage, "5")
    progress = stage.resume("verify.repair_at_most=2", approve=always)
    assert any(isinstance(event, UsersRepaired) for event in stage.events)
    assert identities(stage) == [("staff", "prim"), ("acme-users", "5")]
    assert password_of(stage, "5") == before
    assert (progress.verdict, progress.missing) == ("complete", 0)
    assert password_of(stage, "3") is not None, "who was half-made is there again"


def test_a_repair_takes_no_identity_of_another_id_that_has_the_address(stage: Rehearsal) -> None:
    add(stage, "acme-users", "other-5", person(5)["mail"])
    link(stage, "other-5")
    before = password_of(stage, "other-5")
    progress = stage.apply("verify.repair_at_most=2")
    assert (progress.verdict, progress.missing) == ("attention", 1)
    assert password_of(stage, "other-5") == before
    assert identities(stage) == [("staff", "prim"), ("acme-users", "other-5")]


def test_an_account_with_an_identity_of_the_same_id_elsewhere_hides_no_half_made_user(stage: Rehearsal) -> None:
    add(stage, "staff", "3", "somebody@example.org")
    plant(stage, 3)
    progress = stage.apply("verify.repair_at_most=1")
    assert (progress.verdict, progress.imported) == ("complete", PEOPLE)


def test_a_half_made_user_whose_import_anew_is_rejected_counts_once(stage: Rehearsal) -> None:
    plant(stage, 3)
    assert stage.apply().unfound == 1
    stage.tenant.switches = stage.tenant.switches.model_copy(update={"oversize_profile": "fails", "oversize_bytes": 10})
    progress = stage.resume("verify.repair_at_most=1", approve=always)
    assert (progress.imported, progress.unfound, progress.rejected, progress.missing) == (PEOPLE - 1, 0, 1, 0)
    assert (progress.adds_up, statuses(stage)["3"]) == (True, "refused")


def test_nobody_is_searched_for_where_nobody_is_missing(stage: Rehearsal) -> None:
    stage.transport = searches = Searches(stage.tenant.transport())
    assert stage.apply().verdict == "complete"
    assert searches.queries == []


def test_those_who_are_missing_are_searched_for_together(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    stage.write_people([person(number) for number in range(1, 121)])
    stage.apply()
    for number in range(41, 121):
        stage.ask("DELETE", f"users/auth0%7C{number}")
    link(stage, "40")
    stage.transport = searches = Searches(stage.tenant.transport())
    assert stage.verify().missing == 80
    assert len(searches.queries) == 3, "two for those the export lacks, one for the sample"
