"""Identity services whose users leave as JSON or CSV: Firebase, Cognito, Okta, Supabase, Clerk, FusionAuth."""

from __future__ import annotations

import re
from typing import Any

from wizard.legacy.stores.parts import base32_text, base64_bytes, compact, first, is_there, is_true, objects
from wizard.legacy.stores.store import FILES, TABLES, DeletedUser, Made, Row, Store, signs, since, unless
from wizard.mapping.words import LEFT_FACTOR

_JSON = frozenset(("json", "ndjson"))


def _firebase(row: Row) -> Made:
    """Firebase names its own variant of scrypt nowhere in the file; the project's key is not in it either."""
    digest, salt = row.get("passwordHash"), row.get("salt")
    return {"password": f"$fbscrypt$v=1${salt or ''}${digest}" if digest else None}


FIREBASE = Store(
    key="firebase",
    title="Firebase auth:export",
    signs=signs(
        *("localId passwordHash", "localId providerUserInfo", "localId lastSignedInAt"),
        *("uid passwordHash passwordSalt", "uid providerData metadata.creationTime"),
    ),
    forms=FILES,
    profile={
        "user_id": "localId",
        "email": "email",
        "email_verified": "emailVerified",
        "name": "displayName",
        "picture": "photoUrl",
        "phone_number": "phoneNumber",
        "blocked": "disabled",
        "app_metadata": {"claims": {"column": "customAttributes", "transforms": ["json"]}},
    },
    passwords={"column": "password"},
    activity="lastSignedInAt",
    created="createdAt",
    verified="emailVerified",
    aliases={
        "uid": "localId",
        "photoURL": "photoUrl",
        "passwordSalt": "salt",
        "metadata.creationTime": "createdAt",
        "metadata.lastSignInTime": "lastSignedInAt",
    },
    made=("password",),
    make=_firebase,
    reads=("passwordHash", "salt", "passwordSalt", "providerUserInfo", "providerData"),
    headless=(
        *("localId", "email", "emailVerified", "passwordHash", "salt", "displayName", "photoUrl"),
        *(
            f"{name}.{part}"
            for name in ("google", "facebook", "twitter", "github")
            for part in ("id", "email", "name", "photo")
        ),
        *("createdAt", "lastSignedInAt", "phoneNumber", "disabled", "customAttributes"),
    ),
    notes=(
        "Users who only sign in with Google, Facebook and the like have no password; link them after the migration.",
    ),
)  # Source: Firebase docs, "auth:import and auth:export"; Firebase Admin SDK, UserRecord.toJSON, as listUsers gives it


_COGNITO = (
    *("sub", "email", "email_verified", "phone_number", "phone_number_verified", "given_name", "family_name"),
    *("name", "nickname", "picture", "preferred_username"),
)


def _cognito(row: Row) -> Made:
    """Attributes of a JSON export are a list of names and values; those of CSV are columns already."""
    found = {each.get("Name"): each.get("Value") for each in objects(row.get("Attributes"))}
    made: dict[str, Any] = {name: found.get(name) for name in _COGNITO}
    custom = {str(name)[7:]: value for name, value in found.items() if str(name).startswith("custom:")}
    user_id = first(found.get("sub"), row.get("sub"), row.get("Username"), row.get("cognito:username"))
    return {**made, "custom": custom or None, "user_id": user_id, LEFT_FACTOR: _cognito_factor(row)}


def _cognito_factor(row: Row) -> str | None:
    """Codes by SMS, or an app whose secret Cognito never gives away."""
    listed = row.get("UserMFASettingList")
    kinds = [str(each) for each in listed] if isinstance(listed, list) else []
    by_sms = "SMS_MFA" in kinds or objects(row.get("MFAOptions")) or is_true(row.get("cognito:mfa_enabled"))
    return "sms" if by_sms else "otp" if kinds else None


COGNITO = Store(
    key="cognito",
    title="Amazon Cognito users",
    signs=signs("Username Attributes UserStatus", "cognito:username"),
    forms=FILES,
    profile={
        "user_id": "user_id",
        "email": "email",
        "email_verified": "email_verified",
        "phone_number": "phone_number",
        "phone_verified": "phone_number_verified",
        "given_name": "given_name",
        "family_name": "family_name",
        "name": "name",
        "nickname": "nickname",
        "picture": "picture",
        "blocked": unless("Enabled"),
        "app_metadata": {"custom": "custom"},
    },
    created="UserCreateDate",
    verified="email_verified",
    made=(*_COGNITO, "custom", "user_id", LEFT_FACTOR),
    make=_cognito,
    reads=("Username", "Attributes", "UserStatus"),
    notes=(
        "Cognito gives no password hashes away: move users at their login (automatic), or let them reset.",
        "Second factors stay behind, and prepare counts their users; for codes by SMS map mfa.phone to phone_number.",
        "Users with UserStatus EXTERNAL_PROVIDER belong to another identity provider.",
    ),
)  # Source: Amazon Cognito API reference, "UserType"; "Importing users into a user pool", the header of the CSV file

_OKTA_OPEN = (
    '"STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "PENDING USER ACTION", '
    '"PASSWORD RESET", "PASSWORD EXPIRED", "LOCKED OUT"'
)
"""Statuses of the API, then those that the admin console writes otherwise."""

OKTA = Store(
    key="okta",
    title="Okta users",
    signs=(
        *signs("status profile.login", "status profile.email"),
        frozenset(("User Id", "Username", "Email", "Status")),
    ),
    forms=FILES,
    profile={
        "user_id": "id",
        "email": "profile.email",
        "given_name": "profile.firstName",
        "family_name": "profile.lastName",
        "name": "profile.displayName",
        "nickname": "profile.nickName",
        "blocked": {
            "column": "status",
            "transforms": ["strip", f'bool(true=["SUSPENDED", "DEPROVISIONED", "DEACTIVATED"], false=[{_OKTA_OPEN}])'],
        },
    },
    activity="lastLogin",
    created="created",
    aliases={
        "User Id": "id",
        "Username": "profile.login",
        "First Name": "profile.firstName",
        "Last Name": "profile.lastName",
        "Email": "profile.email",
        "Status": "status",
        "Last Login": "lastLogin",
        "Created": "created",
    },
    reads=("activated",),
    notes=(
        "Okta gives no password hashes away: move users at their login (automatic), or let them reset.",
        "The API calls addresses VERIFIED (credentials.emails) also where an administrator typed them, so that is not mapped; set "
        "email_verified if all of yours are.",
    ),
)  # Source: Okta developer docs, "Users" of the management API


def _supabase(row: Row) -> Made:
    """Soft deletion keeps the row and sets deleted_at; telephone numbers are kept without the sign +."""
    if is_there(row.get("deleted_at")):
        raise DeletedUser
    phone = str(row.get("phone")).strip().removeprefix("+") if is_there(row.get("phone")) else ""
    return {"phone_with_plus": f"+{phone}" if phone else None}


SUPABASE = Store(
    key="supabase",
    title="Supabase auth.users",
    signs=signs("encrypted_password raw_user_meta_data", "encrypted_password raw_app_meta_data"),
    forms=TABLES,
    profile={
        "user_id": "id",
        "email": "email",
        "email_verified": since("email_confirmed_at"),
        "phone_number": {"column": "phone_with_plus", "when_invalid": "omit"},
        "phone_verified": since("phone_confirmed_at"),
        "mfa": {"totp": "totp_secret"},
    },
    passwords={"column": "encrypted_password"},
    activity="last_sign_in_at",
    created="created_at",
    verified="email_confirmed_at",
    made=("phone_with_plus",),
    make=_supabase,
    reads=("deleted_at", "phone"),
    query=(
        "SELECT u.id, u.email, u.encrypted_password, u.email_confirmed_at, u.phone, u.phone_confirmed_at, "
        "u.raw_user_meta_data, u.raw_app_meta_data, u.banned_until, u.last_sign_in_at, u.created_at, "
        "(SELECT f.secret FROM auth.mfa_factors f WHERE f.user_id = u.id AND f.factor_type = 'totp' "
        "AND f.status = 'verified' ORDER BY f.created_at LIMIT 1) AS totp_secret "
        "FROM auth.users u WHERE u.deleted_at IS NULL"
    ),
    notes=(
        "Users are bcrypt; those whom a social provider signs in have no password.",
        "Map raw_user_meta_data to user_metadata with the transform json if applications need it.",
        "A telephone number that is none is left out, and prepare counts its users.",
        "A ban (banned_until) may have ended, so it is not mapped to blocked.",
    ),
)  # Source: Supabase docs, "Auth", schema auth


def _clerk(row: Row) -> Made:
    """CSV has lists of addresses in one cell; JSON has objects, and names the first of them by id."""
    addresses = objects(row.get("email_addresses"))
    phones = objects(row.get("phone_numbers"))
    chosen = _chosen(addresses, row.get("primary_email_address_id"))
    phone = _chosen(phones, row.get("primary_phone_number_id"))
    email = first(row.get("primary_email_address"), chosen.get("email_address"))
    number = first(row.get("primary_phone_number"), phone.get("phone_number"))
    return {
        "primary_email": email,
        "primary_email_verified": _verified(email, row.get("verified_email_addresses"), chosen),
        "primary_phone": number,
        "primary_phone_verified": _verified(number, row.get("verified_phone_numbers"), phone),
        "password": _clerk_password(row),
    }


def _chosen(listed: list[dict[str, Any]], wanted: Any) -> dict[str, Any]:
    return next((each for each in listed if wanted and each.get("id") == wanted), listed[0] if listed else {})


def _verified(value: Any, listed: Any, chosen: dict[str, Any]) -> bool | None:
    if not value:
        return None
    if isinstance(listed, str):
        return value in re.split(r"[\s,;|]+", listed)
    verification = chosen.get("verification")
    return isinstance(verification, dict) and verification.get("status") == "verified"


def _clerk_password(row: Row) -> Any:
    digest, hasher = row.get("password_digest"), row.get("password_hasher")
    if not digest or not hasher or (hasher == "bcrypt" and str(digest).startswith("$2")):
        return digest
    return compact({"password_digest": str(digest), "password_hasher": str(hasher)})


CLERK = Store(
    key="clerk",
    title="Clerk users",
    signs=signs(
        "primary_email_address password_digest",
        "primary_email_address_id email_addresses",
        "password_hasher password_digest",
    ),
    forms=FILES,
    profile={
        "user_id": "id",
        "email": "primary_email",
        "email_verified": "primary_email_verified",
        "phone_number": "primary_phone",
        "phone_verified": "primary_phone_verified",
        "given_name": "first_name",
        "family_name": "last_name",
        "picture": "image_url",
        "blocked": "banned",
        "mfa": {"totp": "totp_secret"},
    },
    passwords={"column": "password"},
    activity="last_sign_in_at",
    created="created_at",
    verified="primary_email_verified",
    made=("primary_email", "primary_email_verified", "primary_phone", "primary_phone_verified", "password"),
    make=_clerk,
    notes=("Only the export of Clerk's dashboard holds password digests and TOTP secrets.",),
)  # Source: Clerk docs, "Export your users from Clerk"


def _fusionauth(row: Row) -> Made:
    secret, methods = _fusionauth_totp(row), [each.get("method") for each in objects(row.get("twoFactor.methods"))]
    factor = None if secret or not methods else "sms" if set(methods) == {"sms"} else "otp"
    return {"password_record": _fusionauth_password(row), "totp_secret": secret, LEFT_FACTOR: factor}


def _fusionauth_password(row: Row) -> str | None:
    """bcrypt is kept in parts: put together it is the usual text. Others stay what they are, as JSON."""
    password, scheme = row.get("password"), row.get("encryptionScheme")
    if not password:
        return None
    salt, factor = row.get("salt") or "", row.get("factor")
    if scheme == "bcrypt" and isinstance(factor, int) and len(str(salt)) == 22 and len(str(password)) == 31:
        return f"$2a${factor:02}${salt}{password}"
    return compact({"encryptionScheme": scheme, "factor": factor, "password": str(password), "salt": str(salt)})


def _fusionauth_totp(row: Row) -> str | None:
    for each in objects(row.get("twoFactor.methods")):
        kind = each.get("authenticator")
        facts = kind if isinstance(kind, dict) else {}
        usual = (facts.get("algorithm", "HmacSHA1"), facts.get("codeLength", 6), facts.get("timeStep", 30))
        secret = base64_bytes(each.get("secret"))
        if each.get("method") == "authenticator" and usual == ("HmacSHA1", 6, 30) and secret:
            return base32_text(secret)
    return None


FUSIONAUTH = Store(
    key="fusionauth",
    title="FusionAuth users",
    signs=signs("encryptionScheme password factor", "insertInstant tenantId verified"),
    forms=_JSON,
    profile={
        "user_id": "id",
        "email": "email",
        "email_verified": "verified",
        "given_name": "firstName",
        "family_name": "lastName",
        "name": "fullName",
        "picture": "imageUrl",
        "phone_number": {"column": "mobilePhone", "when_invalid": "omit"},
        "blocked": unless("active"),
        "mfa": {"totp": "totp_secret"},
    },
    passwords={"column": "password_record"},
    activity="lastLoginInstant",
    created="insertInstant",
    verified="verified",
    made=("password_record", "totp_secret", LEFT_FACTOR),
    make=_fusionauth,
    notes=("Hashes are not in what FusionAuth's API answers; they are in its database (identities).",),
)  # Source: FusionAuth docs, "Users API", import; "Reference: password hashes"
