"""The tenant's own keys: one signs tokens, one seals what must not be readable from the API."""

from __future__ import annotations

import base64
import hashlib
import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SEALED_PREFIX = b"\x0aB\x0a"
"""In base64 this begins `CkIK`, as sealed configuration values of real tenants do."""


def create_tables(db: sqlite3.Connection) -> None:
    db.execute("create table if not exists meta (key text primary key, value text not null) without rowid")


class Meta:
    """Small facts about the tenant that survive a restart."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, key: str) -> str | None:
        row = self._db.execute("select value from meta where key = ?", (key,)).fetchone()
        return None if row is None else str(row["value"])

    def set(self, key: str, value: str) -> None:
        self._db.execute(
            "insert into meta values (?, ?) on conflict do update set value = excluded.value", (key, value)
        )


class Keys:
    """Signs and seals; keys are made at first use and kept with the tenant's state.

    Tokens name the generation of the key in `kid`. To revoke all tokens is to begin a new generation: the key stays,
    older tokens answer as expired.
    """

    def __init__(self, meta: Meta, domain: str) -> None:
        self._meta = meta
        self._domain = domain

    @property
    def generation(self) -> int:
        return int(self._meta.get("token_generation") or 0)

    def revoke_tokens(self) -> None:
        """Let every token issued so far be expired."""
        self._meta.set("token_generation", str(self.generation + 1))

    def kid(self, generation: int | None = None) -> str:
        own = self.generation if generation is None else generation
        return base64.urlsafe_b64encode(hashlib.sha256(f"{self.thumbprint}:{own}".encode()).digest()[:16]).decode()[:21]

    @cached_property
    def signing_key(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        kept = self._meta.get("signing_key")
        if kept is not None:
            key = serialization.load_pem_private_key(kept.encode(), None)
            assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - this class wrote it
            return key
        made = rsa.generate_private_key(65537, 2048)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._meta.set("signing_key", pem.decode())
        return made

    @cached_property
    def certificate(self) -> bytes:
        """A self-signed certificate of the signing key, DER."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.x509.oid import NameOID

        kept = self._meta.get("certificate")
        if kept is not None:
            return base64.b64decode(kept)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._domain[:64])])
        start = datetime.now(UTC) - timedelta(days=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.signing_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=5000))
            .sign(self.signing_key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )
        self._meta.set("certificate", base64.b64encode(made).decode())
        return made

    @cached_property
    def certificate_pem(self) -> str:
        lines = base64.encodebytes(self.certificate).decode().replace("\n", "")
        parts = [lines[at : at + 64] for at in range(0, len(lines), 64)]
        return "\r\n".join(["-----BEGIN CERTIFICATE-----", *parts, "-----END CERTIFICATE-----", ""])

    @cached_property
    def thumbprint(self) -> str:
        return hashlib.sha1(self.certificate, usedforsecurity=False).hexdigest().upper()

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set, under its present and its previous name."""
        numbers = self.signing_key.public_key().public_numbers()
        shared = {
            "kty": "RSA",
            "use": "sig",
            "n": _unpadded(numbers.n.to_bytes(256, "big")),
            "e": _unpadded(numbers.e.to_bytes(3, "big")),
            "x5t": base64.urlsafe_b64encode(self.thumbprint.encode()).decode().rstrip("="),
            "x5c": [base64.b64encode(self.certificate).decode()],
            "alg": "RS256",
        }
        generations = range(self.generation, max(self.generation - 2, -1), -1)
        return {"keys": [shared | {"kid": self.kid(each)} for each in generations]}

    @cached_property
    def _seal_key(self) -> bytes:
        kept = self._meta.get("seal_key")
        if kept is not None:
            return base64.b64decode(kept)
        made = secrets.token_bytes(32)
        self._meta.set("seal_key", base64.b64encode(made).decode())
        return made

    def seal(self, plain: str) -> str:
        """Encrypt a configuration value; the same value gives another text each time."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(12)
        sealed = AESGCM(self._seal_key).encrypt(nonce, plain.encode(), SEALED_PREFIX)
        return base64.b64encode(SEALED_PREFIX + nonce + sealed).decode()

    def unseal(self, sealed: str) -> str:
        """Read a value that `seal` made."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        raw = base64.b64decode(sealed)[len(SEALED_PREFIX) :]
        return AESGCM(self._seal_key).decrypt(raw[:12], raw[12:], SEALED_PREFIX).decode()


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
