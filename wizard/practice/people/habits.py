"""How people use their accounts: a few each day, most now and then, some never; and what goes wrong for them."""

from __future__ import annotations

import random
from dataclasses import dataclass

NEVER = float("inf")
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares (0 to 1) of people, or of their logins.

    Args:
        never: People who never log in again.
        rarest: Logins a day of the least active among the others.
        skew: Shape of the Pareto law of their activity; smaller is more skewed.
        most: Logins a day of the most active.
        typo: Logins that begin with a wrong password.
        forgotten: Logins that begin with a password reset.
        new_email: Good logins after which the e-mail address changes.
        closed: Good logins after which the account is deleted.
    """

    never: float = 0.15
    rarest: float = 0.03
    skew: float = 0.8
    most: float = 3.0
    typo: float = 0.05
    forgotten: float = 0.01
    new_email: float = 0.004
    closed: float = 0.002

    def pause(self, chance: random.Random) -> float:
        """Draw a person's mean time between logins, in seconds; endless for one who never comes."""
        if chance.random() < self.never:
            return NEVER
        return DAY / min(self.most, self.rarest * chance.paretovariate(self.skew))
