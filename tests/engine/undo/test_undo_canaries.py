"""Undo: the logins of the wizard's own canaries are nobody's use of an account; every other login is."""

from pathlib import Path

import pytest
from rehearsal import PASSWORD, Rehearsal, person
from test_undo_users import change_password, ids, log_in

from wizard.errors import PlanStale
from wizard.practice.samples import add_samples
from wizard.world import World

CANARIES = [1, 2]


class Stage(Rehearsal):
    @property
    def world(self) -> World:
        found = super().world
        secret = add_samples(self.tenant).login_client_secret
        return World(
            environment={**found.environment, "CANARY": PASSWORD, "LOGIN_SECRET": secret},
            clock=found.clock,
            transport=found.transport,
        )


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    """A run with two canaries, who have logged in."""
    stage = Stage(tmp_path)
    stage.write_people([person(number) for number in range(1, 7)])
    client_id = add_samples(stage.tenant).login_client_id
    who = ", ".join(f'{{ login = "{person(number)["mail"]}", password = "env:CANARY" }}' for number in CANARIES)
    stage.answer('enable = ["Web shop"]', 'enable = ["Login check"]')
    stage.answer(
        "sample = 5\n",
        f'sample = 5\nlogin_client_id = "{client_id}"\nlogin_client_secret = "env:LOGIN_SECRET"\ncanaries = [{who}]\n',
    )
    assert stage.apply().verdict == "complete"
    assert [user.get("logins_count", 0) for user in stage.users()] == [1, 1, 0, 0, 0, 0]
    return stage


@pytest.mark.parametrize("again", [0, 2])
def test_the_logins_of_canaries_are_no_use_of_their_accounts(stage: Rehearsal, again: int) -> None:
    for _ in range(again):
        stage.clock.time += 3600
        assert stage.verify().verdict == "complete"
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (6, ())


def in_use(stage: Rehearsal) -> int:
    """How many of the users to delete count as in use, and stay when asked to."""
    with pytest.raises(PlanStale, match="logged in or changed"):
        stage.undo(users=True)
    stage.undo(users=True, in_use="keep")
    look = stage.undo_plans[-1].look
    assert look is not None
    assert len(ids(stage)) == look.in_use
    return look.in_use


def test_a_login_after_that_of_the_canary_counts(stage: Rehearsal) -> None:
    log_in(stage, 1)
    assert in_use(stage) == 1


def test_a_login_between_two_of_the_canary_counts(stage: Rehearsal) -> None:
    log_in(stage, 2)
    stage.clock.time += 3600
    stage.verify()
    assert in_use(stage) == 1


def test_a_change_of_a_canary_counts_also_before_another_login(stage: Rehearsal) -> None:
    stage.clock.time += 3600
    stage.ask("PATCH", "users/auth0%7C1", json={"nickname": "Somebody"})
    stage.clock.time += 3600
    stage.verify()
    change_password(stage, 2)
    assert in_use(stage) == 2


def test_a_canary_of_another_who_has_logged_in_makes_nobody_else_unused(stage: Rehearsal) -> None:
    log_in(stage, 3)
    assert in_use(stage) == 1
    assert ids(stage) == {"3"}


def test_the_journal_knows_canaries_by_id_alone(stage: Rehearsal) -> None:
    assert b"person1@example.com" not in stage.run.journal.read_bytes()
