"""Answers of the product's own sections, as operators write and get them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import pytest
from click.testing import CliRunner, Result
from pydantic import TypeAdapter

from wizard.answers import AnswersInvalid, from_tables
from wizard.answers.complaints import FORMS
from wizard.answers.examples import sample
from wizard.commands.answers import command as answers_command
from wizard.commands.apply import command as apply_command
from wizard.errors import UsageError
from wizard.steps import SECTIONS
from wizard.steps.tenant import TenantAnswers


def told_by(tables: dict[str, object]) -> str:
    with pytest.raises(AnswersInvalid) as invalid:
        from_tables(tables, SECTIONS)
    return str(invalid.value)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(answers_command, [str(each) for each in arguments], standalone_mode=False)


def test_the_template_asks_for_no_more_than_a_bulk_migration_needs(tmp_path: Path) -> None:
    file = tmp_path / "answers.toml"
    run("new", "--out", file)
    told = run("check", file).output
    assert "[tenant]" in told and "[source]" in told
    assert "legacy_api" not in told


@pytest.mark.parametrize(
    ("table", "key", "value", "words"),
    [
        ("connection", "name", "Bad name_!", "letters and digits, with single hyphens between them"),
        ("profile", "default_country", "Germany", "two capital letters"),
        ("profile", "default_country", "XX", "must be a country"),
        ("profile", "user_id_prefix", "a b", "without white space"),
        ("profile", "without_email", "nobody", "an address with a column in braces before the @"),
    ],
)
def test_what_a_key_may_hold_is_said_in_words(table: str, key: str, value: str, words: str) -> None:
    told = told_by({"version": 1, table: {key: value}})
    assert words in told
    assert "^" not in told and "match pattern" not in told


@pytest.mark.parametrize("way", ["bulky", 3])
def test_a_way_that_there_is_not_is_the_one_problem(way: object) -> None:
    told = told_by({"strategy": {"way": way}})
    assert "[strategy] way must be 'bulk', 'automatic' or 'two-phase'" in told
    assert "legacy_api" not in told


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("acme", "domain is not a plain domain"),
        ("manage.auth0.com", "the address of the dashboard"),
        ("http://acme.eu.auth0.com", "would show credentials"),
        ("acme.eu.auth0.com/api/v2", "domain is not a plain domain"),
        (":secret@acme.eu.auth0.com", "domain is not a plain domain"),
    ],
)
def test_what_is_no_domain_of_a_tenant_is_told_with_its_key(domain: str, words: str) -> None:
    told = told_by({"version": 1, "tenant": {"domain": domain, "client_id": "x", "client_secret": "env:X"}})
    assert words in told
    assert "acme.eu.auth0.com" in told


@pytest.mark.parametrize("pasted", ["https://acme.eu.auth0.com/", "acme.eu.auth0.com", " ACME.eu.auth0.com"])
def test_a_domain_may_be_pasted_as_the_browser_shows_it(pasted: str) -> None:
    tables = {"tenant": {"domain": pasted, "client_id": "x", "client_secret": "env:X"}}
    assert from_tables(tables, [TenantAnswers])[TenantAnswers].domain == "acme.eu.auth0.com"


def test_every_pattern_has_its_words() -> None:
    """A pattern may stand at the field or at a branch of its type; the words are those of the whole key."""
    patterned = {
        (section.table, key)
        for section in SECTIONS
        for key, described in section.model_json_schema()["properties"].items()
        if "pattern" in str(described) and "keyring|env" not in str(described)
    }
    assert patterned == set(FORMS)


def test_a_file_that_is_not_there_is_said_before_all_else(tmp_path: Path) -> None:
    done = CliRunner().invoke(apply_command, [str(tmp_path / "nowhere.toml")], standalone_mode=False)
    assert isinstance(done.exception, UsageError | AnswersInvalid)
    assert "nowhere.toml" in str(done.exception)


def test_what_users_get_is_no_secret_even_where_it_looks_like_the_name_of_one() -> None:
    tables = {
        "tenant": {"domain": "acme.eu.auth0.com", "client_id": "c", "client_secret": "keyring:secret"},
        "source": {"path": "users.csv"},
        "profile": {"user_id": "id", "email": "mail", "app_metadata": {"stage": {"constant": "env:production"}}},
        "passwords": {"column": "hash"},
        "connection": {"name": "acme-users"},
        "strategy": {"way": "bulk"},
    }
    assert from_tables(tables, SECTIONS).references() == [("tenant.client_secret", "keyring:secret")]


def test_every_number_that_is_given_as_an_example_is_one_that_the_key_takes() -> None:
    for section in SECTIONS:
        for key, field in section.model_fields.items():
            value = sample(key, field)
            if isinstance(value, int | float) and not isinstance(value, bool):
                adapter: TypeAdapter[Any] = TypeAdapter(cast("Any", Annotated)[field.annotation, field])
                adapter.validate_python(value)


def test_text_of_bytes_that_are_not_utf_8_is_called_so() -> None:
    assert "[source] has text with bytes that are not UTF-8" in told_by({"source": {"path": "caf\udce9.csv"}})
