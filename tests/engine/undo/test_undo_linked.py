"""Undo leaves linked users alone, and a connection in which somebody else's account has an identity."""

from collections.abc import Callable
from pathlib import Path

import pytest
from linked_stage import EXPORTS, PEOPLE, Searches, add, id_of, identities, link, password_of, stage_of
from phases_stage import stage_of as phases_of
from rehearsal import Rehearsal, person

from wizard.bulk.repair.removal import TOLD_EVERY, InUse
from wizard.bulk.verification import linked
from wizard.commands.undo import plan_text
from wizard.errors import PlanStale
from wizard.events import Event, UsersRemoved
from wizard.identity import progress_of
from wizard.practice.users.linking import make_one
from wizard.practice.users.table import find_by


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    return stage_of(tmp_path)


def change(stage: Rehearsal, number: int) -> None:
    """Let something of a user change after the import, which has to be decided about then."""
    stage.clock.time += 3600
    stage.ask("PATCH", f"users/auth0%7C{number}", json={"nickname": "Somebody"})


@EXPORTS
@pytest.mark.parametrize("in_use", ["keep", "delete"])
def test_undo_keeps_a_linked_user_and_the_connection(tmp_path: Path, exports: str, in_use: InUse) -> None:
    stage = stage_of(tmp_path, connection=False, linked_users_in_exports=exports)
    stage.apply()
    link(stage, "5")
    change(stage, 7)
    before = password_of(stage, "5")
    undone = stage.undo(users=True, in_use=in_use)
    assert undone.users == PEOPLE - (1 if in_use == "delete" else 2)
    *_, linked, connection = undone.left
    assert linked == "1 user whose account is linked to others: deleting would take the other account, too"
    assert connection.startswith("The connection acme-users stays")
    assert (identities(stage), password_of(stage, "5")) == ([("staff", "prim"), ("acme-users", "5")], before)
    look = stage.undo_plans[-1].look
    assert look is not None
    assert (look.there, look.linked, look.in_use) == (PEOPLE - 1, 1, 1)
    assert "1 is linked to another account and stays" in plan_text(stage.undo_plans[-1])
    again = stage.undo(users=True, in_use=in_use)
    assert (again.users, again.left) == (0, undone.left), "it is looked for again"


@pytest.mark.parametrize("parts", [1, 8])
def test_no_linked_user_is_ever_told_as_deleted(tmp_path: Path, parts: int) -> None:
    stage, told = stage_of(tmp_path, connection=False), list[int]()
    people = TOLD_EVERY + 10
    stage.write_people([person(number) for number in range(1, people + 1)])
    stage.apply(*(["prepare.max_file_bytes=500000"] if parts == 1 else []))
    assert len(progress_of(stage.run).jobs) == parts
    for number in range(1, people + 1):
        link(stage, str(number))

    def watch(event: Event) -> None:
        if isinstance(event, UsersRemoved):
            told.append(event.removed)

    undone = stage.undo(users=True, in_use="delete", watch=watch)
    assert (undone.users, set(told)) == (0, {0})
    progress = progress_of(stage.run)
    assert (progress.removed, progress.missing, progress.imported) == (0, 0, people)


def test_deleted_users_are_told_while_a_part_is_under_way_and_never_fewer(tmp_path: Path) -> None:
    stage, told = stage_of(tmp_path, connection=False), list[int]()
    people = 2 * TOLD_EVERY + 10
    stage.write_people([person(number) for number in range(1, people + 1)])
    stage.apply("prepare.max_file_bytes=500000")
    for number in range(1, TOLD_EVERY, 2):
        link(stage, str(number))

    def watch(event: Event) -> None:
        if isinstance(event, UsersRemoved):
            told.append(event.removed)

    stage.undo(users=True, in_use="delete", watch=watch)
    left = TOLD_EVERY // 2
    assert told == sorted(told)
    assert told[-1] == people - left
    assert 0 < told[0] < told[-1]
    assert progress_of(stage.run).removed == people - left


@pytest.mark.parametrize("in_use", ["keep", "delete"])
def test_undo_keeps_a_user_to_whom_another_account_was_linked(stage: Rehearsal, in_use: InUse) -> None:
    stage.apply()
    add(stage, "staff", "second", "second@example.org")
    link(stage, "second", to="5", of="staff")
    change(stage, 7)
    undone = stage.undo(users=True, in_use=in_use)
    assert undone.users == PEOPLE - (1 if in_use == "delete" else 2)
    assert identities(stage, "5") == [("acme-users", "5"), ("staff", "second")]
    assert [one for one in undone.left if "linked" in one]


@pytest.mark.parametrize("users", [True, False])
def test_the_preview_tells_who_stays_as_it_has_moved_without_another_request(tmp_path: Path, users: bool) -> None:
    stage = phases_of(tmp_path, PEOPLE)
    stage.apply("cutover.confirm=")
    stage.log_in([1, 2, 3])
    stage.pass_days(1)
    stage.resume("trickle.go_on=true")
    with pytest.raises(PlanStale, match="not approved"):
        stage.undo(users=users, approve=False)
    shown = plan_text(stage.undo_plans[-1])
    assert "  stays          3 users who have moved at login: no import has made them" in shown


def test_the_preview_tells_of_linked_users_where_no_export_can(stage: Rehearsal) -> None:
    stage.apply()
    link(stage, "5")
    stage.verify()
    stage.tenant.plan = "free"
    stage.tenant.switches = stage.tenant.switches.model_copy(update={"free_plan_exports": "refused"})
    with pytest.raises(PlanStale, match="not approved"):
        stage.undo(users=True, in_use="keep", approve=False)
    shown = plan_text(stage.undo_plans[-1])
    assert "  stays          1 user who is an identity of another account, by the last comparison" in shown


def test_undo_takes_nobody_of_another_connection_who_has_an_identity_in_this_one(stage: Rehearsal) -> None:
    """The same id is there in both, and that of the other one is the primary."""
    add(stage, "staff", "5", "somebody@example.org")
    stage.apply()
    link(stage, "5", to="5")
    change(stage, 7)
    stage.undo(users=True, in_use="delete")
    assert identities(stage, "5") == [("staff", "5"), ("acme-users", "5")]


@EXPORTS
@pytest.mark.parametrize("lag", [0, 6])
def test_a_connection_with_a_linked_identity_is_not_deleted(tmp_path: Path, exports: str, lag: int) -> None:
    stage = stage_of(tmp_path, connection=False, linked_users_in_exports=exports, search_lag_seconds=lag)
    stage.apply()
    stage.undo(users=True, in_use="delete", watch=_signed_up(stage))
    assert password_of(stage, "new") is not None
    assert identities(stage) == [("staff", "prim"), ("acme-users", "new")]


def _signed_up(stage: Rehearsal) -> Callable[[Event], None]:
    """Let somebody sign up, and link, once all users that the run had made are deleted."""

    def watch(event: Event) -> None:
        if isinstance(event, UsersRemoved) and event.removed == PEOPLE and password_of(stage, "new") is None:
            add(stage, "acme-users", "new", "new@example.org")
            add(stage, "staff", "prim", "prim@example.org")
            primary, secondary = (
                find_by(stage.tenant, id_of(stage, of), "id", one)
                for of, one in (("staff", "prim"), ("acme-users", "new"))
            )
            assert primary is not None
            assert secondary is not None
            with stage.tenant.transaction():
                make_one(stage.tenant, primary, secondary)

    return watch


def test_users_just_deleted_do_not_hold_the_connection_though_search_shows_them_for_a_while(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, connection=False, search_lag_seconds=25)
    stage.apply()
    assert stage.undo(users=True, in_use="delete").left == ()
    assert stage.ask("GET", "connections", params={"name": "acme-users"}) == []


def test_after_so_many_in_vain_nobody_is_searched_for_whatever_the_part(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "IN_VAIN", 18)
    stage.write_people([person(number) for number in range(1, 41)])
    stage.apply()
    for number in range(1, 41):
        stage.ask("DELETE", f"users/auth0%7C{number}")
    stage.transport = searches = Searches(stage.tenant.transport())
    stage.undo(users=True, in_use="delete")
    parts = len(progress_of(stage.run).jobs)
    asked = len(searches.queries)
    assert parts >= 4
    assert asked < 2 * parts, "once before it is approved, and once while it deletes"
    assert asked >= 4
