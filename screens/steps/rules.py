"""How a field's rule is typed on one line, and how that line is read back."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from wizard.profile import FieldRule


def origin_of(rule: Any) -> str:
    """What feeds a field, as typed: `mail`, `{first} {last}`, `=legacy`; "" for nothing."""
    if isinstance(rule, FieldRule):
        rule = rule.model_dump(exclude_none=True)
    if isinstance(rule, Mapping):
        if "constant" in rule:
            return f"={rule['constant']}"
        return str(rule.get("template") or rule.get("column") or "")
    return str(rule or "")


def transforms_of(rule: Any) -> str:
    """The transforms as typed: `strip, lower`."""
    if isinstance(rule, Mapping):
        return ", ".join(rule.get("transforms") or ())
    return ""


def rule_of(origin: str, transforms: str, before: Any) -> Any:
    """The rule that two lines say, as answers have it; None for an empty origin.

    Args:
        before: The rule so far; what these lines do not say, or say as it was, stays as it was there.

    Raises:
        ValueError: the transforms cannot be read.
    """
    origin = origin.strip()
    if origin == origin_of(before) and transforms.strip() == transforms_of(before):
        return before
    if not origin:
        return None
    kept = {key: before[key] for key in ("when_empty", "when_invalid") if isinstance(before, Mapping) and key in before}
    listed = split_transforms(transforms)
    if origin.startswith("="):
        same = isinstance(before, Mapping) and origin == origin_of(before)
        constant = before["constant"] if same else origin[1:]  # 1 and true are not text
        return {"constant": constant, **({"transforms": listed} if listed else {}), **kept}
    key = "template" if "{" in origin else "column"
    if key == "column" and not listed and not kept:
        return origin
    return {key: origin, **({"transforms": listed} if listed else {}), **kept}


def split_transforms(text: str) -> list[str]:
    """`strip, date("%d")` as two transforms; commas inside brackets are no separators.

    Raises:
        ValueError: brackets or quotes do not close.
    """
    whole = f"[{text}]"
    try:
        tree = ast.parse(whole, mode="eval").body
    except SyntaxError:
        raise ValueError("a bracket or a quote does not close") from None
    parts = tree.elts if isinstance(tree, ast.List) else []
    return [ast.get_source_segment(whole, part) or "" for part in parts]


def flat(table: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Metadata as dotted rows, {"app_metadata.plan": "plan"}; one row where one rule feeds it all."""
    if _is_rule(table):
        return {prefix: table}
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{prefix}.{key}"
        if isinstance(value, Mapping) and value:
            found |= flat(value, name)
        else:
            found[name] = value
    return found


def _is_rule(table: Mapping[str, Any]) -> bool:
    """Whether a table is a rule, and not metadata whose keys happen to be called like its parts."""
    return table.keys() <= FieldRule.model_fields.keys() and bool(table.keys() & {"column", "template", "constant"})


def nested(rows: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite: rows below their common name as nested tables; none may be `in_the_way` of another."""
    made: dict[str, Any] = {}
    for name, rule in rows.items():
        *path, last = name.split(".")
        place = made
        for part in path:
            place = place.setdefault(part, {})
        if rule == {}:
            place.setdefault(last, {})
        else:
            place[last] = rule
    return made


def in_the_way(name: str, rules: Mapping[str, Any]) -> str:
    """The row that this one lies below, or that lies below it; "" for none. One of them can be, as a key has one value."""
    filled = (other for other, rule in rules.items() if rule != {})  # an empty table has room for rows
    return next(
        (other for other in filled if f"{name}.".startswith(f"{other}.") != f"{other}.".startswith(f"{name}.")), ""
    )
