"""The slower half of each check of the import schema: called by the compiled mapping when its quick test did not pass."""

from __future__ import annotations

from wizard.mapping.words import EMAIL, TOTP_SECRET, USERNAME
from wizard.rejects import Refused, Reject, reject

INVALID_USERNAME = reject("username_invalid")
SHORT_USERNAME = reject("username_too_short")
LONG_USERNAME = reject("username_too_long")
EMAIL_AS_USERNAME = reject("username_is_email")
INVALID_TOTP = reject("mfa_totp_invalid")


def email(text: str, invalid: Reject, too_long: Reject) -> str:
    """The address, which is in lower case already.

    Internationalised addresses pass if they are in the normal form that the reference validator gives, or in ASCII.

    Raises:
        Refused: no address, or longer than 64 before the @ and 254 in all, in bytes.
    """
    local, _, domain = text.rpartition("@")
    if len(local.encode("utf-8", "replace")) > 64 or len(text.encode("utf-8", "replace")) > 254:
        raise Refused(too_long if local else invalid)
    if EMAIL.fullmatch(text) and max(map(len, domain.split("."))) <= 63:
        return text
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        raise Refused(invalid) from None
    if text not in {found.normalized.lower(), (found.ascii_email or "").lower()}:
        raise Refused(invalid)
    return text


def username(text: str, shortest: int, longest: int, emails: bool) -> str:
    """The username, which is in lower case already.

    Raises:
        Refused: a character, the length, or an e-mail address that the connection does not take.
    """
    if not USERNAME.fullmatch(text):
        raise Refused(INVALID_USERNAME)
    if len(text) < shortest:
        raise Refused(SHORT_USERNAME)
    if len(text) > longest:
        raise Refused(LONG_USERNAME)
    if not emails and EMAIL.fullmatch(text):
        raise Refused(EMAIL_AS_USERNAME)
    return text


def totp(text: str) -> str:
    """The secret as Auth0 wants it: base32 in capitals, without the spaces and padding that stores add.

    Raises:
        Refused: another alphabet.
    """
    secret = text.replace(" ", "").replace("-", "").rstrip("=").upper()
    if not TOTP_SECRET.fullmatch(secret):
        raise Refused(INVALID_TOTP)
    return secret
