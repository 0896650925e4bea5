"""What the sockets of servers promise."""

import socket

import pytest

from wizard.listening import listening


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_written_to_an_accepted_connection_leaves_at_once(host: str) -> None:
    with listening(host, 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
