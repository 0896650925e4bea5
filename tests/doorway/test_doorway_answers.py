"""The section [legacy_api]."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wizard.answers.section import validated
from wizard.doorway.answers import LegacyApiAnswers

URL = "https://legacy-api.example.com"


def test_address_and_audience_are_enough() -> None:
    answers = validated(LegacyApiAnswers, {"url": URL, "audience": URL})
    assert (answers.client_id, answers.marks) == (None, "sqlite:migrated-users.db")


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}/",
        "legacy-api.example.com",
        "http://legacy-api.example.com",
        "https://somebody:secret@legacy-api.example.com",
        f"{URL}?a=1",
        "ftp://legacy-api.example.com",
        "https://[bad",
    ],
)
def test_an_address_that_would_show_passwords_or_join_badly_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validated(LegacyApiAnswers, {"url": url, "audience": URL})
    assert "secret" not in str(refused.value)


def test_plain_http_is_for_this_machine_only() -> None:
    assert validated(LegacyApiAnswers, {"url": "http://127.0.0.1:8788", "audience": URL}).url.startswith("http://")


@pytest.mark.parametrize("marks", ["sqlite:marks.db", "postgresql://marks@db.example.com/shop", "env:MARKS_URL"])
def test_marks_may_be_a_file_a_database_or_a_secret(marks: str) -> None:
    answers = validated(LegacyApiAnswers, {"url": URL, "audience": URL, "marks": marks})
    assert answers.marks_is_secret == (marks == "env:MARKS_URL")


@pytest.mark.parametrize("marks", ["marks.db", "sqlite:", "postgresql://marks:secret@db.example.com/shop"])
def test_marks_with_a_password_or_of_no_known_form_are_refused(marks: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validated(LegacyApiAnswers, {"url": URL, "audience": URL, "marks": marks})
    assert "marks:secret" not in str(refused.value)
