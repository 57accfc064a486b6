"""How many refreshes a stretch of time demands, from the token's life and the share of it at which it is renewed."""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from evergrant.tokens.policy import EARLIEST_SHARE, LATEST_SHARE


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some time in which a grant that was fresh at its start was kept alive; all lengths in seconds."""

    length_s: float
    pauses_s: tuple[float, ...] = ()
    """Times in it in which nothing was done."""


def bounds(life_s: float, stretch: Stretch) -> tuple[int, int]:
    """The least and the most refreshes in a stretch.

    Between two refreshes lie 60 to 90 % of a life, and a pause can only lengthen the one such time in which it lies.
    """
    shortest, longest = EARLIEST_SHARE * life_s, LATEST_SHARE * life_s
    least = math.floor((stretch.length_s - sum(stretch.pauses_s)) / longest)
    spent = sum(max(pause, shortest) for pause in stretch.pauses_s)
    most = len(stretch.pauses_s) + math.floor(max(stretch.length_s - spent, 0) / shortest)
    return least, most


@dataclass(frozen=True, slots=True)
class Lives:
    """When each service's grant was kept alive."""

    _living: dict[str, tuple[datetime, list[float]]] = field(default_factory=dict[str, tuple[datetime, list[float]]])
    _stretches: dict[str, list[Stretch]] = field(default_factory=lambda: defaultdict[str, list[Stretch]](list))

    def begin(self, service: str, now: datetime) -> None:
        """The service has a fresh grant."""
        self._living[service] = (now, [])

    def pause(self, seconds: float) -> None:
        """Nothing was done for so long."""
        for _, pauses in self._living.values():
            pauses.append(seconds)

    def end(self, service: str, now: datetime) -> None:
        """The service's grant was kept alive until now."""
        since, pauses = self._living.pop(service)
        self._stretches[service].append(Stretch((now - since).total_seconds(), tuple(pauses)))

    def bounds(self, service: str, life_s: float) -> tuple[int, int]:
        """The least and the most refreshes in all stretches of the service that have ended."""
        each = [bounds(life_s, stretch) for stretch in self._stretches[service]]
        return sum(least for least, _ in each), sum(most for _, most in each)
