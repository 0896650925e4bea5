"""The practice tenant itself: state, time, trouble, and the application that answers requests."""

from __future__ import annotations

import sqlite3
import string
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from wizard.clock import Clock, RealClock
from wizard.practice.authentication.tokens import Tokens
from wizard.practice.faults import Faults
from wizard.practice.keys import Keys, Meta
from wizard.practice.limits import Bucket, Buckets, plan_named
from wizard.practice.sandbox.sandbox import Patience, Sandbox
from wizard.practice.store import Store
from wizard.practice.switches import Switches

if TYPE_CHECKING:
    import httpx
    from starlette.types import ASGIApp

DOMAIN = "practice.auth0.test"
ALPHABET = string.ascii_letters + string.digits

JobTime = Callable[[str, int], float]
"""Seconds (of the tenant's clock) that a job takes, from its type (users_import, users_export) and its users."""


@dataclass(frozen=True)
class Connection:
    """A connection as stored; `body` is what the Management API shows, configuration still encrypted."""

    id: str
    name: str
    strategy: str
    body: dict[str, Any]

    @property
    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = self.body.get("options", {})
        return options

    @property
    def is_database(self) -> bool:
        return self.strategy == "auth0"

    @property
    def uses_own_database(self) -> bool:
        return bool(self.options.get("enabledDatabaseCustomization"))

    @property
    def import_mode(self) -> bool:
        return bool(self.options.get("import_mode"))

    @property
    def allows_username(self) -> bool:
        attributes = self.options.get("attributes") or {}
        return bool(self.options.get("requires_username")) or "username" in attributes


class PracticeTenant:
    """A tenant that lives on this machine.

    Args:
        state: SQLite file that keeps the tenant over restarts; None for one that lives in memory.
        domain: The tenant's own domain; issuer is `https://{domain}/`, audience `https://{domain}/api/v2/`.
        plan: Subscription whose rate limits apply; see `limits.PLANS`.
        clock: Where time comes from; a fast clock makes hours pass in seconds.
        faults: What goes wrong, and when.
        switches: Behaviours nobody outside Auth0 knows for sure.
        seed: Makes ids and invented figures repeatable.
        job_time: How long jobs take; by default the switches' base and per-user seconds.
        outside: What scripts and Actions reach in this process instead of the network, by host or host:port. The tenant's
            own domain is always reached so; every other host is really fetched.
        patience: How long a script may take.
        modules: Folder whose `node_modules` scripts and Actions may require.
    """

    def __init__(
        self,
        state: Path | None = None,
        *,
        domain: str = DOMAIN,
        plan: str = "enterprise-production",
        clock: Clock | None = None,
        faults: Faults | None = None,
        switches: Switches | None = None,
        seed: int | None = None,
        job_time: JobTime | None = None,
        outside: Mapping[str, httpx.AsyncBaseTransport] | None = None,
        patience: Patience | None = None,
        modules: Path | None = None,
    ) -> None:
        self.domain = domain
        self.plan = plan
        self.clock: Clock = clock or RealClock()
        self.faults = faults or Faults()
        self.switches = switches or Switches()
        self.job_time: JobTime = job_time or self._usual_job_time
        self.before_request: list[Callable[[], None]] = []
        """Called before each request is answered: areas settle here what has become due."""
        self.served_at: set[str] = set()
        """Addresses (host:port) that this tenant answers at beside its domain."""
        self.outside: dict[str, httpx.AsyncBaseTransport] = dict(outside or {})
        self.sandbox = Sandbox(self.clock, self._reachable, patience, modules)
        self.action_cache: dict[str, dict[str, dict[str, Any]]] = {}
        """What Actions keep by api.cache: records (value, expires_at in milliseconds) by key, by trigger."""
        self.login_attempts: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self._store = Store(state)
        self._open(seed)

    def _open(self, seed: int | None) -> None:
        from wizard.practice import areas
        from wizard.practice.bootstrap import bootstrap

        with self.transaction():
            areas.create_tables(self.db)
            self.meta = Meta(self.db)
            starts = int(self.meta.get("starts") or 0) + 1
            self.meta.set("starts", str(starts))
            # A tenant that is opened again must not invent the ids it invented before.
            self.random = Random() if seed is None else Random(f"{seed} {starts}")  # noqa: S311 - invented ids
            self.keys = Keys(self.meta, self.domain)
            self.tokens = Tokens(self)
            bootstrap(self)
        self.faults.start(self.clock.now())

    @property
    def issuer(self) -> str:
        return f"https://{self.domain}/"

    @property
    def audience(self) -> str:
        """Identifier of the Management API."""
        return f"{self.issuer}api/v2/"

    def origin(self, scheme: str, host: str) -> str:
        """Return where a client that asked this host reaches the tenant; its own domain is always https."""
        return f"https://{host}" if host.lower() == self.domain.lower() else f"{scheme}://{host}"

    @property
    def client_id(self) -> str:
        """The application that comes with the tenant and may do everything with the Management API."""
        return self.meta.get("client_id") or ""

    @property
    def client_secret(self) -> str:
        from wizard.practice.management.client_store import client_with_id

        application = client_with_id(self, self.client_id)
        return str(application["client_secret"]) if application else ""

    @property
    def db(self) -> sqlite3.Connection:
        return self._store.db

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Commit at the end, undo on an exception. Never await inside: that is what keeps one writer at a time."""
        return self._store.transaction()

    def new_id(self, prefix: str, length: int = 16) -> str:
        """Invent an id such as con_8mB1q0ZxT5rKcV2y; without a prefix only the letters and digits."""
        letters = "".join(self.random.choices(ALPHABET, k=length))
        return f"{prefix}_{letters}" if prefix else letters

    def new_hex(self, length: int) -> str:
        return "".join(self.random.choices("0123456789abcdef", k=length))

    def new_secret(self) -> str:
        """Invent a client secret, 64 characters long."""
        return "".join(self.random.choices(ALPHABET + "_-", k=64))

    def now_iso(self, at: float | None = None) -> str:
        """Write a time of the tenant's clock the way Auth0 does: 2026-08-10T12:34:56.789Z."""
        moment = datetime.fromtimestamp(self.clock.now() if at is None else at, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def connection(self, connection_id: str) -> Connection | None:
        """Find a connection by id; None also for one that is being deleted."""
        return self._connection(id=connection_id)

    def connection_named(self, name: str) -> Connection | None:
        """Find a connection by name; None also for one that is being deleted."""
        return self._connection(name=name)

    def enabled_clients(self, connection_id: str) -> list[str]:
        """Return the client ids that may use the connection, oldest first."""
        rows = self.db.execute(
            "select client_id from connection_clients where connection_id = ? order by rowid", (connection_id,)
        )
        return [row["client_id"] for row in rows]

    def log(self, kind: str, description: str = "", **details: Any) -> None:
        """Write a row of the tenant's log; `kind` is a log event type code such as api_limit or fp."""
        from wizard.practice.management import logs

        logs.write(self, kind, {"description": description} | details)

    @cached_property
    def buckets(self) -> Buckets:
        """What is left of the rate limits."""
        switches = self.switches
        return Buckets(plan_named(self.plan), switches.refill, self.clock.now(), switches.connection_reads_group)

    @cached_property
    def app(self) -> ASGIApp:
        """The ASGI application."""
        from wizard.practice.app import build

        return build(self)

    def transport(self) -> httpx.AsyncBaseTransport:
        """A transport for `httpx.AsyncClient` that reaches this tenant without a network."""
        from wizard.practice.transport import PracticeTransport

        return PracticeTransport(self.app)

    def close(self) -> None:
        self.sandbox.close()
        self._store.close()

    @cached_property
    def _own_transport(self) -> httpx.AsyncBaseTransport:
        return self.transport()

    def _reachable(self) -> dict[str, httpx.AsyncBaseTransport]:
        """What scripts reach in this process."""
        return dict.fromkeys((self.domain, *self.served_at), self._own_transport) | self.outside

    def _connection(self, **key: str) -> Connection | None:
        from wizard.practice.management.connections import TABLE

        found = TABLE.find(self.db, **key)
        if found is None:
            return None
        body = found.body
        gone = self.db.execute("select 1 from deleted_connections where id = ?", (body["id"],)).fetchone()
        return Connection(body["id"], body["name"], body["strategy"], body) if gone is None else None

    def _usual_job_time(self, kind: str, users: int) -> float:
        if kind == "users_import":
            return self.switches.job_base_seconds + users * self.switches.job_user_seconds
        return self.switches.export_base_seconds + users * self.switches.export_user_seconds
