"""Looks at a store as `inspect` does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from wizard.__main__ import command
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.strategy.survey import Survey, survey

NOW = datetime(2026, 7, 1, tzinfo=UTC)
BCRYPT = "$2b$10$" + "a" * 53
PEOPLE: list[dict[str, Any]] = [
    {"id": "1", "email": "ann@example.com", "emailVerified": True, "username": "ann", "credentials": []},
    {"id": "2", "email": "ANN@example.com", "emailVerified": True, "username": "a2", "credentials": []},
    {"id": "3", "emailVerified": True, "username": "bob", "credentials": []},
]


def looked(tmp_path: Path, text: str, **answers: Any) -> Survey:
    path = tmp_path / "users"
    path.write_text(text)
    return survey(SourceAnswers(path=str(path), **answers), secret=None, base=Path(), now=NOW)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def profile_of(found: Survey) -> dict[str, Any]:
    return dict(found.suggestion.to_json()["profile"])


def mapped(found: Survey, base: Path) -> list[dict[str, Any]]:
    """Users as Auth0 would get them, or the codes of rejects."""
    source = open_source(found.answers, secret=None, base=base)
    lenient = PasswordsAnswers(missing="without_password")
    mapping = compile_mapping(found.suggestion.profile, lenient, source.columns)
    made = [record.bad or mapping.map_one(record.values) for record in source.sample()]
    return [each.profile if isinstance(each, User) else {"bad": each.code} for each in made]
