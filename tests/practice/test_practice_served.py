"""`auth0-migrate practice` for programs that insist on https and on an issuer of their tenant's name."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from core_support import still_tenant
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wizard.practice.server import Certificate, serve

SECONDS = 60
DOMAIN = "acme.example.com"
REALM = "http://auth0.com/oauth/grant-type/password-realm"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of this machine, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(_pem(key, serialization.NoEncryption()))
    (folder / "locked.pem").write_bytes(_pem(key, serialization.BestAvailableEncryption(b"secret")))
    (folder / "other.pem").write_bytes(_pem(ec.generate_private_key(ec.SECP256R1()), serialization.NoEncryption()))
    return Certificate(folder / "cert.pem", folder / "key.pem")


def _pem(key: ec.EllipticCurvePrivateKey, lock: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


async def test_a_client_over_tls_gets_tokens_that_prove_themselves(pair: Certificate) -> None:
    tenant = still_tenant(domain=DOMAIN)
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    server = asyncio.create_task(serve(tenant, port=0, ready=address.set_result, stop=stop, certificate=pair))
    base = await address
    assert base.startswith("https://127.0.0.1:")
    trust = ssl.create_default_context(cafile=pair.file)
    async with httpx.AsyncClient(base_url=base, verify=trust, trust_env=False) as client:
        found = (await client.get("/.well-known/openid-configuration")).json()
        assert found["issuer"] == f"https://{DOMAIN}/"
        assert found["token_endpoint"] == f"{base}/oauth/token"
        asked = {"grant_type": "client_credentials", "audience": f"https://{DOMAIN}/api/v2/"}
        asked |= {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
        token = (await client.post(found["token_endpoint"], json=asked)).json()["access_token"]
        keys = jwt.PyJWKSet.from_dict((await client.get(found["jwks_uri"])).json())
        claims = jwt.decode(
            token,
            keys[jwt.get_unverified_header(token)["kid"]],
            algorithms=["RS256"],
            audience=f"https://{DOMAIN}/api/v2/",
            options={"verify_exp": False, "verify_iat": False},
        )
        assert claims["iss"] == found["issuer"]
    stop.set()
    await server
    tenant.close()


async def test_addresses_given_out_under_the_tenants_own_name_are_https() -> None:
    tenant = still_tenant(domain=DOMAIN)
    async with httpx.AsyncClient(transport=tenant.transport(), base_url=f"http://{DOMAIN}") as client:
        found = (await client.get("/.well-known/openid-configuration")).json()
        assert found["jwks_uri"] == f"https://{DOMAIN}/.well-known/jwks.json"
        claims = {"aud": tenant.audience, "scope": "read:users"}
        client.headers["authorization"] = f"Bearer {tenant.tokens.issue(claims, 86_400)}"
        job = (await client.post("/api/v2/jobs/users-exports", json={})).json()["id"]
        await tenant.clock.sleep(60)
        done = (await client.get(f"/api/v2/jobs/{job}")).json()
        assert done["location"].startswith(f"https://{DOMAIN}/exports/")
        elsewhere = await client.get("/.well-known/openid-configuration", headers={"host": "127.0.0.1:8787"})
        assert elsewhere.json()["jwks_uri"].startswith("http://127.0.0.1:8787/")
    tenant.close()


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_the_command_says_where_it_serves_and_who_issues(pair: Certificate, tmp_path: Path) -> None:
    options = ["--domain", "Localhost:8787", "--certificate", str(pair.file), "--key", str(pair.key), "--port", "0"]
    command = [sys.executable, "-m", "wizard", "practice", *options, "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            assert told["address"].startswith("https://127.0.0.1:")
            assert (told["issuer"], told["audience"]) == ("https://localhost:8787/", "https://localhost:8787/api/v2/")
            trust = ssl.create_default_context(cafile=pair.file)
            answer = httpx.get(f"{told['address']}/.well-known/openid-configuration", verify=trust, trust_env=False)
            assert answer.json()["issuer"] == told["issuer"]
        finally:
            process.terminate()
        assert process.wait(SECONDS) == 0


def refused(*options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "wizard", "practice", "--port", "0", "--json", *options]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("key", ["none.pem", "other.pem", "locked.pem", "cert.pem"])
def test_a_key_of_no_use_is_one_clear_error(pair: Certificate, key: str) -> None:
    answer = refused("--certificate", str(pair.file), "--key", str(pair.file.with_name(key)))
    assert "cannot serve TLS" in json.dumps(answer)


def test_half_a_pair_and_a_domain_that_is_none_are_refused(pair: Certificate) -> None:
    assert "--certificate and --key" in json.dumps(refused("--certificate", str(pair.file)))
    assert "is no domain" in json.dumps(refused("--domain", "https://acme.example.com/"))


def test_a_folder_without_modules_is_refused_with_the_remedy(tmp_path: Path) -> None:
    answer = json.dumps(refused("--modules", str(tmp_path)))
    assert "has no folder node_modules" in answer
    assert "npm install --prefix" in answer


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_the_command_gives_scripts_the_modules_of_a_folder(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "legacy-hash"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "legacy-hash", "version": "1.0.0"}')
    (package / "index.js").write_text("module.exports = (text) => text.length;")
    login = """function login(email, password, callback) {
      if (require('legacy-hash@1')(password) !== 7) return callback(new WrongUsernameOrPasswordError(email));
      callback(null, { user_id: 'legacy|1', email });
    }"""
    command = [sys.executable, "-m", "wizard", "practice", "--port", "0", "--json", "--modules", "."]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            with httpx.Client(base_url=told["address"], trust_env=False, timeout=SECONDS) as client:
                asked = {name: told[name] for name in ("client_id", "client_secret", "audience")}
                token = client.post("/oauth/token", json=asked | {"grant_type": "client_credentials"}).json()
                client.headers["authorization"] = f"Bearer {token['access_token']}"
                scripts = {"login": login, "get_user": "function f(email, callback) { callback(null); }"}
                options = {"enabledDatabaseCustomization": True, "import_mode": True, "customScripts": scripts}
                made = client.post(
                    "/api/v2/connections", json={"name": "legacy", "strategy": "auth0", "options": options}
                ).json()
                enabled = [{"client_id": told["login_client_id"], "status": True}]
                client.patch(f"/api/v2/connections/{made['id']}/clients", json=enabled).raise_for_status()
                who = {"username": "ann@example.com", "realm": "legacy", "client_id": told["login_client_id"]}
                who |= {"grant_type": REALM, "client_secret": told["login_client_secret"]}
                statuses = [
                    client.post("/oauth/token", json=who | {"password": word}).status_code
                    for word in ("wrong", "correct")
                ]
            assert statuses == [403, 200]
        finally:
            process.terminate()
        assert process.wait(SECONDS) == 0
