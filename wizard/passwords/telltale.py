"""Products whose columns give them away, and whose stored values look like hashes of the password and are of something else.

Source: Flask-Security docs, SECURITY_PASSWORD_SINGLE_HASH (a password is HMAC'd first by default); Myth:Auth, Password::hash;
Matomo, Auth/Password (over md5); vBulletin 5, vB_Library_Login (blowfish over md5); Simple Machines Forum, hash_password; Metabase,
verify-password (bcrypt over the salt of core_user and the password); NodeBB, password.js (bcrypt over
SHA-512); SuiteCRM, User::getPasswordHash (over md5); Blesta docs, "Encryption" (bcrypt over HMAC-SHA-256); Pimcore,
Tool/Authentication (bcrypt over md5 of name, realm and password).
"""

from __future__ import annotations

from collections.abc import Collection

SIGNS: tuple[tuple[frozenset[str], str | None, str], ...] = (
    (frozenset({"fs_uniquifier"}), None, "flask-security"),
    (frozenset({"scheme"}), "token", "vbulletin5"),
    (frozenset({"reset_hash", "activate_hash"}), "password_hash", "myth-auth"),
    (frozenset({"superuser_access"}), "password", "matomo"),
    (frozenset({"password:shaWrapped"}), "password", "nodebb"),
    (frozenset({"system_generated_password"}), "user_hash", "suitecrm"),
    (frozenset({"member_name"}), "passwd", "smf"),
    (frozenset({"two_factor_mode", "two_factor_pin"}), "password", "blesta"),
    (frozenset({"memorizeTabs"}), "password", "pimcore"),
    (frozenset({"is_qbnewb", "password_salt"}), "password", "bcrypt"),
)
"""Columns that are there, the column of the hash if it always is that one, and the format."""


SALTS = {"smf": "member_name", "pimcore": "name", "bcrypt": "password_salt"}
"""The column of what is hashed with the password, by format."""


def told_by(columns: Collection[str], column: str | None) -> dict[str, str]:
    """Settings of [passwords] by what these columns give away, where the hash is in this one; empty if they do not."""
    there = {name.rpartition(".")[2]: name for name in columns}
    hashes = (column or "").rpartition(".")[2]
    for signs, where, name in SIGNS:
        if signs <= there.keys() and where in (None, hashes):
            salt = there.get(SALTS.get(name, ""))
            return {"format": name, **({"salt": salt} if salt else {})}
    return {}
