"""The sockets that this program's servers listen on."""

from __future__ import annotations

import socket

BACKLOG = 512
"""Connections that wait to be accepted, as logins of many users come at once."""


def listening(host: str, port: int) -> socket.socket:
    """Listen on an address, 0 for any free port, so that answers leave at once.

    A server that writes head and body of an answer apart else waits for the client's word that the head has come, which
    clients give after 40 ms: asyncio switches that off (TCP_NODELAY) only where the socket knows its protocol, and
    `socket.create_server` makes one that does not. Accepted connections have the option from this socket.

    Raises:
        OSError: the address is taken, not of this machine, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
