"""The wizard's screens: they draw and ask, and decide nothing; the engine never imports them."""

from __future__ import annotations

from pathlib import Path


def open_wizard(*, practice: bool = False, runs: Path | None = None) -> int:
    """Open the wizard in this terminal until the operator leaves it; returns the exit code.

    Args:
        practice: Go to the practice tenant at once.
        runs: Folder of the runs; None takes the platform's state folder.
    """
    from screens.app import WizardApp
    from screens.signals import end_with_signals
    from wizard.runs import Runs

    app = WizardApp(runs=Runs(runs), practice=practice)
    end_with_signals(app)
    app.run()
    return app.return_code or 0
