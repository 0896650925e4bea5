"""What Magento 2 keeps of a password: `hash:salt:version`, the hash in hex; of an upgraded one several versions, oldest first.

Source: Magento, Magento\\Framework\\Encryption\\Encryptor: 0 is MD5 and 1 SHA-256 of salt and password; 2 is argon2id with 32
bytes and libsodium's interactive limits; 3 tells them, 3_<bytes>_<passes>_<bytes of memory>. argon2 takes 16 bytes of the salt,
which is repeated where it is shorter. An upgraded hash was made of the hex of the hash before it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, replace
from itertools import cycle, islice

from wizard.passwords import argon2, families
from wizard.passwords.recipe import Verdict, damaged, refused

SCHEME = "argon2 of Magento"
DIGESTS = {"0": "md5", "1": "sha256"}
INTERACTIVE = "3_32_2_67108864"
"""What version 2 means, in the words of version 3."""
SALT_BYTES = 16
_ARGON2 = r"3_[1-9][0-9]{0,2}_[1-9][0-9]{0,4}_[1-9][0-9]{3,11}"
_WHOLE = re.compile(
    rf"((?:[0-9a-f]{{2}}){{16,255}}):([!-9;-~]{{1,255}}):((?:[012]|{_ARGON2})(?::(?:[012]|{_ARGON2})){{0,7}})"
)


@dataclass(frozen=True)
class Parts:
    """A hash taken apart; `versions` are oldest first."""

    hashed: bytes
    salt: bytes
    versions: tuple[str, ...]

    def argon2(self, version: str) -> tuple[bytes, int, int, int]:
        """The salt, the bytes of the hash, the passes, and the KiB of memory that a version of argon2 means."""
        size, passes, memory = map(int, (INTERACTIVE if version == "2" else version).split("_")[1:])
        return bytes(islice(cycle(self.salt), SALT_BYTES)), size, passes, memory // 1024


def parts_of(value: str) -> Parts | None:
    """What is written in a cell; None if it is not of Magento 2."""
    found = _WHOLE.fullmatch(value)
    return Parts(bytes.fromhex(found[1]), found[2].encode(), tuple(found[3].split(":"))) if found else None


def judge(value: str) -> Verdict | None:
    """Judge argon2 and what was hashed anew; None of a single digest, which others write so as well, and of all else."""
    parts = parts_of(value)
    if parts is None or (len(parts.versions) == 1 and parts.versions[0] in DIGESTS):
        return None
    if len(parts.versions) > 1:
        return refused("Magento", f"versions {', '.join(each[0] for each in parts.versions)}", families.NESTED)
    version = parts.versions[0]
    salt, size, passes, memory = parts.argon2(version)
    name = f"version {version[0]}, argon2id, m={memory}, t={passes}"
    if len(parts.hashed) != size:
        return damaged(SCHEME, name, "it has not the length that its version tells")
    numbers = {"m": memory, "t": passes, "p": 1}
    found = argon2.string("argon2id", "19", numbers, b64encode(salt).decode(), b64encode(parts.hashed).decode())
    return replace(found, scheme=SCHEME, parameters=name, assumes="that Magento wrote it" if version == "2" else "")
