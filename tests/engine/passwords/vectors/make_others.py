"""Makes others.json: hashes by OpenLDAP, PHP, libxcrypt, and by ports of Firebase's and Drupal's own. No code of this project is used.

On Debian: `apt-get install slapd slapd-contrib php-cli dovecot-core`, and in a virtual environment
`pip install firebase-scrypt drupal-hash-utility libpass bcrypt`. What is not installed is left out and said so.
"""

import base64
import ctypes
import hashlib
import json
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("others.json")
NFC = unicodedata.normalize("NFC", "Grüße, Zoë Ångström €5")
PASSWORDS = {
    "plain": "copper-lantern-417",
    "72 bytes": "0123456789ab" * 6,
    "NFC": NFC,
    "NFD": unicodedata.normalize("NFD", NFC),
}
MODULES = "/usr/lib/ldap"

KEYS = ("maker", "form", "password")
found: dict[tuple[str, ...], dict[str, Any]]
found = {tuple(each[key] for key in KEYS): each for each in (json.loads(FILE.read_text()) if FILE.exists() else [])}


def add(maker: str, form: str, make: Callable[[str], str], **declared: str) -> None:
    for name, password in PASSWORDS.items():
        found[maker, form, name] = {
            "maker": maker,
            "form": form,
            "password": name,
            "typed": password,
            "row": {"hash": make(password)},
            "declared": declared,
        }


def output(command: Sequence[str], typed: str = "") -> str:
    ran = subprocess.run(command, input=typed.encode(), capture_output=True, check=True)
    return ran.stdout.decode().strip()


def with_openldap() -> None:
    def slappasswd(scheme: str, module: str, password: str) -> str:
        with tempfile.NamedTemporaryFile() as file:
            file.write(password.encode())
            file.flush()
            loaded = ["-o", f"module-path={MODULES}", "-o", f"module-load={module}"] if module else []
            return output(["slappasswd", "-n", "-h", scheme, *loaded, "-T", file.name])

    own, sha2, pbkdf2 = ("SHA", "SSHA", "MD5", "SMD5"), ("256", "384", "512"), ("", "-SHA1", "-SHA256", "-SHA512")
    wanted = [(name, "") for name in own]
    wanted += [(f"{salted}SHA{bits}", "pw-sha2") for bits in sha2 for salted in ("", "S")]
    wanted += [(f"PBKDF2{digest}", "pw-pbkdf2") for digest in pbkdf2] + [("ARGON2", "argon2"), ("CRYPT", "")]
    for name, module in wanted:
        scheme = f"{{{name}}}"
        add("OpenLDAP", scheme, partial(slappasswd, scheme, module))


def with_dovecot() -> None:
    def doveadm(scheme: str) -> Callable[[str], str]:
        return lambda password: output(["doveadm", "pw", "-s", scheme, "-p", password])

    for scheme in (
        "SHA.HEX",
        "SHA256.HEX",
        "SSHA256.HEX",
        "SSHA512.B64",
        "SMD5.HEX",
        "PLAIN-MD5",
        "LDAP-MD5",
        "PBKDF2",
    ):
        add("Dovecot", f"{{{scheme}}}", doveadm(scheme))


def with_php() -> None:
    def php(code: str) -> Callable[[str], str]:
        return lambda password: output(["php", "-r", f"$p = stream_get_contents(STDIN); echo {code};"], password)

    add("PHP", "password_hash", php('password_hash($p, PASSWORD_BCRYPT, ["cost" => 4])'))
    add("PHP", "password_hash, argon2id", php('password_hash($p, PASSWORD_ARGON2ID, ["memory_cost" => 1024])'))
    digest = "base64_encode(hash_hmac('sha384', trim($p), 'wp-sha384', true))"
    add("WordPress 6.8", "wp_hash_password", php(f"'$wp' . password_hash({digest}, PASSWORD_BCRYPT, ['cost' => 4])"))
    bcrypt, argon = 'PASSWORD_BCRYPT, ["cost" => 4]', 'PASSWORD_ARGON2ID, ["memory_cost" => 1024]'
    add("Nextcloud", "1 for bcrypt", php(f"'1|' . password_hash($p, {bcrypt})"))
    add("Nextcloud", "3 for argon2id", php(f"'3|' . password_hash($p, {argon})"))
    add("Jenkins", "#jbcrypt", php(f"'#jbcrypt:' . password_hash($p, {bcrypt})"))
    add("Apache Shiro", "shiro2 of argon2id", php(f"'$shiro2' . password_hash($p, {argon})"))
    add("vBulletin 5", "bcrypt of MD5", php(f"password_hash(md5($p), {bcrypt})"), format="vbulletin5")
    add("Matomo", "bcrypt over MD5", php(f"password_hash(md5($p), {bcrypt})"), format="matomo")
    sha384 = "base64_encode(hash('sha384', $p, true))"
    add("Myth:Auth", "argon2 over SHA-384", php(f"password_hash({sha384}, {argon})"), format="myth-auth")
    add("Magento 2", "version 1", php("hash('sha256', 'sAlt' . $p) . ':sAlt:1'"), format="sha256", layout="{hash}:{salt}:{iterations}")  # fmt: skip
    add("PHP", "told to be iterated", php("bin2hex(random_bytes(32)) . ':sAlt:4'"), format="sha256", layout="{hash}:{salt}:{iterations}")  # fmt: skip
    add("PHP", "hash_hmac ripemd160", php("hash_hmac('ripemd160', $p, 'pepper-of-the-store')"), format="hmac-ripemd160", key="env:PEPPER")  # fmt: skip
    add("PHP", "hash_hmac whirlpool", php("hash_hmac('whirlpool', $p, 'pepper-of-the-store')"), format="hmac-whirlpool", key="env:PEPPER")  # fmt: skip
    add("PHP", "hash md4", php("hash('md4', $p)"), format="md4")
    add("Spring", "MD4", php("'{MD4}' . hash('md4', $p)"))
    add("PrestaShop", "md5 with the cookie key", php("md5('pepper-of-the-store' . $p)"), format="md5", key="env:PEPPER")
    add("Magento 1", "md5 of salt and password", php("md5('xY' . $p) . ':xY'"), format="md5", layout="{hash}:{salt}")
    add("Magento 2", "sha256 of salt and password", php("hash('sha256', 'q1w2' . $p) . ':q1w2:1'"), format="sha256", layout="{hash}:{salt}:1")  # fmt: skip
    add("MyBB", "md5 of md5s", php("md5(md5('abc') . md5($p))"), format="mybb")
    add("PHP", "sha1 of md5", php("sha1(md5($p))"), format="sha1-md5")
    add("PHP", "md5 of md5", php("md5(md5($p))"), format="md5-md5")


def with_libxcrypt() -> None:
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p

    def crypt(setting: bytes, password: str) -> str:
        made: bytes = library.crypt(password.encode(), setting)
        return made.decode()

    settings = {
        "$2x$": b"$2x$04$abcdefghijklmnopqrstuu",
        "$y$": b"$y$j75$abcdefghijklmnopqrst..",
        "$gy$": b"$gy$j75$abcdefghijklmnopqrst..",
        "$7$": b"$7$C6..../....abcdefghijklmnop",
        "$1$": b"$1$abcdefgh$",
        "$5$": b"$5$rounds=1000$abcdefgh$",
        "$6$": b"$6$rounds=1000$abcdefgh$",
        "bcrypt 2a": b"$2a$05$abcdefghijklmnopqrstuu",
        "bcrypt 2b": b"$2b$06$abcdefghijklmnopqrstuu",
    }
    for form, setting in settings.items():
        made = library.crypt(b"x", setting)
        if made is None or made.startswith(b"*"):
            print(f"left out: libxcrypt makes no {form}", file=sys.stderr)  # noqa: T201
            continue
        add("libxcrypt", form, partial(crypt, setting))


def with_firebase() -> None:
    from firebase_scrypt import encrypt, generate_derived_key

    salt, separator = base64.b64encode(b"salt-of-firebase").decode(), "Bw=="
    signer = hashlib.sha512(b"signer").digest()

    def make(password: str) -> str:
        made = encrypt(signer, generate_derived_key(password, salt, separator, 8, 14))
        return f"$fbscrypt$v=1${salt}${base64.b64encode(made).decode()}"

    add("Firebase", "scrypt of its own", make)


def with_drupal() -> None:
    from drupal_hash_utility import DrupalHashUtility

    add("Drupal 7", "sha512 iterated", DrupalHashUtility().encode)


def with_passlib() -> None:
    import bcrypt
    from passlib.context import CryptContext
    from passlib.hash import ldap_bcrypt

    context = CryptContext(["pbkdf2_sha512", "plaintext"], deprecated=["auto"], pbkdf2_sha512__rounds=1000)
    add("Odoo", "pbkdf2_sha512", context.hash)
    add("passlib", "ldap_bcrypt", lambda password: ldap_bcrypt.using(rounds=4).hash(password.encode()[:72]))
    add("Dovecot", "BLF-CRYPT", lambda p: "{BLF-CRYPT}" + bcrypt.hashpw(p.encode()[:72], bcrypt.gensalt(4)).decode())
    add(
        "bcrypt",
        "with a pepper before",
        lambda password: bcrypt.hashpw(("pepper-of-the-store" + password).encode()[:72], bcrypt.gensalt(4)).decode(),
        format="bcrypt",
        key="env:PEPPER",
        key_position="prefix",
    )


def with_argon2() -> None:
    from argon2 import PasswordHasher
    from argon2.low_level import Type, hash_secret_raw

    hasher = PasswordHasher(2, 1024, 1, 32, 16)
    salt = hashlib.sha256(b"salt").digest()[:16]

    def keycloak(password: str) -> str:
        made = hash_secret_raw(password.encode(), salt, 5, 7168, 1, 32, Type.ID, 0x13)
        public = {
            "hashIterations": 5,
            "algorithm": "argon2",
            "additionalParameters": {
                "hashLength": ["32"],
                "memory": ["7168"],
                "type": ["id"],
                "version": ["1.3"],
                "parallelism": ["1"],
            },
        }
        secret = {"value": base64.b64encode(made).decode(), "salt": base64.b64encode(salt).decode()}
        return json.dumps(
            {
                "type": "password",
                "credentialData": json.dumps(public),
                "secretData": json.dumps({**secret, "additionalParameters": {}}),
            }
        )

    add("Keycloak", "argon2", keycloak)
    add("Spring", "argon2", lambda password: "{argon2@SpringSecurity_v5_8}" + hasher.hash(password))
    add("MediaWiki", "argon2", lambda password: ":argon2:" + hasher.hash(password))
    add("Dovecot", "ARGON2ID", lambda password: "{ARGON2ID}" + hasher.hash(password))


def with_spring() -> None:
    """What the delegating encoder writes: its id before what the library itself makes."""
    import bcrypt

    def scrypt(head: str, size: int) -> Callable[[str], str]:
        salt = hashlib.sha512(b"salt of scrypt").digest()[:size]

        def make(password: str) -> str:
            made = hashlib.scrypt(password.encode(), salt=salt, n=1 << 10, r=8, p=1, dklen=32)
            parts = (base64.b64encode(part).decode() for part in (salt, made))
            return f"{head}${10 << 16 | 8 << 8 | 1:x}${'$'.join(parts)}"

        return make

    add("Spring", "bcrypt", lambda p: "{bcrypt}" + bcrypt.hashpw(p.encode()[:72], bcrypt.gensalt(4)).decode())
    add("Spring", "scrypt of 5.8", scrypt("{scrypt@SpringSecurity_v5_8}", 16))
    add("Spring", "scrypt without its id", scrypt("", 64))


for work in (
    with_argon2,
    with_spring,
    with_openldap,
    with_dovecot,
    with_php,
    with_libxcrypt,
    with_firebase,
    with_drupal,
    with_passlib,
):
    try:
        work()
    except (ImportError, FileNotFoundError) as missing:
        print(f"left out: {work.__name__}: {missing}", file=sys.stderr)  # noqa: T201
FILE.write_text(json.dumps(list(found.values()), ensure_ascii=False, indent=0, sort_keys=True) + "\n")
print(len(found), "vectors")  # noqa: T201
