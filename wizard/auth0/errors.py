"""Auth0's refusals in words an operator can act on: what, why, state, remedy, and an exit code."""

from __future__ import annotations

from wizard import errors as base
from wizard.errors import CredentialsError, WizardError

UNCHANGED = "Nothing was changed."
IN_DOUBT = "It is not known whether Auth0 carried it out."
GRANT_PLACE = "Applications > APIs > Auth0 Management API > Machine to Machine Applications"


class Refused(WizardError):
    """Auth0 answered and said no.

    `call` is the request with its ids replaced by their names; `status` and `code` (errorCode) are Auth0's.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        why: str = "",
        state: str = UNCHANGED,
        call: str = "",
        status: int = 0,
        code: str = "",
    ) -> None:
        super().__init__(what, remedy=remedy, why=why, state=state)
        self.call = call
        self.status = status
        self.code = code


class BadCredentials(Refused, CredentialsError):
    """Client id, secret or signed assertion is not accepted."""


class MissingGrant(Refused, CredentialsError):
    """The application may not use the Management API at all."""


class InsufficientScope(Refused, CredentialsError):
    """The application lacks scopes; `scopes` names any that would do."""

    scopes: tuple[str, ...] = ()


class NotAllowed(Refused, CredentialsError):
    """Auth0 forbids the call for another reason."""


class TokenExpired(Refused, CredentialsError):
    """A fresh token was refused too."""


class NotFound(Refused):
    """The thing does not exist (any more)."""


class Conflict(Refused):
    """Another thing with the same name exists."""


class EntityLimit(Refused):
    """The tenant has as many of these as its subscription allows."""


class InvalidRequest(Refused):
    """Auth0 does not accept a value."""


class TooLarge(Refused):
    """The body is larger than Auth0 takes."""


class ServerFailed(Refused):
    """Auth0 failed again and again, or in a way that repeating does not cure."""


class RateLimitExhausted(Refused):
    """Auth0 kept answering 429 for longer than we wait."""


class ImportSlotsBusy(Refused):
    """Two import jobs are active in the tenant; a slot must come free first."""


class AnswerLost(base.AnswerLost):
    """A request that must not be repeated blindly was sent and its answer never came, or said nothing.

    `call` says which; the caller finds out by looking whether it was carried out.
    """

    def __init__(self, doing: str, *, call: str, why: str) -> None:
        super().__init__(
            f"The answer was lost when asking Auth0 to {doing}",
            why=why,
            state=IN_DOUBT,
            remedy="Resume the run: it looks in the tenant first and repeats only what is missing.",
        )
        self.call = call


class Unreachable(WizardError):
    """No connection to the tenant."""


class CertificateRefused(WizardError):
    """The server's certificate is not signed by an authority we trust."""


class AnswerNotUnderstood(WizardError):
    """What answered does not speak like Auth0."""


class DownloadFailed(WizardError):
    """An export file could not be fetched; its address is short-lived, so ask for a fresh one and try again."""


class ForeignOptionsChanged(WizardError):
    """After a change of ours, options of the connection that are not ours differ; `keys` names them."""

    def __init__(self, what: str, *, keys: tuple[str, ...], remedy: str, state: str) -> None:
        super().__init__(what, remedy=remedy, state=state)
        self.keys = keys


class EncryptedValuesAtRisk(WizardError):
    """A change would have to send back configuration values that Auth0 only shows encrypted; `keys` names them."""

    def __init__(self, what: str, *, keys: tuple[str, ...], remedy: str) -> None:
        super().__init__(what, remedy=remedy, state=UNCHANGED)
        self.keys = keys
