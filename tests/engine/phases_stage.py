"""A two-phase migration in miniature: users move at login as Auth0 would make them, then the rest in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rehearsal import Rehearsal, person

DAY = 86_400.0


class PhasesStage(Rehearsal):
    """A rehearsal whose users can log in: each then is in the connection with the id that the scripts give."""

    def log_in(self, numbers: Iterable[int], **changes: object) -> None:
        """Let these people move at their login."""
        for number in numbers:
            self.ask("POST", "users", json=self.mover(number) | changes)

    def log_in_at_once(self, numbers: Iterable[int]) -> None:
        """The same while a run is under way in this thread."""
        import threading

        moving = threading.Thread(target=self.log_in, args=(list(numbers),))
        moving.start()
        moving.join()

    def mover(self, number: int) -> dict[str, object]:
        """A person as Auth0 keeps somebody whom the scripts let in."""
        who = person(number)
        return {
            "connection": "acme-users",
            "user_id": who["id"],
            "email": who["mail"],
            "email_verified": who["verified"] == "yes",
            "given_name": who["first"],
            "family_name": who["last"],
            "name": f"{who['first']} {who['last']}",
            "password": "Typed-at-Login-1",
        }

    def pass_days(self, days: float) -> None:
        self.clock.time += days * DAY

    @property
    def connection_id(self) -> str:
        [connection] = self.ask("GET", "connections", params={"name": "acme-users"})
        return str(connection["id"])


def stage_of(folder: Path, users: int = 30, way: str = "two-phase") -> PhasesStage:
    stage = PhasesStage(folder)
    stage.answer("[connection]", f'[strategy]\nway = "{way}"\n[connection]')
    stage.write_people([person(number) for number in range(1, users + 1)])
    return stage
