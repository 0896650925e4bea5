"""What every step promises, and what each one plans in the cases of tests/cases."""

import dataclasses
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from wizard.answers import Answers, from_tables, load, save, template
from wizard.auth0.limits import PLANS
from wizard.errors import WizardError
from wizard.step import Change, Step
from wizard.steps import SECTIONS, STEPS
from wizard.steps.tenant import TenantAnswers
from wizard.steps.verify import VerifyAnswers

CASES = Path(__file__).parents[2] / "cases"
ENOUGH: dict[str, dict[str, Any]] = {
    "tenant": {"domain": "acme.eu.auth0.com", "client_id": "abc", "client_secret": "env:SECRET"},
    "source": {"path": "users.csv"},
    "profile": {"user_id": "id", "email": "mail"},
    "passwords": {"column": "hash"},
    "connection": {"name": "acme-users"},
    "legacy_api": {"url": "https://legacy.example.com", "audience": "https://legacy.example.com/api"},
}

steps = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
cases = pytest.mark.parametrize(
    "case", sorted(CASES.glob("*/*.toml")), ids=lambda case: f"{case.parent.name}-{case.stem}"
)


def answers_with(tables: dict[str, dict[str, Any]]) -> Answers:
    return from_tables({**ENOUGH, **tables}, SECTIONS)


@cases
def test_a_step_plans_what_its_case_expects(case: Path) -> None:
    told = tomllib.loads(case.read_text(encoding="utf-8"))
    step = next(step for step in STEPS if step.key == case.parent.name)
    answers = answers_with(told.get("answers", {}))
    facts = step.facts(**{name: frozen(value) for name, value in told.get("facts", {}).items()})
    if "refused" in told["expect"]:
        with pytest.raises(WizardError, match=told["expect"]["refused"]):
            step.plan(answers, facts)
    else:
        assert [change.summary for change in step.plan(answers, facts)] == told["expect"]["changes"]
        assert list(step.left_as_is(answers, facts)) == told["expect"].get("left_as_is", [])


def frozen(value: Any) -> Any:
    """The value as facts have it: TOML knows neither tuples nor None, which a case writes as "unknown"."""
    if isinstance(value, list):
        return tuple(frozen(part) for part in value)
    return None if value == "unknown" else value


@cases
def test_planning_is_pure(case: Path) -> None:
    told = tomllib.loads(case.read_text(encoding="utf-8"))
    step = next(step for step in STEPS if step.key == case.parent.name)
    facts = step.facts(**{name: frozen(value) for name, value in told.get("facts", {}).items()})
    if "changes" in told["expect"]:
        answers = answers_with(told.get("answers", {}))
        assert list(step.plan(answers, facts)) == list(step.plan(answers, facts))


def changes_of(kind: type[Change]) -> list[type[Change]]:
    return [kind, *(below for child in kind.__subclasses__() for below in changes_of(child))]


@pytest.mark.parametrize("kind", changes_of(Change)[1:], ids=lambda kind: kind.__name__)
def test_a_change_is_frozen(kind: type[Change]) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


@steps
def test_a_step_has_a_key_a_title_and_a_table_of_its_own(step: Step[Any, Any]) -> None:
    assert step.key == step.section.table
    assert step.title
    assert [other.key for other in STEPS].count(step.key) == 1


@steps
def test_every_answer_is_described_for_forms_and_templates(step: Step[Any, Any]) -> None:
    for name, field in step.section.model_fields.items():
        assert field.title, f"{step.key}.{name} has no title"


def test_answers_survive_a_round_trip(tmp_path: Path) -> None:
    answers = answers_with({})
    save(tmp_path / "answers.toml", answers)
    assert load(tmp_path / "answers.toml", SECTIONS, environment={}) == answers


def test_the_template_names_every_table() -> None:
    text = template(SECTIONS)
    assert all(f"[{section.table}]" in text for section in SECTIONS)


def test_the_plans_that_can_be_answered_are_those_the_limiter_knows() -> None:
    assert set(TenantAnswers.model_json_schema()["properties"]["plan"]["enum"]) == set(PLANS)


def test_the_engine_imports_where_textual_is_not_installed() -> None:
    script = """
import importlib, pkgutil, sys
for name in ("textual", "rich", "screens"):
    sys.modules[name] = None
import wizard
for module in pkgutil.walk_packages(wizard.__path__, "wizard."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


HEAVY = (
    "textual",
    "rich",
    "httpx",
    "pydantic",
    "sqlalchemy",
    "duckdb",
    "starlette",
    "uvicorn",
    "keyring",
    "jinja2",
    "bcrypt",
)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["prepare", "--help"], ["status", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = f"""
import sys
from wizard.__main__ import main
try:
    main({arguments!r})
except SystemExit as ended:
    assert not ended.code, ended.code
print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stderr.strip() == ""


def test_every_plan_but_the_open_ones_can_be_rehearsed() -> None:
    from wizard.practice.limits import PLANS as PRACTICE_PLANS

    assert set(PLANS) - {"auto", "custom"} <= set(PRACTICE_PLANS)


def test_a_look_at_a_sample_of_nobody_is_no_evidence_and_is_refused() -> None:
    with pytest.raises(ValidationError, match="set sample to 1 or more"):
        VerifyAnswers(depth="sample", sample=0)
    assert VerifyAnswers(sample=0).depth == "full", "an export shows everybody"
