"""What a profile shows where nothing was given: name, nickname and picture."""

from __future__ import annotations

from hashlib import md5

AVATAR = "https://secure.gravatar.com/avatar/"
LETTERS = "?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2F"


def nickname_of(email: str | None) -> str | None:
    """Return the part before the @."""
    return None if email is None else email.rpartition("@")[0]


def picture_of(email: str | None, username: str | None = None, phone_number: str | None = None) -> str:
    """Return the avatar address that Auth0 gives a user without a picture."""
    shown = email or username or phone_number or ""
    initials = shown[:2].lower()
    if not (initials.isascii() and initials.isalnum()):
        initials = "".join(letter for letter in initials if letter.isascii() and letter.isalnum()) or "default"
    return f"{AVATAR}{md5(shown.encode(), usedforsecurity=False).hexdigest()}{LETTERS}{initials}.png"
