"""A run that is asked to stop does so at once wherever it is, says so, and goes on when resumed."""

import os
from pathlib import Path
from typing import Any

import pytest
from rehearsal import CountingTransport, Rehearsal, person, whereabouts

from wizard.bulk.manifest import Manifest
from wizard.bulk.preparation.folder import Preparation
from wizard.errors import Interrupted
from wizard.events import RequestSent
from wizard.tools import Stop

USERS = 12
EVERY = 1 if os.environ.get("PROOFS") == "all" else 8
"""Of the requests of a run, at each so-manieth it is asked to stop."""
MOST = 48
"""No run sends so many requests."""


def stage_in(folder: Path) -> Rehearsal:
    stage = Rehearsal(folder, file_bytes=1_500)
    stage.write_people([person(number) for number in range(1, USERS + 1)])
    return stage


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run leaves that is not stopped."""
    stage = stage_in(tmp_path_factory.mktemp("undisturbed"))
    stage.transport = requests = CountingTransport(stage.transport)
    stage.apply()
    assert len(requests.requests) < MOST
    return whereabouts(stage.tenant)


@pytest.mark.parametrize("at", range(1, MOST, EVERY))
def test_a_stop_at_any_request_ends_the_run_soon_and_loses_nothing(
    tmp_path: Path, undisturbed: dict[str, Any], at: int
) -> None:
    stage = stage_in(tmp_path)
    stage.transport = requests = CountingTransport(stage.transport)
    stop = Stop()
    requests.after = lambda number: stop.request() if number == at else None
    try:
        stage.apply(stop=stop)
    except Interrupted as interruption:
        assert interruption.remedy
        assert len(requests.requests) <= at + 6, "it finishes what it is about, and begins nothing"
    else:
        assert len(requests.requests) <= at + 1, "all was done already"
    last = stage.resume() if stage.approved else stage.apply()
    assert (last.verdict, last.read) == ("complete", USERS)
    assert last.imported + last.already_there == USERS
    assert whereabouts(stage.tenant) == undisturbed


def test_a_stop_does_not_wait_for_an_export(tmp_path: Path) -> None:
    stage = stage_in(tmp_path)
    stop = Stop()
    asked: list[RequestSent] = []

    def watch(event: object) -> None:
        if isinstance(event, RequestSent):
            asked.append(event)
            stop.requested = stop.requested or event.path.endswith("/jobs/users-exports")

    with pytest.raises(Interrupted):
        stage.apply(stop=stop, watch=watch)
    assert asked[-1].path.endswith("/jobs/users-exports")


def a_manifest() -> Manifest:
    return Manifest("test", {}, "", 0, (), {}, {}, {}, (), {})


def test_a_preparation_that_nobody_waits_for_any_more_leaves_the_next_one_alone(tmp_path: Path) -> None:
    late = Preparation(tmp_path).__enter__()
    with Preparation(tmp_path) as folder:
        with pytest.raises(OSError, match="No such file"):
            late.publish(a_manifest())
        late.__exit__(None, None, None)
        (folder.users / "00001.json").write_text("[]")
        folder.rejects.write_text("")
        folder.publish(a_manifest())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "rejects.ndjson", "users"]


def test_a_preparation_that_comes_too_late_leaves_what_is_there(tmp_path: Path) -> None:
    late = Preparation(tmp_path).__enter__()
    with Preparation(tmp_path) as folder:
        (folder.users / "00001.json").write_text("[]")
        folder.rejects.write_text("")
        folder.publish(a_manifest())
    with pytest.raises(OSError, match="No such file"):
        late.publish(a_manifest())
    assert (tmp_path / "manifest.json").is_file()
    assert (tmp_path / "users" / "00001.json").is_file()
