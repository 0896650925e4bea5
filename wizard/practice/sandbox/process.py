"""The process that Node is: JSON lines in and out, read and written by threads so that nobody waits for a pipe."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import orjson

from wizard.javascript_json import well_formed
from wizard.practice.sandbox.executable import node, version_of

MAIN = Path(__file__).resolve().with_name("node") / "main.js"
INHERITED = ("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMPDIR", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What Node gets of the environment; credentials and proxies are not among it."""

PERMITTED = ("--allow-worker", f"--allow-fs-read={MAIN.parent}{os.sep}*")
"""All that Node may do with files and processes: read our own program, and make threads."""

Heard = Callable[[dict[str, Any]], None]


def command(modules: Path | None = None) -> list[str]:
    """Node with the wall around files and processes that its version has; the network stays open.

    Source: Node's docs, "Command-line API", history of --permission, and "Permissions".

    Args:
        modules: A folder that may be read too, with modules that may be programs of this machine (`bcrypt` is one).

    Raises:
        UsageError: there is no Node.
    """
    found = node()
    version = version_of(str(found))
    settled = version >= (23, 5) or (22, 13) <= version < (23, 0)
    wall = ["--permission" if settled else "--experimental-permission", *PERMITTED]
    if version >= (25, 0):
        wall.append("--allow-net")
    if modules is not None:
        wall += [f"--allow-fs-read={modules}{os.sep}*", *(["--allow-addons"] if version >= (20, 12) else [])]
    return [str(found), "--no-warnings", *(wall if version >= (20, 0) else ())]


class NodeProcess:
    """A running Node.

    Args:
        heard: Called with each message, in a thread of this object.
        ended: Called in that thread, with this object, when Node has gone, whoever ended it.
        modules: Folder with modules that scripts may require.

    Raises:
        UsageError: there is no Node.
    """

    def __init__(self, heard: Heard, ended: Callable[[NodeProcess], None], modules: Path | None = None) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own Node and our own program
            [*command(modules), str(MAIN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in INHERITED if name in os.environ},
            cwd=MAIN.parent,
        )
        self._heard = heard
        self._ended = ended
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=target, name=f"sandbox {name}", daemon=True)
            for name, target in (("reader", self._read), ("writer", self._write))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        self._outgoing.put(orjson.dumps(message) + b"\n")

    def close(self) -> None:
        """End Node and wait until it has gone."""
        self._process.kill()
        self._process.wait()
        self._outgoing.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - opened above
        for line in pipe:
            try:
                message = well_formed(line)
            except (ValueError, RecursionError):  # whoever waits for it is told by the end of Node
                self._process.kill()
                break
            self._heard(message)
        self._ended(self)

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - opened above
        while (line := self._outgoing.get()) is not None:
            try:
                pipe.write(line)
                pipe.flush()
            except OSError:  # Node has gone: the reader tells those who wait
                return


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:  # what was still to be written cannot be
        return
