"""How much of what bcrypt alone allows do logins at the legacy API reach?

    python tests/benchmarks/doorway.py [--logins 200] [--threads 2] [--rounds 3]

In each round: bcrypt.checkpw of cost 10 alone on that many threads, then as many logins over HTTP to a server in a
process of its own. The median of the ratios counts; the goal is 0.90. The caller takes time of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bcrypt

sys.path.insert(0, str(Path(__file__).parents[1] / "doorway"))
from doorway_stage import PASSWORD, FakeClock, FakeTenant, answers, hashed, person, store, token

PEOPLE = 200


def serve_api(folder: str, threads: int, listener: socket.socket, keys: Any) -> None:
    import uvicorn

    from wizard.doorway import build
    from wizard.doorway.serve import settings

    tenant = FakeTenant()
    tenant.keys = keys
    source = {"kind": "sql", "path": "legacy.db", "table": "users"}
    profile = {"user_id": "id", "email": "email", "name": "name", "app_metadata": {"plan": "plan"}}
    given = answers(source, profile, attempts=1000, hashes_at_once=threads)
    app = build(given, base=Path(folder), secret=None, clock=FakeClock(), transport=tenant.transport())
    uvicorn.Server(settings(app)).run([listener])


async def logins(address: tuple[str, int], count: int, at_once: int) -> float:
    """Logins in a second."""
    waiting = list(range(count))
    head = f"POST /login HTTP/1.1\r\nHost: {address[0]}\r\nAuthorization: Bearer {token()}\r\n"
    head += "Content-Type: application/json\r\n"

    async def one_after_the_other() -> None:
        reader, writer = await asyncio.open_connection(*address)
        while waiting:
            person = {"identifier": f"person{waiting.pop() % PEOPLE}@example.com", "password": PASSWORD}
            body = json.dumps(person).encode()
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"a login was answered with {answer[:12].decode()}")
            await reader.readexactly(int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    return count / (time.perf_counter() - began)


def bare(count: int, threads: int) -> float:
    """Checks of bcrypt in a second."""
    stored = hashed(cost=10).encode()
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: bcrypt.checkpw(PASSWORD.encode(), stored), range(count)))
        return count / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--logins", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from doorway_stage import jwk

    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        store(Path(folder), [person(number, hash=hashed(cost=10)) for number in range(PEOPLE)])
        arguments = (folder, options.threads, listener, [jwk("first")])
        process = multiprocessing.get_context("spawn").Process(target=serve_api, args=arguments, daemon=True)
        process.start()
        address = listener.getsockname()
        asyncio.run(logins(address, options.threads * 2, options.threads * 2))
        rounds = []
        for _ in range(options.rounds):
            alone = bare(options.logins, options.threads)
            served = asyncio.run(logins(address, options.logins, options.threads * 3))
            rounds.append((alone, served))
        process.terminate()
        process.join(10)
    ratio = statistics.median(served / alone for alone, served in rounds)
    told = [{"bcrypt": round(alone, 1), "logins": round(served, 1)} for alone, served in rounds]
    sys.stdout.write(json.dumps({"rounds": told, "ratio": round(ratio, 3), "goal": 0.90}) + "\n")


if __name__ == "__main__":
    main()
