"""What the operator decided: one section of answers a step, read from answers.toml, the environment and flags."""

from wizard.answers.commented import template
from wizard.answers.given import Answers
from wizard.answers.json_schema import schema
from wizard.answers.problems import AnswersInvalid, Problem
from wizard.answers.reading import VERSION, from_tables, load, read
from wizard.answers.section import REFERABLE, SecretRef, Section
from wizard.answers.writing import save

__all__ = [
    "REFERABLE",
    "VERSION",
    "Answers",
    "AnswersInvalid",
    "Problem",
    "SecretRef",
    "Section",
    "from_tables",
    "load",
    "read",
    "save",
    "schema",
    "template",
]
