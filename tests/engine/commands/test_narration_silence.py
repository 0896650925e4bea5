"""What is said on stderr when the tenant does not answer, evidence takes its time, or the terminal is lost."""

from __future__ import annotations

import errno
import io

from wizard.commands.narration import Narrator
from wizard.events import ChangeStarted, RequestSent, StepStarted, UsersRead


def test_a_tenant_that_does_not_answer_is_told_ever_more_seldom_and_that_it_does_again_once() -> None:
    now, told = 0.0, list[str]()
    narrator = Narrator(told.append, live=False, seconds=lambda: now)
    for second in range(90):
        now = float(second)
        narrator.hear(RequestSent("GET", "/api/v2/jobs/{id}", 200 if second < 5 or second > 80 else 0, 0.1))
    silences = [line for line in told if "has not answered" in line]
    assert [line.split(" for ")[1].split(" s;")[0] for line in silences] == ["10", "20", "40"]
    assert [line for line in told if "answers again" in line] == ["  The tenant answers again."]


def test_one_lost_answer_is_not_worth_a_line() -> None:
    now, told = 0.0, list[str]()
    narrator = Narrator(told.append, live=False, seconds=lambda: now)
    for second, status in enumerate((200, 0, 0, 200, 0, 200)):
        now = float(second * 3)
        narrator.hear(RequestSent("GET", "/api/v2/jobs/{id}", status, 0.1))
    assert told == []


def test_that_evidence_is_gathered_is_told_as_an_export_takes_its_time() -> None:
    told = list[str]()
    narrator = Narrator(told.append, live=False)
    for step in ("prepare", "upload", "verify"):
        narrator.hear(StepStarted(step))
    assert told == ["  gathering evidence: what Auth0 holds is held against what was prepared"]


class Lost(io.StringIO):
    """A terminal that is gone."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_is_lost_stops_no_narration() -> None:
    told = list[str]()
    now = 100.0
    narrator = Narrator(told.append, stream=Lost(), live=True, seconds=lambda: now)
    for event in (StepStarted("prepare"), UsersRead(10, 1, 16), ChangeStarted("upload", "upload", "upload 16 users")):
        narrator.hear(event)
        now += 10
    narrator.clear()
    assert "→ upload 16 users" in told
