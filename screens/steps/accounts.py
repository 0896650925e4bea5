"""Accounts of the legacy store whose passwords are at hand: those that are tried after the import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from screens.steps.base import FormView
from wizard.aside import aside


class KnownAccounts(FormView):
    """A page that tries something with an account."""

    @property
    def accounts(self) -> Sequence[Mapping[str, Any]]:
        """Those accounts, as far as they are answered."""
        listed = self.wizard.journey.given("verify").get("canaries", ())
        return [each for each in listed if isinstance(each, Mapping) and each.get("login")]

    async def known_password(self, login: str) -> str:
        """The password of such an account, so that nobody has to type what is kept already; "" of any other.

        Raises:
            WizardError: it is named and not at hand.
        """
        named = next((each.get("password") for each in self.accounts if each["login"] == login), None)
        if not named:
            return ""
        tools = await self.wizard.outlook.tools(self.wizard.journey.answers, self.wizard.journey.base)
        return await aside(partial(tools.secret, str(named)))
