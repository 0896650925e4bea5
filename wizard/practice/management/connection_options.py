"""The options of a database connection: what may not stand together, what the server adds, what a PATCH leaves.

Source: Auth0 docs, Management API, "Connections"; what real tenants answered to creates and patches.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from wizard.practice.errors import ApiError
from wizard.practice.management.connection_shapes import LEGACY_PASSWORD_FIELDS

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

PASSWORD_OPTIONS: dict[str, Any] = {
    "complexity": {
        "character_type_rule": "all",
        "identical_characters": "allow",
        "sequential_characters": "allow",
        "max_length_exceeded": "error",
        "min_length": 15,
        "character_types": [],
    },
    "profile_data": {
        "active": False,
        "blocked_fields": [
            *("name", "username", "nickname", "email", "phone_number"),
            *("user_metadata.name", "user_metadata.first", "user_metadata.last"),
        ],
    },
    "history": {"active": False, "size": 3},
    "dictionary": {"active": False, "custom": [], "default": "en_100k"},
}
PASSKEY_OPTIONS = {"challenge_ui": "both", "progressive_enrollment_enabled": True, "local_enrollment_enabled": True}
SCRIPT_BYTES = 100_000
"""Of one script. Source: Auth0 docs, "Custom Database Connections and Actions Scripts": 100 KB without modules."""
METHODS = "authentication_methods"
STAYING = ("passkey_options", METHODS, "enable_script_context")
"""Options that a PATCH without them leaves as they are; all others go."""


def created(tenant: PracticeTenant, given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a new database connection: those given, those the server adds, configuration sealed."""
    refuse_contradictions(given)
    options = {name: part for name, part in copy.deepcopy(given).items() if part is not None}
    options.setdefault("mfa", {"active": True, "return_enroll_settings": True})
    if tenant.switches.new_password_options or "password_options" in options:
        options["password_options"] = _merged(copy.deepcopy(PASSWORD_OPTIONS), options.get("password_options"))
    elif "passwordPolicy" not in given:
        options["passwordPolicy"] = "good"
    options.setdefault("strategy_version", 2)
    _complete_attributes(options)
    options["authentication_methods"] = _merged(_usual_methods(tenant), options.get("authentication_methods"))
    options["passkey_options"] = PASSKEY_OPTIONS | options.get("passkey_options", {})
    options.setdefault("brute_force_protection", True)
    return _sealed(tenant, options, {})


def patched(tenant: PracticeTenant, old: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the options after a PATCH: the new object replaces the old one, but for what the server keeps."""
    refuse_contradictions(given)
    if old.get("enable_script_context") and given.get("enable_script_context") is False:
        raise ApiError(400, "options.enable_script_context cannot be disabled once enabled", "invalid_body")
    options = {name: part for name, part in copy.deepcopy(given).items() if part is not None}
    _refuse_shared_addresses(old, options)
    _complete_attributes(options)
    for name in STAYING:
        if name == METHODS and name in options:
            # What is not named is as usual again (recording of the Terraform provider).
            options[name] = _merged(_usual_methods(tenant), options[name])
        elif name in old:
            options[name] = _merged(old[name], options.get(name))
    options.setdefault("brute_force_protection", True)
    if tenant.switches.partial_scripts == "merged":
        for name in ("customScripts", "configuration"):
            if name in options:
                options[name] = old.get(name, {}) | options[name]
    return _sealed(tenant, options, old.get("configuration", {}))


def refuse_contradictions(options: dict[str, Any]) -> None:
    """Refuse options that exclude each other, and scripts that are too large.

    Raises:
        ApiError: 400 in the words of real tenants; those for a large script are not known.
    """
    for name, script in (options.get("customScripts") or {}).items():
        if isinstance(script, str) and len(script.encode()) > SCRIPT_BYTES:
            raise ApiError(400, f"options.customScripts.{name} is larger than 100 KB", "invalid_body")
    attributes = options.get("attributes")
    if attributes is not None:
        for other in ("requires_username", "validation"):
            if options.get(other):
                raise ApiError(400, f"Cannot set both options.attributes and options.{other}", "invalid_body")
        _refuse_attributes(attributes)
    legacy = [name for name in LEGACY_PASSWORD_FIELDS if name in options]
    if options.get("password_options") is not None and legacy:
        raise ApiError(400, f"Cannot set both options.password_options and options.{legacy[0]}", "invalid_body")
    refuse_custom_password_hash(options)


def refuse_custom_password_hash(options: dict[str, Any]) -> None:
    """Refuse an Action that checks hashes; the feature is Early Access.

    Raises:
        ApiError: 400.
    """
    if options.get("custom_password_hash") is not None:
        raise ApiError(
            400,
            "custom_password_hash option cannot be set because the universal password hash feature is not enabled "
            "for this tenant",
            "invalid_body",
        )


def created_elsewhere(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a new connection that is no database.

    Raises:
        ApiError: 400 for what only databases have.
    """
    if given.get("custom_password_hash") is not None:
        raise ApiError(
            400, "The custom_password_hash option is only available for database connections", "invalid_body"
        )
    return given


def patched_elsewhere(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options after a PATCH of a connection that is no database."""
    refuse_custom_password_hash(given)
    return given


def _refuse_attributes(attributes: dict[str, Any]) -> None:
    if not any((part.get("identifier") or {}).get("active") for part in attributes.values()):
        raise ApiError(400, "attributes must contain one active identifier", "invalid_body")
    for name, part in attributes.items():
        status = (part.get("signup") or {}).get("status", "required")
        if part.get("profile_required") and status != "required":
            raise ApiError(400, f"attribute {name} must also be required on signup", "invalid_body")


def _complete_attributes(options: dict[str, Any]) -> None:
    """Say of the e-mail address what it is where nothing else was said."""
    email = (options.get("attributes") or {}).get("email")
    if email is not None:
        options["attributes"]["email"] = {"verification_method": "link", "unique": True} | email


def _refuse_shared_addresses(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Refuse addresses that several users may have where the connection did not begin so.

    Raises:
        ApiError: 400.
    """

    def shared(options: dict[str, Any]) -> bool:
        return ((options.get("attributes") or {}).get("email") or {}).get("unique") is False

    if shared(new) and not shared(old):
        raise ApiError(400, "cannot add non-unique email attribute", "invalid_body")


def _usual_methods(tenant: PracticeTenant) -> dict[str, Any]:
    password: dict[str, Any] = {"enabled": True}
    if tenant.switches.new_password_options:
        password |= {"api_behavior": "required", "signup_behavior": "allow"}
    return {"password": password, "passkey": {"enabled": False}}


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return old if new is None else new
    return old | {name: _merged(old.get(name), part) for name, part in new.items()}


def _sealed(tenant: PracticeTenant, options: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """Encrypt configuration values; one that comes back as it was given out stays as it is, if the switch says so."""
    if "configuration" not in options:
        return options
    keeps = tenant.switches.encrypted_configuration_echo == "kept"
    return options | {
        "configuration": {
            name: value if keeps and known.get(name) == value else tenant.keys.seal(value)
            for name, value in options["configuration"].items()
            if value is not None
        }
    }
