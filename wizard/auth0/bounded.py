"""Bodies of answers, read piece by piece, so that no answer fills the memory, however well it is compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


async def sent_within(
    client: httpx.AsyncClient, request: httpx.Request, most: int
) -> tuple[httpx.Response, bytes | None]:
    """Send a request; return the answer and its body, unpacked, None where that has more bytes than `most`.

    Raises:
        httpx.RequestError: no answer came, or not all of it.
    """
    response = await client.send(request, stream=True)
    body = bytearray()
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > most:
                return response, None
    finally:
        await response.aclose()
    return response, bytes(body)
