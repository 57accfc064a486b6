"""Which renewal times the engine draws, and how many exchanges they imply."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, cycle, takewhile

from sqlmodel import select
from tests.day.world import EARLIEST_SHARE, World

from evergrant.store.tables import GrantRow


@dataclass(frozen=True)
class Draws:
    """The stored renewal time of every generation, by account, in seconds after its grant was issued."""

    by_account: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict[str, dict[int, float]](dict))

    def look(self, world: World) -> None:
        """Take note of the generations that are stored now."""
        query = select(GrantRow.account_id, GrantRow.generation, GrantRow.issued_at, GrantRow.refresh_at)
        rows = world.app.vault.database.read(lambda session: session.exec(query).all())
        for account_id, generation, issued_at, refresh_at in rows:
            if refresh_at is not None:
                self.by_account[account_id].setdefault(generation, (refresh_at - issued_at).total_seconds())

    async def keep_looking(self, world: World, shortest_life_s: float) -> None:
        """Look often enough to see every generation that is kept as long as it should be; ends when cancelled."""
        while True:
            self.look(world)
            await world.true.sleep(shortest_life_s * EARLIEST_SHARE / 2)

    def exchanges(self, account_id: str) -> int:
        """How many exchanges the account has had."""
        return max(self.by_account[account_id]) - 1

    def plan(self, account_id: str, length_s: float) -> int:
        """How many of the account's renewal times come one after the other in a run of that length."""
        return planned([*self.by_account[account_id].values()], length_s)


def planned(draws: Sequence[float], length_s: float) -> int:
    """How many of these lengths end within a run, one after the other.

    Where they do not fill it, some of the exchanges came too early; then they are gone through again.
    """
    ends = accumulate(cycle(draws))
    return sum(1 for _ in takewhile(lambda end: end <= length_s, ends))
