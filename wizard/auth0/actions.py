"""Calls about Actions and their places in a trigger.

Source: Auth0 docs, Management API, "Actions", and recordings of 2023 to 2026: `deploy` answers before it has happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.auth0.call import Call, json_body
from wizard.auth0.errors import InvalidRequest
from wizard.auth0.models import Action, Binding, read
from wizard.auth0.session import Session, items
from wizard.events import Json

ACTIONS = "/api/v2/actions/actions"
ACTION = "/api/v2/actions/actions/{id}"
BINDINGS = "/api/v2/actions/triggers/{trigger}/bindings"
POST_LOGIN = "post-login"
PAGE = 50


class ActionCalls(Session):
    """The part of `Management` about Actions."""

    async def actions(self, trigger: str = POST_LOGIN) -> list[Action]:
        """All Actions of a trigger, bound or not."""
        found: list[Action] = []
        page = 0
        while True:
            query = [("triggerId", trigger), ("page", str(page)), ("per_page", str(PAGE))]
            body = await self._ask(Call("GET", ACTIONS, "list the Actions", query=query))
            several = items(body, "actions")
            found += [read(Action, one, "Actions") for one in several]
            page += 1
            if len(several) < PAGE:
                return found

    async def action(self, action_id: str) -> Action:
        """One Action.

        Raises:
            NotFound: there is none with this id.
        """
        return read(Action, await self._ask(Call("GET", ACTION, "read an Action", ids={"id": action_id})), "an Action")

    async def create_action(
        self, name: str, code: str, *, secrets: Mapping[str, str], runtime: str = "node22"
    ) -> Action:
        """Create a post-login Action; it is neither deployed nor bound yet.

        Raises:
            Conflict, InvalidRequest: there may be one of this name.
            AnswerLost: look for the name to find out whether it was created.
        """
        body: dict[str, Json] = {
            "name": name,
            "supported_triggers": [{"id": POST_LOGIN, "version": "v3"}],
            "code": code,
            "runtime": runtime,
            "dependencies": [],
            "secrets": _secrets(secrets),
        }
        call = Call("POST", ACTIONS, f"create the Action “{name}”", content=json_body(body))
        return read(Action, await self._ask(call), "an Action")

    async def change_action(
        self, action_id: str, code: str, *, secrets: Mapping[str, str] | None = None, runtime: str = "node22"
    ) -> Action:
        """Change the draft of an Action; what is deployed stays until the next deploy.

        Args:
            action_id: Of the Action.
            code: All of it.
            secrets: All of them; None leaves them as they are.
            runtime: Auth0's name for a Node.
        """
        body: dict[str, Json] = {"code": code, "runtime": runtime}
        body.update({} if secrets is None else {"secrets": _secrets(secrets)})
        call = Call("PATCH", ACTION, "change an Action", ids={"id": action_id}, content=json_body(body))
        return read(Action, await self._ask(call), "an Action")

    async def deploy_action(self, action_id: str) -> bool:
        """Ask for the draft to be deployed, which happens later; False when it is not built yet.

        Doing so twice makes a second version of the same code, which does no harm.
        """
        call = Call("POST", ACTION + "/deploy", "deploy an Action", ids={"id": action_id}, repeatable=True)
        try:
            await self._ask(call)
        except InvalidRequest as error:
            if "built" not in error.why:
                raise
            return False
        return True

    async def delete_action(self, action_id: str) -> None:
        """Delete an Action, also one that is bound; one that is gone is no error."""
        query = [("force", "true")]
        await self._delete(Call("DELETE", ACTION, "delete an Action", ids={"id": action_id}, query=query))

    async def bindings(self, trigger: str = POST_LOGIN) -> list[Binding]:
        """The Actions of a trigger in the order in which they run."""
        found: list[Binding] = []
        page = 0
        while True:
            query = [("page", str(page)), ("per_page", str(PAGE))]
            call = Call("GET", BINDINGS, f"list the Actions bound to {trigger}", ids={"trigger": trigger}, query=query)
            several = items(await self._ask(call), "bindings")
            found += [read(Binding, one, "bindings") for one in several]
            page += 1
            if len(several) < PAGE:
                return found

    async def set_bindings(self, bindings: Sequence[Mapping[str, str]], trigger: str = POST_LOGIN) -> None:
        """Replace all bindings of a trigger.

        Args:
            bindings: In order; each has `display_name`, and `binding_id` of one that is there or `action_id` of a new one.
        """
        listed: list[Json] = [
            {
                "ref": {"type": kind, "value": one[kind]},
                "display_name": one["display_name"],
            }
            for one in bindings
            for kind in ("binding_id", "action_id")
            if kind in one
        ]
        content = json_body({"bindings": listed})
        doing = f"bind Actions to {trigger}"
        await self._ask(Call("PATCH", BINDINGS, doing, ids={"trigger": trigger}, content=content))


def _secrets(secrets: Mapping[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in secrets.items()]
