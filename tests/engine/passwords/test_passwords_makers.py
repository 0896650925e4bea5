"""Forms of single makers that look like damaged ones of others: each is read as its maker documents it."""

from __future__ import annotations

import hashlib
import json
import struct
import time
from base64 import b64encode, urlsafe_b64encode

import bcrypt
import pytest
from passlib.hash import nthash, phpass

from wizard.passwords import Judge, judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.check import CannotCheck
from wizard.passwords.declared import declared
from wizard.passwords.prove import Known, prove, with_recipe
from wizard.passwords.verify import Verifier
from wizard.practice.hashes.rules import validate_hash
from wizard.practice.hashes.verify import verify

WORD = "Tr0ub4dor&3 größer"
SALT = b"8 bytes!"


def pbkdf2(name: str, iterations: int, salt: bytes = SALT) -> bytes:
    return hashlib.pbkdf2_hmac(name, WORD.encode(), salt, iterations)


def text(data: bytes) -> str:
    return b64encode(data).decode()


MADE = {
    "Joomla 3.2": "{SHA256}" + hashlib.sha256(WORD.encode() + b"pepper:42").hexdigest() + ":pepper:42",
    "OpenDJ": "{PBKDF2}10000:" + text(pbkdf2("sha1", 10_000) + SALT),
    "OpenDJ, sha256": "{PBKDF2-HMAC-SHA256}1000:" + text(pbkdf2("sha256", 1000) + SALT),
    "OpenDJ, sha512, longer salt": "{PBKDF2-HMAC-SHA512}10:" + text(pbkdf2("sha512", 10, SALT * 2) + SALT * 2),
    "npm, pbkdf2-password-hash": f"sha512$1000$64${text(SALT)}${text(pbkdf2('sha512', 1000))}",
    "Dovecot, NTLM": "{NTLM}" + nthash.hash(WORD).upper(),
    "Liferay 6.2": text(struct.pack(">II", 160, 1000) + SALT + pbkdf2("sha1", 1000)),
    "Liferay 7.4": "{PBKDF2WithHmacSHA1}" + text(struct.pack(">II", 160, 1300) + SALT + pbkdf2("sha1", 1300)),
    "Liferay 2025": "{PBKDF2WithHmacSHA256/256/1300}"
    + text(struct.pack(">II", 256, 1300) + SALT * 2 + pbkdf2("sha256", 1300, SALT * 2)),
}


@pytest.mark.parametrize("maker", MADE)
def test_what_a_maker_documents_travels_and_only_the_right_password_fits(maker: str) -> None:
    verdict = judge(MADE[maker])
    assert verdict.carried_by == "custom_password_hash"
    assert isinstance(verdict.value, dict)
    assert validate_hash(verdict.value) == []
    assert verify(WORD, verdict.value)
    assert not verify(WORD + "x", verdict.value)
    assert not verify(WORD[1:], verdict.value)


@pytest.mark.parametrize(
    "maker",
    [
        *("Joomla 3.2", "OpenDJ", "OpenDJ, sha256", "OpenDJ, sha512, longer salt", "npm, pbkdf2-password-hash"),
        "Liferay 6.2",
    ],
)
def test_what_does_not_name_its_maker_rests_on_one_and_is_to_be_proven(maker: str) -> None:
    assert judge(MADE[maker]).assumes
    assert judge(MADE[maker][:-3]).carried_by == "none" or maker == "Joomla 3.2"


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        ("{smd5}17800721$" + "a" * 22, "crypt of AIX"),
        ("{ssha1}06$5586485655847243$" + "a" * 27, "crypt of AIX"),
        ("{ssha256}06$2715084824104660$" + "a" * 43, "crypt of AIX"),
        ("{ssha512}06$4653718755856803$" + "a" * 86, "crypt of AIX"),
        ("{SASL}ann@EXAMPLE.COM", "SASL"),
        ("$f_scrypt$aGFzaA==$c2FsdA==$m=14$r=8$s=Bw==", "Firebase scrypt"),
    ],
)
def test_whole_values_of_other_makers_are_refused_as_theirs_and_not_as_damaged(value: str, scheme: str) -> None:
    verdict = judge(value)
    assert (verdict.scheme, verdict.code) == (scheme, "password_uncheckable")
    assert "reset their password" in verdict.why and "at their login" not in verdict.why


def test_bcrypt_of_an_extension_of_keycloak_travels_once_it_is_proven() -> None:
    stored = bcrypt.hashpw(WORD.encode(), bcrypt.gensalt(4)).decode()
    public = json.dumps({"hashIterations": 4, "algorithm": "bcrypt", "additionalParameters": {}})
    secret = json.dumps({"value": stored, "salt": "", "additionalParameters": {}})
    verdict = judge(json.dumps({"type": "password", "credentialData": public, "secretData": secret}))
    assert verdict.assumes
    assert isinstance(verdict.value, dict)
    assert verify(WORD, verdict.value)
    assert not verify(WORD[1:], verdict.value)
    cut = secret.replace(stored, stored[:-3])
    assert judge(json.dumps({"credentialData": public, "secretData": cut})).code == "password_damaged"


PHC = "$pbkdf2-sha256$i=1000$"


def test_hex_where_phc_has_base64_is_asked_about_and_found_out() -> None:
    value = f"{PHC}{SALT.hex()}${pbkdf2('sha256', 1000).hex()}"
    assert judge(value).code == "password_undeclared"
    answers = PasswordsAnswers(column="hash")
    found = prove([Known({"hash": value}, WORD)], answers, secret=str, seconds=60, now=time.monotonic)
    assert found.recipe["layout"] == PHC.replace("1000", "{iterations}") + "{salt}${hash}"
    changed = with_recipe(answers, found.recipe)
    assert changed is not None
    judged = Judge(declared(changed))
    travels = judged(value).value
    assert isinstance(travels, dict)
    assert verify(WORD, travels)
    assert not verify(WORD[1:], travels)
    assert judged("$2b$10$" + "a" * 53).carried_by == "password_hash"


def test_hex_where_scrypt_of_phc_has_base64_is_asked_about() -> None:
    made = hashlib.scrypt(WORD.encode(), salt=SALT, n=1024, r=8, p=1, dklen=32)
    assert judge(f"$scrypt$ln=10,r=8,p=1${SALT.hex()}${made.hex()}").code == "password_undeclared"
    whole = judge(f"$scrypt$ln=10,r=8,p=1${text(SALT)}${text(made)}")
    assert isinstance(whole.value, dict)
    assert verify(WORD, whole.value)


def test_a_few_bytes_are_no_whole_hash_of_phc() -> None:
    whole = text(pbkdf2("sha256", 1000)).rstrip("=")
    assert judge(f"{PHC}{text(SALT)}${whole}").carried_by == "custom_password_hash"
    assert judge(f"{PHC}{text(SALT)}${whole[:16]}").code == "password_damaged"


def test_base64_for_urls_is_base64_in_phc_too() -> None:
    salt = b"\xfb\xff" * 8
    made = pbkdf2("sha256", 1000, salt)
    verdict = judge(f"{PHC}{urlsafe_b64encode(salt).decode()}${urlsafe_b64encode(made).decode()}")
    assert isinstance(verdict.value, dict)
    assert verify(WORD, verdict.value)


def in_php(**members: str) -> str:
    texts = [f's:{len(part.encode())}:"{part}";' for pair in members.items() for part in pair]
    return f"a:{len(members)}:{{{''.join(texts)}}}"


def test_a_hash_in_an_array_of_xenforo_is_what_it_is_alone() -> None:
    hashed = bcrypt.hashpw(WORD.encode(), bcrypt.gensalt(4)).decode()
    assert judge(in_php(hash=hashed)) == judge(hashed)
    assert judge(in_php(hash=hashed)).carried_by != "none"


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_what_xenforo_hashed_twice_stays_behind_and_can_be_checked_at_a_login(digest: str) -> None:
    inner = hashlib.new(digest, WORD.encode()).hexdigest()
    outer = hashlib.new(digest, f"{inner}salt".encode()).hexdigest()
    stored = in_php(hash=outer, salt="salt", hashFunc=digest)
    assert (judge(stored).scheme, judge(stored).code) == ("xenforo", "password_unsupported")
    assert Verifier(Judge())(WORD, stored)
    assert not Verifier(Judge())(f"{WORD}x", stored)


def test_phpass_in_an_array_of_xenforo_can_be_checked_at_a_login() -> None:
    stored = in_php(hash=phpass.hash(WORD))
    assert judge(stored).scheme == "phpass"
    assert Verifier(Judge())(WORD, stored)
    assert not Verifier(Judge())(f"{WORD}x", stored)


@pytest.mark.parametrize("damaged", ['a:1:{s:4:"hash";s:9:"short";}', "a:0:{}", "a:1:{i:0;i:1;}", "a:"])
def test_arrays_that_are_no_such_record_are_not_taken_for_one(damaged: str) -> None:
    assert judge(damaged).carried_by == "none"
    with pytest.raises(CannotCheck):
        Verifier(Judge())(WORD, damaged)
