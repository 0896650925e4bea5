"""Words and patterns of Auth0's import schema that answers, mapping and suggestions share."""

from __future__ import annotations

import re

FORBIDDEN_APP_METADATA = frozenset(
    (
        "__tenant",
        "_id",
        "blocked",
        "clientID",
        "created_at",
        "email_verified",
        "email",
        "globalClientID",
        "global_client_id",
        "identities",
        "lastIP",
        "lastLogin",
        "loginsCount",
        "metadata",
        "multifactor_last_modified",
        "multifactor",
        "updated_at",
        "user_id",
    )
)
"""Keys that Auth0 refuses at the top of app_metadata. Source: Auth0 docs, "Understand How Metadata Works"."""

TRUE_WORDS = ("true", "t", "yes", "y", "1", "on")
FALSE_WORDS = ("false", "f", "no", "n", "0", "off")
"""Words of a boolean unless the answers name others; any case of letters."""

EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]++)*+"
    r"@(?:[a-z0-9]++(?:-++[a-z0-9]++)*+\.)++[a-z]{2,63}"
)
"""Addresses in lower-case ASCII that every validator accepts, but for the lengths of the whole and its parts."""

USERNAME = re.compile(r"[a-z0-9@^$.!`\-#+'~_]++")
"""Source: Auth0 docs, "User Profile Structure", username."""

PICTURE = re.compile(r"(?i:https?)://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~]*+(?:%[0-9A-Fa-f]{2}[!#-;=?-\[\]_a-z~]*+)*+")

TOTP_SECRET = re.compile(r"[A-Z2-7]++")
