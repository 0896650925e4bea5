"""One table of the answers file: the base class of all sections, and how secrets are named in them."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, ValidationError

REFERABLE = r"[A-Za-z0-9_.-]{1,128}"
"""What a secret may be called, in the keyring and as an environment variable."""

NOT_A_REFERENCE = "secret_reference"
"""The type of the validation error for a value that is no reference; its input is never shown."""


def _only_a_reference(value: Any, inner: ValidatorFunctionWrapHandler) -> str:
    """Say the same about every bad value, because it may be the secret itself."""
    try:
        return str(inner(value))
    except ValidationError:
        raise PydanticCustomError(NOT_A_REFERENCE, "must name a secret: keyring:NAME or env:NAME") from None


SecretRef = Annotated[
    str,
    StringConstraints(pattern=rf"^(keyring|env):{REFERABLE}$"),
    WrapValidator(_only_a_reference),
]
"""A secret by name: `keyring:NAME` (the keyring of the operating system) or `env:NAME` (an environment variable)."""


class Section(BaseModel):
    """One table of the answers file; subclasses name it in `table`, and in `title` for people."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,  # an input may be a secret put in the wrong place
        ser_json_inf_nan="constants",
    )
    table: ClassVar[str]
    title: ClassVar[str] = ""
    later: ClassVar[frozenset[str]] = frozenset()
    """Keys that may be answered, or answered anew, while a run goes on: what is decided by what the run shows."""

    @classmethod
    def presets(cls, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What these values, not yet validated, say about other tables where those say nothing; by table and key."""
        return {}

    @classmethod
    def needed(cls, tables: Mapping[str, Any]) -> bool:
        """Whether this table must be answered beside these, which are not yet validated."""
        return True


S = TypeVar("S", bound=Section)


def validated(kind: type[S], values: Mapping[str, Any]) -> S:
    """Make the section from a parsed table.

    Strict as JSON: no "yes" for true, but text for paths, enums and dates, for which not every format has a type.

    Raises:
        ValidationError: the values are not right.
    """
    return kind.model_validate_json(json.dumps(values, default=_iso), strict=True)


def _iso(moment: date | datetime | time) -> str:
    return moment.isoformat()


def heading(section: type[BaseModel]) -> str:
    """What people call the section: its title, else the first line of its docstring, else its name."""
    named = str(getattr(section, "title", "") or "")
    told = inspect.cleandoc(section.__doc__ or "").partition("\n")[0].rstrip(".")
    return named or told or str(getattr(section, "table", section.__name__)).replace("_", " ").capitalize()


def keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Each field by the key it has in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def parts(model: BaseModel) -> dict[str, tuple[Any, FieldInfo]]:
    """The value and the field of each key."""
    return {field.alias or name: (getattr(model, name), field) for name, field in type(model).model_fields.items()}


def choices(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows, unions and `Annotated` taken apart."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from choices(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from choices(part)
    else:
        yield annotation


def models(annotation: Any) -> list[type[BaseModel]]:
    """The nested models that an annotation allows."""
    return [part for part in choices(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]


FILE = "file-path"
"""Format, in the schema, of a text that is the path of a file."""


def is_path(field: FieldInfo) -> bool:
    """Whether the field holds the path of a file."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("format") == FILE


def is_secret(field: FieldInfo) -> bool:
    """Whether the field holds a reference to a secret."""
    return any(validator.func is _only_a_reference for validator in _wrap_validators(field.annotation, field.metadata))


def _wrap_validators(annotation: Any, metadata: Any) -> Iterator[WrapValidator]:
    yield from (item for item in metadata if isinstance(item, WrapValidator))
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from _wrap_validators(inner, more)
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _wrap_validators(part, ())
