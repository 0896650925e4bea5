"""Hash checks of the doorway, for what Auth0 takes and what it cannot take."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import bcrypt
import orjson
import passlib.hash
import pytest
from argon2.low_level import Type, hash_secret
from hypothesis import given
from hypothesis import strategies as st

from wizard.passwords import Judge
from wizard.passwords import check as check_module
from wizard.passwords import verify as verify_module
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.check import CannotCheck, fits
from wizard.passwords.declared import declared
from wizard.passwords.verify import Verifier

MADE = Path(__file__).parents[1] / "engine" / "passwords" / "vectors"
PASSWORD = "Lighthouse 47"
WORD = PASSWORD.encode()


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def made(name: str, **settings: Any) -> str:
    return str(getattr(passlib.hash, name).using(**settings).hash(PASSWORD))


def standard_encoder() -> str:
    data = digest = b"saltsalt" + WORD
    for _ in range(1024):
        digest = hashlib.sha256(digest).digest()
    assert data
    return "{sha256}" + (b"saltsalt" + digest).hex()


def kratos_pattern() -> str:
    """Salt on both sides, and a salt that looks like a part of the pattern."""
    salt = b"{PASSWORD}"
    digest = hashlib.sha256(b"#" + salt + WORD + b"#" + salt).digest()
    parts = (b"#{SALT}{PASSWORD}#{SALT}", salt, digest)
    return "$sha256$pf=" + "$".join(b64encode(part).decode() for part in parts)


def wordpress() -> str:
    inner = b64encode(hmac.new(b"wp-sha384", WORD, "sha384").digest())
    return "$wp" + bcrypt.hashpw(inner, bcrypt.gensalt(4, b"2a")).decode().replace("$2a$", "$2y$")


STORED = {
    "bcrypt": bcrypt.hashpw(WORD, bcrypt.gensalt(4)).decode(),
    "bcrypt cost 10, 2y": bcrypt.hashpw(WORD, bcrypt.gensalt(10)).decode().replace("$2b$", "$2y$"),
    "crypt(3) md5": made("md5_crypt"),
    "crypt(3) sha256": made("sha256_crypt", rounds=1000),
    "crypt(3) sha512": made("sha512_crypt", rounds=1000),
    "crypt(3) in LDAP": "{CRYPT}" + made("sha512_crypt", rounds=1000),
    "apache": made("apr_md5_crypt"),
    "DES": made("des_crypt"),
    "phpass": made("phpass", rounds=7),
    "phpBB": made("phpass", rounds=7).replace("$P$", "$H$"),
    "bcrypt-sha256": made("bcrypt_sha256", rounds=4),
    "django bcrypt-sha256": made("django_bcrypt_sha256", rounds=4),
    "django pbkdf2": made("django_pbkdf2_sha256", rounds=100),
    "django crypt": made("django_des_crypt"),
    "argon2id": hash_secret(WORD, b"saltsalt", 1, 64, 1, 16, Type.ID).decode(),
    "argon2d": hash_secret(WORD, b"saltsalt", 1, 64, 1, 16, Type.D).decode(),
    "argon2i": hash_secret(WORD, b"saltsalt", 1, 64, 1, 16, Type.I).decode(),
    "argon2id version 1.0": hash_secret(WORD, b"saltsalt", 1, 64, 1, 16, Type.ID, version=16).decode(),
    "LDAP": made("ldap_salted_sha1"),
    "MySQL": made("mysql41"),
    "SQL Server": made("mssql2005"),
    "dlitz": made("dlitz_pbkdf2_sha1", rounds=100),
    "MediaWiki B": f":B:838c83e1:{md5('838c83e1-' + md5(PASSWORD))}",
    "Spring standard": standard_encoder(),
    "Spring noop": "{noop}" + PASSWORD,
    "WordPress 6.8": wordpress(),
    "Kratos md5-crypt": made("md5_crypt").replace("$1$", "$md5-crypt$"),
    "Kratos sha256-crypt": made("sha256_crypt", rounds=1000).replace("$5$", "$sha256-crypt$"),
    "Kratos sha512-crypt": made("sha512_crypt", rounds=1000).replace("$6$", "$sha512-crypt$"),
    "Kratos pattern": kratos_pattern(),
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED.keys())
def test_the_right_password_fits_and_others_do_not(stored: str) -> None:
    check = Verifier(Judge())
    assert check(PASSWORD, stored)
    assert not check("x" + PASSWORD, stored)
    assert not check("", stored)


# Vectors that others made: Drupal 7's own test, Firebase's sample project, PostgreSQL's documentation of RFC 7677.
VECTORS = [
    (
        "user1password",
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
    ),
    (
        "pencil",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    ),
]


def of_kratos(stored: str) -> str:
    """Firebase's hash as Ory Kratos writes it."""
    _, _, numbers, salt, hashed = stored.split("$")
    given = dict(part.split("=", 1) for part in numbers.split(","))
    return f"$firescrypt$ln={given['n']},r={given['r']},p={given['p']}${salt}${hashed}${given['ss']}${given['sk']}"


VECTORS.append((VECTORS[0][0], of_kratos(VECTORS[0][1])))


@pytest.mark.parametrize(("password", "stored"), VECTORS, ids=["firebase", "postgresql", "kratos"])
def test_vectors_of_the_makers_fit(password: str, stored: str) -> None:
    check = Verifier(Judge())
    assert check(password, stored)
    assert not check(password + "1", stored)


def drupal(password: bytes, rounds: int) -> str:
    """Independent of the code: phpass in libpass, with another digest."""
    from passlib.utils.binary import h64

    letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    digest = hashlib.sha512(b"saltSALT" + password).digest()
    for _ in range(2**rounds):
        digest = hashlib.sha512(digest + password).digest()
    encoded: bytes = h64.encode_bytes(digest)
    return ("$S$" + letters[rounds] + "saltSALT" + encoded.decode())[:55]


def test_drupal_fits_also_over_md5() -> None:
    check = Verifier(Judge())
    assert check(PASSWORD, drupal(WORD, 8))
    assert not check("other", drupal(WORD, 8))
    assert check(PASSWORD, "U" + drupal(md5(PASSWORD).encode(), 8))


DECLARED = {
    "md5-md5": md5(md5(PASSWORD)),
    "sha1-md5": hashlib.sha1(md5(PASSWORD).encode(), usedforsecurity=False).hexdigest(),
    "mybb": md5(md5("pepper") + md5(PASSWORD)),
    "vbulletin": md5(md5(PASSWORD) + "pepper"),
    "meteor": bcrypt.hashpw(hashlib.sha256(WORD).hexdigest().encode(), bcrypt.gensalt(4)).decode(),
    "vbulletin5": bcrypt.hashpw(md5(PASSWORD).encode(), bcrypt.gensalt(4)).decode(),
    "matomo": bcrypt.hashpw(md5(PASSWORD).encode(), bcrypt.gensalt(4)).decode(),
    "suitecrm": bcrypt.hashpw(md5(PASSWORD).encode(), bcrypt.gensalt(4)).decode(),
    "nodebb": bcrypt.hashpw(hashlib.sha512(WORD).hexdigest().encode()[:72], bcrypt.gensalt(4)).decode(),
    "bcrypt": bcrypt.hashpw(b"pepper" + WORD, bcrypt.gensalt(4)).decode(),
    "myth-auth": bcrypt.hashpw(b64encode(hashlib.sha384(WORD).digest()), bcrypt.gensalt(4)).decode(),
    "smf": bcrypt.hashpw(b"pepper" + WORD, bcrypt.gensalt(4)).decode(),
    "pimcore": bcrypt.hashpw(md5(f"pepper:pimcore:{PASSWORD}").encode(), bcrypt.gensalt(4)).decode(),
    "plain": PASSWORD,
    "sha256": hashlib.sha256(b"pepper" + WORD).hexdigest(),
}


@pytest.mark.parametrize("name", DECLARED)
def test_declared_formats_fit_with_their_salt(name: str) -> None:
    answers = PasswordsAnswers.model_validate({"column": "hash", "format": name, "salt": "salt"})
    check = Verifier(Judge(declared(answers)))
    assert check(PASSWORD, DECLARED[name], "pepper")
    assert not check("other", DECLARED[name], "pepper")


def test_names_of_smf_count_in_small_letters() -> None:
    check = Verifier(Judge(declared(PasswordsAnswers(column="passwd", format="smf", salt="member_name"))))
    assert check(PASSWORD, hashlib.sha1(b"ann" + WORD, usedforsecurity=False).hexdigest(), "Ann")
    assert not check("other", hashlib.sha1(b"ann" + WORD, usedforsecurity=False).hexdigest(), "Ann")


def test_flask_security_is_checked_with_its_key_and_not_without() -> None:
    inner = b64encode(hmac.digest(b"flask", WORD, "sha512"))
    stored = bcrypt.hashpw(inner[:72], bcrypt.gensalt(4)).decode()
    answers = PasswordsAnswers(column="password", format="flask-security", key="env:KEY")
    check = Verifier(Judge(declared(answers, lambda reference: "flask")))
    assert check(PASSWORD, stored) and not check("other", stored)
    with pytest.raises(CannotCheck):
        Verifier(Judge(declared(PasswordsAnswers(column="password"), columns=["fs_uniquifier", "password"])))(
            PASSWORD, stored
        )


def test_blesta_is_checked_with_its_key_and_not_without() -> None:
    inner = hmac.new(b"of the system", WORD, "sha256").hexdigest()
    stored = bcrypt.hashpw(inner.encode(), bcrypt.gensalt(4)).decode()
    answers = PasswordsAnswers(column="password", format="blesta", key="env:KEY")
    check = Verifier(Judge(declared(answers, lambda reference: "of the system")))
    assert check(PASSWORD, stored) and not check("other", stored)
    with pytest.raises(CannotCheck):
        Verifier(Judge(declared(PasswordsAnswers(column="password", format="blesta"))))(PASSWORD, stored)


@pytest.mark.parametrize("name", ["cta_pbkdf2_sha1", "dlitz_pbkdf2_sha1"])
def test_forms_that_begin_alike_are_told_apart(name: str) -> None:
    import passlib.hash

    stored = getattr(passlib.hash, name).using(rounds=100).hash(PASSWORD)
    assert Verifier(Judge())(PASSWORD, stored)
    assert not Verifier(Judge())("other", stored)


@pytest.mark.parametrize(
    "stored", ["{SSHA}tooshort", "$scrypt$n=16384,r=8", "pbkdf2_sha256$1000$salt$", "$1$salt$short"]
)
def test_what_seems_damaged_is_no_wrong_password(stored: str) -> None:
    with pytest.raises(CannotCheck):
        Verifier(Judge())(PASSWORD, stored)


@pytest.mark.parametrize("stored", ["", "!", "*", "$2b$10$short"])
def test_an_account_without_usable_password_lets_nobody_in(stored: str) -> None:
    assert not Verifier(Judge())(stored, stored)


@pytest.mark.parametrize(
    "stored", ["0" * 32, "$y$j9T$abc$def", "$fbscrypt$v=1$c2FsdA==$aGFzaA==", "$2x$04$" + "a" * 53]
)
def test_what_cannot_be_checked_is_said_so_and_is_no_wrong_password(stored: str) -> None:
    with pytest.raises(CannotCheck):
        Verifier(Judge())(PASSWORD, stored)


@pytest.mark.parametrize("stored", ["$6$rounds=999999999$salt$" + "a" * 86, "$2b$31$" + "a" * 53])
def test_a_hash_that_takes_minutes_is_not_begun(stored: str) -> None:
    with pytest.raises(CannotCheck):
        Verifier(Judge())(PASSWORD, stored)


def test_an_endless_password_is_wrong_at_once() -> None:
    assert not Verifier(Judge())("x" * 5000, "{noop}" + "x" * 5000)


WITH_SALT = {"format": "hmac-sha256", "key": "env:KEY", "salt": "salt"}


@pytest.mark.parametrize("unconfirmed", ["reject", "import", None])
@pytest.mark.parametrize(
    ("described", "stored"),
    [
        ({}, STORED["bcrypt"]),
        ({}, STORED["argon2i"]),
        (WITH_SALT, hmac.new(b"pepper", b"nonce" + WORD, "sha256").hexdigest()),
        ({"format": "sha1", "also": [WITH_SALT]}, hmac.new(b"pepper", b"nonce" + WORD, "sha256").hexdigest()),
    ],
    ids=["bcrypt of another cost", "argon2i", "HMAC with a salt", "HMAC with a salt in also"],
)
def test_whether_a_hash_is_imported_is_no_matter_at_a_login(
    described: dict[str, Any], stored: str, unconfirmed: str | None
) -> None:
    answers = PasswordsAnswers.model_validate({"column": "hash", "unconfirmed": unconfirmed, **described})
    check = Verifier(Judge(declared(answers, lambda reference: "pepper")))
    beside = ["nonce"] * len(check.judge.declared.columns)
    assert check(PASSWORD, stored, *beside)
    assert not check("other", stored, *beside)


def bcrypt_of(salt: str) -> str:
    return f"$2b$04${salt}{'b' * 31}"


BEYOND = {
    "bcrypt with a salt that ends oddly": (bcrypt_of("a" * 22), "ends in a letter"),
    "bcrypt of PHP with a salt that ends oddly": ("$wp" + bcrypt_of("a" * 22).replace("2b", "2y"), "ends in a letter"),
    "argon2id of too many lanes": ("$argon2id$v=19$m=65536,t=1,p=8192$" + "c2FsdHNhbHQ$" + "a" * 43, "lanes"),
    "phpass without anything": ("$P$", "cut short"),
    "phpBB without anything": ("$H$", "cut short"),
    "Drupal without anything": ("$S$", "damaged"),
    "Spring without anything": ("{sha256}" + "ab" * 7, "damaged"),
    "argon2 with a short salt": ("$argon2id$v=19$m=64,t=1,p=1$YWI$" + "a" * 43, "argon2"),
}


@pytest.mark.parametrize(("stored", "words"), BEYOND.values(), ids=BEYOND.keys())
def test_what_no_library_computes_is_said_in_words(stored: str, words: str) -> None:
    with pytest.raises(CannotCheck, match=words):
        Verifier(Judge())(PASSWORD, stored)


def test_scrypt_beyond_its_standard_is_no_failure() -> None:
    written = "$scrypt$ln={0},r=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + b64encode(b"h" * 32).decode().rstrip("=")
    beyond, within = (Judge()(written.format(cost)) for cost in (16, 15))
    assert (beyond.code, within.carried_by) == ("password_uncheckable", "custom_password_hash")
    assert "below 65,536" in beyond.why
    assert isinstance(within.value, dict) and not fits(PASSWORD, within.value)
    with pytest.raises(CannotCheck, match="below 65,536"):
        fits(PASSWORD, {**within.value, "cost": 1 << 16})


VALUES = [
    (str(vector["row"]["hash"]), vector["declared"], tuple(vector["row"].items()))
    for name in ("python", "node", "npm", "others")
    for vector in orjson.loads((MADE / f"{name}.json").read_bytes())
    if vector["password"] == "plain"
]
LETTERS = st.sampled_from(["", "$", "=", "a", "z", "é", "\0", "}", ",", "\ud800", ".", "/", "9"])


def mangled(value: str, at: int, length: int, letters: str) -> str:
    at %= len(value)
    return value[:at] + letters + value[at + length :]


@pytest.mark.filterwarnings("ignore::passlib.exc.PasslibHashWarning")
@given(
    st.sampled_from(VALUES),
    st.integers(0, 999),
    st.integers(0, 9),
    LETTERS,
    st.sampled_from([PASSWORD, "", "\ud800", "\0"]),
)
def test_a_mangled_hash_of_any_format_is_checked_or_said_to_be_beyond_that(
    vector: tuple[str, dict[str, Any], tuple[tuple[str, str], ...]], at: int, length: int, letters: str, typed: str
) -> None:
    value, described, row = vector
    answers = PasswordsAnswers.model_validate({"column": "hash", "unconfirmed": "import", **described})
    judge = Judge(declared(answers, lambda reference: "pepper"))
    beside = [dict(row).get(name, "") for name in judge.declared.columns]
    value = mangled(value, at, length, letters)
    verdict = judge(value, *beside)
    with pytest.MonkeyPatch.context() as patch:
        for module in (check_module, verify_module):  # so that nothing takes long
            for limit, less in (("MOST_ROUNDS", 50_000), ("MOST_MEMORY", 1 << 24), ("MOST_COST", 5)):
                patch.setattr(module, limit, less, raising=False)
        with suppress(CannotCheck):
            assert Verifier(judge)(typed, value, *beside) in (True, False)
        if verdict.value is not None:
            with suppress(CannotCheck):
                assert fits(typed, verdict.value) in (True, False)
