"""The attack list: tokens, injection, sizes, slow clients, and what time gives away."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import logging
import socket
import statistics
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from doorway_stage import (
    CLIENT,
    NOW,
    PASSWORD,
    World,
    answers,
    claims,
    hashed,
    jwk,
    key,
    person,
    store,
    token,
    world,
)
from postgres import postgres_server

from wizard.doorway import serve
from wizard.doorway.desk import Desk


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _unsigned() -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': 'first'})}.{_part(claims())}."


def _confused() -> str:
    """Signed with HMAC, its key being the public key that everybody can read."""
    public = key("first").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{_part(claims())}"
    mac = hmac.new(pem, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _tampered() -> str:
    head, _, mac = token(scope="read:users").split(".")
    return f"{head}.{_part({**claims(), 'scope': 'verify:passwords read:users'})}.{mac}"


def _own_key() -> str:
    """Brings the key that it is signed with."""
    return jwt.encode(claims(), key("forger"), algorithm="RS256", headers={"kid": "forger", "jwk": jwk("forger")})


FORGED = {
    "nothing": lambda: "",
    "no token": lambda: "abc",
    "unsigned": _unsigned,
    "public key as secret": _confused,
    "tampered": _tampered,
    "signed by another": lambda: token(signed_by="forger"),
    "its own key": _own_key,
    "RS512": lambda: jwt.encode(claims(), key("first"), algorithm="RS512", headers={"kid": "first"}),
    "no kid": lambda: jwt.encode(claims(), key("first"), algorithm="RS256"),
    "critical extension": lambda: jwt.encode(
        claims(), key("first"), algorithm="RS256", headers={"kid": "first", "crit": ["exp"]}
    ),
    "expired": lambda: token(exp=int(NOW) - 31),
    "never expires": lambda: token(exp=None),
    "expires as text": lambda: jwt.encode(
        claims(exp=str(int(NOW) + 600)), key("first"), algorithm="RS256", headers={"kid": "first"}
    ),
    "not yet": lambda: token(nbf=int(NOW) + 60),
    "from the future": lambda: token(iat=int(NOW) + 60),
    "other API": lambda: token(aud="https://another.example.com"),
    "no audience": lambda: token(aud=None),
    "other tenant": lambda: token(iss="https://evil.example.com/"),
    "issuer without slash": lambda: token(iss="https://tenant.example.com"),
    "user": lambda: token(sub="auth0|63d16b60c55b3650a5c9fff9", gty=None),
    "user of the same application": lambda: token(sub="auth0|1@clients", gty="password"),
    "user with a password": lambda: token(gty="password"),
    "other application": lambda: token(sub="other@clients", azp="other"),
    "subject of another": lambda: token(sub="other@clients"),
    "no application": lambda: token(azp=None),
    "too long": lambda: token(padding="x" * 10_000),
}
ROUTES = [
    ("POST", "/login"),
    ("GET", "/users?email=person1@example.com"),
    ("GET", "/users/legacy%7C1"),
    ("POST", "/users/legacy%7C1/migrated"),
    ("DELETE", "/users/legacy%7C1/migrated"),
    ("GET", "/migrated"),
]


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
async def test_a_token_that_is_not_right_opens_no_route(api: World, forge: Any) -> None:
    client = api.client_with(forge())
    for method, path in ROUTES:
        answer = await client.request(
            method, path, json={"identifier": "person1", "password": PASSWORD} if path == "/login" else None
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), path
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_no_token_is_told_before_anything_about_the_request(api: World) -> None:
    client = api.client_with(None)
    assert (await client.post("/login", content="{")).status_code == 401
    assert (await client.get("/users")).status_code == 401


@pytest.mark.parametrize(
    ("scope", "open_routes"),
    [("verify:passwords", {0}), ("read:users", {1, 2, 5}), ("mark:users", {3, 4}), ("read:users:all", set())],
)
async def test_a_scope_opens_its_routes_alone(api: World, scope: str, open_routes: set[int]) -> None:
    client = api.client_with(token(scope=scope))
    for index, (method, path) in enumerate(ROUTES):
        answer = await client.request(
            method, path, json={"identifier": "person2", "password": PASSWORD} if path == "/login" else None
        )
        refused = answer.status_code == 403 and answer.json()["error"] == "insufficient_scope"
        assert refused == (index not in open_routes), path
        if refused:
            assert answer.headers["WWW-Authenticate"].startswith('Bearer error="insufficient_scope"')


@pytest.mark.parametrize("change", [{"exp": int(NOW) - 29}, {"gty": None}, {"azp": None, "client_id": CLIENT}])
async def test_tokens_within_the_rules_are_taken(api: World, change: dict[str, Any]) -> None:
    assert (await api.client_with(token(**change)).get("/migrated")).status_code == 200


async def test_any_application_with_a_grant_may_call_where_none_is_named(tmp_path: Path) -> None:
    given = answers({"kind": "sql", "path": store(tmp_path).name, "table": "users"}, client_id=None)
    async with world(tmp_path, given) as made:
        other = made.client_with(token(sub="other@clients", azp="other"))
        assert (await other.get("/migrated")).status_code == 200


async def test_a_new_key_of_the_tenant_is_fetched_but_not_for_every_forgery(api: World) -> None:
    assert (await api.client.get("/migrated")).status_code == 200
    assert api.tenant.fetched == 1
    forger = api.client_with(token("forger"))
    for _ in range(20):
        assert (await forger.get("/migrated")).status_code == 401
    assert api.tenant.fetched == 1  # the floor between fetches
    api.tenant.keys = [jwk("second")]
    api.clock.time += 31
    assert (await api.client_with(token("second")).get("/migrated")).status_code == 200
    assert api.tenant.fetched == 2
    assert (await api.client.get("/migrated")).status_code == 401  # the old key is gone


async def test_known_keys_stay_good_while_the_tenant_is_away(api: World) -> None:
    assert (await api.client.get("/migrated")).status_code == 200
    api.tenant.down = True
    api.clock.time += 4000
    late = api.client_with(token(exp=int(NOW) + 9000))
    assert (await late.get("/migrated")).status_code == 200


@pytest.mark.parametrize(
    "said",
    [b"null", b"[1]", b'{"keys": ["x"]}', b'{"keys": {"a": 1}}', b'{"keys": 1}', b"[" * 100_000, b'"' + b"x" * 300_000],
    ids=["nothing", "list", "texts", "map", "number", "deep", "large"],
)
async def test_what_is_no_list_of_keys_leaves_the_api_unavailable(api: World, said: bytes) -> None:
    api.tenant.said = said
    answer = await api.client.get("/migrated")
    assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")


async def test_a_key_that_cannot_be_read_leaves_the_others_good(api: World) -> None:
    odd: list[Any] = [{"kty": "RSA", "kid": "odd", "n": 5, "e": "AQAB"}, {"kty": "RSA"}, {"kty": "EC", "kid": "e"}, "x"]
    api.tenant.keys = [*odd, jwk("first")]
    assert (await api.client.get("/migrated")).status_code == 200


async def test_an_error_that_should_not_happen_says_nothing_of_anybody(
    api: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(desk: Desk, identifier: str, password: str) -> None:
        raise RuntimeError(f"{identifier} {password}")

    monkeypatch.setattr(Desk, "login", broken)
    caplog.set_level(logging.DEBUG)

    answer = await api.client.post("/login", json={"identifier": "person1@example.com", "password": PASSWORD})

    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    told = answer.text + caplog.text + "".join(capfd.readouterr()) + "".join(api.log)
    assert "person1" not in told
    assert PASSWORD not in told


INJECTIONS = [
    "' OR '1'='1",
    "' OR 1=1 --@example.com",
    "x' UNION SELECT 1,2,3,4,5,6 --",
    '" OR ""="',
    "person1@example.com' --",
    "'; DROP TABLE users; --@example.com",
    "%@example.com",
    "person_@example.com",
    "\\' OR 1=1 #@example.com",
    "person1@example.com\u0000",
    "*",
    ":param_1",
    "${jndi:ldap://example.com/a}",
    "person1@example.com OR 1=1",
    "\ud800@example.com",
]


async def attack_every_field(made: World) -> None:
    for text in INJECTIONS:
        body = json.dumps({"identifier": text, "password": text})
        answer = await made.client.post("/login", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 404), text
        safe = text.replace("\ud800", "%ED%A0%80")
        for params in ({"email": safe}, {"username": safe}):
            assert (await made.client.get("/users", params=params)).status_code == 404, text
        quoted = httpx_quote(safe)
        assert (await made.client.get(f"/users/legacy%7C{quoted}")).status_code == 404, text
        assert (await made.client.post(f"/users/legacy%7C{quoted}/migrated")).status_code == 404, text
        assert (await made.client.delete(f"/users/legacy%7C{quoted}/migrated")).status_code == 204, text
        assert (await made.client.get("/migrated", params={"after": safe})).status_code in (200, 400), text
    assert (await made.login("person1@example.com")).status_code == 200
    assert (await made.client.get("/migrated")).json()["count"] == 0


def httpx_quote(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


async def test_nothing_is_injected_into_sqlite(api: World) -> None:
    await attack_every_field(api)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def _filled(url: str, id_type: str, ids: list[Any]) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS users; DROP TABLE IF EXISTS auth0_migrated_users")
        connection.execute(
            f"CREATE TABLE users (id {id_type} PRIMARY KEY, email text, login text, name text, plan text, hash text)"
        )
        for number, user_id in enumerate(ids, start=1):
            connection.execute("INSERT INTO users VALUES (%s, %s, %s, %s, %s, %s)", person(number, id=user_id))


@pytest.mark.parametrize(
    ("id_type", "ids", "shown"),
    [
        ("bigint", [1, 2], ["1", "2"]),
        ("text", ["one", "two"], ["one", "two"]),
        ("uuid", [f"{n}" * 8 + "-0000-4000-8000-000000000000" for n in (1, 2)], None),
        ("numeric", [1, 2], ["1", "2"]),
    ],
    ids=["bigint", "text", "uuid", "numeric"],
)
async def test_nothing_is_injected_into_postgresql(
    postgresql: str, tmp_path: Path, id_type: str, ids: list[Any], shown: list[str] | None
) -> None:
    _filled(postgresql, id_type, ids)
    given = answers({"url": postgresql, "table": "users"}, marks=postgresql)
    async with world(tmp_path, given) as made:
        await attack_every_field(made)
        first, second = shown or ids
        assert (await made.client.get(f"/users/legacy%7C{second}")).json()["user"]["username"] == "person2"
        assert (await made.client.get("/users/legacy%7C99999999999999999999999")).status_code == 404
        assert (await made.client.post(f"/users/legacy%7C{first}/migrated")).status_code == 204
        assert (await made.client.post(f"/users/legacy%7C{first}/migrated")).status_code == 204
        assert (await made.client.get("/migrated")).json() == {"count": 1, "user_ids": [f"legacy|{first}"]}
        assert (await made.login("person1@example.com")).json()["error"] == "unknown_user"


async def test_a_postgresql_that_hangs_is_unavailable_in_time(postgresql: str, tmp_path: Path) -> None:
    import psycopg

    _filled(postgresql, "bigint", [1])
    given = answers({"url": postgresql, "table": "users"}, store_seconds=0.5)
    async with world(tmp_path, given) as made:
        assert (await made.login("person1")).status_code == 200
        with psycopg.connect(postgresql) as locking:
            locking.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            answer = await made.login("person1", "wrong")
            assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
            assert time.monotonic() - began < 2
        await asyncio.sleep(0.6)
        assert (await made.login("person1", "wrong")).status_code == 403


async def test_a_large_body_is_refused_whatever_it_says_of_its_length(api: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    for body in (b"x" * 8193, chunks()):
        answer = await api.client.post("/login", content=body)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    answer = await api.client.get("/users", params={"email": "x" * 5000})
    assert answer.status_code == 413


@contextlib.contextmanager
def served(app: Any) -> Iterator[int]:
    """The API on a real socket, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(serve.settings(app))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


def _read_all(connection: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            found += data
    return found


def test_clients_that_dribble_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorway_stage import FakeClock, FakeTenant

    monkeypatch.setattr(serve, "HEAD_SECONDS", 0.6)
    given = answers({"kind": "sql", "path": store(tmp_path).name, "table": "users"}, request_seconds=0.6)
    made = World(tmp_path, given, FakeTenant(), FakeClock())
    head = b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    with served(made.app) as port:
        began = time.monotonic()
        with (
            socket.create_connection(("127.0.0.1", port)) as silent,
            socket.create_connection(("127.0.0.1", port)) as slow,
        ):
            slow.sendall(head[:20])  # the head never ends
            with socket.create_connection(("127.0.0.1", port)) as body:
                body.sendall(head + b"Content-Length: 100\r\n\r\n{")
                assert _read_all(body).startswith(b"HTTP/1.1 408")
            with socket.create_connection(("127.0.0.1", port)) as large:
                large.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" * 1)
                large.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n1000\r\n" + b"x" * 4096 + b"\r\n")
                assert _read_all(large).startswith(b"HTTP/1.1 413")
            assert _read_all(slow) == b""
            assert _read_all(silent) == b""
        assert time.monotonic() - began < 5
        with socket.create_connection(("127.0.0.1", port)) as kept:  # a connection that is used goes on
            for _ in range(3):
                kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                found = b""
                while not found.endswith(b'{"status":"ok"}'):
                    found += (part := kept.recv(65536))
                    assert part, found
                time.sleep(0.4)


async def test_an_unknown_user_takes_as_long_as_a_wrong_password(tmp_path: Path) -> None:
    """With the prevailing cost of this store, 10; without a decoy the ratio would be about a fiftieth.

    Of the processor, as others use the machine too.
    """
    people = [person(number, hash=hashed("other", 10)) for number in range(1, 40)]
    given = answers({"kind": "sql", "path": store(tmp_path, people).name, "table": "users"}, attempts=1000)
    async with world(tmp_path, given) as made:

        async def seconds(identifier: str, status: int) -> float:
            began = time.process_time()
            assert (await made.login(identifier, "guess")).status_code == status
            return time.process_time() - began

        await seconds("person1@example.com", 403)
        known, unknown = [], []
        for number in range(12):
            known.append(await seconds(f"person{number + 2}@example.com", 403))
            unknown.append(await seconds(f"nobody{number}@example.com", 404))
    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.75 < ratio < 1.33, ratio


async def test_nobody_is_unknown_where_no_hash_can_be_checked(tmp_path: Path) -> None:
    people = [person(number, hash="$y$j9T$abc$def") for number in range(1, 4)]
    given = answers({"kind": "sql", "path": store(tmp_path, people).name, "table": "users"}, attempts=1000)
    async with world(tmp_path, given) as made:
        assert (await made.login("nobody@example.com", "guess")).status_code == 404
        assert (await made.login("person1@example.com", "guess")).status_code == 422


async def test_other_requests_stay_quick_while_passwords_are_checked(tmp_path: Path) -> None:
    people = [person(number, hash=hashed("other", 11)) for number in range(1, 10)]
    given = answers(
        {"kind": "sql", "path": store(tmp_path, people).name, "table": "users"}, attempts=1000, hashes_at_once=1
    )
    async with world(tmp_path, given) as made:
        logins = [asyncio.create_task(made.login(f"person{number}", "guess")) for number in range(1, 10)]
        await asyncio.sleep(0.05)
        began = time.perf_counter()
        assert (await made.client.get("/healthz")).status_code == 200
        assert (await made.client.get("/users/legacy%7C1")).status_code == 200
        alive = time.perf_counter() - began
        assert not all(login.done() for login in logins)
        assert [(await login).status_code for login in logins] == [403] * 9
        assert alive < 0.5


async def test_more_logins_than_can_wait_are_unavailable_at_once(tmp_path: Path) -> None:
    people = [person(number, hash=hashed("other", 11)) for number in range(1, 10)]
    given = answers(
        {"kind": "sql", "path": store(tmp_path, people).name, "table": "users"}, hashes_at_once=1, logins_waiting=2
    )
    async with world(tmp_path, given) as made:
        found = await asyncio.gather(*(made.login(f"person{number}", "guess") for number in range(1, 6)))
        statuses = sorted(each.status_code for each in found)
        assert statuses == [403, 403, 503, 503, 503]


async def test_accounts_that_are_watched_are_bounded() -> None:
    from wizard.doorway.throttle import Throttle

    throttle = Throttle(1, 60, 100, lambda: 0.0)
    for number in range(1000):
        assert throttle.take(f"person{number}@example.com") == 0
    assert len(throttle._left) == 100
    assert not any(b"person" in name for name in throttle._left)
    assert throttle.take("person999@example.com") > 0
