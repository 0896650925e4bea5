"""What goes wrong in a practice tenant, and when: the rules of a faults file, counted as events happen."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from pydantic import ValidationError

from wizard.errors import UsageError
from wizard.practice.fault_rules import (
    Cut,
    ExpireTokens,
    FailedJob,
    Failure,
    Fault,
    FaultPlan,
    InterruptedCreation,
    JobRule,
    Latency,
    RequestRule,
    Rule,
    SearchLag,
    SlowJob,
    Storm,
    StuckJob,
)


@dataclass(frozen=True, slots=True)
class JobTrouble:
    """What befalls one job.

    Args:
        stuck_seconds: The job stays in its running state this much longer; `float("inf")` for ever; 0 for not stuck.
        failed: Text of `status_details` of a job that fails as a whole, None for a job that does not.
        slower: Factor on the job's time.
    """

    stuck_seconds: float = 0.0
    failed: str | None = None
    slower: float = 1.0


@dataclass(frozen=True, slots=True)
class RequestTrouble:
    """What befalls one request, in this order.

    Args:
        delay: Seconds of the tenant's clock before anything happens.
        expire_tokens: All tokens expire first.
        limited: Refused with 429; `retry_after` is the header's value, None for no header.
        status: Answered with this server error, None for not; `committed` when it is done all the same.
        cut: The connection ends: before it is done, after, or midway through the answer.
    """

    delay: float = 0.0
    expire_tokens: bool = False
    limited: bool = False
    retry_after: int | None = None
    status: int | None = None
    committed: bool = False
    cut: Literal["before", "after", "midway"] | None = None


@dataclass(slots=True)
class _Raging:
    """A 429 storm under way."""

    storm: Storm
    refusals: int
    end: float


class Faults:
    """What goes wrong, and when; counts what has happened so far, in memory."""

    def __init__(self, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        self._faults = tuple(faults)
        self._random = Random(seed)  # noqa: S311 - trouble must be repeatable
        self._matched = [0] * len(self._faults)
        self._happened = [0] * len(self._faults)
        self._storms: list[_Raging] = []
        self._start = 0.0

    @classmethod
    def from_file(cls, path: Path, *, seed: int = 0) -> Faults:
        """Read a faults file.

        Raises:
            UsageError: it cannot be read, or a fault in it is not one; all mistakes are named.
        """
        try:
            raw = path.read_text()
            given = json.loads(raw) if path.suffix == ".json" else tomllib.loads(raw)
            return cls(FaultPlan.model_validate(given).faults, seed=seed)
        except ValidationError as mistakes:
            why = "; ".join(_named(mistake["loc"]) + mistake["msg"] for mistake in mistakes.errors())
        except (OSError, ValueError) as mistake:
            why = str(mistake)
        raise UsageError(
            f"The faults file {path} cannot be used.",
            why=why,
            remedy="Correct it; each fault needs an action and the settings of that action.",
        )

    def start(self, now: float) -> None:
        """Count `after` and `until` from now."""
        self._start = now

    def request(self, method: str, path: str, now: float) -> RequestTrouble:
        """Say what befalls this request."""
        trouble: dict[str, Any] = {}
        for fault in self._happening(now, lambda rule: isinstance(rule, RequestRule) and rule.meets(method, path)):
            match fault:
                case Latency():
                    trouble["delay"] = fault.seconds + self._random.uniform(0, fault.jitter)
                case Storm():
                    end = now + fault.seconds if fault.seconds is not None else float("inf")
                    refusals = fault.requests if fault.seconds is None else 10**9
                    self._storms.append(_Raging(fault, refusals, end))
                case Failure():
                    trouble |= {"status": fault.status, "committed": fault.committed}
                case Cut():
                    trouble["cut"] = fault.when
                case ExpireTokens():
                    trouble["expire_tokens"] = True
        return RequestTrouble(**trouble | self._storm_over(method, path, now))

    def job(self, kind: str, connection: str | None, now: float) -> JobTrouble:
        """Say what befalls the job that is being created now; `kind` is users_import or users_export."""

        def meets(rule: Rule) -> bool:
            return isinstance(rule, JobRule) and rule.kind in {None, kind} and rule.connection in {None, connection}

        stuck, failed, slower = 0.0, None, 1.0
        for fault in self._happening(now, meets):
            match fault:
                case StuckJob():
                    stuck = float("inf") if fault.seconds is None else fault.seconds
                case FailedJob():
                    failed = fault.message
                case SlowJob():
                    slower = fault.factor
        return JobTrouble(stuck, failed, slower)

    def search_lag(self, now: float) -> float | None:
        """Return the seconds until a user written now is searchable, None for the switch's own figure."""
        lag = None
        for fault in self._happening(now, lambda rule: isinstance(rule, SearchLag)):
            if isinstance(fault, SearchLag):
                lag = fault.seconds
        return lag

    def interrupts_lazy_creation(self, connection: str, now: float) -> bool:
        """Say whether the lazy creation that goes on now breaks off; `connection` is a name."""

        def meets(rule: Rule) -> bool:
            return isinstance(rule, InterruptedCreation) and rule.connection in {None, connection}

        return bool(list(self._happening(now, meets)))

    def _storm_over(self, method: str, path: str, now: float) -> dict[str, object]:
        self._storms = [raging for raging in self._storms if raging.refusals > 0 and now < raging.end]
        for raging in self._storms:
            if raging.storm.meets(method, path):
                raging.refusals -= 1
                return {"limited": True, "retry_after": raging.storm.retry_after}
        return {}

    def _happening(self, now: float, meets: Callable[[Rule], bool]) -> Iterator[Fault]:
        elapsed = now - self._start
        for index, fault in enumerate(self._faults):
            if not meets(fault) or elapsed < fault.after or elapsed >= (fault.until or float("inf")):
                continue
            self._matched[index] += 1
            if self._due(index, fault):
                self._happened[index] += 1
                yield fault

    def _due(self, index: int, fault: Rule) -> bool:
        count = self._matched[index]
        if fault.nth is not None and count not in fault.nth:
            return False
        if fault.every is not None and count % fault.every:
            return False
        if fault.times is not None and self._happened[index] >= fault.times:
            return False
        return fault.probability >= 1 or self._random.random() < fault.probability


def _named(place: Sequence[int | str]) -> str:
    if len(place) < 2 or place[0] != "faults":
        return f"{'.'.join(map(str, place))}: " if place else ""
    where = ".".join(str(part) for part in place[3:])
    return f"fault {int(place[1]) + 1}{f', {where}' if where else ''}: "
