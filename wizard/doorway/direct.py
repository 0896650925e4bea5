"""Scripts that ask the legacy database themselves, for private deployments; only of mappings that they can say soundly.

The same rules as `wizard.mapping` are written as data that the script interprets. What a script could only guess at
(telephone numbers, usernames, second factors, dates, columns of JSON) is refused when the script is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, Literal

from wizard.answers import Answers
from wizard.doorway.scripts import Scripts
from wizard.doorway.templates import rendered
from wizard.errors import UsageError
from wizard.mapping.transforms import Transform, parse_transform
from wizard.mapping.words import EMAIL, FALSE_WORDS, MOMENT, NO_MOMENT, NOTHING_WORDS, ROUNDED, TRUE_WORDS
from wizard.profile import FieldRule, ProfileAnswers

Kind = Literal["postgresql", "mysql"]
Wants = Literal["text", "boolean", "cell"]

TEXTS = ("given_name", "family_name", "name", "nickname")
BOOLEANS = ("email_verified", "blocked")
REFUSED = ("phone_number", "phone_verified", "username", "picture", "mfa")
LONGEST = {"given_name": 150, "family_name": 150, "name": 150, "nickname": 300}
STRIP: list[Any] = ["strip"]


def through_database(answers: Answers) -> Scripts:
    """The scripts for these answers.

    Raises:
        UsageError: names everything that such a script cannot say.
    """
    from wizard.legacy.answers import SourceAnswers
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.steps.connection import ConnectionAnswers
    from wizard.steps.scripts_answers import ScriptsAnswers

    wanted, source, profile = answers[ScriptsAnswers], answers[SourceAnswers], answers[ProfileAnswers]
    passwords = answers[PasswordsAnswers]
    kind: Kind = "postgresql" if wanted.kind == "postgresql" else "mysql"
    problems: list[str] = []
    if (
        passwords.column is None
        or passwords.format not in (None, "bcrypt")
        or passwords.key
        or passwords.key_lost
        or passwords.also
    ):
        problems.append("only plain bcrypt hashes in one column can be checked")
    if not source.users_table and not source.query:
        problems.append("[source] names neither table nor query")
    mapping = mapping_of(profile, problems)
    email = _lookup_column(profile, problems)
    if problems:
        raise UsageError(
            "These answers cannot be said in scripts that ask the database themselves",
            why="; ".join(problems),
            state="Nothing was sent.",
            remedy='Use kind = "legacy_api" in [scripts]: the legacy API knows every mapping and every hash.',
        )
    values: dict[str, Any] = {
        "connection": answers[ConnectionAnswers].name,
        "kind": kind,
        "query": query_of(kind, source.users_table, source.query, email),
        "mapping": mapping,
        "hash_column": passwords.column,
    }
    return Scripts(
        rendered("scripts/login_database", **values),
        rendered("scripts/get_user_database", **values),
        rendered("scripts/change_password") if wanted.change_password else None,
    )


def query_of(kind: Kind, table: str, query: str, email: str) -> str:
    """The one query of the scripts: at most two users of an address, which is its only parameter."""
    mark = '"' if kind == "postgresql" else "`"

    def quoted(name: str) -> str:
        return mark + name.replace(mark, mark * 2) + mark

    source = ".".join(map(quoted, table.split("."))) if table else f"({query.strip().rstrip(';')})"
    column = f"legacy.{quoted(email)}"
    if kind == "postgresql":
        return f"SELECT legacy.* FROM {source} AS legacy WHERE lower(trim({column}::text)) = $1 LIMIT 2"  # noqa: S608 - names are quoted
    same = f"CONVERT(LOWER(TRIM({column})) USING utf8mb4) COLLATE utf8mb4_bin = ?"
    return f"SELECT legacy.* FROM {source} AS legacy WHERE {same} LIMIT 2"  # noqa: S608 - names are quoted


def mapping_of(profile: ProfileAnswers, problems: list[str]) -> dict[str, Any]:
    """The rules as data for `assets/parts/mapping.js.j2`; what cannot be said is added to `problems`."""
    for field in REFUSED:
        if getattr(profile, field) is not None:
            problems.append(f"{field} needs checks that only the legacy API makes")
    if profile.same_email != "reject":
        problems.append("same_email is told by the legacy API only: a script lets nobody in whose address several have")
    if profile.profile_bytes_limit is not None:
        problems.append("profile_bytes_limit is kept by the legacy API only")
    members: dict[str, Any] = {}
    for field in ("user_id", "email", *TEXTS, *BOOLEANS):
        mapped = getattr(profile, field)
        if mapped is not None:
            members[field] = _rule(mapped, field, "boolean" if field in BOOLEANS else "text", problems)
    for field in ("user_id", "email"):
        members[field]["required"] = True
    for field in ("app_metadata", "user_metadata"):
        metadata = getattr(profile, field)
        if isinstance(metadata, FieldRule):
            problems.append(f"{field} is one column of JSON")
        elif metadata:
            members[field] = {"table": _table(metadata, field, problems)}
    return {
        "prefix": profile.user_id_prefix or "",
        "members": members,
        "longest": LONGEST,
        "rounded": ROUNDED.pattern,
        "email": EMAIL.pattern.replace("++", "+"),  # the language of scripts has no possessive quantifiers
    }


def _table(table: Mapping[str, Any], place: str, problems: list[str]) -> dict[str, Any]:
    return {
        key: {"table": _table(value, f"{place}.{key}", problems)}
        if isinstance(value, dict)
        else _rule(value, f"{place}.{key}", "cell", problems)
        for key, value in table.items()
    }


def _rule(mapped: str | FieldRule, place: str, wants: Wants, problems: list[str]) -> dict[str, Any]:
    rule = FieldRule(column=mapped) if isinstance(mapped, str) else mapped
    if rule.when_invalid == "omit":
        problems.append(f"{place} is left out where it is invalid")
    said: dict[str, Any] = {"required": rule.when_empty == "reject"}
    if rule.constant is not None:
        return {**said, "constant": rule.constant}
    if rule.transforms is None and wants == "cell" and rule.column is not None:
        return {**said, "column": rule.column, "native": True}
    steps = (
        [STRIP]
        if rule.transforms is None
        else [_step(parse_transform(one), place, problems) for one in rule.transforms]
    )
    if wants == "boolean" and (not steps or steps[-1][0] not in ("bool", "present")):
        steps.append(["bool", [*TRUE_WORDS], [*FALSE_WORDS]])
    said["transforms"] = steps
    if rule.column is not None:
        return {**said, "column": rule.column}
    return {**said, "template": _template(rule.template or "")}


def _step(transform: Transform, place: str, problems: list[str]) -> list[Any]:
    if transform.name in ("strip", "lower", "upper"):
        return [transform.name]
    if transform.name == "present":
        return ["present", [*TRUE_WORDS], [*NOTHING_WORDS, *FALSE_WORDS], MOMENT, NO_MOMENT]
    if transform.name == "bool" and not transform.positional:
        given = dict(transform.named)
        return ["bool", _words(given.get("true", TRUE_WORDS)), _words(given.get("false", FALSE_WORDS))]
    problems.append(f"{place} uses the transform {transform.name}")
    return STRIP


def _words(listed: str | Sequence[str]) -> list[str]:
    return [word.strip().lower() for word in ([listed] if isinstance(listed, str) else listed)]


def _template(template: str) -> list[Any]:
    parts: list[Any] = []
    for literal, name, _, _ in Formatter().parse(template):
        parts += [literal] if literal else []
        parts += [{"column": name}] if name else []
    return parts


def _lookup_column(profile: ProfileAnswers, problems: list[str]) -> str:
    """The column to look an address up in: it must hold the address itself, but for spaces around it and case."""
    rule = FieldRule(column=profile.email) if isinstance(profile.email, str) else profile.email
    simple = all(parse_transform(one).name in ("strip", "lower") for one in rule.transforms or ())
    if rule.column is None or not simple:
        problems.append("email is not a plain column, so nobody can be looked up by it")
    return rule.column or ""
