"""What requests may hold, compared member by member with Auth0's own OpenAPI document, where that is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_document import DOCUMENT, expanded, operation

from wizard.practice.actions import shapes as actions
from wizard.practice.jobs import exports
from wizard.practice.management import apis, client_shapes, connection_shapes, grants, running_rules, settings
from wizard.practice.requests.schema import Shape
from wizard.practice.users import bodies, tickets

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="Auth0's OpenAPI document is not at hand")

SHAPES: dict[tuple[str, str], Shape] = {
    ("POST", "/actions/actions"): actions.CREATE,
    ("PATCH", "/actions/actions/{id}"): actions.UPDATE,
    ("POST", "/actions/actions/{id}/test"): actions.TEST,
    ("POST", "/actions/actions/{actionId}/versions/{id}/deploy"): actions.DEPLOY_VERSION,
    ("PATCH", "/actions/triggers/{triggerId}/bindings"): actions.BINDINGS,
    ("POST", "/client-grants"): grants.CREATE,
    ("PATCH", "/client-grants/{id}"): grants.UPDATE,
    ("POST", "/clients"): client_shapes.CREATE,
    ("PATCH", "/clients/{id}"): client_shapes.UPDATE,
    ("POST", "/clients/{client_id}/credentials"): client_shapes.CREDENTIAL,
    ("PATCH", "/clients/{client_id}/credentials/{credential_id}"): client_shapes.CREDENTIAL_CHANGE,
    ("POST", "/connections"): connection_shapes.CREATE,
    ("PATCH", "/connections/{id}"): connection_shapes.UPDATE,
    ("PATCH", "/connections/{id}/clients"): connection_shapes.ENABLED_CLIENTS,
    ("POST", "/jobs/users-exports"): exports.SHAPE,
    ("POST", "/resource-servers"): apis.CREATE,
    ("PATCH", "/resource-servers/{id}"): apis.UPDATE,
    ("POST", "/rules"): running_rules.CREATE,
    ("PATCH", "/rules/{id}"): running_rules.UPDATE,
    ("PUT", "/rules-configs/{key}"): running_rules.CONFIG,
    ("PATCH", "/tenants/settings"): settings.UPDATE,
    ("POST", "/jobs/verification-email"): tickets.VERIFICATION_MAIL,
    ("POST", "/tickets/email-verification"): tickets.EMAIL_VERIFICATION,
    ("POST", "/tickets/password-change"): tickets.PASSWORD_CHANGE,
    ("POST", "/users"): bodies.CREATE,
    ("PATCH", "/users/{id}"): bodies.UPDATE,
}
# What lies inside an add-on is of no use to a migration.
LEFT_OPEN = "addons."
# Taken by real tenants, though not in the document.
TAKEN_BY_REAL_TENANTS = {"token_lifetime_for_web"}
# Removed by null at real tenants, though the document does not say so.
REMOVED_AT_REAL_TENANTS = {"addons", "oidc_backchannel_logout", "signed_request_object"}


def kinds(schema: Shape) -> set[str]:
    """The JSON types a schema allows; empty when it allows all."""
    named = schema.get("type", [])
    found = {named} if isinstance(named, str) else set(named)
    return found | {"null" if value is None else "string" for value in schema.get("enum", [])}


def choices(schema: Shape) -> set[Any]:
    return {value for value in schema.get("enum", []) if value is not None}


def differences(documented: Shape, known: Shape, place: str = "") -> Iterator[str]:
    """Yield where the practice tenant takes other types, values or members than the document says."""
    nullable = kinds(documented) | ({"null"} if place in REMOVED_AT_REAL_TENANTS else set())
    if kinds(known) not in (kinds(documented), nullable):
        yield f"{place}: {sorted(kinds(known))} instead of {sorted(kinds(documented))}"
    if choices(documented) != choices(known):
        yield f"{place}: differs in {sorted(choices(documented) ^ choices(known))}"
    if place.startswith(LEFT_OPEN):
        return
    if "oneOf" in documented.get("items", {}):
        [only] = documented["items"]["oneOf"]
        documented = {**documented, "items": only}
    if documented.get("items") or known.get("items"):
        yield from differences(documented.get("items", {}), known.get("items", {}), f"{place}[]")
    if "object" in kinds(documented):
        yield from member_differences(documented, known, place)


def member_differences(documented: Shape, known: Shape, place: str) -> Iterator[str]:
    theirs, ours = documented.get("properties", {}), known.get("properties", {})
    is_open = documented.get("additionalProperties", True) is not False
    if is_open != (known.get("additionalProperties", True) is not False):
        yield f"{place}: unknown members are {'taken' if is_open else 'refused'}"
    if set(documented.get("required", [])) != set(known.get("required", [])):
        yield f"{place}: requires {documented.get('required', [])}"
    for name in theirs.keys() - ours.keys():
        yield f"{place}.{name}: not known"
    if not is_open:
        for name in ours.keys() - theirs.keys() - TAKEN_BY_REAL_TENANTS:
            yield f"{place}.{name}: not in the document"
    for name in theirs.keys() & ours.keys():
        yield from differences(theirs[name], ours[name], f"{place}.{name}".removeprefix("."))


@pytest.mark.parametrize(("method", "path"), SHAPES)
def test_bodies_are_known_as_the_document_has_them(method: str, path: str) -> None:
    [schema, *_] = operation(method, path)["requestBody"]["content"].values()
    assert sorted(differences(expanded(schema["schema"]), SHAPES[method, path])) == []
