"""What an Action may be sent as, and the triggers there are.

Source: Auth0 docs, Management API, "Actions" and "Actions Limitations"; triggers as a tenant of August 2026 lists them.
"""

from __future__ import annotations

from typing import Any

from wizard.practice.requests.schema import FLAG, OPEN, choice, many, nullable, number, obj, text

CODE_BYTES = 100_000
SECRETS = 30
SECRET_NAME = 128
SECRET_VALUE = 4096
DEPENDENCIES = 10
BOUND = 20
VERSIONS = 50

TRIGGER_IDS = (
    "post-login",
    "credentials-exchange",
    "pre-user-registration",
    "post-user-registration",
    "post-change-password",
    "send-phone-message",
    "custom-phone-provider",
    "custom-email-provider",
    "password-reset-post-challenge",
    "custom-token-exchange",
    "event-stream",
    "password-hash-migration",
    "login-post-identifier",
    "signup-post-identifier",
)


def _trigger(id_: str, version: str, status: str, runtimes: str, usual: str, *compatible: str) -> dict[str, Any]:
    bound = (
        "entity"
        if id_ in {"custom-token-exchange", "event-stream", "password-hash-migration", "mcp-tool"}
        else "trigger"
    )
    return {
        "id": id_,
        "version": version,
        "status": status,
        "runtimes": runtimes.split(),
        "default_runtime": usual,
        "binding_policy": f"{bound}-bound",
        "compatible_triggers": [{"id": id_, "version": each} for each in compatible],
    }


_BOTH = ("CURRENT", "node18-actions node22", "node22")
_OLD = ("DEPRECATED", "node22", "node12")
_NEW = ("CURRENT", "node22", "node22")
TRIGGERS: tuple[dict[str, Any], ...] = (
    _trigger("post-login", "v3", *_BOTH, "v2"),
    _trigger("post-login", "v1", *_OLD),
    _trigger("post-login", "v2", "DEPRECATED", "node18 node22", "node16"),
    *(
        _trigger(name, version, *kind)
        for name, current in (
            ("credentials-exchange", "v2"),
            ("pre-user-registration", "v2"),
            ("post-user-registration", "v2"),
            ("post-change-password", "v2"),
            ("send-phone-message", "v2"),
        )
        for version, kind in ((current, _BOTH), ("v1", _OLD))
    ),
    _trigger("password-reset-post-challenge", "v1", *_BOTH),
    _trigger("custom-phone-provider", "v1", *_BOTH),
    _trigger("custom-email-provider", "v1", *_BOTH),
    _trigger("custom-token-exchange", "v1", "CURRENT", "node18 node22", "node22"),
    _trigger("event-stream", "v1", *_NEW),
    _trigger("password-hash-migration", "v1", *_NEW),
    _trigger("mcp-tool", "v1", *_NEW),
)

_SUPPORTED = obj(
    {
        "id": choice(*TRIGGER_IDS),
        "version": text(),
        "status": text(),
        "runtimes": many(text()),
        "default_runtime": text(),
        "binding_policy": choice("trigger-bound", "entity-bound"),
        "compatible_triggers": many(obj({"id": choice(*TRIGGER_IDS), "version": text()}, "id", "version", more=True)),
    },
    "id",
)
_MODULE = obj(
    {"module_id": text(), "module_name": text(), "module_version_id": text(), "module_version_number": number()}
)
_SECRET = obj({"name": text(), "value": text()}, more=True)
_CHANGEABLE = {
    "name": text(),
    "supported_triggers": many(_SUPPORTED, 1),
    "code": text(),
    "dependencies": many(obj({"name": text(), "version": text(), "registry_url": text()})),
    "runtime": text(),
    "secrets": many(_SECRET),
    "modules": many(_MODULE),
}
CREATE = obj(_CHANGEABLE | {"deploy": FLAG}, "name", "supported_triggers")
UPDATE = obj(_CHANGEABLE)
TEST = obj({"payload": OPEN}, "payload")
DEPLOY_VERSION = nullable(obj({"update_draft": FLAG}))
_REF = obj({"type": choice("binding_id", "action_id", "action_name"), "value": text()}, more=True)
BINDINGS = obj(
    {"bindings": many(obj({"ref": _REF, "display_name": text(), "secrets": many(_SECRET)}, "ref"))},
)
