"""The sandbox of one tenant: starts Node at the first call, keeps containers, and lets no call last too long."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from wizard.clock import Clock
from wizard.practice.sandbox.exchange import fetched
from wizard.practice.sandbox.outcome import Outcome, ScriptError, outcome_of
from wizard.practice.sandbox.process import NodeProcess

if TYPE_CHECKING:
    import httpx

CONTAINERS = 24
"""Containers kept; the one that was used longest ago goes first."""
LATE_CALLS = 256
"""Answered calls remembered, so that a second answer is still known for whose it is."""
LOOK_EVERY = 0.25
"""Seconds between two looks at the tenant's clock."""
TIMEOUT = "Script execution time exceeded"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take.

    Args:
        seconds: On the tenant's clock, as Auth0 counts; and on the machine's clock too, should the tenant's stand still.
        least: Seconds of the machine's clock a call always gets: a tenant's clock that runs a thousand times as fast
            would otherwise end it before Node has read it.
    """

    seconds: float = 20.0
    least: float = 10.0


@dataclass(frozen=True)
class Code:
    """What a container is made of; the same code is the same container.

    Args:
        kind: A database script, Actions or Rules.
        owner: Whose it is, such as `con_… login`: two owners of the same text share nothing.
        body: What the runner in Node reads: `code` and `configuration`, or what Actions and Rules need.
        fetch: Whether it has a global fetch.
    """

    kind: Literal["script", "action", "rules"]
    owner: str
    body: Mapping[str, Any]
    fetch: bool = True

    @property
    def name(self) -> str:
        text = orjson.dumps([self.kind, self.owner, self.body, self.fetch], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()[:24]


@dataclass(slots=True)
class _Call:
    """Somebody who waits, in which loop, and for which Node."""

    done: asyncio.Future[dict[str, Any]]
    loop: asyncio.AbstractEventLoop
    node: NodeProcess
    extra: Callable[[str], None]


class Sandbox:
    """Runs code in containers.

    Args:
        clock: The tenant's.
        transports: Reaches the hosts that live in this process, by `host` or `host:port`; all others are really fetched.
        patience: How long a call may take.
        modules: Folder whose `node_modules` scripts may require beside Node's own modules.
    """

    def __init__(
        self,
        clock: Clock,
        transports: Callable[[], Mapping[str, httpx.AsyncBaseTransport]],
        patience: Patience | None = None,
        modules: Path | None = None,
    ) -> None:
        self._clock = clock
        self._transports = transports
        self.patience = patience or Patience()
        self._modules = modules and modules.resolve()  # as Node names what it loads
        self._shared = {} if self._modules is None else {"modules": str(self._modules)}
        self._node: NodeProcess | None = None
        self._calls: dict[int, _Call] = {}
        self._answered: OrderedDict[int, _Call] = OrderedDict()
        self._loops: OrderedDict[str, asyncio.AbstractEventLoop] = OrderedDict()
        self._exchanges: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._count = 0
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Process id of Node while it runs."""
        return None if self._node is None else self._node.pid

    @staticmethod
    def time() -> float:
        """Seconds of the machine, for differences."""
        return asyncio.get_running_loop().time()

    async def run(
        self,
        code: Code,
        message: Mapping[str, Any],
        *,
        extra: Callable[[str], None] = lambda note: None,
        patience: Patience | None = None,
    ) -> Outcome:
        """Run something in the container of this code and wait for its one answer.

        Args:
            message: What the runner in Node reads, such as `arguments`.
            extra: Called (in the event loop) when the code answers again afterwards.
            patience: Where it is less than usual.

        Raises:
            UsageError: there is no Node.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            node = self._node = self._node or NodeProcess(self._heard, self._ended, self._modules)
            self._count += 1
            number = self._count
            call = self._calls[number] = _Call(loop.create_future(), loop, node, extra)
        self._use(code, loop)
        start = {
            "kind": code.kind,
            "fetch": code.fetch,
            "hosts": sorted(self._transports()),
            **self._shared,
            **code.body,
        }
        asked = {"op": "call", "id": number, "container": code.name, "start": start, "now": self._clock.now() * 1000}
        node.send(asked | dict(message))
        try:
            done = await self._in_time(call, patience or self.patience)
        except (TimeoutError, asyncio.CancelledError) as gone:
            node.send({"op": "abandon", "id": number})
            if isinstance(gone, TimeoutError):
                return Outcome(ScriptError("Timeout", TIMEOUT))
            raise
        finally:
            self._answered[number] = self._calls.pop(number)
            if len(self._answered) > LATE_CALLS:
                self._answered.popitem(last=False)
        return outcome_of(done)

    def close(self) -> None:
        """End Node; calls that still run are answered as crashed."""
        with self._lock:
            node, self._node = self._node, None
        if node is not None:
            node.close()
        for task in list(self._exchanges.values()):
            _in_loop(task.get_loop(), task.cancel)

    async def _in_time(self, call: _Call, patience: Patience) -> dict[str, Any]:
        began, began_really = self._clock.now(), call.loop.time()
        seconds, least = patience.seconds, patience.least
        while not call.done.done():
            really = call.loop.time() - began_really
            if really >= seconds or (really >= least and self._clock.now() - began >= seconds):
                raise TimeoutError
            look_again = least - really if really < least else LOOK_EVERY
            await asyncio.wait({call.done}, timeout=min(look_again, seconds - really))
        return call.done.result()

    def _use(self, code: Code, loop: asyncio.AbstractEventLoop) -> None:
        """Note that the container is used, and end the one that was not for longest."""
        self._loops[code.name] = loop
        self._loops.move_to_end(code.name)
        while len(self._loops) > CONTAINERS:
            name, _ = self._loops.popitem(last=False)
            self._tell({"op": "stop", "container": name})

    def _tell(self, message: dict[str, Any]) -> None:
        node = self._node
        if node is not None:
            node.send(message)

    def _heard(self, message: dict[str, Any]) -> None:
        """Take a message in the reader's thread to the loop of whoever it is for."""
        if message["op"] in {"fetch", "forget"}:
            loop = self._loops.get(message["container"])
            if loop is not None:
                _in_loop(loop, self._fetch if message["op"] == "fetch" else self._forget, message)
            return
        call = self._calls.get(message["id"]) or self._answered.get(message["id"])
        if call is not None and message["op"] == "late":
            _in_loop(call.loop, call.extra, message["note"])
        elif call is not None:
            _in_loop(call.loop, _settle, call, message)

    def _fetch(self, message: dict[str, Any]) -> None:
        key = (message["instance"], message["exchange"])
        task = asyncio.ensure_future(self._answer(message))
        self._exchanges[key] = task
        task.add_done_callback(lambda _: self._exchanges.pop(key, None))

    def _forget(self, message: dict[str, Any]) -> None:
        task = self._exchanges.get((message["instance"], message["exchange"]))
        if task is not None:
            task.cancel()

    async def _answer(self, message: dict[str, Any]) -> None:
        given: dict[str, Any] = {"failure": "socket hang up", "code": "ECONNRESET"}
        try:
            given = await fetched(self._transports(), message)
        finally:
            self._tell({"op": "answer", "instance": message["instance"], "exchange": message["exchange"], **given})

    def _ended(self, node: NodeProcess) -> None:
        """Tell all who wait for this Node that it has gone; the next call starts another."""
        with self._lock:
            by_itself = self._node is node
            if by_itself:
                self._node = None
            waiting = [call for call in self._calls.values() if call.node is node]
        for call in waiting:
            _in_loop(call.loop, _settle, call, {"crashed": "the sandbox ended"})
        if by_itself:
            node.close()


def _settle(call: _Call, message: dict[str, Any]) -> None:
    if not call.done.done():
        call.done.set_result(message)


def _in_loop(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *given: Any) -> None:
    try:
        loop.call_soon_threadsafe(function, *given)
    except RuntimeError:  # the loop is closed: nobody waits in it any more
        return
