"""Serving the API: one process or several on one port, that end what they have begun when they are asked to stop."""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wizard.doorway.app import Plan, application
from wizard.doorway.gate import Log
from wizard.errors import UsageError, WizardError
from wizard.listening import listening
from wizard.stops import heard

GRACE_SECONDS = 20
"""Auth0's scripts wait no longer."""
HEAD_SECONDS = 10
"""From the first byte of a request to the end of its head."""
KEEP_ALIVE_SECONDS = 75
CONNECTIONS = 1000


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that closes connections whose client sends no whole head of a request in time."""

    late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        busy = self.cycle is not None and not self.cycle.response_complete
        if self.late is None and not busy:
            self._expect()
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._arrived()

    def on_response_complete(self) -> None:
        before = self.cycle
        super().on_response_complete()
        if self.cycle is before:
            self._arrived()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self.late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _arrived(self) -> None:
        if self.late is not None:
            self.late.cancel()
            self.late = None


def serve(plan: Plan, host: str, port: int, *, ready: Callable[[str], None], log: Log) -> None:
    """Serve until a signal asks to stop, then end what was begun.

    Args:
        plan: With the number of processes; more than one are started anew if they end by themselves.
        ready: Called with the address once requests are answered.
        log: Takes a line for each request, in this process, whichever process has answered it.

    Raises:
        UsageError: the address cannot be listened on.
        WizardError: processes end as soon as they begin.
    """
    with _listener(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        if plan.processes == 1:
            _serve_here(plan, listener, log, lambda: ready(address))
        else:
            _serve_in_processes(plan, listener, log, lambda: ready(address))


def _serve_here(plan: Plan, listener: socket.socket, log: Log, ready: Callable[[], None]) -> None:
    app = application(plan, clock=None, transport=None, log=log)
    _Server(settings(app), ready).run([listener])


def settings(app: Any) -> uvicorn.Config:
    """How the API is served."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear a lost terminal, too, which uvicorn does not."""
        with super().capture_signals():
            others = [name for name in heard() if signal.getsignal(name) != self.handle_exit]
            before = {name: signal.signal(name, self.handle_exit) for name in others}
            try:
                yield
            finally:
                for name, handler in before.items():
                    signal.signal(name, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop once; uvicorn would raise the signal again afterwards, and this is a proper end."""
        self.should_exit = True


@dataclass(frozen=True)
class _Worker:
    """A process that serves: `up` is set once it does, `lines` has what it logs."""

    process: BaseProcess
    up: Any
    lines: Connection


def _work(plan: Plan, listener: socket.socket, up: Any, lines: Connection) -> None:
    def log(line: str) -> None:
        try:
            lines.send(line)
        except OSError:  # whoever started this process is gone, and so is it soon
            return

    threading.Thread(target=_end_with_parent, daemon=True).start()
    _serve_here(plan, listener, log, up.set)


def _end_with_parent() -> None:
    """Stop once whoever started this process is gone, however that came: the port is to be free again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _heard(workers: Sequence[_Worker], log: Log, seconds: float) -> None:
    """Wait until something happens in one of them, and log what they have said."""
    lines = {worker.lines: worker for worker in workers if not worker.lines.closed}
    sentinels = [worker.process.sentinel for worker in lines.values()]
    for ready in multiprocessing.connection.wait([*lines, *sentinels], seconds):
        if not isinstance(ready, Connection):
            continue
        try:
            while ready.poll():
                log(ready.recv())
        except (EOFError, OSError):
            ready.close()


def _serve_in_processes(plan: Plan, listener: socket.socket, log: Log, ready: Callable[[], None]) -> None:
    context = multiprocessing.get_context("spawn")
    stopped: list[int] = []
    before = {name: signal.signal(name, lambda number, _: stopped.append(number)) for name in heard()}

    def started() -> _Worker:
        up = context.Event()
        lines, said = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(plan, listener, up, said), daemon=True)
        process.start()
        said.close()
        return _Worker(process, up, lines)

    workers = [started() for _ in range(plan.processes)]
    told = False
    try:
        while not stopped:
            if not told and all(worker.up.is_set() for worker in workers):
                told = True
                ready()
            for index, worker in enumerate(workers):
                if worker.process.is_alive():
                    continue
                if not worker.up.is_set():
                    raise WizardError(
                        "A process of the API ended before it served anything",
                        why=f"exit code {worker.process.exitcode}",
                        remedy="try --workers 1, which says more.",
                    )
                workers[index] = started()
            _heard(workers, log, 0.2)
    finally:
        for worker in workers:
            worker.process.terminate()
        ends = time.monotonic() + GRACE_SECONDS + 5
        while any(worker.process.is_alive() for worker in workers) and time.monotonic() < ends:
            _heard(workers, log, 0.2)
        for worker in workers:
            if worker.process.is_alive():
                worker.process.kill()
            worker.process.join()
        _heard(workers, log, 0)
        for name, handler in before.items():
            signal.signal(name, handler)


def _listener(host: str, port: int) -> socket.socket:
    try:
        listener = listening(host, port)
    except OSError as taken:
        raise UsageError(
            f"The legacy API cannot listen on {host}:{port}",
            why=taken.strerror or str(taken),
            remedy="choose another port with --port, another address with --host, or end what uses this one.",
        ) from None
    listener.set_inheritable(True)
    return listener
