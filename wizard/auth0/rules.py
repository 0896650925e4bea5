"""Calls about Rules, for the tenants that still run them; elsewhere they are refused.

Source: Auth0 docs, "Deprecations and Migrations": Rules ended on 2026-11-18.
"""

from __future__ import annotations

from wizard.auth0.call import Call, json_body
from wizard.auth0.errors import InsufficientScope, NotAllowed, NotFound, Refused
from wizard.auth0.models import Rule, read
from wizard.auth0.session import Session, items
from wizard.events import Json

RULES = "/api/v2/rules"
RULE = "/api/v2/rules/{id}"
CONFIGS = "/api/v2/rules-configs"
CONFIG = "/api/v2/rules-configs/{key}"
PAGE = 100


class RuleCalls(Session):
    """The part of `Management` about Rules and their settings."""

    async def rules(self) -> list[Rule] | None:
        """All Rules in order; None where the tenant has no Rules any more (403, 404 or 410).

        Raises:
            InsufficientScope: the token lacks read:rules, so it cannot be told.
        """
        found: list[Rule] = []
        page = 0
        while True:
            query = [("page", str(page)), ("per_page", str(PAGE)), ("include_totals", "true")]
            try:
                body = await self._ask(Call("GET", RULES, "list the Rules", query=query))
            except InsufficientScope:
                raise
            except (NotAllowed, NotFound):
                return None
            except Refused as error:
                if error.status == 410:
                    return None
                raise
            several = items(body, "rules")
            found += [read(Rule, one, "Rules") for one in several]
            page += 1
            if len(several) < PAGE:
                return sorted(found, key=lambda rule: rule.order)

    async def create_rule(self, name: str, script: str, order: int) -> Rule:
        """Create a Rule that runs at once.

        Raises:
            NotAllowed: the tenant has no Rules any more.
            Conflict: one has this name or order.
            AnswerLost: look for the name to find out whether it was created.
        """
        body: dict[str, Json] = {"name": name, "script": script, "order": order, "enabled": True}
        call = Call("POST", RULES, f"create the Rule “{name}”", content=json_body(body))
        return read(Rule, await self._ask(call), "a Rule")

    async def change_rule(self, rule_id: str, script: str) -> Rule:
        """Change the script of a Rule, and switch it on."""
        content = json_body({"script": script, "enabled": True})
        call = Call("PATCH", RULE, "change a Rule", ids={"id": rule_id}, content=content)
        return read(Rule, await self._ask(call), "a Rule")

    async def delete_rule(self, rule_id: str) -> None:
        """Delete a Rule; one that is gone is no error."""
        await self._delete(Call("DELETE", RULE, "delete a Rule", ids={"id": rule_id}))

    async def rule_settings(self) -> frozenset[str]:
        """The keys of the settings that Rules share; their values are never shown."""
        body = await self._ask(Call("GET", CONFIGS, "list the settings of Rules"))
        keys = (one.get("key") for one in items(body, "rules_configs") if isinstance(one, dict))
        return frozenset(key for key in keys if isinstance(key, str))

    async def set_rule_setting(self, key: str, value: str) -> None:
        content = json_body({"value": value})
        await self._ask(Call("PUT", CONFIG, f"set the setting {key} of Rules", ids={"key": key}, content=content))

    async def delete_rule_setting(self, key: str) -> None:
        """Remove a setting of Rules; one that is gone is no error."""
        await self._delete(Call("DELETE", CONFIG, f"delete the setting {key} of Rules", ids={"key": key}))
