"""The switches, as the command line sets them: every value is a text there."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from wizard.practice.switches import Switches


def values(annotation: Any) -> tuple[Any, ...]:
    """Values that a switch of this type takes."""
    usual = {bool: (True, False), int: (7,), float: (0.5,), str: ("word",)}
    if annotation in usual:
        return usual[annotation]
    return tuple(each for each in get_args(annotation) if not isinstance(each, type)) or ("word",)


EVERY = [(name, value) for name, field in Switches.model_fields.items() for value in values(field.annotation)]


@pytest.mark.parametrize(("name", "value"), EVERY)
def test_every_value_of_a_switch_can_be_set_by_its_text(name: str, value: Any) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    assert getattr(Switches.model_validate_strings({name: text}), name) == value
    assert getattr(Switches.model_validate({name: value}), name) == value


@pytest.mark.parametrize("text", ["402", "", "no", "4O1"])
def test_a_status_that_is_none_of_its_switch_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="401 or 403"):
        Switches.model_validate_strings({"mfa_required_status": text})
