"""Every reason why a legacy user is not given to Auth0: a code, what it says, and what an operator can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What a code means; `{field}` in the message stands for the profile field."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A user that Auth0 would refuse; the message never quotes a value."""

    code: str
    message: str


class Refused(Exception):
    """Raised while a record is mapped, caught by the compiled mapping; it never leaves it."""

    def __init__(self, reject: Reject) -> None:
        super().__init__(reject.code)
        self.reject = reject


def reject(code: str, field: str = "") -> Reject:
    """The reject of this code, its message naming the field."""
    return Reject(code, REASONS[code].message.format(field=field))


CORRECT = "Correct the record in the legacy store."
DROP = 'Correct the record, or set when_invalid = "omit" for the field to import the user without it.'
SHORTEN = 'Correct the record, or add the transform truncate(150), or set when_invalid = "omit".'
MEND = "Correct the row in the file; or correct encoding, delimiter or quote in [source] if many rows are so."
LEAVE_BEHIND = (
    "Migrate these users at their login, or decide with unsupported or decisions in [passwords] to import them without a "
    "password; it is final."
)
ONE_LEFT = "Decide in the legacy store which of them is the user, and change or remove the others."

NOT_LOGGED_IN = "not_logged_in"
"""The code of users who could have moved at a login and have not."""

NOT_PREFERRED = "email_not_preferred"
"""The code of users whom the answer `same_email` leaves behind for another, which is a decision and no reject."""

CHECKED_AT_LOGIN = frozenset({"password_unsupported", "password_undeclared", "password_unconfirmed"})
"""Codes of users whose password an import cannot carry and the legacy API can check, so that they can move at a login; those
that are undeclared once they are described."""

REASONS: Mapping[str, Reason] = {
    "ragged_row": Reason("the row has more or fewer cells than the file has columns", MEND),
    "undecodable": Reason("the row has bytes that are not text in the encoding of the store", MEND),
    "nul_byte": Reason("the row has a NUL byte", MEND),
    "unterminated_quote": Reason("a quote opens in the row and is not closed", MEND),
    "json_invalid": Reason("the record is not valid JSON", "Correct the record in the file, or export it once more."),
    "not_object": Reason("the record is not a JSON object", "Correct the record in the file, or export it once more."),
    "ldif_invalid": Reason("the entry is not valid LDIF", "Correct the entry in the file, or export it once more."),
    "change_record": Reason(
        "the entry is a change, not an entry", "Export entries (ldapsearch, slapcat), not changes."
    ),
    "value_elsewhere": Reason(
        "the entry refers to a value in another file", "Export with the values in the file itself."
    ),
    "not_a_user": Reason("the record is something other than a user", "Export users alone, or skip this reason."),
    "deleted": Reason(
        "the store keeps the user, but marked as deleted",
        'Leave these users behind with skip = ["deleted"] in [prepare], or restore them in the legacy store.',
    ),
    "record_invalid": Reason("the record is not built as those of the named store are", "Check store in [source]."),
    "user_id_missing": Reason(
        "user_id is empty", "Map user_id to a column that every record has, such as its primary key."
    ),
    "user_id_invalid": Reason(
        "user_id contains white space or a control character", "Map user_id to a stable key without spaces."
    ),
    "user_id_too_long": Reason(
        "user_id is longer than 255 characters, its prefix included", "Use a shorter stable key."
    ),
    "user_id_rounded": Reason(
        "user_id is a number with an exponent: a spreadsheet or another program has rounded it",
        "Export the ids once more, as text, and open the file in no program that reads them as numbers.",
    ),
    "user_id_has_prefix": Reason(
        "user_id begins with auth0|, which Auth0 puts in front itself", 'Add the transform remove_prefix("auth0|").'
    ),
    "email_missing": Reason(
        "email is empty, and Auth0 imports no user without one",
        "Correct the record, or let without_email in [profile] make an address for each user who has none.",
    ),
    "email_invalid": Reason("{field} is not an e-mail address", CORRECT),
    "email_too_long": Reason("{field} is too long: 64 before the @ and 254 in all are allowed", CORRECT),
    "username_invalid": Reason("username has a character other than letters, digits and @ ^ $ . ! ` - # + ' ~ _", DROP),
    "username_too_short": Reason("username is shorter than the connection allows", DROP),
    "username_too_long": Reason(
        "username is longer than the connection allows",
        "Raise username_max of the connection (128 at most), or correct the record.",
    ),
    "username_is_email": Reason("username is an e-mail address, which the connection does not allow", DROP),
    "phone_number_invalid": Reason(
        "{field} is not a telephone number with its country (E.164)",
        'Set default_country for national numbers, correct the record, or set when_invalid = "omit".',
    ),
    "boolean_invalid": Reason(
        "{field} is neither of the words for true nor for false", 'Name the words: bool(true=["ja"], false=["nein"]).'
    ),
    "given_name_too_long": Reason("given_name is longer than 150 characters", SHORTEN),
    "family_name_too_long": Reason("family_name is longer than 150 characters", SHORTEN),
    "name_too_long": Reason("name is longer than 150 characters", SHORTEN),
    "nickname_too_long": Reason("nickname is longer than 300 characters", SHORTEN),
    "picture_invalid": Reason("picture is not an http or https URL", DROP),
    "mfa_totp_invalid": Reason("the TOTP secret is not base32", DROP),
    "value_missing": Reason("{field} is empty, and the answers ask to reject that", 'Set when_empty = "omit".'),
    "value_invalid": Reason("{field} cannot be read as its transform says", DROP),
    "value_not_text": Reason("{field} should be text, but the store holds a structure", "Map another column."),
    "value_not_json": Reason("{field} holds what JSON cannot say", DROP),
    "number_too_large": Reason(
        "a number is beyond 9007199254740991, where JSON readers lose digits",
        "Import it as text: leave out int and json, and put it in quotes where the store is a JSON file.",
    ),
    "control_character": Reason(
        "{field} contains a control character", "Correct the record, or add the transform printable."
    ),
    "lone_surrogate": Reason("a text is not valid Unicode (half of a surrogate pair)", CORRECT),
    "metadata_key_forbidden": Reason(
        "{field} has a key that Auth0 does not allow: one with a dot or a dollar sign, or a reserved name", CORRECT
    ),
    "metadata_not_object": Reason("{field} is JSON, but not an object", DROP),
    "profile_too_large": Reason(
        "the profile is larger than profile_bytes_limit", "Map less metadata, or raise the limit."
    ),
    "user_too_large": Reason("the user alone is larger than a file to import may be", "Map less metadata."),
    "password_missing": Reason(
        "the user has no password hash", 'Decide with missing = "without_password" in [passwords]; it is final.'
    ),
    "password_unsupported": Reason("Auth0 cannot take the password hash", LEAVE_BEHIND),
    "password_uncheckable": Reason(
        "neither Auth0 nor the legacy API can check the password hash",
        "Decide with unsupported or decisions in [passwords] to import these users without a password; it is final, and they "
        "reset it.",
    ),
    "password_undeclared": Reason(
        "the password hash does not say how it was made",
        "Declare format, and salt if there is one, in [passwords]; auth0-migrate passwords prove finds it out with an account "
        "whose password you know.",
    ),
    "password_unconfirmed": Reason(
        "Auth0 does not document whether it takes the password hash",
        'Try a few users with unconfirmed = "import" in [passwords], or leave these users to migrate at their login.',
    ),
    "password_damaged": Reason("the password hash is damaged", CORRECT),
    "password_disabled": Reason(
        "the user has a mark instead of a password hash",
        "Nobody can log in with it, at the legacy store either. Leave these users behind with skip in [prepare], or decide with "
        "unsupported or decisions in [passwords] to import them without a password; it is final.",
    ),
    NOT_LOGGED_IN: Reason(
        "the user has not logged in during the automatic phase",
        'Invite these users to log in and wait longer; or decide with skip = ["not_logged_in"] in [prepare] to leave them.',
    ),
    "duplicate_user_id": Reason("the same user_id as other records", "Map user_id to a column that is unique."),
    "duplicate_email": Reason("the same e-mail address as other records, in any case of letters", ONE_LEFT),
    NOT_PREFERRED: Reason(
        "another record with the same e-mail address is preferred", "Nothing: same_email in [profile] decides so."
    ),
    "duplicate_username": Reason("the same username as other records, in any case of letters", ONE_LEFT),
    "duplicate_phone": Reason(
        "the same telephone number as other records",
        "Auth0 takes a number for one user of a connection. If people share it, leave phone_number out of [profile] and keep it in "
        "user_metadata; else correct the records.",
    ),
}
