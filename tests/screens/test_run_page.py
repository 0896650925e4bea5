"""The run page draws recorded events: nothing yet, one user, a million, trouble on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from stage import WIDE, Rehearsal, frame, opened, until
from textual.content import Content

from screens.app import WizardApp
from screens.faults import AUTH0
from screens.steps.cutover import after_cutover
from screens.steps.run_figures import charts, headline, overall, pace, row_of, slots
from screens.steps.trickle import figures
from screens.steps.trickle import headline as phase_headline
from screens.work import Phase, Work
from wizard.answers.reading import from_tables
from wizard.errors import WizardError
from wizard.events import (
    ChangeUndone,
    ComparisonAdvanced,
    Event,
    JobEnded,
    JobPolled,
    JobSubmitted,
    RateLimitSeen,
    RequestLimited,
    RequestSent,
    RunEnded,
    RunStarted,
    RunUndone,
    StepFinished,
    StepStarted,
    UploadExpected,
    UsersMigrated,
    UsersPrepared,
    UsersRead,
    UsersReconciled,
    UsersRefused,
    WorldAwaited,
)
from wizard.journal import Journal, Refusal
from wizard.practice.legacy_store import ANSWERS
from wizard.progress import Progress
from wizard.runs import RunFolder
from wizard.steps import SECTIONS
from wizard.steps.trickle import TrickleAnswers

MILLION = 1_000_000


class Seconds:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def page(work: Work) -> str:
    """The texts of the page, from top to bottom."""
    texts = (headline(work), overall(work.progress, 60), pace(work, 1.0), slots(work, 1.0), charts(work, 60))
    return "\n".join(text.plain for text in texts)


def heard(events: Sequence[Event], seconds: Seconds | None = None) -> Work:
    work = Work(seconds or Seconds())
    for event in events:
        work.hear(event)
    work.phase = "running"
    return work


def begun(users: int) -> list[Event]:
    return [RunStarted("run-1", "bulk", resumed=False), StepStarted("prepare"), UsersRead(0, 0, users)]


def finished(users: int) -> list[Event]:
    """A run in which everybody is imported, in files of at most 1000."""
    files = -(-users // 1000)
    sizes = [min(1000, users - 1000 * number) for number in range(files)]
    events = [*begun(users), UsersPrepared(users, users, 0, 0, files, users * 464), StepFinished("prepare")]
    events.append(StepStarted("upload"))
    for number, size in enumerate(sizes):
        name = f"{number:05}.json"
        events.append(JobSubmitted(name, f"job_{number}", size, size * 464))
        events.append(JobEnded(name, f"job_{number}", "completed", size, 0, 0, 20.0))
    return [*events, StepFinished("upload"), RunEnded()]


def test_nothing_is_claimed_before_anything_is_known() -> None:
    words = page(heard([]))
    assert "0%" in words
    assert "time left: not known yet" in words
    assert words.count("free") == 2
    assert "no request yet" in words


@pytest.mark.parametrize("users", [1, MILLION])
def test_a_finished_run_accounts_for_every_user(users: int) -> None:
    work = heard(finished(users))
    work.phase = "ended"
    words = page(work)
    assert f"{users:,} of {users:,} user" in words
    assert "100%" in words
    assert "Complete: every user is accounted for." in words


def test_a_run_of_no_users_ends_without_dividing_by_them() -> None:
    work = heard([*begun(0), UsersPrepared(0, 0, 0, 0, 0, 0), RunEnded()])
    work.phase = "ended"
    assert "100%" in page(work)


def test_half_a_million_prepared_users_are_half_the_bar_with_a_range_of_time() -> None:
    seconds = Seconds()
    work = heard(begun(MILLION), seconds)
    for tenth in range(1, 6):
        seconds.now += 1.0
        work.hear(UsersRead(tenth * 100_000, 0, MILLION))
    words = page(work)
    assert " 50%" in words
    assert "500,000 of 1,000,000 users" in words
    assert "100,000 users/s" in words
    assert "4 to 8 s left" in words


def test_users_a_second_are_told_only_while_users_move() -> None:
    seconds = Seconds()
    work = heard([*begun(4000), UsersPrepared(4000, 4000, 0, 0, 4, 4000), StepStarted("upload")], seconds)
    assert "users/s" not in page(work)
    work.hear(JobSubmitted("1.json", "job_1", 1000, 1000))
    seconds.now += 4.0
    work.hear(JobEnded("1.json", "job_1", "completed", 1000, 0, 0, 4.0))
    assert "250 users/s" in pace(work, 1.0).plain
    assert charts(work, 60).plain.splitlines()[0].endswith("250")
    work.phase = "ended"
    assert charts(work, 60).plain.splitlines()[0].endswith("█"), "what moved then is no speed of now"
    work.phase = "running"
    work.hear(JobSubmitted("2.json", "job_2", 1000, 1000))
    for _ in range(8):
        seconds.now += 2.0
        work.hear(JobPolled("2.json", "job_2", "processing", 2.0))
    assert "users/s" not in pace(work, 1.0).plain
    assert charts(work, 60).plain.splitlines()[0].endswith("▁")


def test_users_who_move_at_login_are_no_speed_of_the_run() -> None:
    seconds = Seconds()
    work = heard([RunStarted("run-1", "two-phase", resumed=False), StepStarted("trickle")], seconds)
    for migrated in (0, 2000, 4000):
        seconds.now += 2.0
        work.hear(UsersMigrated(1_800_000_000.0, 10_000, migrated, migrated, due=False))
    assert "users/s" not in page(work)


def test_both_slots_show_file_size_state_and_age() -> None:
    seconds = Seconds()
    events = [*begun(3), UsersPrepared(2000, 2000, 0, 0, 2, 928_000), StepStarted("upload")]
    work = heard(events, seconds)
    for number in (1, 2):
        work.hear(JobSubmitted(f"0000{number}.json", f"job_{number}", 1000, 464_000))
    seconds.now += 12
    work.hear(JobPolled("00001.json", "job_1", "processing", 12.0))
    words = page(work)
    assert "00001.json  1,000 users  464 KB  processing  12 s" in words
    assert "00002.json  1,000 users  464 KB  pending  12 s" in words


def test_a_failed_job_refused_users_and_429s_are_counted() -> None:
    events = [
        *begun(10),
        UsersPrepared(10, 10, 0, 0, 1, 4640),
        StepStarted("upload"),
        JobSubmitted("00001.json", "job_1", 10, 4640),
        RequestLimited("POST", "/api/v2/jobs/users-imports", 3.0),
        RateLimitSeen("all", 50, 7.0, 2.0, 1),
        UsersRefused("00001.json", {"invalid_format": 2}),
        JobEnded("00001.json", "job_1", "failed", 7, 1, 2, 9.0),
    ]
    work = heard(events)
    words = page(work)
    assert "429s" in words and "sent, 1 refused" in words
    assert "7 of 50 tokens, 1 waiting" in words
    assert "10 of 10 users" in words
    assert work.progress.rejected == 2
    assert any("failed" in line for _, line in work.log)


def test_the_time_left_follows_what_the_engine_expects() -> None:
    seconds = Seconds()
    work = heard([*begun(10), UsersPrepared(10, 10, 0, 0, 1, 4640), UploadExpected(60.0, 240.0, 3)], seconds)
    seconds.now += 30
    assert work.time_left() == (30.0, 210.0)


def test_when_all_is_uploaded_no_time_is_left_and_what_is_awaited_is_said() -> None:
    seconds = Seconds()
    events = [event for event in finished(10) if not isinstance(event, StepFinished | RunEnded)]
    work = heard([*events[:-1], UploadExpected(6.0, 300.0, 1)], seconds)
    assert "6 s to 5 min left" in page(work)
    work.hear(events[-1])
    assert "10 of 10 users" in page(work)
    said = []
    for event in (
        StepFinished("upload"),
        RequestSent("POST", "/api/v2/jobs/users-exports", 200, 0.1),
        RequestSent("GET", "/api/v2/jobs/{id}", 200, 0.1),
        ComparisonAdvanced("prepared", 5, 10),
        UsersReconciled(10, 0, 0, 0),
    ):
        assert "left" not in page(work)
        said.append(pace(work, 1.0).plain.partition(" · ")[0])
        work.hear(event)
    assert said[0] == said[1] == "gathering the evidence"
    assert said[2] == said[3] == "waiting for Auth0's export"
    assert said[4] == "comparing users with the export"
    assert pace(work, 1.0).plain.startswith("looking up users one by one · ")
    assert all(len(words) <= len("comparing users with the export") for words in said), (
        "it fits beside the list of steps"
    )


def test_a_lost_network_is_told_with_what_to_do() -> None:
    work = heard([])
    work.error = WizardError("The tenant cannot be reached", remedy="check the network, then resume")
    work.phase = "failed"
    assert "stopped by an error" in headline(work).plain
    assert "Next: Check the network" in str(work.error)


def test_a_run_at_rest_says_which_key_goes_on_from_there() -> None:
    work = heard([*begun(10), UsersPrepared(10, 10, 0, 0, 1, 4640)])
    told: dict[Phase, str] = {"paused": "paused · F7 resumes", "failed": "stopped by an error · F7 resumes"}
    for phase, words in told.items():
        work.phase = phase
        assert words in headline(work).plain
    work.hear(WorldAwaited("trickle", "3 of 10 users have moved at login", "you say so"))
    work.phase = "waiting"
    assert "◌ 3 of 10 users have moved at login\nCtrl+N opens Automatic phase · F7 looks again" in (
        headline(work, "Automatic phase").plain
    )


KEYS_OF: dict[Phase, dict[str, str]] = {
    "running": {"f7": "Pause", "f8": "Stop"}, "pausing": {}, "paused": {"f7": "Resume"}, "failed": {"f7": "Resume"},
    "waiting": {"f7": "Look"}, "ended": {},
}  # fmt: skip


async def test_the_keys_of_the_page_are_those_that_do_something_now(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        app.journey.answers = from_tables({**rehearsal.practice.suggested, **ANSWERS}, SECTIONS)
        app.journey.approved = "before"
        app.work = heard([*begun(10), UsersPrepared(10, 10, 0, 0, 1, 4640)])
        await app.screen.go("run")  # type: ignore[attr-defined]

        def names_only(shown: list[str], hidden: list[str]) -> bool:
            line = last(app)
            return all(map(line.__contains__, shown)) and not any(map(line.__contains__, hidden))

        for phase, keys in KEYS_OF.items():
            app.work.phase = phase
            app.work.version += 1
            shown = [f"{key} {word}" for key, word in keys.items()]
            hidden = [f" {key} " for key in ("f7", "f8") if key not in keys]
            await until(pilot, partial(names_only, shown, hidden))
        app.work.phase = "idle"


async def test_evidence_is_gathered_anew_only_of_a_run_that_has_ended(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        app.journey.answers = from_tables({**rehearsal.practice.suggested, **ANSWERS}, SECTIONS)
        app.work = heard([*begun(10), UsersPrepared(10, 10, 0, 0, 1, 4640)])
        await app.screen.go("results")  # type: ignore[attr-defined]
        app.work.phase = "paused"
        await until(pilot, lambda: "f5 Check" not in last(app) and "^q Quit" in last(app))
        app.work.hear(RunEnded())
        app.work.phase = "ended"
        await until(pilot, lambda: "f5 Check" in last(app))
        app.work.phase = "idle"


@pytest.mark.parametrize("key", ["run", "results", "finish"])
async def test_bars_are_as_wide_as_the_page_after_the_window_has_changed(rehearsal: Rehearsal, key: str) -> None:
    app = rehearsal.app()
    async with opened(app, (160, 40)) as pilot:
        app.journey.answers = from_tables({**rehearsal.practice.suggested, **ANSWERS}, SECTIONS)
        app.work = heard(finished(40))
        app.work.phase = "ended"
        app.journey.approved = "before"

        def longest() -> int:
            return max(map(len, re.findall("█+", frame(app))), default=0)

        await app.screen.go(key)  # type: ignore[attr-defined]
        await until(pilot, lambda: longest() > 45)
        widest = longest()
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: 9 < longest() < widest)
        await pilot.resize_terminal(160, 40)
        await until(pilot, lambda: longest() == widest)
        app.work.phase = "idle"


REPAIRED = "d37bca0812ab-1.json"
LINE = "the users who could not be marked at their login are marked before the rest of them is prepared, one by one"


@pytest.fixture
def refusing(tmp_path: Path) -> RunFolder:
    """A run of which Auth0 has refused a user."""
    run = RunFolder(tmp_path / "run-1")
    run.path.mkdir()
    journal = Journal(run.journal, now=lambda: 1_800_000_000.0)
    intent = journal.begin("import:00001.json", {})
    journal.settle(intent, "done", refusals=[Refusal("00001.json", "u5", "INVALID_FORMAT", "name is not text")])
    journal.close()
    return run


async def test_on_a_narrow_page_files_log_and_errors_can_be_read_whole(
    rehearsal: Rehearsal, refusing: RunFolder
) -> None:
    app = rehearsal.app()
    async with opened(app, (80, 50)) as pilot:
        app.journey.answers = from_tables({**rehearsal.practice.suggested, **ANSWERS}, SECTIONS)
        app.journey.approved = "before"
        app.work = heard([*begun(10), UsersPrepared(10, 10, 0, 0, 1, 4640)])
        app.work.hear(JobSubmitted(REPAIRED, "job_1", 10, 4640))
        app.work.hear(JobEnded(REPAIRED, "job_1", "completed", 10, 0, 0, 20.0))
        app.work.run = refusing
        app.work.log.append((0.0, LINE))
        app.work.logged += 1
        await app.screen.go("run")  # type: ignore[attr-defined]
        await until(pilot, lambda: f"{REPAIRED}: 10 users, 5 KB, took " in beside_rail(app))
        await until(pilot, lambda: re.search(r" …\w+-1\.json +completed +10 ", beside_rail(app)) is not None)
        await pilot.press("right")
        await until(pilot, lambda: LINE in beside_rail(app))
        await pilot.press("right")
        await until(pilot, lambda: f"INVALID_FORMAT {AUTH0}" in beside_rail(app))
        await pilot.resize_terminal(120, 50)
        await until(pilot, lambda: f"INVALID_FORMAT {AUTH0}" in beside_rail(app, 30, 80))
        app.work.phase = "idle"


def beside_rail(app: WizardApp, left: int = 27, right: int = 79) -> str:
    """The words beside the rail, broken lines put together."""
    return " ".join(" ".join(line[left:right].rstrip("▁▂▃▄▅▆▇") for line in frame(app).splitlines()).split())


def last(app: WizardApp) -> str:
    return frame(app).splitlines()[-1]


def test_in_a_rehearsal_all_seconds_are_those_of_the_operator() -> None:
    seconds = Seconds()
    work = heard([*begun(3), UsersPrepared(2000, 2000, 0, 0, 2, 928_000), StepStarted("upload")], seconds)
    work.hear(JobSubmitted("00001.json", "job_1", 1000, 464_000))
    seconds.now += 2
    assert "pending  2 s" in slots(work, 20.0).plain
    work.hear(JobEnded("00001.json", "job_1", "completed", 1000, 0, 0, 40.0))
    assert row_of(work.progress.jobs["job_1"], 20.0)[-1].strip() == "2 s"


def test_the_dates_of_a_rehearsal_are_told_to_be_of_its_own_time() -> None:
    now = heard([*begun(3), UsersMigrated(1_800_000_000.0, 10, 3, 3, False)]).progress
    assert "UTC, practice time" in figures(now, TrickleAnswers(), rehearses=True).plain
    real = figures(now, TrickleAnswers()).plain
    assert "practice" not in real
    assert "again every 5 min" in real


def test_once_an_automatic_phase_is_over_its_bar_is_of_users_accounted_for_and_not_of_moves() -> None:
    moved = UsersMigrated(1_800_000_000.0, 10, 3, 3, True)
    work = heard([*begun(10), moved, UsersPrepared(10, 0, 7, 0, 0, 0, migrated=3), RunEnded()])
    told = overall(work.progress, 60).plain
    assert "10 of 10 users accounted for" in told
    assert "moved at login" not in told


def test_a_run_that_was_undone_says_so_and_not_that_it_ended_well() -> None:
    work = heard([*begun(3), RunEnded(), ChangeUndone("scripts", "set-scripts"), RunUndone(0)])
    work.phase = "ended"
    assert headline(work).plain.startswith("◌ Undone: what could be put back was.")


@pytest.mark.parametrize("rehearses", [True, False])
def test_after_its_end_the_automatic_phase_tells_when_it_was_and_who_was_left(rehearses: bool) -> None:
    work = heard([*begun(3), UsersMigrated(1_800_000_000.0, 10, 7, 7, True)])
    words = figures(work.progress, TrickleAnswers(), rehearses=rehearses).plain
    assert "ended      15 Jan 08:00 UTC" in words
    assert "3 who had not logged in by then" in words
    assert not any(name in words for name in ("goes on", "forecast", "last look"))
    assert "✓ over  7 of 10 users had moved at login by its end" in phase_headline(work, 60).plain


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (Progress(read=40, migrated_before=40), "Everybody logs in through Auth0 alone."),
        (
            Progress(read=40, migrated_before=35, refused_before=3, skipped_before=2),
            "35 of 40 users log in through Auth0 alone.\n! 5 users cannot log in, as they are not in Auth0: "
            "3 rejected, 2 left behind as decided. Results lists them.",
        ),
        (
            Progress(read=2, migrated_before=1, refused_before=1),
            "! 1 user cannot log in, as they are not in Auth0: 1 rej",
        ),
    ],
)
def test_after_the_cutover_it_is_told_who_cannot_log_in(now: Progress, told: str) -> None:
    assert told in Content.assemble(*after_cutover(now)).plain
