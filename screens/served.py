"""The process of the practice tenant: `auth0-migrate practice`, ended when whoever started it is gone, however it went."""

from __future__ import annotations

import os
import signal
import sys
import threading

from wizard.__main__ import main


def _end_with_stdin() -> None:
    """Wait until the other end of the pipe closes, then ask this process to end."""
    while sys.stdin.buffer.read(1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    main(["practice", *sys.argv[1:]])
