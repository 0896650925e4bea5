"""Progress is a fold of events, and its verdict is honest."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard import events as happened
from wizard.errors import Exit
from wizard.events import EVENTS, Event, from_json, to_json
from wizard.progress import Progress

STARTED = happened.RunStarted("run-1", "bulk", resumed=False)
PREPARED = happened.UsersPrepared(read=10, prepared=9, rejected=0, skipped=1, files=1, bytes=900)
SUBMITTED = happened.JobSubmitted("users/00001.json", "job_1", users=9, bytes=900)
ENDED = happened.JobEnded("users/00001.json", "job_1", "completed", 7, 2, 0, seconds=2.0)
COMPARED = happened.UsersReconciled(compared=9, missing=0, different=0, extra=0)
CLEAN: list[Event] = [STARTED, PREPARED, SUBMITTED, ENDED, COMPARED, happened.RunEnded()]


def test_a_clean_run_is_complete_and_adds_up() -> None:
    progress = Progress.of(CLEAN)
    assert progress.adds_up
    assert (progress.verdict, progress.exit) == ("complete", Exit.DONE)


def test_hearing_of_a_users_fate_twice_changes_nothing() -> None:
    assert Progress.of([*CLEAN[:-1], ENDED, COMPARED, PREPARED, CLEAN[-1]]) == Progress.of(CLEAN)


@pytest.mark.parametrize(
    "events",
    [
        [dataclasses.replace(PREPARED, rejected=1, prepared=8), dataclasses.replace(ENDED, imported=6)],
        [dataclasses.replace(COMPARED, missing=1)],
        [dataclasses.replace(COMPARED, different=1)],
        [dataclasses.replace(ENDED, imported=6)],
        [dataclasses.replace(ENDED, imported=6, rejected=1)],
        [happened.CheckFailed("verify", "search", "too few", "wait")],
    ],
    ids=["rejected", "missing", "different", "sum off", "refused by Auth0", "check failed"],
)
def test_anything_left_over_asks_for_attention(events: list[Event]) -> None:
    progress = Progress.of([*CLEAN[:-1], *events, happened.RunEnded()])
    assert (progress.verdict, progress.exit) == ("attention", Exit.ATTENTION)


def test_users_said_to_be_there_already_are_believed_only_once_compared() -> None:
    unproven = Progress.of([STARTED, PREPARED, SUBMITTED, ENDED, happened.RunEnded()])
    assert unproven.adds_up
    assert (unproven.verdict, unproven.exit) == ("attention", Exit.ATTENTION)
    all_new = dataclasses.replace(ENDED, imported=9, already_there=0)
    assert Progress.of([STARTED, PREPARED, SUBMITTED, all_new, happened.RunEnded()]).verdict == "complete"


def test_users_imported_without_their_second_factors_ask_for_attention_also_where_auth0_counts_them_as_imported() -> (
    None
):
    refused = happened.UsersRefused("users/00001.json", {"MFA_FACTORS_FAILED": 2, "FORMAT": 1})
    progress = Progress.of([*CLEAN[:-1], refused, CLEAN[-1]])
    assert (progress.rejected, progress.without_factors) == (0, 2)
    assert progress.verdict == "attention"


def test_a_repair_moves_users_that_were_found_nowhere_and_no_sum_is_off_meanwhile() -> None:
    before = [*CLEAN[:4], dataclasses.replace(COMPARED, missing=2, unfound=2)]
    now = Progress.of(before)
    assert (now.already_there, now.unfound, now.adds_up) == (0, 2, True)
    repaired = happened.UsersRepaired("round-1", 2)
    for events in ([repaired], [repaired, repaired]):
        now = Progress.of([*before, *events])
        assert (now.unfound, now.users_done) == (0, 8), "to be imported anew"
    again = dataclasses.replace(ENDED, job="job_2", imported=2, already_there=0)
    assert Progress.of([*before, repaired, dataclasses.replace(SUBMITTED, job="job_2", users=2), again]).adds_up


def test_users_that_were_not_prepared_are_no_fault() -> None:
    assert Progress.of([*CLEAN[:-1], dataclasses.replace(COMPARED, extra=3), CLEAN[-1]]).verdict == "complete"


def test_a_run_that_stopped_half_way_is_not_complete() -> None:
    assert Progress.of(CLEAN[:-1]).verdict == "failed"
    assert Progress.of([*CLEAN[:-1], happened.RunInterrupted()]).exit == Exit.INTERRUPTED


def test_a_run_is_only_stopped_as_long_as_nothing_went_wrong() -> None:
    assert Progress.of(CLEAN[:-1]).stopped
    assert not Progress.of([*CLEAN[:-1], happened.RunFailed("the network is gone", "resume")]).stopped
    assert not Progress.of(CLEAN).stopped


def test_a_failure_is_forgotten_when_the_run_is_resumed() -> None:
    failed = [*CLEAN[:3], happened.RunFailed("the network is gone", "resume")]
    assert Progress.of(failed).verdict == "failed"
    assert Progress.of([*failed, *CLEAN[3:]]).verdict == "failed"
    assert Progress.of([*failed, dataclasses.replace(STARTED, resumed=True), *CLEAN[3:]]).verdict == "complete"


def test_a_run_that_waits_for_the_world_says_so() -> None:
    waiting = Progress.of([STARTED, happened.WorldAwaited("trickle", "users still log in", "80 %")])
    assert (waiting.verdict, waiting.exit) == ("waiting", Exit.WAITING)


def test_the_answer_has_exactly_the_promised_keys() -> None:
    answer = Progress.of(CLEAN).to_json(report="report.html")
    assert list(answer) == ["run", "verdict", "strategy", "step", "users", "jobs", "requests", "seconds", "report"]
    assert list(answer["users"]) == [
        *("read", "imported", "migrated", "already_there", "rejected", "skipped", "missing", "different", "extra"),
    ]
    assert answer["jobs"] == {"total": 1, "completed": 1, "failed": 0}


def sample(kind: type[Event]) -> Event:
    values: dict[Any, Any] = {str: "x", int: 1, float: 1.5, bool: True, int | None: 1, float | None: 1.5}
    return kind(**{field.name: values.get(field.type, {"FORMAT": 1}) for field in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
def test_every_event_survives_the_journal(kind: type[Event]) -> None:
    event = sample(kind)
    assert from_json(to_json(event)) == event


def test_an_event_of_a_newer_version_is_passed_over() -> None:
    assert from_json({"event": "UsersTeleported", "count": 1}) is None


@given(st.lists(st.sampled_from([sample(kind) for kind in EVENTS.values()]), max_size=30))
def test_folding_never_fails_and_counts_never_sink_below_zero(events: list[Event]) -> None:
    progress = Progress.of(events)
    assert min(progress.read, progress.imported, progress.rejected, progress.requests) >= 0
    assert progress.verdict in ("complete", "attention", "waiting", "failed")
