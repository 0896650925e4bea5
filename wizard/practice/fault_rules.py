"""Trouble on purpose: rules that make requests, jobs, tokens and the search of the practice tenant go wrong.

A faults file is TOML (or JSON) with a list `faults`; each has an `action` and says when it happens:

    [[faults]]
    action = "cut"              # the connection ends without an answer
    when = "after"              # the tenant did what was asked
    method = "POST"
    path = "/api/v2/jobs/*"
    nth = [3]                   # the third such request

    [[faults]]
    action = "stuck_job"
    seconds = 120
    every = 10                  # each tenth job
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(ge=0)]


class Rule(BaseModel):
    """When a fault happens: all that is given must hold.

    `nth`, `every`, `probability` and `times` count the events that match everything else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Seconds = Field(default=0, description="seconds of the tenant's clock since its start")
    until: Seconds | None = None
    nth: frozenset[Annotated[int, Field(ge=1)]] | None = Field(default=None, description="only these, counted from 1")
    every: int | None = Field(default=None, ge=1, description="only each so-manieth")
    probability: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=1, description="at most so often")

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, given: object) -> object:
        if isinstance(given, dict):
            singles = {name: [given[name]] for name in ("nth", "method") if isinstance(given.get(name), int | str)}
            return given | singles
        return given


class RequestRule(Rule):
    method: frozenset[str] | None = Field(default=None, description="GET, POST, ...; any by default")
    path: str = Field(default="*", description="of the request, * stands for anything")

    def meets(self, method: str, path: str) -> bool:
        """Say whether the rule is about such a request."""
        methods = {each.upper() for each in self.method or ()}
        return (not methods or method in methods) and fnmatchcase(path, self.path)


class Latency(RequestRule):
    """The answer comes late."""

    action: Literal["latency"]
    seconds: Seconds
    jitter: Seconds = Field(default=0, description="up to so much longer, evenly spread")


class Storm(RequestRule):
    """Requests are refused with 429: the one that begins it, and those like it for a while."""

    action: Literal["limit"]
    requests: int = Field(default=1, ge=1, description="so many refusals")
    seconds: Seconds | None = Field(default=None, description="or all requests for so long")
    retry_after: int | None = Field(default=None, ge=0, description="value of a Retry-After header")


class Failure(RequestRule):
    """The answer is a server error."""

    action: Literal["error"]
    status: int = Field(default=503, ge=500, le=599)
    committed: bool = Field(default=False, description="the tenant did what was asked all the same")


class Cut(RequestRule):
    """The connection ends without a (whole) answer."""

    action: Literal["cut"]
    when: Literal["before", "after", "midway"] = Field(
        default="after", description="before or after the tenant did what was asked, or amid its answer"
    )


class ExpireTokens(RequestRule):
    """Every token given out so far has expired, as of this request."""

    action: Literal["expire_tokens"]


class JobRule(Rule):
    kind: Literal["users_import", "users_export"] | None = None
    connection: str | None = Field(default=None, description="name of the job's connection")


class StuckJob(JobRule):
    """The job stays pending or processing for longer, or for ever."""

    action: Literal["stuck_job"]
    seconds: Seconds | None = Field(default=None, description="longer than usual; for ever if not given")


class FailedJob(JobRule):
    """The job fails as a whole."""

    action: Literal["failed_job"]
    message: str = "Internal error."


class SlowJob(JobRule):
    """The job takes several times as long."""

    action: Literal["slow_job"]
    factor: float = Field(gt=0)


class SearchLag(Rule):
    """What is written is found by search only so much later."""

    action: Literal["search_lag"]
    seconds: Seconds


class InterruptedCreation(Rule):
    """A lazy creation breaks off between its two records and leaves a half-made user; the login fails."""

    action: Literal["interrupt_creation"]
    connection: str | None = Field(default=None, description="name of the connection; any by default")


Fault = Annotated[
    Latency | Storm | Failure | Cut | ExpireTokens | StuckJob | FailedJob | SlowJob | SearchLag | InterruptedCreation,
    Field(discriminator="action"),
]


class FaultPlan(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    faults: tuple[Fault, ...] = ()
