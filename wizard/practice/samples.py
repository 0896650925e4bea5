"""Applications that a practice tenant has beside the wizard's own, so that there is something to enable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.practice.management.clients import add_client

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

APPLICATIONS = (
    ("Web shop", "regular_web", ["authorization_code", "refresh_token"]),
    ("Mobile app", "native", ["authorization_code", "refresh_token"]),
    ("Back office", "spa", ["authorization_code", "refresh_token"]),
)
CANARY = "Login check"
PASSWORD_REALM = "http://auth0.com/oauth/grant-type/password-realm"  # noqa: S105 - the name of a grant
MARK = "samples"


@dataclass(frozen=True)
class Samples:
    """The application for canary logins; the others are known by their names."""

    login_client_id: str
    login_client_secret: str


def add_samples(tenant: PracticeTenant) -> Samples:
    """Make the sample applications in a tenant that has none of them yet."""
    known = tenant.meta.get(MARK)
    if known is None:
        with tenant.transaction():
            for name, kind, grants in APPLICATIONS:
                add_client(tenant, {"name": name, "app_type": kind, "grant_types": grants, "oidc_conformant": True})
            canary = add_client(
                tenant,
                {
                    "name": CANARY,
                    "app_type": "regular_web",
                    "grant_types": [PASSWORD_REALM],
                    "token_endpoint_auth_method": "client_secret_post",
                    "oidc_conformant": True,
                },
            )
            known = f"{canary['client_id']} {canary['client_secret']}"
            tenant.meta.set(MARK, known)
    client_id, _, secret = known.partition(" ")
    return Samples(client_id, secret)
