"""The Management API of one tenant: the calls of a migration, typed."""

from __future__ import annotations

from wizard.auth0.actions import ActionCalls
from wizard.auth0.apis import ApiCalls
from wizard.auth0.applications import ApplicationCalls
from wizard.auth0.connections import ConnectionCalls
from wizard.auth0.jobs import JobCalls
from wizard.auth0.logins import LoginCalls
from wizard.auth0.multipart import multipart_overhead
from wizard.auth0.rules import RuleCalls
from wizard.auth0.session import RequestCounts
from wizard.auth0.users import UserCalls

__all__ = ["Management", "RequestCounts", "multipart_overhead"]


class Management(ConnectionCalls, ApplicationCalls, ApiCalls, ActionCalls, RuleCalls, JobCalls, UserCalls, LoginCalls):
    """A tenant. Every call may wait for the rate limit and raises a `WizardError` that says what to do."""

    def __repr__(self) -> str:
        return f"Management({self.domain})"
