"""Words and patterns of Auth0's import schema that answers, mapping and suggestions share."""

from __future__ import annotations

import re

FORBIDDEN_APP_METADATA = frozenset(
    (
        "__tenant",
        "_id",
        "blocked",
        "clientID",
        "created_at",
        "email_verified",
        "email",
        "globalClientID",
        "global_client_id",
        "identities",
        "lastIP",
        "lastLogin",
        "loginsCount",
        "metadata",
        "multifactor_last_modified",
        "multifactor",
        "updated_at",
        "user_id",
    )
)
"""Keys that Auth0 refuses at the top of app_metadata. Source: Auth0 docs, "Understand How Metadata Works"."""

LEFT_FACTOR = "second_factor_left_behind"
"""Column in which stores name the kind of a second factor that an import cannot carry, and the note on its users."""

MADE_UP = "made_up_email"
"""The note on users whose address without_email made."""

TRUE_WORDS = ("true", "t", "yes", "y", "1", "on")
FALSE_WORDS = ("false", "f", "no", "n", "0", "off")
"""Words of a boolean unless the answers name others; any case of letters."""

NOTHING_WORDS = (
    *("null", "(null)", "[null]", "<null>", "\\n", "none", "nil", "nan", "nat", "na", "n/a", "#n/a", "-", "--"),
    *("undefined", "never"),
)
"""What exports write for nothing, in lower case: databases, their tools, Python, Ruby, pandas, spreadsheets."""

NO_MOMENT = r"[+-]?0+(?:[.,]0*)?|000[01]-[0-9]{2}-[0-9]{2}.*|-infinity"
"""Zero, MySQL's moment of zeros, .NET's first one and PostgreSQL's before all, which stand for none; in lower case."""

_CLOCK = r"[t ,]+[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,:][0-9]+)?)? ?(?:[ap]m)? ?(?:z|utc|gmt)?(?:[+-][0-9]{2}(?::?[0-9]{2}){0,2})?"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[.]?"
_DAY = (
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})"
    rf"|[0-9]{{1,2}}[- ]{_MONTH}[- ](?:[0-9]{{4}}|[0-9]{{2}})|{_MONTH} [0-9]{{1,2}},? [0-9]{{4}}"
)
MOMENT = (
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?(?:{_DAY})(?:{_CLOCK}(?: [(][^()]*[)])?)?"
    r"|[+]?[0-9]{1,19}(?:[.][0-9]+)?|[0-9]{14}(?:[.,][0-9]+)?(?:z|[+-][0-9]{4})|infinity"
)
"""A moment as stores write it, in lower case: ISO and what databases, spreadsheets and RFC 5322 make of it, seconds and
milliseconds since 1970, LDAP's generalised time, PostgreSQL's after all. The scripts for Auth0 read the same pattern."""

ISO = re.compile(
    r"\d{4}(?:-\d\d-\d\d|\d{4}|-?W\d\d(?:-?\d)?)"
    r"(?:[^\d.:+-]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?)?",
    re.ASCII,
)
"""What `datetime.fromisoformat` may see: it takes any character for what is between date and time, also a digit, or the sign
of a date's zone."""

EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]++)*"
    r"@(?:[a-z0-9]++(?:-++[a-z0-9]++)*\.)+[a-z]{2,63}"
)
"""Addresses in lower-case ASCII that every validator accepts, but for the lengths of the whole and its parts."""

ROUNDED = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[Ee][+][0-9]{2,3}")
"""What spreadsheets and programs write for a long number of which they have kept the first digits only."""

USERNAME = re.compile(r"[a-z0-9@^$.!`\-#+'~_]++")
"""Source: Auth0 docs, "User Profile Structure", username."""

KELVIN = "\u212a"
"""The sign of the unit: the one character beyond ASCII whose small letter is one of ASCII, a plain k."""

PICTURE = re.compile(r"(?i:https?)://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~]*+(?:%[0-9A-Fa-f]{2}[!#-;=?-\[\]_a-z~]*+)*")

TOTP_SECRET = re.compile(r"[A-Z2-7]++")


def lowered(text: str) -> str:
    """The text in small letters; what is beyond ASCII stays so, or one person's address would become another's."""
    return text.lower() if text.isascii() else KELVIN.join(map(str.lower, text.split(KELVIN)))
