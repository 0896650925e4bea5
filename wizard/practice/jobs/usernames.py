"""The username rules of a connection: classic `requires_username` and flexible `attributes.username`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.practice.jobs import problems as say
from wizard.practice.jobs.email_format import is_email
from wizard.practice.jobs.problems import Problem

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection

LETTERS = r"^[A-Za-z0-9@^$.!`\-#+'~_]+$"
_letters = re.compile(r"[A-Za-z0-9@^$.!`\-#+'~_]+")
_phone = re.compile(r"\+?[0-9]+")


@dataclass(frozen=True, slots=True)
class UsernameRules:
    """Lengths in characters, and whether a username may look like an e-mail address or a phone number.

    Source: Auth0 docs, "User Profile Structure" and "Flexible identifiers": 1 to 15 unless the connection says otherwise.
    """

    minimum: int = 1
    maximum: int = 15
    may_be_email: bool = False
    may_be_phone: bool = True

    def problems(self, value: str) -> list[Problem]:
        if len(value) < self.minimum:
            return [say.too_short("username", value, self.minimum)]
        if len(value) > self.maximum:
            return [say.too_long("username", value, self.maximum)]
        if not _letters.fullmatch(value):
            return [say.wrong_pattern("username", LETTERS)]
        if not self.may_be_email and is_email(value):
            return [say.refused("username", "must not be an e-mail address")]
        if not self.may_be_phone and _phone.fullmatch(value):
            return [say.refused("username", "must not be a phone number")]
        return []


def username_rules(connection: Connection) -> UsernameRules | None:
    """Read the rules off a connection; None where users have no username."""
    if not connection.allows_username:
        return None
    flexible = (connection.options.get("attributes") or {}).get("username")
    if flexible is None:
        classic = (connection.options.get("validation") or {}).get("username") or {}
        return UsernameRules(int(classic.get("min", 1)), int(classic.get("max", 15)))
    rules = flexible.get("validation") or {}
    kinds = rules.get("allowed_types") or {}
    return UsernameRules(
        int(rules.get("min_length", 1)),
        int(rules.get("max_length", 15)),
        may_be_email=bool(kinds.get("email", False)),
        may_be_phone=bool(kinds.get("phone_number", False)),
    )
