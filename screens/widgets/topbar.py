"""The line at the top that never leaves: what program this is, which tenant it speaks to, and what that tenant is."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Label

NAMES = {"production": "PRODUCTION", "staging": "staging", "development": "development", "practice": "PRACTICE"}
NO_TENANT = "no tenant yet"


class TopBar(Horizontal):
    """Domain and environment of the tenant; production has another colour and says so in capitals."""

    DEFAULT_CSS = """
    TopBar {
        height: 1; background: $panel; color: $foreground;
        & > #product { width: 1fr; padding: 0 1; text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #domain { width: auto; padding: 0 1; }
        & > #environment { width: auto; padding: 0 1; text-style: bold; background: $surface; }
        &.-practice > #environment { background: $success-muted; color: $text-success; }
        &.-development > #environment { background: $primary-muted; color: $text-primary; }
        &.-staging > #environment { background: $warning-muted; color: $text-warning; }
        &.-production { background: $error-muted; color: $foreground; }
        &.-production > #environment { background: $error; color: $text; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        yield Label("Auth0 Migration Wizard", id="product", markup=False)
        yield Label(NO_TENANT, id="domain", markup=False)
        yield Label("", id="environment", markup=False)

    def draw(self, domain: str, environment: str) -> None:
        """Show the tenant.

        Args:
            domain: "" while there is none.
            environment: As in the answers: production, staging, development or practice; "" for none.
        """
        if self._shown == (domain, environment):
            return
        self._shown = (domain, environment)
        self.query_one("#domain", Label).update(domain or NO_TENANT)
        self.query_one("#environment", Label).update(NAMES.get(environment, environment))
        for name in NAMES:
            self.set_class(name == environment, f"-{name}")
