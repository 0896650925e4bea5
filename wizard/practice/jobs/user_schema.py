"""The schema of one user in an import file, and what Auth0 says of each breach."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from wizard.practice.hashes.rules import validate_hash, validate_password_hash
from wizard.practice.jobs import problems as say
from wizard.practice.jobs.email_format import is_email
from wizard.practice.jobs.problems import Problem
from wizard.practice.jobs.usernames import UsernameRules
from wizard.practice.switches import Switches

PHONE = r"^\+[0-9]{1,15}$"
TOTP = r"^[A-Z2-7]+$"
FACTORS = {"totp": "secret", "phone": "value", "email": "value"}
"""Kinds of MFA factor, each with the one member it has."""

FORBIDDEN_IN_APP_METADATA = frozenset(
    {
        "__tenant",
        "_id",
        "blocked",
        "clientID",
        "created_at",
        "email",
        "email_verified",
        "globalClientID",
        "global_client_id",
        "identities",
        "lastIP",
        "lastLogin",
        "loginsCount",
        "metadata",
        "multifactor",
        "multifactor_last_modified",
        "updated_at",
        "user_id",
    }
)
DEEPEST = 100
"""Levels of objects and arrays that a document of the store may have."""
LENGTHS = {"given_name": 150, "family_name": 150, "name": 300, "nickname": 300}
BOOLEANS = ("email_verified", "phone_verified", "blocked")

_phone = re.compile(r"\+[0-9]{1,15}")
_totp = re.compile(r"[A-Z2-7]+")
_space = re.compile(r"\s")
_uri = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]+", re.IGNORECASE)

Check = Callable[[Any, list[Problem]], None]


class UserSchema:
    """The schema as one connection applies it; made once a job, asked once a user.

    Source: Auth0 docs, "Bulk User Import Schema"; lengths from "User Profile Structure".
    """

    def __init__(self, usernames: UsernameRules | None, switches: Switches) -> None:
        """`usernames` are the connection's rules, None where it has no usernames."""
        self._switches = switches
        self._usernames = usernames
        self._checks: dict[str, Check] = {
            "email": self._email,
            "phone_number": _phone_number,
            "user_id": _user_id,
            "username": self._username,
            "picture": _picture,
            "password_hash": lambda value, found: found.extend(validate_password_hash(value)),
            "custom_password_hash": lambda value, found: found.extend(validate_hash(value, switches)),
            "app_metadata": _app_metadata,
            "user_metadata": lambda value, found: metadata("user_metadata", value, found),
            "mfa_factors": self._factors,
            **{name: _boolean(name) for name in BOOLEANS},
            **{name: _text(name, maximum) for name, maximum in LENGTHS.items()},
        }

    def problems(self, user: Any) -> list[Problem]:
        """Return every breach; empty for a user that may be imported."""
        if not isinstance(user, dict):
            return [say.wrong_type("", "object", user)]
        found: list[Problem] = []
        checks = self._checks
        for key, value in user.items():
            check = checks.get(key)
            if check is None:
                found.append(say.not_allowed("", key))
            else:
                check(value, found)
        if "email" not in user:
            found.append(say.absent("", "email"))
        if "password_hash" in user and "custom_password_hash" in user:
            found.append(say.refused("custom_password_hash", "not allowed together with password_hash"))
        return found

    def _email(self, value: Any, found: list[Problem]) -> None:
        if not isinstance(value, str):
            found.append(say.wrong_type("email", "string", value))
        elif not is_email(value):
            found.append(say.wrong_format("email", "email", value, self._switches.format_code))

    def _username(self, value: Any, found: list[Problem]) -> None:
        if not isinstance(value, str):
            found.append(say.wrong_type("username", "string", value))
        elif self._usernames is not None:
            found.extend(self._usernames.problems(value))
        elif self._switches.username_without_requires_username == "fails":
            found.append(
                Problem("NOT_PASSED", "Cannot set username for connection without requires_username.", "username")
            )

    def _factors(self, value: Any, found: list[Problem]) -> None:
        if not isinstance(value, list):
            found.append(say.wrong_type("mfa_factors", "array", value))
            return
        if not value:
            found.append(say.too_few("mfa_factors", 0, 1))
        if len(value) > 10:
            found.append(say.too_many("mfa_factors", len(value), 10))
        for index, factor in enumerate(value[:10]):
            self._factor(f"mfa_factors[{index}]", factor, found)

    def _factor(self, place: str, factor: Any, found: list[Problem]) -> None:
        if not isinstance(factor, dict):
            found.append(say.wrong_type(place, "object", factor))
            return
        if len(factor) != 1:
            found.append(say.refused(place, "exactly one of totp, phone and email"))
        for kind, part in factor.items():
            member = FACTORS.get(kind)
            if member is None:
                found.append(say.not_allowed(place, kind))
            elif not isinstance(part, dict):
                found.append(say.wrong_type(f"{place}.{kind}", "object", part))
            else:
                found.extend(say.not_allowed(f"{place}.{kind}", key) for key in part if key != member)
                self._factor_value(f"{place}.{kind}", kind, member, part, found)

    def _factor_value(self, place: str, kind: str, member: str, part: dict[str, Any], found: list[Problem]) -> None:
        if member not in part:
            found.append(say.absent(place, member))
            return
        value, place = part[member], f"{place}.{member}"
        if not isinstance(value, str):
            found.append(say.wrong_type(place, "string", value))
        elif kind == "email" and not is_email(value):
            found.append(say.wrong_format(place, "email", value, self._switches.format_code))
        elif kind == "phone" and not _phone.fullmatch(value):
            found.append(say.wrong_pattern(place, PHONE))
        elif kind == "totp" and not _totp.fullmatch(value):
            found.append(say.wrong_pattern(place, TOTP))


def metadata(place: str, value: Any, found: list[Problem]) -> None:
    """Check a metadata object: key names carry no dot and no dollar sign, at any depth."""
    if not isinstance(value, dict):
        found.append(say.wrong_type(place, "object", value))
        return
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > DEEPEST:
            found.append(say.refused(place, f"nests deeper than {DEEPEST} levels"))
            return
        if isinstance(part, dict):
            for key, below in part.items():
                if "." in key or "$" in key:
                    found.append(say.refused(place, f'key names must not contain "." or "$": {key}'))
                if isinstance(below, (dict, list)):
                    waiting.append((below, depth + 1))
        else:
            waiting.extend((below, depth + 1) for below in part if isinstance(below, (dict, list)))


def forbidden_in_app_metadata(value: dict[str, Any]) -> list[str]:
    return [key for key in value if key in FORBIDDEN_IN_APP_METADATA]


def _app_metadata(value: Any, found: list[Problem]) -> None:
    metadata("app_metadata", value, found)
    if isinstance(value, dict):
        for key in forbidden_in_app_metadata(value):
            found.append(say.refused("app_metadata", f"must not contain {key}"))


def _boolean(name: str) -> Check:
    def check(value: Any, found: list[Problem]) -> None:
        if value is not True and value is not False:
            found.append(say.wrong_type(name, "boolean", value))

    return check


def _text(name: str, maximum: int) -> Check:
    def check(value: Any, found: list[Problem]) -> None:
        if not isinstance(value, str):
            found.append(say.wrong_type(name, "string", value))
        elif not value:
            found.append(say.too_short(name, value, 1))
        elif len(value) > maximum:
            found.append(say.too_long(name, value, maximum))

    return check


def _phone_number(value: Any, found: list[Problem]) -> None:
    if not isinstance(value, str):
        found.append(say.wrong_type("phone_number", "string", value))
    elif not _phone.fullmatch(value):
        found.append(say.wrong_pattern("phone_number", PHONE))


def _user_id(value: Any, found: list[Problem]) -> None:
    if not isinstance(value, str):
        found.append(say.wrong_type("user_id", "string", value))
    elif not value:
        found.append(say.too_short("user_id", value, 1))
    elif len(value) > 255:
        found.append(say.too_long("user_id", value, 255))
    elif _space.search(value):
        found.append(say.wrong_pattern("user_id", r"^\S*$"))


def _picture(value: Any, found: list[Problem]) -> None:
    if not isinstance(value, str):
        found.append(say.wrong_type("picture", "string", value))
    elif not _uri.fullmatch(value):
        found.append(say.wrong_format("picture", "uri", value))
