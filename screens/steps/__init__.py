"""The pages of the journey: bespoke ones by the key of their step, a form for every other."""

from __future__ import annotations

from importlib import import_module

from screens.guide import Stop
from screens.steps.base import FormView, StepView

SCREENS: dict[str, str] = {
    "tenant": "tenant.TenantView",
    "source": "source.SourceView",
    "profile": "profile.ProfileView",
    "passwords": "passwords.PasswordsView",
    "strategy": "strategy.StrategyView",
    "connection": "connection.ConnectionView",
    "applications": "applications.ApplicationsView",
    "custom_database": "custom_database.CustomDatabaseView",
    "legacy_api": "legacy_api.LegacyApiView",
    "scripts": "scripts.ScriptsView",
    "guards": "guards.GuardsView",
    "trickle": "trickle.TrickleView",
    "prepare": "prepare.PrepareView",
    "cutover": "cutover.CutoverView",
    "review": "review.ReviewView",
    "run": "run.RunView",
    "results": "results.ResultsView",
    "finish": "finish.FinishView",
}
"""Module and class of each page that a form alone would not do, imported when it is first opened."""


def view_of(stop: Stop) -> StepView:
    """The page of a stop."""
    place = SCREENS.get(stop.key)
    if place is None:
        return FormView(stop)
    module, _, name = place.rpartition(".")
    view: StepView = getattr(import_module(f"screens.steps.{module}"), name)(stop)
    return view
