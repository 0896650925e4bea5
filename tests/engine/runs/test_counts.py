"""Numbers with what they count: one user is, two users are."""

from dataclasses import replace

import pytest
from test_report import COMPLETE

from wizard.counts import counted
from wizard.report import Compared, headline, next_steps
from wizard.steps.verify import RepairHalfMadeUsers


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 users"), (1, "1 user"), (2, "2 users"), (1240, "1,240 users"), (-1, "-1 users")]
)
def test_a_count_goes_with_its_noun(number: int, words: str) -> None:
    assert counted(number, "user") == words


def test_of_one_user_a_plan_and_a_report_speak_in_the_singular() -> None:
    assert RepairHalfMadeUsers("acme", 1).summary == "repair at most 1 half-made user of acme, if there are any"
    assert headline(replace(COMPLETE, read=1, compared=None)) == "The one user is accounted for."
    told = [step.text for step in next_steps(replace(COMPLETE, without_password=1, compared=Compared(1, 1, 0, 0, 1)))]
    assert any("Tell the 1 user whose" in one for one in told)
    assert any("has 1 user not of this migration" in one for one in told)
