"""The report: one file that needs nothing else, says where every user is, and what to do next."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rehearsal import Rehearsal, person

from wizard.commands.output import Output
from wizard.commands.reporting import write_report_or_say
from wizard.commands.running import answer_with
from wizard.errors import WizardError
from wizard.report import (
    Check,
    Compared,
    Moving,
    Phase,
    RejectedFor,
    Report,
    Upload,
    headline,
    next_steps,
    render,
    write_report,
)

STARTED = datetime(2026, 11, 22, 9, 14, tzinfo=UTC)
COMPLETE = Report(
    run="20261122-acme",
    verdict="complete",
    tenant="acme.eu.auth0.com",
    connection="acme-users",
    strategy="bulk",
    source="users.csv",
    started=STARTED,
    ended=STARTED + timedelta(minutes=52, seconds=11),
    read=10_000,
    imported=9_800,
    migrated=0,
    already_there=200,
    rejected=0,
    skipped=0,
    upload=Upload(20, 9_600_000, 20, 20, 0, 96, 1, 412.0, 400.0),
    compared=Compared(10_000, 10_000, 0, 0, 12),
    checks=(Check("sample", True, "200 of 200 users found"),),
)
ATTENTION = replace(
    COMPLETE,
    verdict="attention",
    imported=9_700,
    rejected=90,
    reasons=(
        RejectedFor("email_invalid", "email is not an e-mail address", "Correct the record.", 84),
        RejectedFor("CONFLICT_EMAIL", "held by another user", "Decide which one stays.", 6, "Auth0"),
    ),
    compared=Compared(9_910, 9_876, 3, 25, 12, 6, (("app_metadata", 25), ("user_id", 3))),
    checks=(Check("canaries", False, "1 of 2 logs in", "Check the recipe of the passwords."),),
    without_password=70,
    rejects_file="rejects.ndjson",
    details_file="verify.ndjson",
)
FAILED = replace(COMPLETE, verdict="failed", imported=100, ended=None, compared=None, error="Auth0 said no.")


class Page(HTMLParser):
    """What a reader sees, and every tag with its attributes; complains about tags that are not closed in order."""

    VOID = ("meta", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.seen.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.seen).split())


@pytest.mark.parametrize("report", [COMPLETE, ATTENTION, FAILED, replace(COMPLETE, verdict="waiting")])
def test_it_is_one_page_that_loads_and_runs_nothing(report: Report) -> None:
    page = Page(render(report))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not [attrs for _, attrs in page.tags if attrs.keys() & {"src", "href", "srcset", "onload", "onclick"}]
    assert not re.search(r"url\(|@import|https?:", render(report))


def test_it_says_where_every_user_is() -> None:
    text = Page(render(ATTENTION)).text
    assert "Imported brought to Auth0 by import jobs 9,700 97.0 %" in text
    assert "Already there were in Auth0 before and stayed as they were 200 2.0 %" in text
    assert "Rejected not in Auth0; the reasons are below 90 0.9 %" in text
    assert "Not accounted for their fate is not known yet 10 0.1 %" in text
    assert "Read from the source 10,000" in text
    assert "Migrated" not in text


def test_the_bar_is_divided_as_the_users_are() -> None:
    page = Page(render(ATTENTION))
    parts = [(attrs["class"], attrs["style"]) for tag, attrs in page.tags if tag == "i" and "flex" in attrs["style"]]
    assert [part for part, _ in parts] == ["imported", "there", "rejected", "unknown"]
    assert [int(style.split()[1]) for _, style in parts] == [9_700, 200, 90, 10]


def test_it_never_says_all_of_nearly_all_or_none_of_a_few() -> None:
    text = Page(render(replace(COMPLETE, read=1_000_001, imported=1_000_000, already_there=1))).text
    assert "> 99.9 %" in text
    assert "< 0.1 %" in text
    assert "100 %" not in text


def test_users_counted_twice_are_admitted() -> None:
    assert "200 users were counted more than once" in Page(render(replace(COMPLETE, imported=10_000))).text


def test_it_gives_every_reason_with_its_remedy() -> None:
    text = Page(render(ATTENTION)).text
    assert "email is not an e-mail address email_invalid Correct the record. 84" in text
    assert "held by another user CONFLICT_EMAIL refused by Auth0 Decide which one stays. 6" in text


def test_a_run_that_was_undone_says_so_and_whom_the_undo_has_deleted() -> None:
    undone = replace(COMPLETE, verdict="attention", undone="whole", compared=None)
    assert headline(undone) == "An undo has put back what the run had changed, as far as that can be."
    deleted = replace(undone, imported=0, removed=9_800)
    assert headline(deleted).endswith("its 9,800 imported users are deleted.")
    text = Page(render(deleted)).text
    assert "Deleted by undo imported by this run, and not in Auth0 any more 9,800 98.0 %" in text
    assert "Not accounted for" not in text


def test_it_gives_what_the_verification_found() -> None:
    text = Page(render(ATTENTION)).text
    assert "9,910 prepared users were held against an export" in text
    assert "9,876 as prepared 3 missing 25 different 6 absent, as Auth0 refused them 12 not from this migration" in text
    assert "app_metadata 25 user_id 3" in text
    assert "✗ failed canaries 1 of 2 logs in" in text


def test_it_compares_the_upload_with_the_best_there_could_be() -> None:
    text = Page(render(COMPLETE)).text
    assert "This run 6 min 52 s At best 6 min 40 s" in text
    assert "1.03 times" in text
    assert "Files 20, 9.6 MB Import jobs 20 of 20 completed Requests to Auth0 96 sent, 1 over the rate limit" in text


def test_a_rehearsal_is_called_one() -> None:
    assert "rehearsal on a practice tenant" in Page(render(replace(COMPLETE, practice=True))).text
    assert "rehearsal" not in Page(render(COMPLETE)).text


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (COMPLETE, "Every one of 10,000 users is accounted for, and Auth0 holds them as they were prepared."),
        (replace(COMPLETE, compared=None), "Every one of 10,000 users is accounted for."),
        (
            ATTENTION,
            "The run finished. Of 10,000 users, 90 are rejected, 3 are missing from Auth0, 25 are not as prepared "
            "and 10 are not accounted for.",
        ),
        (
            replace(COMPLETE, verdict="attention", checks=ATTENTION.checks),
            "All users are accounted for, but 1 check failed.",
        ),
        (FAILED, "Auth0 said no."),
        (replace(COMPLETE, verdict="waiting", waiting_for="9 in 10 users"), "The run waits: 9 in 10 users."),
    ],
)
def test_the_verdict_is_one_sentence(report: Report, words: str) -> None:
    assert headline(report) == words
    assert words in Page(render(report)).text


def test_after_a_clean_run_there_is_little_left_to_do() -> None:
    steps = list(next_steps(replace(COMPLETE, compared=None)))
    assert [step.command for step in steps] == ["", "auth0-migrate runs --purge 20261122-acme"]


def test_what_to_do_begins_with_the_most_pressing() -> None:
    steps = [f"{step.text} {step.command}" for step in next_steps(replace(ATTENTION, advice=("Close the old store.",)))]
    wanted = ["resume", "verify.ndjson", "rejects.ndjson", "recipe", "70 users", "12 users", "old store", "purge"]
    assert len(steps) == len(wanted)
    assert all(word in step for word, step in zip(wanted, steps, strict=True))


def test_a_stopped_run_says_how_to_go_on() -> None:
    steps = list(next_steps(replace(FAILED, remedy="Grant the scope.")))
    assert steps[0].text == "Grant the scope."
    assert steps[1].command == "auth0-migrate resume 20261122-acme"
    assert "Still to do for the run to go on with 9,700" in Page(render(replace(FAILED, rest="still to do"))).text


def test_names_from_outside_cannot_become_markup() -> None:
    evil = '<script>alert("x")</script>&'
    texts: dict[str, Any] = {
        part.name: evil for part in fields(Report) if getattr(FAILED, part.name) in ("", FAILED.connection)
    }
    report = replace(
        FAILED,
        **{**texts, "error": evil, "reasons": (RejectedFor(evil, evil, evil, 1),)},
        checks=(Check(evil, True, evil),),
    )
    page = Page(render(report))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(evil) >= 6


def test_the_file_is_private_and_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    write_report(path, COMPLETE)
    assert path.read_text(encoding="utf-8") == render(COMPLETE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(WizardError, match="cannot be written") as caught:
        write_report(tmp_path / "report.html", COMPLETE)
    assert "the space left" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


DAY = 86_400
LOOKS = [(STARTED.timestamp() + day * DAY, round(7_000 * (1 - 0.93**day))) for day in range(31)]
MOVING = replace(
    COMPLETE,
    verdict="waiting",
    ended=None,
    strategy="two-phase",
    imported=0,
    already_there=0,
    migrated=LOOKS[-1][1],
    upload=None,
    compared=None,
    checks=(),
    phases=(
        Phase("Scripts and guards are in place", "done", "2026-11-22 09:14", "users move at their next login"),
        Phase("Automatic phase", "now", "", "6,206 of 10,000 users moved by themselves"),
        Phase("Bulk import", "later", "", "the others are imported"),
        Phase("Cutover", "later", "", "the scripts are closed"),
    ),
    moving=Moving(LOOKS, 10_000, "68 a day lately", (("within 30 days", 120), ("never, or not known", 9)), STARTED),
)


def test_it_draws_the_automatic_phase_with_its_forecast_inside_the_picture() -> None:
    page = Page(render(MOVING))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "style-src"}
    assert not re.search(r"url\(|@import|https?:", render(MOVING))
    lines = {attrs["class"]: attrs["points"].split() for tag, attrs in page.tags if tag.startswith("poly")}
    assert len(lines["moved"]) == len(LOOKS)
    assert lines["likely"][0] == lines["moved"][-1]
    for point in (*lines["moved"], *lines["likely"], *lines["possible"]):
        x, y = map(float, point.split(","))
        assert 46 <= x <= 710
        assert 12 <= y <= 212
    heights = [float(point.split(",")[1]) for point in lines["moved"]]
    assert heights == sorted(heights, reverse=True)
    assert "Within 30 days 120 Never, or not known 9" in page.text
    assert "68 a day lately." in page.text


def test_it_tells_the_phases_that_are_done_and_those_to_come() -> None:
    text = Page(render(MOVING)).text
    assert "✓ done Scripts and guards are in place users move at their next login 2026-11-22 09:14" in text
    assert "● now Automatic phase" in text
    assert "○ to come Cutover" in text
    assert "The phases" not in Page(render(COMPLETE)).text


@pytest.mark.parametrize(
    "looks", [[], LOOKS[:1], [LOOKS[0], LOOKS[0]], [(0.0, 0), (DAY, 0)], [(0.0, 0), (DAY, 10_000)]]
)
def test_few_looks_or_none_are_no_trouble(looks: list[tuple[float, int]]) -> None:
    Page(render(replace(MOVING, moving=Moving(looks, 10_000))))


def test_a_report_that_cannot_be_written_is_said_and_costs_a_run_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 4)])
    progress = stage.apply()
    stage.run.report.mkdir()
    write_report_or_say(stage.run, stage.answers(), progress, Output(as_json=True))
    assert answer_with(progress, stage.run, Output(as_json=True)) == 0
    told = capsys.readouterr()
    assert "report.html" in told.err
    assert json.loads(told.out)["report"] is None
