"""The journey: one list of steps that the rail, the answers file, the plan and headless runs all follow."""

from __future__ import annotations

from typing import Any

from wizard.answers import Section
from wizard.step import Step
from wizard.steps.applications import ApplicationsStep
from wizard.steps.connection import ConnectionStep
from wizard.steps.custom_database import CustomDatabaseStep
from wizard.steps.cutover import CutoverStep
from wizard.steps.guards import GuardsStep
from wizard.steps.legacy_api import LegacyApiStep
from wizard.steps.passwords import PasswordsStep
from wizard.steps.prepare import PrepareStep
from wizard.steps.profile import ProfileStep
from wizard.steps.scripts import ScriptsStep
from wizard.steps.source import SourceStep
from wizard.steps.strategy import StrategyStep
from wizard.steps.tenant import TenantStep
from wizard.steps.trickle import TrickleStep
from wizard.steps.upload import UploadStep
from wizard.steps.verify import VerifyStep

STEPS: tuple[Step[Any, Any], ...] = (
    TenantStep(),
    SourceStep(),
    ProfileStep(),
    PasswordsStep(),
    StrategyStep(),
    ConnectionStep(),
    ApplicationsStep(),
    CustomDatabaseStep(),
    LegacyApiStep(),
    ScriptsStep(),
    GuardsStep(),
    TrickleStep(),
    PrepareStep(),
    UploadStep(),
    VerifyStep(),
    CutoverStep(),
)

SECTIONS: tuple[type[Section], ...] = tuple(step.section for step in STEPS)
"""The tables of the answers file, in order."""
