"""The JSON Schema of an answers file, by which editors complete keys, show their meaning and mark mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wizard.answers.reading import VERSION
from wizard.answers.section import Section, heading

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = f"urn:auth0-migration-wizard:answers:{VERSION}"


def schema(sections: Sequence[type[Section]]) -> dict[str, Any]:
    """The schema as a JSON object, JSON Schema draft 2020-12; the same sections give the same object."""
    from pydantic.json_schema import models_json_schema  # slow to import, and only editors need it

    references, defined = models_json_schema([(section, "validation") for section in sections])
    tables = {section.table: {**references[section, "validation"], "title": heading(section)} for section in sections}
    required = [
        section.table for section in sections if any(field.is_required() for field in section.model_fields.values())
    ]
    return {
        "$schema": DIALECT,
        "$id": ID,
        "title": "Answers of auth0-migrate",
        "type": "object",
        "properties": {"version": {"const": VERSION, "description": "Version of the file's format."}, **tables},
        "required": ["version", *required],
        "additionalProperties": False,
        **defined,
    }
