"""The template can be filled in; the schema says what the loader says."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from answers_sections import COMPLETE, SECTIONS, ConnectionAnswers, Everything, UploadAnswers

from wizard.answers import AnswersInvalid, read, schema, template
from wizard.mapping.transforms import TEXTS, VALUES
from wizard.profile import ProfileAnswers

COMMITTED = Path(__file__).parents[3] / "assets" / "schema" / "answers.schema.json"


def filled(text: str) -> str:
    """Uncomment the keys; of two kinds of a table only the first."""
    first, _, rest = text.partition("# Or:\n")
    text = first + rest[rest.find("\n\n") :] if rest else first
    return re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)


def test_the_template_is_toml_as_it_is_and_says_what_is_required() -> None:
    text = template(SECTIONS)

    with pytest.raises(AnswersInvalid) as caught:
        read(text, SECTIONS)
    missing = [(problem.table, problem.key) for problem in caught.value.problems]
    assert missing == [("tenant", "domain"), ("connection", "name"), ("source", "store")]


def test_the_template_loads_once_its_required_values_are_filled_in() -> None:
    text = template(SECTIONS)
    text = text.replace('#domain = "acme', 'domain = "acme').replace("#name =", "name =")
    text = text.replace('#[source.store]\n# Kind. One of "csv". Required.\n#', "[source.store]\n").replace(
        "#path", "path"
    )

    answers = read(text, SECTIONS)

    assert answers[ConnectionAnswers] == ConnectionAnswers(name="acme-users")
    assert answers[UploadAnswers] == UploadAnswers()


def test_every_line_of_the_template_can_be_uncommented() -> None:
    text = filled(template([*SECTIONS, Everything])).replace('at = "..."', "at = 12:30:00")

    answers = read(text, [*SECTIONS, Everything])

    assert answers[ConnectionAnswers].policy == "good"
    assert tomllib.loads(text)["tenant"]["client_secret"] == "keyring:client_secret"


def test_a_key_of_the_template_tells_title_meaning_choices_and_default() -> None:
    lines = template(SECTIONS).splitlines()

    assert "# Database connection." in lines
    assert lines[lines.index("#reserve = 0.2") - 1] == "# Reserve: Share of the limit left to live traffic."
    assert lines[lines.index('#policy = "good"') - 1] == '# Policy. One of "none", "low", "good".'
    assert lines[lines.index('#columns = { E-Mail = "email" }') - 1] == "# Columns. Empty by default."
    assert max(map(len, lines)) <= 120


def test_a_key_that_takes_text_or_a_table_is_shown_as_text_with_the_keys_of_the_table_at_the_end() -> None:
    lines = template([Everything]).splitlines()

    assert "#[everything.either]" not in lines
    keys = lines[lines.index("# Instead of text, either may be a table with these keys:") :]
    assert [line.split()[1] for line in keys if line.startswith("#   ") and "=" in line] == ["note", "level", "names"]
    assert lines[lines.index('#workers = "auto"') - 1] == '# Workers. Or one of "auto".'


def test_every_transform_is_listed_in_the_template_and_in_the_readme_and_present_is_explained() -> None:
    told = re.sub(r"\s*\n# *", " ", template([ProfileAnswers]))
    told = told[told.index("Transforms: ") : told.index("when_empty")]
    readme = (Path(__file__).parents[3] / "README.md").read_text()

    for name in [*TEXTS, *VALUES]:
        assert re.search(rf"\b{name}\b", told), name
        assert re.search(rf"`{name}[`(]", readme), name
    assert "present (true of a moment, as in a column email_verified_at, and of words for yes" in told


def test_the_schema_is_one_of_its_draft_with_an_id_and_the_meaning_of_keys() -> None:
    described = schema(SECTIONS)

    jsonschema.Draft202012Validator.check_schema(described)
    assert described["$id"]
    reserve = described["$defs"]["TenantAnswers"]["properties"]["reserve"]
    assert (reserve["default"], reserve["description"]) == (0.2, "Share of the limit left to live traffic.")
    assert described["$defs"]["ConnectionAnswers"]["properties"]["policy"]["enum"] == ["none", "low", "good"]


def errors(tables: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema(SECTIONS)).iter_errors(tables)]


def test_the_schema_accepts_what_loads() -> None:
    assert errors(tomllib.loads(COMPLETE)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version = 1", ""),
        ("version = 1", "version = 2"),
        ("[tenant]", "[tenent]"),
        ("domain =", "domian ="),
        ('"keyring:client-secret"', '"the secret itself"'),
        ("[connection]", "[connection]\nimport_mode = 'yes'"),
        ("[connection]", "[connection]\npolicy = 'strict'"),
        ("path =", "pth ="),
    ],
)
def test_the_schema_marks_what_does_not_load(old: str, new: str) -> None:
    text = COMPLETE.replace(old, new, 1)

    with pytest.raises(AnswersInvalid):
        read(text, SECTIONS)
    assert errors(tomllib.loads(text))


def test_the_committed_schema_is_that_of_the_steps() -> None:
    if not COMMITTED.exists():
        pytest.skip("assets/schema/answers.schema.json is made by `auth0-migrate answers schema --out`")
    from wizard.steps import SECTIONS as REAL

    assert json.loads(COMMITTED.read_text()) == schema(REAL), (
        "make it anew: auth0-migrate answers schema --out assets/schema/answers.schema.json"
    )
