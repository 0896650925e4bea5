"""The process of a rehearsal: a practice tenant, the API in front of its store, and the people who log in.

It is told what to do by lines of JSON on stdin and answers each by one on stdout, after a first line with its addresses
and credentials. It ends when whoever started it is gone, however that went.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screens.practice import CLOCK_FILE, SPEED, accounts_of, residents_of
from screens.surroundings import SharedClock, Surroundings, faults_of_logins
from wizard.errors import WizardError
from wizard.listening import listening

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def main(folder: Path, port: int, api_port: int) -> None:
    """Serve the rehearsal of a folder on these ports, 0 for any free one."""
    from wizard.practice.samples import add_samples
    from wizard.practice.tenant import PracticeTenant

    kept = folder / CLOCK_FILE
    clock = SharedClock(SPEED, float(kept.read_text(encoding="utf-8")) if kept.is_file() else 0.0)
    tenant = PracticeTenant(folder / "tenant.db", clock=clock, faults=faults_of_logins())
    samples = add_samples(tenant)
    stays = [email for each in accounts_of(folder).values() for email, _ in each]
    surroundings = Surroundings(tenant, samples, clock, residents_of, stays)
    listener = listening("127.0.0.1", api_port)
    known = {
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "plan": tenant.plan,
        "login_client_id": samples.login_client_id,
        "login_client_secret": samples.login_client_secret,
        "legacy_api": f"http://127.0.0.1:{listener.getsockname()[1]}",
    }
    try:
        asyncio.run(_serve(tenant, port, surroundings, listener, clock, known))
    finally:
        kept.write_text(f"{clock.now():.0f}", encoding="utf-8")
        tenant.close()


async def _serve(
    tenant: PracticeTenant,
    port: int,
    surroundings: Surroundings,
    listener: socket.socket,
    clock: SharedClock,
    known: dict[str, Any],
) -> None:
    import uvicorn

    from wizard.practice.server import serve

    stop, orders = asyncio.Event(), asyncio.Queue[dict[str, Any]]()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows has no such signal; there stdin ends
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    threading.Thread(target=_listen, args=(loop, orders, stop), daemon=True).start()
    settings = uvicorn.Config(surroundings, log_config=None, access_log=False, server_header=False, lifespan="off")
    api = uvicorn.Server(settings)
    serving = asyncio.create_task(api.serve([listener]))
    obeying = asyncio.create_task(_obey(surroundings, orders, clock))

    def ready(address: str) -> None:
        _tell({**known, "domain": address.partition("//")[2], "now": clock.now()})

    try:
        await serve(tenant, "127.0.0.1", port, ready, stop)
    finally:
        obeying.cancel()
        api.should_exit = True
        await serving
        await surroundings.close()


async def _obey(surroundings: Surroundings, orders: asyncio.Queue[dict[str, Any]], clock: SharedClock) -> None:
    """Do what is asked for, one after the other."""
    from wizard.answers import load
    from wizard.steps import SECTIONS

    while True:
        order = await orders.get()
        try:
            if order["do"] == "open":
                answers = load(Path(order["answers"]), SECTIONS, environment={}, required=())
                await surroundings.open(answers, Path(order["base"]), os.environ)
                _tell({"now": clock.now()})
            else:
                lived = await surroundings.live(float(order["days"]))
                _tell(vars(lived))
        except WizardError as error:
            _tell({"error": error.what, "why": error.why, "remedy": error.remedy})
        except Exception as error:  # noqa: BLE001 - whoever asked waits for an answer; its words may quote a user
            _tell({"error": f"The rehearsal met an error that should not happen: {type(error).__name__}"})


def _listen(loop: asyncio.AbstractEventLoop, orders: asyncio.Queue[dict[str, Any]], stop: asyncio.Event) -> None:
    """Pass on what stdin says; its end is the end of this process."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(orders.put_nowait, json.loads(line))
    loop.call_soon_threadsafe(stop.set)


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def _started(arguments: Sequence[str]) -> None:
    folder, port, api_port = arguments
    main(Path(folder), int(port), int(api_port))


if __name__ == "__main__":
    _started(sys.argv[1:])
