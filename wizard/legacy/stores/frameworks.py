"""User tables of web frameworks: Django, Rails with Devise, Laravel, WordPress, ASP.NET Identity, MongoDB collections."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from wizard.errors import SourceError
from wizard.legacy.stores.parts import first, is_there, is_true, objects
from wizard.legacy.stores.store import TABLES, DeletedUser, Made, Row, Seen, Store, signs, since, unless

if TYPE_CHECKING:
    from wizard.legacy.source import LegacySource

DJANGO = Store(
    key="django",
    title="Django auth_user",
    signs=signs("username password is_active date_joined last_login"),
    forms=TABLES,
    profile={
        "user_id": "id",
        "email": "email",
        "given_name": "first_name",
        "family_name": "last_name",
        "blocked": unless("is_active"),
    },
    passwords={"column": "password"},
    activity="last_login",
    created="date_joined",
    table="auth_user",
    extended=True,
    notes=(
        "Django itself does not know whether an e-mail address is verified; django-allauth does (account_emailaddress).",
    ),
)  # Source: Django docs, "django.contrib.auth", fields of User


_ACCOUNT = frozenset(
    [
        "is_active",
        "is_superuser",
        "is_staff",
        "date_joined",
        "username",
        "email",
        "first_name",
        "last_name",
        "groups",
        "user_permissions",
    ]
)
"""Fields of AbstractUser and PermissionsMixin beside those that every user model has."""


def _look_for_users(source: LegacySource) -> Seen:
    """The model of the users: a dump has other models with a password, such as mailboxes.

    Raises:
        SourceError: no model is one of users, or several may be; names them.
    Source: django.contrib.auth.base_user, AbstractBaseUser: its fields are password and last_login; a dump has every field
    of a record, and no pk with --natural-primary.
    """
    fields: dict[str, set[str]] = defaultdict(set)
    keyless: set[str] = set()
    for each in _dumped(source):
        fields[each["model"]].update(each["fields"])
        if each.get("pk") is None:
            keyless.add(each["model"])
    model = _model_of_users({name: found for name, found in fields.items() if "password" in found})
    warnings = (_KEYLESS,) if model in keyless else ()
    return Seen(("model", model), {"model": model}, warnings)


_KEYLESS = (
    "The dump was made with --natural-primary, so that users have no primary key and no column is the user_id. Dump once more "
    "without it; or map user_id to fields.username if usernames never change."
)


def _dumped(source: LegacySource) -> Iterator[dict[str, Any]]:
    for block in source.blocks():
        objects_of = getattr(block, "objects", None)
        for each in objects_of() if objects_of else ():
            if isinstance(each, dict) and isinstance(each.get("model"), str) and isinstance(each.get("fields"), dict):
                yield each


def _model_of_users(fields: Mapping[str, set[str]]) -> str:
    users = {name: found for name, found in fields.items() if "last_login" in found} or {
        name: found for name, found in fields.items() if "is_active" in found
    }
    signs_of = {name: len(found & _ACCOUNT) for name, found in users.items()}
    best = sorted(name for name, count in signs_of.items() if count == max(signs_of.values()))
    if len(best) == 1:
        return best[0]
    if best:
        raise SourceError(
            f"The dump has several models that could be the users: {', '.join(best)}",
            remedy=f"dump the users alone, such as manage.py dumpdata {best[0]}.",
        )
    raise SourceError(
        "No model of the dump is one of users",
        why="users have the fields password and last_login",
        remedy="dump the users: manage.py dumpdata auth.user, or the model that AUTH_USER_MODEL names.",
    )


DJANGO_DUMPDATA = Store(
    key="django-dumpdata",
    title="Django dumpdata",
    signs=signs("model fields.password fields.last_login", "model fields.password fields.is_active"),
    forms=frozenset(("json", "ndjson")),
    profile={
        "user_id": "pk",
        "email": "fields.email",
        "given_name": "fields.first_name",
        "family_name": "fields.last_name",
        "blocked": unless("fields.is_active"),
    },
    passwords={"column": "fields.password"},
    activity="fields.last_login",
    created="fields.date_joined",
    look=_look_for_users,
    extended=True,
    notes=("Dump the users alone: manage.py dumpdata auth.user. Other records of a dump are rejected as no users.",),
)  # Source: Django docs, "Serializing Django objects"

DEVISE = Store(
    key="devise",
    title="Rails with Devise",
    signs=signs("encrypted_password reset_password_token", "encrypted_password remember_created_at"),
    forms=TABLES,
    profile={"user_id": "id", "email": "email", "email_verified": since("confirmed_at"), "blocked": since("locked_at")},
    passwords={"column": "encrypted_password"},
    activity="current_sign_in_at",
    created="created_at",
    verified="confirmed_at",
    extended=True,
    table="users",
    notes=("If Devise was given a pepper (config.pepper), its hashes need that pepper.",),
)  # Source: Devise README, "Configuring Models"


def _not_deleted(row: Row) -> Made:
    """Soft deletes keep the row and say when it was deleted."""
    if is_there(row.get("deleted_at")):
        raise DeletedUser
    return {}


LARAVEL = Store(
    key="laravel",
    title="Laravel users",
    signs=signs("email_verified_at remember_token password"),
    forms=TABLES,
    profile={"user_id": "id", "email": "email", "email_verified": since("email_verified_at"), "name": "name"},
    passwords={"column": "password"},
    created="created_at",
    verified="email_verified_at",
    make=_not_deleted,
    extended=True,
    reads=("deleted_at",),
    table="users",
    notes=("TOTP secrets of Fortify are encrypted with APP_KEY, so they are not mapped.",),
)  # Source: Laravel docs, "Authentication", the users table; "Eloquent", soft deleting


WORDPRESS = Store(
    key="wordpress",
    title="WordPress wp_users",
    signs=signs("user_login user_pass user_email", "user_login user_email user_registered display_name"),
    forms=TABLES,
    profile={
        "user_id": "ID",
        "email": "user_email",
        "name": "display_name",
        "given_name": "first_name",
        "family_name": "last_name",
        "nickname": "nickname",
    },
    passwords={"column": "user_pass"},
    activity="wc_last_active",
    created="user_registered",
    query="""
SELECT u.ID, u.user_login, u.user_pass, u.user_email, u.user_registered, u.display_name,
  (SELECT MIN(m.meta_value) FROM wp_usermeta m WHERE m.user_id = u.ID AND m.meta_key = 'first_name') AS first_name,
  (SELECT MIN(m.meta_value) FROM wp_usermeta m WHERE m.user_id = u.ID AND m.meta_key = 'last_name') AS last_name,
  (SELECT MIN(m.meta_value) FROM wp_usermeta m WHERE m.user_id = u.ID AND m.meta_key = 'nickname') AS nickname,
  (SELECT MIN(m.meta_value) FROM wp_usermeta m WHERE m.user_id = u.ID AND m.meta_key = 'wc_last_active') AS wc_last_active
FROM wp_users u""",
    notes=(
        "wp user list leaves the hashes out: add --fields=ID,user_login,user_pass,user_email,user_registered,display_name.",
        "If the tables have another prefix than wp_, give the query with yours.",
        "WordPress does not keep whether an e-mail address is verified; only WooCommerce keeps the last activity.",
    ),
)  # Source: WordPress developer docs, "Database description"


def _aspnet(row: Row) -> Made:
    """A key is kept for users who never turned the second factor on, too."""
    return {"totp_secret": first(row.get("AuthenticatorKey")) if is_true(row.get("TwoFactorEnabled")) else None}


ASPNET = Store(
    key="aspnet-identity",
    title="ASP.NET Identity AspNetUsers",
    signs=signs("NormalizedUserName PasswordHash SecurityStamp", "EmailConfirmed PasswordHash SecurityStamp"),
    forms=TABLES,
    profile={
        "user_id": "Id",
        "email": "Email",
        "email_verified": "EmailConfirmed",
        "phone_number": {"column": "PhoneNumber", "when_invalid": "omit"},
        "phone_verified": "PhoneNumberConfirmed",
        "mfa": {"totp": "totp_secret"},
    },
    passwords={"column": "PasswordHash"},
    verified="EmailConfirmed",
    made=("totp_secret",),
    extended=True,
    make=_aspnet,
    table="AspNetUsers",
    notes=(
        "TOTP secrets are in AspNetUserTokens (Name AuthenticatorKey): join them in a query as the column AuthenticatorKey.",
        "A lockout (LockoutEnd) ends by itself, so it is not mapped to blocked. The last login is not kept.",
    ),
)  # Source: Microsoft Learn, "Identity model customization in ASP.NET Core"


def _meteor(row: Row) -> Made:
    """Addresses are a list, the first of which is the one that counts; new hashes are argon2 beside the old of bcrypt."""
    address = next(iter(objects(row.get("emails"))), {})
    return {
        "first_email": address.get("address"),
        "first_email_verified": address.get("verified"),
        "password": row.get("services.password.argon2") or row.get("services.password.bcrypt"),
    }


METEOR = Store(
    key="meteor",
    title="Meteor users (MongoDB)",
    signs=signs("_id services.password.bcrypt", "_id emails services.password.argon2"),
    forms=frozenset(("json", "ndjson")),
    profile={
        "user_id": "_id",
        "email": "first_email",
        "email_verified": "first_email_verified",
        "name": "profile.name",
    },
    passwords={"column": "password", "format": "meteor"},
    created="createdAt",
    verified="first_email_verified",
    made=("first_email", "first_email_verified", "password"),
    make=_meteor,
    extended=True,
    notes=(
        "Meteor applies bcrypt or argon2 to the SHA-256 of the password, which Auth0 cannot check: move users at their login.",
    ),
)  # Source: Meteor docs, "Accounts" and "Passwords", the users collection

_OBJECT_ID = re.compile(r"ObjectI[dD]\(\"?([0-9a-fA-F]{24})\"?\)")


def _bare_id(value: Any) -> Any:
    """mongoexport writes ids as ObjectId(…) in CSV, and wraps them in an object in JSON; the id is the same."""
    found = _OBJECT_ID.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else value


MONGODB = Store(
    key="mongodb",
    title="MongoDB export",
    signs=signs("_id"),
    forms=frozenset(("json", "ndjson", "csv")),
    profile={"user_id": "_id", "email": "email"},
    passwords={"column": "password"},
    unwrap={"_id": _bare_id},
    any_shape=True,
    notes=("Only _id is the same in all collections; check the other columns.",),
)  # Source: MongoDB docs, "mongoexport"
