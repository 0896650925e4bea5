"""From an answer of Auth0 to the error that says what to do: by status and errorCode first, then by loose text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wizard.auth0 import errors
from wizard.events import Json

AGAIN = "then run the same command again; it goes on where it stopped."
_PERSONAL = (
    re.compile(r"[^\s'\"<>()]+@[^\s'\"<>()]+"),  # an e-mail address, or anything that looks like one
    re.compile(r"\$\w[^\s'\"]*\$[^\s'\"]+"),  # a hash in modular crypt or PHC form
    re.compile(r"\beyJ[\w.-]+"),  # a token
    re.compile(r"\+\d[\d ()-]{5,}\d"),  # a phone number
)
_CODE = re.compile(r"[\w.:-]{1,100}")
_LONGEST_WHY = 300
_LONGEST_READ = 4000
"""Characters that are looked through: some patterns take the square of it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that says no. `doing` completes "Auth0 refused to ...", `call` has ids replaced by their names."""

    doing: str
    call: str
    status: int
    error: str
    message: str
    code: str

    @classmethod
    def of(cls, doing: str, call: str, status: int, body: Json) -> Failure:
        """Read both error shapes: the Management API's (message, errorCode) and the Authentication API's."""
        fields: Mapping[str, Json] = body if isinstance(body, dict) else {}
        words = [_text(fields, key) for key in ("message", "error_description", "error")]
        code = _text(fields, "errorCode")
        known = code if _CODE.fullmatch(code) else ""
        return cls(doing, call, status, _text(fields, "error"), next(filter(None, words), ""), known)

    def says(self, pattern: str) -> bool:
        return re.search(pattern, self.message, re.IGNORECASE) is not None

    @property
    def why(self) -> str:
        """Auth0's words without personal data."""
        return cleaned(self.message) or f"Auth0 answered {self.status}"


def cleaned(words: str) -> str:
    """Take e-mail addresses, hashes, tokens and phone numbers out of a message."""
    if len(words) > _LONGEST_READ:
        words = words[:_LONGEST_READ].rpartition(" ")[0] or "…"  # half an address would not be known as one
    for personal in _PERSONAL:
        words = personal.sub("…", words)
    return words if len(words) <= _LONGEST_WHY else f"{words[:_LONGEST_WHY]}…"


def is_busy_import(status: int, body: Json) -> bool:
    """Whether a 429 speaks of active import jobs and not of the rate."""
    return status == 429 and Failure.of("", "", status, body).says(r"active\s+(users?\s+)?import")


def refusal(failure: Failure) -> errors.Refused:
    """The error for an answer of the Management API."""
    kind, remedy = _kind(failure)
    error = kind(
        f"Auth0 refused to {failure.doing}",
        why=failure.why,
        remedy=remedy,
        call=failure.call,
        status=failure.status,
        code=failure.code,
    )
    if isinstance(error, errors.InsufficientScope):
        error.scopes = tuple(re.findall(r"[a-z]+:[a-z_]+", failure.message))
    return error


def _kind(failure: Failure) -> tuple[type[errors.Refused], str]:
    """The error's class and the remedy."""
    status = failure.status
    if status == 401:
        if failure.says("expired"):
            return errors.TokenExpired, f"Check the clock of this machine, {AGAIN}"
        return errors.BadCredentials, f"Check domain, client id and audience, {AGAIN}"
    if status == 403:
        return _forbidden(failure)
    if status == 404 or failure.code.startswith("inexistent_"):
        return errors.NotFound, "Look in the tenant whether somebody deleted it, then plan again."
    if status == 409:
        return errors.Conflict, "Choose another name, or adopt what exists, then plan again."
    if status == 413:
        return errors.TooLarge, "Prepare the files again with a smaller limit."
    if status == 429:
        return _limited(failure)
    if 400 <= status < 500:
        return errors.InvalidRequest, "Correct the value that Auth0 names, then plan again."
    return errors.ServerFailed, f"Look at status.auth0.com, wait until Auth0 is well, {AGAIN}"


def _forbidden(failure: Failure) -> tuple[type[errors.Refused], str]:
    if failure.code == "insufficient_scope" or failure.says("insufficient scope"):
        return errors.InsufficientScope, f"Grant that scope to the wizard's application ({errors.GRANT_PLACE}), {AGAIN}"
    if failure.says("reached the limit"):
        return errors.EntityLimit, "Delete some that are not used, or ask Auth0 for a larger subscription."
    return errors.NotAllowed, f"Check what the tenant's subscription and the application's grants allow, {AGAIN}"


def _limited(failure: Failure) -> tuple[type[errors.Refused], str]:
    if is_busy_import(failure.status, {"message": failure.message}):
        return errors.ImportSlotsBusy, "Wait until one of the active import jobs has ended."
    return errors.RateLimitExhausted, f"Find out what else uses the tenant's rate limit, or raise the reserve, {AGAIN}"


def token_refusal(failure: Failure, *, audience: str) -> errors.Refused:
    """The error for an answer of /oauth/token; `audience` is what was asked for."""
    kind: type[errors.Refused] = errors.BadCredentials
    remedy = f"Check client id and secret (or key) of the wizard's application, {AGAIN}"
    if failure.says("service not enabled|unknown audience"):
        kind = errors.MissingGrant
        remedy = f"On a custom domain give the tenant's default domain as audience; now it is {audience}."
    elif failure.says("not authorized to access resource server|client.grant"):
        kind, remedy = errors.MissingGrant, f"Authorize the application under {errors.GRANT_PLACE}, {AGAIN}"
    elif failure.error == "unauthorized_client":
        kind, remedy = errors.MissingGrant, f"Allow the application the grant type client_credentials, {AGAIN}"
    elif failure.status >= 500:
        kind, remedy = errors.ServerFailed, f"Look at status.auth0.com, wait until Auth0 is well, {AGAIN}"
    elif failure.status == 429:
        kind = errors.RateLimitExhausted
        remedy = f"Wait until the tenant's quota of tokens is filled again, {AGAIN}"
    elif failure.status == 404:
        kind, remedy = errors.NotFound, "Check the tenant's domain: what answered there is not Auth0."
    return kind(
        "Auth0 gave no token",
        why=failure.why,
        remedy=remedy,
        call=failure.call,
        status=failure.status,
        code=failure.code or failure.error,
    )


def _text(fields: Mapping[str, Json], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""
