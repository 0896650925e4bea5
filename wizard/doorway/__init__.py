"""The API in front of the legacy store, which the login and get user scripts call.

    app = build(answers, base=folder, secret=secret, clock=clock, transport=tenant.transport())

`app` is an ASGI application: serve it (`auth0-migrate legacy-api`), or mount it over `httpx.ASGITransport(app)`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from wizard.answers import Answers
    from wizard.clock import Clock
    from wizard.doorway.app import Doorway
    from wizard.doorway.gate import Log

__all__ = ["build"]


def build(
    answers: Answers,
    *,
    base: Path,
    secret: Callable[[str], str] | None,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    log: Log = lambda line: None,
) -> Doorway:
    """See `wizard.doorway.app.build`; loads what it needs only now."""
    from wizard.doorway.app import build as built

    return built(answers, base=base, secret=secret, clock=clock, transport=transport, log=log)
