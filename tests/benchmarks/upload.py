"""How close the upload comes to its floor P, and how much faster it is than submitting and waiting.

    python tests/benchmarks/upload.py [--jobs 924] [--only exponential]

The product's client and upload run against the practice tenant, mounted in process, in virtual time: the figures are exact
and the same on any machine. A POST takes 0.40 s and a GET 0.15 s. P is computed from the true job times: two slots always
busy, one POST and one GET between two jobs, and the rate limit (less the reserve of 20 % for live traffic). A regular job
can end while the GET that asks for it is under way, so a ratio may lie a hair below 1. With few jobs the end, when one slot
has nothing left to do, weighs more than it does in a million users.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import virtual_time

from wizard.auth0 import connect
from wizard.auth0.client import Management
from wizard.bulk.jobs.schedule import floor
from wizard.bulk.jobs.upload import upload_files
from wizard.journal import Journal
from wizard.practice import job_times
from wizard.practice.fault_rules import Latency
from wizard.practice.faults import Faults
from wizard.practice.limits import plan_named
from wizard.practice.tenant import JobTime, PracticeTenant

POST, GET = 0.40, 0.15
RESERVE = 0.20
PLANS = {"2/s, burst 10": "enterprise-nonproduction", "16/s, burst 50": "enterprise-production"}
JOB_TIMES: dict[str, JobTime] = {
    "fixed 5 s": job_times.fixed(5),
    "fixed 20 s": job_times.fixed(20),
    "fixed 60 s": job_times.fixed(60),
    "lognormal 20 s, cv 0.5": job_times.lognormal(20, 0.5, seed=11),
    "exponential 20 s": job_times.exponential(20, seed=12),
}
GOALS = {"fixed": {"2": 1.03, "16": 1.03}, "lognormal": {"2": 1.08, "16": 1.05}, "exponential": {"2": 1.08, "16": 1.05}}
"""Makespan over P at most."""
FASTER = 1.9
"""Than submitting and waiting with a look each 5 seconds, at least."""


@dataclass(frozen=True)
class File:
    name: str
    users: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Measured:
    """One upload: seconds of virtual time, requests, 429s, import jobs active at once, and the ratio it reported."""

    seconds: float
    requests: int
    limited: int
    most_active: int
    own_ratio: float | None = None


class Counting(httpx.AsyncBaseTransport):
    """Counts requests, refusals and active jobs on the way to the tenant."""

    def __init__(self, tenant: PracticeTenant) -> None:
        self.requests = self.limited = self.most_active = 0
        self._tenant = tenant
        self._inner = tenant.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        self.requests += 1
        self.limited += response.status_code == 429
        if request.method == "POST":
            row = self._tenant.db.execute(
                "select count(*) from jobs where status in ('pending', 'processing')"
            ).fetchone()
            self.most_active = max(self.most_active, row[0])
        return response


def files_in(folder: Path, count: int) -> list[File]:
    """Files of one invented user each: how long their jobs take is said by the benchmark."""
    files = []
    for number in range(1, count + 1):
        body = orjson.dumps([{"user_id": f"legacy|{number}", "email": f"user{number}@example.com"}])
        (folder / f"{number:05d}.json").write_bytes(body)
        files.append(File(f"{number:05d}.json", 1, len(body), sha256(body).hexdigest()))
    return files


Play = Callable[[Management, PracticeTenant, str], Coroutine[Any, Any, float | None]]


def measure(plan: str, durations: Sequence[float], play: Play) -> Measured:
    """Play on a fresh tenant whose import jobs take these times, in the order they are accepted."""
    left = iter(durations)
    latencies = [
        Latency(action="latency", method=frozenset({"POST"}), seconds=POST),
        Latency(action="latency", method=frozenset({"GET"}), seconds=GET),
    ]

    async def main() -> Measured:
        clock = virtual_time.VirtualClock()
        tenant = PracticeTenant(
            plan=plan, clock=clock, faults=Faults(latencies), seed=1, job_time=lambda kind, users: next(left)
        )
        counting = Counting(tenant)
        async with connect(
            tenant.domain,
            tenant.client_id,
            secret=tenant.client_secret,
            plan=plan,
            reserve=RESERVE,
            clock=clock,
            emit=lambda event: None,
            transport=counting,
        ) as management:
            connection = await management.create_connection("acme-users")
            await management.set_enabled_clients(connection.id, {tenant.client_id: True})
            await clock.sleep(60)
            before, began = counting.requests, clock.now()
            ratio = await play(management, tenant, connection.id)
            seconds = clock.now() - began
        tenant.close()
        return Measured(seconds, counting.requests - before, counting.limited, counting.most_active, ratio)

    return virtual_time.run(main())


def product(folder: Path, files: Sequence[File], burst: float) -> Play:
    async def play(management: Management, tenant: PracticeTenant, connection_id: str) -> float | None:
        journal = Journal(None, now=tenant.clock.now)
        uploaded = await upload_files(
            files,
            management,
            journal,
            folder=folder,
            connection_id=connection_id,
            connection="acme-users",
            external_id_prefix="benchmark",
            clock=tenant.clock,
            emit=journal.emit,
            stop=lambda: False,
            budget=lambda: management.limiter.budget("other"),
            burst=burst,
        )
        journal.close()
        assert uploaded.imported == len(files)
        return uploaded.ratio

    return play


def submit_and_wait(folder: Path, files: Sequence[File]) -> Play:
    """What common scripts do: one job after the other, a look each 5 seconds."""

    async def play(management: Management, tenant: PracticeTenant, connection_id: str) -> None:
        for file in files:
            body = (folder / file.name).read_bytes()
            job = await management.import_users(
                body, filename=file.name, connection_id=connection_id, external_id=file.name
            )
            while not job.ended:
                await tenant.clock.sleep(5)
                job = await management.job(job.id)

    return play


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=924, help="import jobs of each upload; a million users are 924")
    options.add_argument("--only", default="", help="only job times whose name holds this")
    given = options.parse_args()
    missed = []
    print(f"{given.jobs} jobs; makespan / P, x sequential with 5 s looks")  # noqa: T201
    head = f"{'job time':24}{'plan':16}{'P':>8}{'/ P':>8}{'own':>8}{'x seq.':>8}{'req/job':>9}{'of refill':>11}{'429s':>6}{'jobs':>6}"
    print(head)  # noqa: T201
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        files = files_in(Path(name), given.jobs)
        for kind, job_time in JOB_TIMES.items():
            if given.only not in kind:
                continue
            durations = [job_time("users_import", 1) for _ in files]
            sequential = measure("enterprise-production", durations, submit_and_wait(Path(name), files))
            for title, plan in PLANS.items():
                missed += _row(kind, title, plan, durations, sequential, Path(name), files)
    print(f"{time.monotonic() - started:.0f} s of real time")  # noqa: T201
    for line in missed:
        print(f"missed: {line}")  # noqa: T201
    return 1 if missed else 0


def _row(
    kind: str,
    title: str,
    plan: str,
    durations: Sequence[float],
    sequential: Measured,
    folder: Path,
    files: Sequence[File],
) -> list[str]:
    """Measure and print one row; return the goals it misses."""
    limit = plan_named(plan).management
    assert limit is not None
    rate, burst = limit.rate * (1 - RESERVE), limit.burst * (1 - RESERVE)
    least = floor(durations, exchange_seconds=POST + GET, rate=rate, burst=burst)
    found = measure(plan, durations, product(folder, files, burst))
    ratio, faster = found.seconds / least, sequential.seconds / found.seconds
    share = found.requests / found.seconds / limit.rate
    print(  # noqa: T201
        f"{kind:24}{title:16}{least:8.0f}{ratio:8.3f}{found.own_ratio or 0:8.3f}{faster:8.2f}"
        f"{found.requests / len(files):9.1f}{share:11.0%}{found.limited:6}{found.most_active:6}",
        flush=True,
    )
    goal = GOALS[kind.split()[0]][title.split("/")[0]]
    row = f"{kind}, {title}"
    checks = {
        f"{row}: {ratio:.3f} P, the goal is {goal}": ratio <= goal,
        f"{row}: {faster:.2f} times faster than sequential, the goal is {FASTER}": faster >= FASTER,
        f"{row}: {found.limited} requests were refused with 429": found.limited == 0,
        f"{row}: {found.most_active} import jobs at once": found.most_active <= 2,
        f"{row}: {share:.0%} of the refill": share <= 0.5 or kind == "fixed 5 s",
    }
    return [text for text, kept in checks.items() if not kept]


if __name__ == "__main__":
    sys.exit(main())
