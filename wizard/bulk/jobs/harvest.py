"""What an ended import job says of each user: imported, already there, or rejected with a reason free of personal data."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.journal import Refusal
from wizard.progress import FACTORS_UNKNOWN, PARTLY_IMPORTED

if TYPE_CHECKING:
    from wizard.auth0.models import JobSummary, RefusedUser

EXISTS = re.compile(r"user already exists?\b", re.IGNORECASE)
TWICE_IN_FILE = re.compile(r"already (been )?provided", re.IGNORECASE)

ADDRESS = re.compile(r"[^\s'\"<>()\[\],;]+@[^\s'\"<>()\[\],;]+")
HASH = re.compile(r"\$[\w-]+\$[^\s'\"]{8,}|\{\w+\}[A-Za-z0-9+/=]{8,}|\b[0-9a-fA-F]{32,}\b")
SECRET_FIELDS = ("email", "phone_number", "username", "password_hash", "custom_password_hash", "mfa_factors")
IDENTIFIERS = ("user_id", "email", "phone_number", "username")
"""Fields of a user that tell which of its file it is, the surest first."""
LONGEST_MESSAGE = 300
NOT_TOLD = "Is in Auth0; its file was sent before and the outcome never told, so whether its second factors arrived is not known."
LOOK_AT_FACTORS = (
    "Look at these users in the Dashboard, as no export shows second factors. Who has none enrols anew; or a new run with "
    "upsert = true in [upload] sends them again."
)


@dataclass(frozen=True, slots=True)
class Harvest:
    """The fate of a part's users; `refusals` name the rejected ones, and those imported without their MFA factors."""

    imported: int
    already_there: int
    rejected: int
    refusals: Sequence[Refusal] = ()
    there: Sequence[str] = ()
    """Ids, as in the file, of the users that count as already there; "" for one that none of the file can be told to be."""
    updated: int = 0
    """Of the imported, those that were there and that upsert has overwritten."""

    @property
    def users(self) -> int:
        return self.imported + self.already_there + self.rejected

    @property
    def codes(self) -> dict[str, int]:
        return dict(Counter(refusal.code for refusal in self.refusals))


def harvest(
    name: str, sent: Sequence[Mapping[str, Any]], summary: JobSummary | None, refused: Sequence[RefusedUser]
) -> Harvest:
    """Account for the users of a completed job.

    Args:
        name: Of the part that was sent.
        sent: Its users, as they are in the file.
        summary: Auth0's counts; None when it gave none, then all that were not refused count as imported.
        refused: From the job's errors.

    Returns: what Auth0 says. Its sum may differ from the users sent, which the caller must not accept.
    """
    known = _known(sent) if refused else {}
    there = sum(_is_already_there(one) for one in refused)
    refusals = [_refusal(name, one, known) for one in refused if not _is_already_there(one)]
    ids = [_id_in_file(_shown(one), known) for one in refused if _is_already_there(one)]
    if summary is None:
        return Harvest(len(sent) - len(refused), there, len(refusals), refusals, ids)
    imported = summary.inserted + summary.updated
    # Whether the summary counts users without their factors as failed is not documented; the sum tells.
    partly = sum(refusal.code == PARTLY_IMPORTED for refusal in refusals)
    excess = imported + there + len(refusals) - len(sent)
    rejected = len(refusals) - (excess if 0 < excess <= partly else 0)
    return Harvest(imported, there, rejected, refusals, ids, summary.updated)


def without_proof_of_factors(name: str, sent: Sequence[Mapping[str, Any]], there: Collection[str]) -> list[Refusal]:
    """Name the users with second factors among those that were there when their part was sent again.

    The submission before, which was never told of, may have made them without: no user and no export shows factors, and
    a user that is there is refused before its factors are looked at.
    """
    ids = [str(user.get("user_id", "")) for user in sent if user.get("mfa_factors")]
    return [Refusal(name, user_id, FACTORS_UNKNOWN, NOT_TOLD) for user_id in ids if user_id in there]


def culprit(name: str, user: Mapping[str, Any], details: str) -> Harvest:
    """Account for the one user whose job fails as a whole."""
    message = cleaned(details, user) or "Auth0 fails every import job that holds this user"
    return Harvest(0, 0, 1, [Refusal(name, str(user.get("user_id", "")), "JOB_FAILED", message)])


def cleaned(message: str, user: Mapping[str, Any]) -> str:
    """Take the user's own values, and all that looks like an address or a hash, out of a message."""
    for value in sorted(_secrets(user), key=len, reverse=True):
        message = message.replace(value, "…")
    message = HASH.sub("…", ADDRESS.sub("…", message))
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"


def _is_already_there(refused: RefusedUser) -> bool:
    """Whether a user was refused only because the tenant has it already, and not because its file has it twice."""
    return bool(refused.errors) and all(
        (error.code == "DUPLICATED_USER" or EXISTS.search(error.message)) and not TWICE_IN_FILE.search(error.message)
        for error in refused.errors
    )


def _refusal(name: str, refused: RefusedUser, known: Known) -> Refusal:
    shown = _shown(refused)
    original = _original(shown, known)
    code = next((error.code for error in refused.errors if error.code), "UNKNOWN")
    message = " ".join(error.message for error in refused.errors if error.message)
    user_id = str(original.get("user_id", ""))
    # Of a user that is not one of ours nothing is known, not even that its id is one.
    user_id = cleaned(user_id, {}) if original is shown else user_id
    return Refusal(name, user_id, code, cleaned(cleaned(message, shown), original))


def _shown(refused: RefusedUser) -> dict[str, Any]:
    return refused.user.model_dump(exclude_none=True)


Known = Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]
"""The users of a file, by each field that identifies one, with its value in small letters."""


def _known(sent: Sequence[Mapping[str, Any]]) -> Known:
    known: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for user in sent:
        for key in IDENTIFIERS:
            if user.get(key):
                known[key, str(user[key]).lower()].append(user)
    return known


def _original(shown: Mapping[str, Any], known: Known) -> Mapping[str, Any]:
    """The user as it was sent: Auth0 hides its secrets, which must be known to be taken out of messages.

    Returns: `shown` itself where it cannot be told which of the file that is.
    """
    for key in IDENTIFIERS:
        value = str(shown.get(key) or "")
        alike = known.get((key, value.lower()), ())
        same = [one for one in alike if str(one[key]) == value] or alike
        if len(same) == 1:
            return same[0]
    return shown


def _id_in_file(shown: Mapping[str, Any], known: Known) -> str:
    original = _original(shown, known)
    return "" if original is shown else str(original.get("user_id", ""))


def _secrets(user: Mapping[str, Any]) -> Iterator[str]:
    return (text for field in SECRET_FIELDS for text in _texts(user.get(field)) if len(text) > 2)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
