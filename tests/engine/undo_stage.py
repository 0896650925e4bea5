"""Runs that are to be undone, and undos that are stopped."""

import pytest
from phases_stage import PhasesStage
from rehearsal import Rehearsal

from wizard.errors import Interrupted
from wizard.events import Event, RequestSent
from wizard.tools import Stop


def finished(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in([1, 2])
    stage.pass_days(1)
    assert stage.resume("trickle.go_on=true").verdict == "complete"


def connection_for_the_shop(stage: Rehearsal) -> str:
    """A connection that was there before the run, which the application may use already."""
    connection = stage.make_connection("acme-users")
    [shop] = [row for row in stage.ask("GET", "clients") if row["name"] == "Web shop"]
    stage.ask("PATCH", f"connections/{connection}/clients", json=[{"client_id": shop["client_id"], "status": True}])
    return connection


def stopped_undo(stage: Rehearsal, after: int) -> None:
    """An undo with users that the operator stops when so many are deleted."""
    stop, deleted = Stop(), 0

    def watch(event: Event) -> None:
        nonlocal deleted
        deleted += isinstance(event, RequestSent) and (event.method, event.path) == ("DELETE", "/api/v2/users/{id}")
        if deleted == after:
            stop.request()

    with pytest.raises(Interrupted):
        stage.undo(users=True, watch=watch, stop=stop)
