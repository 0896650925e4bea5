"""Scripts in Node: their globals, their limits, and what mutants of them do."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from wizard.clock import RealClock
from wizard.errors import UsageError
from wizard.practice.sandbox import executable, process
from wizard.practice.sandbox.outcome import Outcome
from wizard.practice.sandbox.process import command
from wizard.practice.sandbox.sandbox import Code, Patience, Sandbox


def echo(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/refused":
        raise httpx.ConnectError("no", request=request)
    body = {"method": request.method, "body": request.content.decode(), "path": request.url.raw_path.decode()}
    return httpx.Response(201, json=body | {"token": request.headers.get("authorization")}, headers={"x-a": "b"})


async def slow(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(30)
    return httpx.Response(200)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    hosts = {"inside.example.com": httpx.MockTransport(echo), "slow.example.com": httpx.MockTransport(slow)}
    sandbox = Sandbox(RealClock(), lambda: hosts, Patience(30, 30))
    yield sandbox
    sandbox.close()


def script(code: str, **settings: Any) -> Code:
    return Code("script", "test", {"code": code, "configuration": {"KEY": "value"}}, **settings)


async def run(sandbox: Sandbox, code: str, *given: Any, **settings: Any) -> Outcome:
    return await sandbox.run(script(code, **settings), {"arguments": list(given)})


@pytest.mark.parametrize(
    "code",
    [
        "function login(a, b, callback) { callback(null, { user_id: a + b }); }",
        "function anyName(a, b, done) { done(null, { user_id: a + b }); };",
        "// a comment\nasync function (a, b, callback) { callback(null, { user_id: a + b }); }",
        "(a, b, callback) => callback(null, { user_id: a + b })",
        "function other() { return 1; }\nfunction login(a, b, callback) { other(); callback(null, { user_id: a + b }); }",
        "  function login(a, b, callback) { callback(null, { user_id: other(a, b) }); }\n  function other(a, b) { return a + b; }",
        "async function anyName(a, b, callback) {\n  function login() {}\n  callback(null, { user_id: a + b });\n}\nfunction other() {}",
        "const join = (a, b) => a + b;\nfunction login(a, b, callback) { callback(null, { user_id: join(a, b) }); }\n",
        "module.exports = function (a, b, callback) { callback(null, { user_id: a + b }); };",
    ],
)
async def test_a_scripts_function_is_found_whatever_its_form(sandbox: Sandbox, code: str) -> None:
    assert (await run(sandbox, code, "x", "y")).result == {"user_id": "xy"}


async def test_a_script_has_auth0s_globals(sandbox: Sandbox) -> None:
    code = """function login(a, b, callback) {
      configuration.KEY = 'changed';
      callback(null, {
        key: configuration.KEY, errors: [WrongUsernameOrPasswordError, ValidationError, UnauthorizedError].map((e) => new e('x', 'y') instanceof Error),
        buffer: Buffer.from('x').toString('hex'), hash: require('crypto').createHash('sha1').update('x').digest('hex').length,
        files: typeof process.mainModule, env: Object.keys(process.env).length, global: typeof globalThis.process, fetch: typeof fetch,
      });
    }"""
    assert (await run(sandbox, code, "", "")).result == {
        "key": "value",
        "errors": [True, True, True],
        "buffer": "78",
        "hash": 40,
        "files": "undefined",
        "env": 0,
        "global": "undefined",
        "fetch": "function",
    }


async def test_a_tenant_may_have_no_fetch_in_scripts(sandbox: Sandbox) -> None:
    code = "function login(a, b, callback) { callback(null, { fetch: typeof fetch }); }"
    assert (await run(sandbox, code, "", "", fetch=False)).result == {"fetch": "undefined"}


async def test_global_is_kept_in_a_container_and_shared_with_no_other(sandbox: Sandbox) -> None:
    code = "function login(a, b, callback) { global.n = (global.n || 0) + 1; callback(null, { n: global.n }); }"
    assert [(await run(sandbox, code, "", "")).result["n"] for _ in range(3)] == [1, 2, 3]
    assert (await run(sandbox, code + " ", "", "")).result["n"] == 1


@pytest.mark.parametrize(
    ("wanted", "why"),
    [("axios", 'run "npm install axios"'), ("fs", "no files"), ("node:os", "no files"), ("./x", "no files beside")],
)
async def test_require_says_why_it_has_not_a_module(sandbox: Sandbox, wanted: str, why: str) -> None:
    outcome = await run(sandbox, f"function login(a, b, callback) {{ require('{wanted}'); }}", "", "")
    assert outcome.error is not None
    assert (outcome.error.code, why in outcome.error.message) == ("MODULE_NOT_FOUND", True)


@pytest.fixture
async def furnished(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox whose operator has installed two modules."""
    install(tmp_path, "legacy-hash", "2.18.1", "module.exports = (text) => process.env.PEPPER || text.toUpperCase();")
    asking = """const http = require('node:http'), https = require('https');
    exports.http = http.request;
    exports.get = (url, done) => https.get(url, (answer) => done(null, answer.statusCode)).on('error', done);"""
    install(tmp_path, "@acme/asking", "1.0.0", asking)
    sandbox = Sandbox(
        RealClock(), lambda: {"inside.example.com": httpx.MockTransport(echo)}, Patience(30, 30), modules=tmp_path
    )
    yield sandbox
    sandbox.close()


def install(folder: Path, name: str, version: str, code: str) -> None:
    package = folder / "node_modules" / name
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"name": name, "version": version}))
    (package / "index.js").write_text(code)
    (package / "other.js").write_text("module.exports = 'another file';")


@pytest.mark.parametrize(
    ("wanted", "result"),
    [
        ("legacy-hash", "ANN"),
        ("legacy-hash@2.18.1", "ANN"),
        ("legacy-hash@2", "ANN"),
        ("legacy-hash@2.18", "ANN"),
    ],
)
async def test_a_module_that_the_operator_has_installed_is_there(furnished: Sandbox, wanted: str, result: str) -> None:
    code = f"function login(a, b, callback) {{ callback(null, require('{wanted}')(a)); }}"
    assert (await run(furnished, code, "ann", "")).result == result


@pytest.mark.parametrize("wanted", ["legacy-hash/other", "legacy-hash@2/other.js", "@acme/asking@1.0.0/other"])
async def test_a_file_of_a_module_is_there(furnished: Sandbox, wanted: str) -> None:
    code = f"function login(a, b, callback) {{ callback(null, require('{wanted}')); }}"
    assert (await run(furnished, code, "", "")).result == "another file"


async def test_a_module_reaches_the_hosts_of_this_process(furnished: Sandbox) -> None:
    code = "function login(a, b, callback) { require('@acme/asking').get('https://inside.example.com/', callback); }"
    assert (await run(furnished, code, "", "")).result == 201


async def test_a_module_really_asks_other_hosts(furnished: Sandbox) -> None:
    code = "function login(a, b, callback) { require('@acme/asking').get('https://127.0.0.1:1/', callback); }"
    failed = await run(furnished, code, "", "")
    assert failed.error is not None
    assert "ECONNREFUSED 127.0.0.1:1" in failed.error.message


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("bcrypt", 'run "npm install bcrypt" in the folder of --modules'),
        ("bcrypt@5.1.1", 'run "npm install bcrypt@5.1.1" in the folder of --modules'),
        ("legacy-hash@2.18.10", 'the folder of --modules has 2.18.1; run "npm install legacy-hash@2.18.10" there'),
        ("legacy-hash@2.1", 'the folder of --modules has 2.18.1; run "npm install legacy-hash@2.1" there'),
        ("fs", "scripts reach no files and no processes"),
        ("./node_modules/legacy-hash", "scripts have no files beside them"),
        ("../x", "scripts have no files beside them"),
        ("legacy-hash/../../secret.json", "scripts have no files beside them"),
        ("/etc/hosts", "scripts have no files beside them"),
    ],
)
async def test_a_module_that_is_not_there_is_named_with_the_remedy(furnished: Sandbox, wanted: str, why: str) -> None:
    outcome = await run(furnished, f"function login(a, b, callback) {{ require('{wanted}'); }}", "", "")
    assert outcome.error is not None
    assert outcome.error.code == "MODULE_NOT_FOUND"
    assert outcome.error.message == f"Cannot find module '{wanted}': {why}"


async def test_an_action_has_only_the_modules_it_depends_on(furnished: Sandbox) -> None:
    handler = "exports.onExecutePostLogin = async (event, api) => { api.access.deny(require('legacy-hash')('no')); };"

    async def denied(dependencies: dict[str, str]) -> Outcome:
        body = {"code": handler, "secrets": {}, "dependencies": dependencies}
        return await furnished.run(Code("action", "a", body), {"trigger": "post-login", "event": {}, "cache": []})

    assert (await denied({"legacy-hash": "latest"})).answer["commands"] == [["deny", "access_denied", "NO"]]
    assert (await denied({"legacy-hash": "2.18.1"})).answer["commands"] == [["deny", "access_denied", "NO"]]
    for dependencies, why in (({}, "not among the action's dependencies"), ({"legacy-hash": "3.0.0"}, "has 2.18.1")):
        outcome = await denied(dependencies)
        assert outcome.error is not None
        assert why in outcome.error.message


async def test_half_a_character_in_a_result_or_an_error_does_no_harm(sandbox: Sandbox) -> None:
    result = "function login(a, b, callback) { callback(null, { name: 'x\\ud83d', '\\ude00': 1 }); }"
    assert (await run(sandbox, result, "", "")).result == {"name": "x\ufffd", "\ufffd": 1}
    failing = await run(sandbox, "function login(a, b, callback) { callback(new Error('\\ud83d')); }", "", "")
    assert failing.error is not None
    assert failing.error.message == "\ufffd"


async def test_a_result_too_deep_to_be_read_ends_its_call_and_no_other_after_it(sandbox: Sandbox) -> None:
    deep = """function login(a, b, callback) {
      let nested = {};
      for (let depth = 0; depth < 1100; depth += 1) nested = { nested };
      callback(null, nested);
    }"""
    assert (await run(sandbox, deep, "", "")).error is not None
    fine = "function login(a, b, callback) { callback(null, { user_id: a }); }"
    assert (await run(sandbox, fine, "x", "")).result == {"user_id": "x"}


async def test_the_console_is_kept_line_by_line_and_cut(sandbox: Sandbox) -> None:
    code = (
        "function login(a, b, callback) { console.log('user', a); console.error('x'.repeat(999)); callback(null, {}); }"
    )
    assert (await run(sandbox, code, "u", "")).console == ("user u", "x" * 256)


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("function f(a, b, callback) { throw new Error('boom'); }", "Error", "boom"),
        ("async function f(a, b, callback) { throw new Error('boom'); }", "Error", "boom"),
        ("function f(a, b, callback) { setTimeout(() => { null.x; }, 1); }", "Crash", "Cannot read properties of null"),
        ("function f(a, b, callback) { Promise.reject(new Error('lost')); }", "Crash", "lost"),
        ("function f(a, b, callback) { callback('words'); }", "Error", "words"),
        ("function f(a, b, callback) { callback(new ValidationError('user_exists', 'taken')); }", "ValidationError", "taken"),
        ("function f(a, b, callback) { const o = {}; o.o = o; callback(null, o); }", "Error", "not JSON"),
        ("function f(a, b, callback) { callback(null, { n: 1n }); }", "Error", "BigInt"),
        ("function f(a, b, callback { }", "Error", "Unexpected token"),
        ("const x = 1;", "Error", "no function"),
        ("function f(a, b, callback) { const all = []; for (;;) all.push(new Array(1e6).fill(1)); }", "Crash", "memory"),
    ],
)  # fmt: skip
async def test_a_script_that_fails_says_how(sandbox: Sandbox, code: str, kind: str, message: str) -> None:
    sandbox = Sandbox(RealClock(), dict, Patience(60, 60))
    error = (await run(sandbox, code, "", "")).error
    sandbox.close()
    assert error is not None
    assert error.kind == kind
    assert message in error.message


@pytest.mark.parametrize("body", ["", "for (;;);", "return Promise.resolve(1);"])
async def test_a_script_that_never_answers_runs_out_of_time(sandbox: Sandbox, body: str) -> None:
    sandbox.patience = Patience(1.0, 0.2)
    outcome = await run(sandbox, f"function f(a, b, callback) {{ {body} }}", "", "")
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.message) == ("Timeout", "Script execution time exceeded")


async def test_an_endless_loop_stops_nobody_else_and_its_container_is_made_anew(sandbox: Sandbox) -> None:
    code = "function f(a, b, callback) { global.n = (global.n || 0) + 1; if (a) for (;;); callback(null, global.n); }"
    good = "function g(a, b, callback) { callback(null, 'here'); }"
    assert (await run(sandbox, code, "", "")).result == 1
    loop = sandbox.run(script(code), {"arguments": ["loop", ""]}, patience=Patience(3, 3))
    endless = asyncio.ensure_future(loop)
    await asyncio.sleep(0.1)
    assert (await run(sandbox, good, "", "")).result == "here"
    assert not endless.done()
    error = (await endless).error
    assert error is not None
    assert error.kind == "Timeout"
    assert (await run(sandbox, code, "", "")).result == 1


async def test_calls_behind_an_endless_one_of_the_same_script_run_elsewhere_and_once(sandbox: Sandbox) -> None:
    inside: list[str] = []

    def counted(request: httpx.Request) -> httpx.Response:
        inside.append(request.url.path)
        return httpx.Response(200, text="ok")

    hosts = {"inside.example.com": httpx.MockTransport(counted)}
    sandbox._transports = lambda: hosts
    code = """async function f(a, b, callback) {
      if (a === 'loop') { const end = Date.now() + 6000; while (Date.now() < end); return callback(null, 'late'); }
      await fetch('http://inside.example.com/' + a);
      callback(null, a);
    }"""
    assert (await run(sandbox, code, "warm", "")).result == "warm"
    endless = asyncio.ensure_future(run(sandbox, code, "loop", ""))
    await asyncio.sleep(0.2)
    others = await asyncio.wait_for(asyncio.gather(*(run(sandbox, code, str(each), "") for each in range(5))), 20)
    assert not endless.done()
    assert [outcome.result for outcome in others] == ["0", "1", "2", "3", "4"]
    assert (await endless).result == "late"
    await asyncio.sleep(0.3)
    assert sorted(inside) == ["/0", "/1", "/2", "/3", "/4", "/warm"]


async def test_a_second_answer_is_ignored_and_told(sandbox: Sandbox) -> None:
    told: list[str] = []
    code = script("function f(a, b, callback) { callback(null, 1); callback(null, 2); callback(new Error('x')); }")
    assert (await sandbox.run(code, {"arguments": ["", ""]}, extra=told.append)).result == 1
    assert (await sandbox.run(code, {"arguments": ["", ""]})).result == 1
    assert told == ["the callback was called more than once"] * 2


FETCH = """async function f(a, b, callback) {
  const answer = await fetch('https://inside.example.com/x?y=1', { method: 'PUT', headers: { authorization: 'Bearer t' }, body: 'hey' });
  callback(null, { status: answer.status, header: answer.headers.get('x-a'), url: answer.url, ...(await answer.json()) });
}"""
HTTPS = """function f(a, b, callback) {
  const https = require('https');
  const options = { hostname: 'inside.example.com', path: '/x?y=1', method: 'PUT', headers: { Authorization: 'Bearer t' }, timeout: 5000 };
  const request = https.request(options, (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => callback(null, { status: answer.statusCode, header: answer.headers['x-a'], url: 'https://inside.example.com/x?y=1', ...JSON.parse(text) }));
  });
  request.on('error', callback);
  request.write('he');
  request.end('y');
}"""


@pytest.mark.parametrize("code", [FETCH, HTTPS])
async def test_hosts_of_this_process_are_reached_through_it(sandbox: Sandbox, code: str) -> None:
    assert (await run(sandbox, code, "", "")).result == {
        "status": 201,
        "header": "b",
        "url": "https://inside.example.com/x?y=1",
        "method": "PUT",
        "body": "hey",
        "path": "/x?y=1",
        "token": "Bearer t",
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("fetch('https://inside.example.com/refused').catch((e) => callback(null, [e.message, e.cause.code]))", ["fetch failed", "ECONNREFUSED"]),
        ("require('https').get('https://inside.example.com/refused').on('error', (e) => callback(null, e.code))", "ECONNREFUSED"),
        ("fetch('https://slow.example.com/', { signal: AbortSignal.timeout(50) }).catch((e) => callback(null, e.name))", "TimeoutError"),
        ("const r = require('https').get({ host: 'slow.example.com', timeout: 50 }); r.on('timeout', () => r.destroy(new Error('late'))); r.on('error', (e) => callback(null, e.message))", "late"),
        ("const r = require('https').get('https://slow.example.com/'); r.on('error', (e) => callback(null, e.code)); r.abort()", "ECONNRESET"),
    ],
)  # fmt: skip
async def test_a_host_that_fails_fails_as_on_a_network(sandbox: Sandbox, code: str, expected: Any) -> None:
    outcome = await run(sandbox, f"function f(a, b, callback) {{ {code}; }}", "", "")
    assert outcome.error is None, outcome.error
    assert outcome.result == expected


async def test_other_hosts_are_really_asked(sandbox: Sandbox) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nreal")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    code = "async function f(a, b, callback) { callback(null, await (await fetch(a)).text()); }"
    assert (await run(sandbox, code, f"http://127.0.0.1:{port}/", "")).result == "real"
    server.close()
    await server.wait_closed()


async def test_many_calls_run_at_once_in_one_container(sandbox: Sandbox) -> None:
    code = script("function f(a, b, callback) { setTimeout(() => callback(null, a), 300); }")
    began = time.monotonic()
    outcomes = await asyncio.gather(*(sandbox.run(code, {"arguments": [n, ""]}) for n in range(20)))
    assert [outcome.result for outcome in outcomes] == list(range(20))
    assert time.monotonic() - began < 20 * 0.3


async def test_the_date_is_the_tenants(sandbox: Sandbox) -> None:
    class Then(RealClock):
        def now(self) -> float:
            return 1_000_000_000.0

    other = Sandbox(Then(), dict, Patience(30, 30))
    code = "function f(a, b, callback) { callback(null, [Date.now(), new Date().getTime(), new Date(5).getTime(), new Date() instanceof Date]); }"
    now, made, given, is_date = (await run(other, code, "", "")).result
    other.close()
    assert 0 <= now - 1_000_000_000_000 < 5000
    assert 0 <= made - now < 50
    assert (given, is_date) == (5, True)


async def test_node_starts_anew_after_it_was_killed(sandbox: Sandbox) -> None:
    waits = "function f(a, b, callback) { if (!a) callback(null, 1); }"
    assert (await run(sandbox, waits, "", "")).result == 1
    waiting = asyncio.ensure_future(run(sandbox, waits, "wait", ""))
    await asyncio.sleep(0.05)
    assert sandbox.pid is not None
    os.kill(sandbox.pid, 9)
    error = (await waiting).error
    assert error is not None
    assert error.kind == "Crash"
    assert (await run(sandbox, waits, "", "")).result == 1


async def test_a_machine_without_node_names_the_extra(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    executable.node.cache_clear()
    with pytest.raises(UsageError, match=r"auth0-migration-wizard\[practice\]"):
        await run(sandbox, "function f(a, b, callback) { callback(); }", "", "")
    executable.node.cache_clear()


@pytest.mark.parametrize("module", ["fs", "child_process", "worker_threads"])
@pytest.mark.parametrize(
    "trick",
    [
        "Array.prototype.includes = () => true;",
        "String.prototype.replace = () => 'MODULE'; Map.prototype.get = () => true; Object.hasOwn = () => true;",
        "Set.prototype.has = () => true; Object.prototype.MODULE = true;",
    ],
)
async def test_a_script_that_bends_the_language_still_reaches_no_files_and_no_processes(
    sandbox: Sandbox, trick: str, module: str
) -> None:
    code = f"function login(a, b, callback) {{ {trick} callback(null, {{ got: typeof require('MODULE') }}); }}"

    outcome = await run(sandbox, code.replace("MODULE", module), "", "")

    assert outcome.error is not None
    assert outcome.error.code == "MODULE_NOT_FOUND"


async def test_node_itself_keeps_files_and_processes_from_scripts(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("private")
    spy = f"try {{ require('fs').readFileSync({str(kept)!r}); console.log('read'); }} catch (no) {{ console.log(no.code); }}"

    said = subprocess.run([*command(), "--eval", spy], capture_output=True, text=True, timeout=60, check=True)

    assert said.stdout.strip() == "ERR_ACCESS_DENIED"


@pytest.mark.parametrize(
    ("version", "wall"),
    [
        ((18, 20), []),
        ((20, 20), ["--experimental-permission"]),
        ((22, 12), ["--experimental-permission"]),
        ((22, 20), ["--permission"]),
        ((23, 2), ["--experimental-permission"]),
        ((24, 0), ["--permission"]),
        ((25, 1), ["--permission", "--allow-net"]),
    ],
)
def test_each_node_has_the_wall_that_it_knows_and_the_network(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], wall: list[str]
) -> None:
    monkeypatch.setattr(process, "version_of", lambda _: version)
    known = {"--permission", "--experimental-permission", "--allow-net"}
    assert [flag for flag in process.command() if flag in known] == wall
