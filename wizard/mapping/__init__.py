"""One mapping turns a legacy record into an Auth0 user, for import files and login scripts alike.

The names here load what they need when they are called: worker processes unpickle mappings without the answers' models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wizard.mapping.compiled import Mapping, User

if TYPE_CHECKING:
    from wizard.legacy.source import Record
    from wizard.mapping.suggestion import Suggestion
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.profile import ProfileAnswers

__all__ = ["Mapping", "User", "compile_mapping", "suggest"]


def compile_mapping(
    profile: ProfileAnswers,
    passwords: PasswordsAnswers,
    columns: Sequence[str],
    *,
    username_length: tuple[int, int] = (1, 15),
    usernames_may_be_emails: bool = False,
    secret: Callable[[str], str] | None = None,
) -> Mapping:
    """Compile the answers to one function for records of these columns.

    Args:
        profile: What feeds each field.
        passwords: Where the hash is, and what becomes of users whose hash cannot travel.
        columns: The columns of the source, in order.
        username_length: Shortest and longest username that the connection takes; Auth0's default is 1 to 15.
        usernames_may_be_emails: Whether the connection takes e-mail addresses as usernames.
        secret: Finds the key (pepper) of the hashes, if the answers name one.

    Raises:
        UsageError: the answers do not fit the columns, or name something Auth0 cannot take; says all of it at once.
    """
    from wizard.mapping.code import compile_answers

    return compile_answers(profile, passwords, columns, username_length, usernames_may_be_emails, secret)


def suggest(columns: Sequence[str], records: Sequence[Record]) -> Suggestion:
    """Suggest profile and passwords from the names of the columns and a sample of records."""
    from wizard.mapping.suggestion import suggest_answers

    return suggest_answers(columns, records)
